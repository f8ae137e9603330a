#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/names.h"
#include "../common/parse.h"
#include "base/call.h"
#include "base/command.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/params.h"
#include "base/text.h"
#include "verbs.h"
#include "view/view.h"
#include "view/when.h"
#include "wait.h"

static const char *service_of(const struct cli_options *options)
{
    const char *service = cli_value(options, "service");

    return service ? service : SERVICE_SUDO;
}

static int add_command(const struct cli_options *options, json_t *params, int argc, char **argv)
{
    if (argc == 0)
        return CLI_OK;
    if (strcmp(service_of(options), SERVICE_SUDO) != 0)
        return cli_usage_error(options, "only sudo takes a command");
    return command_add(params, argc, argv);
}

/* Where the command will be run: sudo keeps the directory, and a relative argument means
 * something else elsewhere. A directory that is gone or unreadable is left out. */
static int add_cwd(const struct cli_options *options, json_t *params)
{
    AUTO_FREE char *cwd = NULL;

    if (strcmp(service_of(options), SERVICE_SUDO) != 0)
        return CLI_OK;
    cwd = getcwd(NULL, 0);
    return cwd ? params_set(params, "cwd", cwd, "the current directory") : CLI_OK;
}

static int add_door(const struct cli_options *options, json_t *params)
{
    const char *service = service_of(options), *run_as = cli_value(options, "run-as");
    int r;

    if (!str_is_name(service))
        return cli_usage_error(options, "--service is not the name of a service");
    if (run_as && !command_is_of(service))
        return cli_usage_error(options, "--run-as goes with sudo and su alone");
    if (run_as && !str_is_name(run_as))
        return cli_usage_error(options, "--run-as is not the name of an account");
    r = params_set(params, "service", service, "--service");
    if (r == CLI_OK && command_is_of(service))
        r = params_set(params, "run_as", run_as ? run_as : "root", "--run-as");
    return r;
}

static int add_terms(const struct cli_options *options, json_t *params)
{
    static const char *const texts[] = {"rhost", "reason", "ticket", "control", "peer"};
    int r = CLI_OK;

    for (size_t i = 0; r == CLI_OK && i < ARRAY_SIZE(texts); i++)
        r = params_text(options, params, texts[i], texts[i]);
    if (r == CLI_OK)
        r = params_duration(options, params, "duration", "for");
    if (r == CLI_OK)
        r = params_count(options, params, "uses", "uses");
    return r;
}

/* --wait without a time ties the request to this process; with one it outlives it. */
static int read_wait(const struct cli_options *options, struct wait *wait, json_t *params)
{
    const char *text = cli_value(options, "wait");
    uint64_t us;

    wait->deadline_us = UINT64_MAX;
    wait->attached = text && *text == '\0';
    if (wait->attached)
        return json_object_set_new(params, "attached", json_true()) == 0 ? CLI_OK : CLI_FAILED;
    if (!text)
        return CLI_OK;
    if (parse_duration(text, &us) < 0)
        return cli_usage_error(options, "--wait takes a duration as --wait=5m, or nothing");
    wait->deadline_us = clock_deadline(us);
    return CLI_OK;
}

static void put_refusal(struct str_builder *out, const struct view *view, const json_t *request)
{
    const json_t *approvals = field_array(request, "approvals");
    const json_t *last = json_array_get(approvals, json_array_size(approvals) - 1);
    const char *reason = field_text(last, "reason");

    view_styled(out, view, STYLE_BAD, "Refused");
    if (field_text(last, "approver")) {
        str_append(out, " by ");
        text_put(out, field_text(last, "approver"));
    }
    if (reason) {
        str_append(out, ": ");
        text_put(out, reason);
    }
    str_append(out, "\n");
}

static void put_granted(struct str_builder *out, const struct view *view, const struct wait *wait)
{
    uint64_t expires_us = field_time(wait->grant, "expires");
    const json_t *what = wait->grant ? wait->grant : wait->request;
    const char *id = field_text_or(wait->grant, "id", field_text(wait->request, "grant"));
    char until[WHEN_SIZE], relative[WHEN_SIZE];

    view_styled(out, view, STYLE_GOOD, "Granted");
    if (id) {
        str_append(out, " ");
        view_styled(out, view, STYLE_ID, id);
    }
    str_append(out, ": ");
    view_what(out, what);
    if (expires_us > 0) {
        when_of_day(expires_us, until);
        when_relative(expires_us, view->now_us, relative);
        str_appendf(out, ", until %s (%s)", until, relative);
    }
    str_append(out, ".\n");
}

static void put_open(struct str_builder *out, const struct view *view, const json_t *request)
{
    uint64_t expires_us = field_time(request, "expires");
    int64_t duration = field_int(request, "duration", 0);
    char relative[WHEN_SIZE], length[WHEN_SIZE];

    str_append(out, "Request ");
    view_styled(out, view, STYLE_ID, field_text_or(request, "id", "?"));
    str_append(out, " is open: ");
    view_what(out, request);
    if (duration > 0) {
        when_length((uint64_t)duration, length);
        str_appendf(out, ", for %s", length);
    }
    str_append(out, ".\n");
    view_still_needed(out, request);
    if (expires_us > 0) {
        when_relative(expires_us, view->now_us, relative);
        str_appendf(out, "It ends %s. ", relative);
    }
    str_append(out, "To follow it: assent show ");
    text_put(out, field_text_or(request, "id", "?"));
    str_append(out, "\n");
}

static void put_result(struct str_builder *out, const struct view *view, const struct wait *wait)
{
    const char *state = field_text_or(wait->request, "state", "");

    if (wait->grant || strcmp(state, "approved") == 0)
        put_granted(out, view, wait);
    else if (strcmp(state, "denied") == 0)
        put_refusal(out, view, wait->request);
    else if (strcmp(state, "expired") == 0)
        str_append(out, "Nobody answered in time; the request has expired.\n");
    else if (strcmp(state, "withdrawn") == 0)
        str_append(out, "The request was withdrawn.\n");
    else
        put_open(out, view, wait->request);
}

static int print_result(const struct wait *wait)
{
    int code = wait->grant ? CLI_OK : (int)wait_exit_of(wait->request), r;
    struct str_builder out = {0};
    struct view view;

    if (wait->options->json) {
        r = output_json(wait->request ? wait->request : wait->grant);
    } else {
        view_init(&view, wait->options);
        put_result(&out, &view, wait);
        r = output_text(&out);
    }
    return r == CLI_OK ? code : r;
}

/* An error reply. That policy allows it already is good news, and the answer: on standard output.
 */
static int print_error(const struct wait *wait, const struct varlink_reply *reply)
{
    struct str_builder out = {0};

    if (strcmp(reply->error, CALL_INTERFACE "NotNeeded") != 0)
        return call_say_error(reply->error, reply->parameters);
    if (wait->options->json)
        return output_json(reply->parameters);
    call_describe_error(&out, reply->error, reply->parameters);
    str_append(&out, "\n");
    return output_text(&out);
}

/* Opens the request and follows it if asked to. */
static int open_and_wait(struct wait *wait, json_t *params)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    int r = call_raw(wait->options, wait->link, "OpenRequest", json_incref(params), &reply);

    if (r != CLI_OK)
        return r;
    if (reply.error)
        return print_error(wait, &reply);
    wait->request = json_incref(field_object(reply.parameters, "request"));
    wait->grant = json_incref(field_object(reply.parameters, "grant"));
    if (!wait->request && !wait->grant) {
        cli_error("the agent's answer has neither a request nor a grant in it");
        return CLI_FAILED;
    }
    if (!wait->grant && !view_has_ended(wait->request) && cli_value(wait->options, "wait"))
        r = wait_for_end(wait);
    return r == CLI_OK ? print_result(wait) : r;
}

/* One door and command, of an entitlement or not, as opposed to all that an entitlement opens. */
static bool is_part(const struct cli_options *options, int words)
{
    return words > 0 || cli_value(options, "service") || cli_value(options, "run-as");
}

static int add_part(const struct cli_options *options, json_t *params, int argc, char **argv)
{
    int r = add_door(options, params);

    if (r == CLI_OK)
        r = add_command(options, params, argc, argv);
    return r == CLI_OK ? add_cwd(options, params) : r;
}

static int read_params(int argc, char **argv, const struct cli_options *options, json_t *params)
{
    int at = options->command_at, r;

    if (at > 2)
        return cli_usage_error(options, "put -- before the command");
    r = add_terms(options, params);
    if (r == CLI_OK && at == 2)
        r = params_set(params, "entitlement", argv[1], "the entitlement");
    if (r == CLI_OK && (at < 2 || is_part(options, argc - at)))
        r = add_part(options, params, argc - at, argv + at);
    return r;
}

int verb_request(int argc, char **argv, const struct cli_options *options)
{
    AUTO_JSON json_t *params = json_object();
    struct wait wait = {.options = options};
    int r = read_params(argc, argv, options, params);

    if (r == CLI_OK)
        r = read_wait(options, &wait, params);
    if (r == CLI_OK)
        r = call_connect(options, &wait.link);
    if (r == CLI_OK)
        r = open_and_wait(&wait, params);
    varlink_free(wait.link);
    json_decref(wait.request);
    json_decref(wait.grant);
    return r;
}
