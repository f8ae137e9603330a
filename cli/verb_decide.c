#include <string.h>

#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/params.h"
#include "base/text.h"
#include "verbs.h"
#include "view/view.h"
#include "view/when.h"

typedef void (*say_fn)(struct str_builder *, const struct view *, const json_t *);

/* Calls `method`, prints the request or grant it gives back (`key`) as JSON or in words. Takes
 * over `params`. */
static int call_and_say(const struct cli_options *options, const char *method, json_t *params,
    const char *key, say_fn say)
{
    AUTO_JSON json_t *reply = NULL;
    const json_t *object;
    struct str_builder out = {0};
    struct view view;
    int r = call_method(options, method, params, &reply);

    if (r != CLI_OK)
        return r;
    object = field_object(reply, key);
    if (options->json)
        return output_json(object ? object : reply);
    view_init(&view, options);
    say(&out, &view, object);
    return output_text(&out);
}

static void say_id(
    struct str_builder *out, const struct view *view, const char *word, const json_t *object)
{
    str_append(out, word);
    view_styled(out, view, STYLE_ID, field_text_or(object, "id", "?"));
    str_append(out, ": ");
}

static void say_approved(struct str_builder *out, const struct view *view, const json_t *request)
{
    int64_t duration = field_int(request, "duration", 0), uses = field_int(request, "uses", 0);
    char length[WHEN_SIZE];

    say_id(out, view, "Approved ", request);
    text_put(out, view_who(view, request));
    str_append(out, ", ");
    view_what(out, request);
    if (duration > 0) {
        when_length((uint64_t)duration, length);
        str_appendf(out, ", for %s", length);
    }
    if (uses > 0)
        str_appendf(out, ", %lld use%s", (long long)uses, uses == 1 ? "" : "s");
    str_append(out, ".\n");
    if (!view_has_ended(request)) {
        view_still_needed(out, request);
        return;
    }
    str_append(out, "No more approvals are needed: it is granted");
    if (field_text(request, "grant")) {
        str_append(out, ", ");
        view_styled(out, view, STYLE_ID, field_text(request, "grant"));
    }
    str_append(out, ".\n");
}

static void say_denied(struct str_builder *out, const struct view *view, const json_t *request)
{
    say_id(out, view, "Refused ", request);
    text_put(out, view_who(view, request));
    str_append(out, ", ");
    view_what(out, request);
    str_append(out, ". Your reason is shown to them.\n");
}

static void say_withdrawn(struct str_builder *out, const struct view *view, const json_t *request)
{
    say_id(out, view, "Withdrawn ", request);
    view_what(out, request);
    str_append(out, ".\n");
}

static void say_ended(struct str_builder *out, const struct view *view, const json_t *grant)
{
    say_id(out, view, "Ended ", grant);
    text_put(out, view_who(view, grant));
    str_append(out, ", ");
    view_what(out, grant);
    str_append(out, ".\n");
}

int verb_approve(int argc UNUSED, char **argv, const struct cli_options *options)
{
    AUTO_JSON json_t *params = json_object();
    int r = params_id(options, params, "id", argv[1]);

    if (r == CLI_OK)
        r = params_duration(options, params, "duration", "for");
    if (r == CLI_OK)
        r = params_text(options, params, "reason", "reason");
    if (r != CLI_OK)
        return r;
    return call_and_say(options, "ApproveRequest", json_incref(params), "request", say_approved);
}

/* The verbs whose parameters are an id and a reason. */
static int with_reason(
    char **argv, const struct cli_options *options, const char *method, const char *key, say_fn say)
{
    AUTO_JSON json_t *params = json_object();
    int r = params_id(options, params, "id", argv[1]);

    if (r == CLI_OK)
        r = params_text_required(options, params, "reason", "reason");
    return r == CLI_OK ? call_and_say(options, method, json_incref(params), key, say) : r;
}

/* The verbs whose parameter is an id. */
static int without_reason(
    char **argv, const struct cli_options *options, const char *method, const char *key, say_fn say)
{
    AUTO_JSON json_t *params = json_object();
    int r = params_id(options, params, "id", argv[1]);

    return r == CLI_OK ? call_and_say(options, method, json_incref(params), key, say) : r;
}

int verb_deny(int argc UNUSED, char **argv, const struct cli_options *options)
{
    return with_reason(argv, options, "DenyRequest", "request", say_denied);
}

int verb_revoke(int argc UNUSED, char **argv, const struct cli_options *options)
{
    return with_reason(argv, options, "RevokeGrant", "grant", say_ended);
}

int verb_withdraw(int argc UNUSED, char **argv, const struct cli_options *options)
{
    return without_reason(argv, options, "WithdrawRequest", "request", say_withdrawn);
}

int verb_done(int argc UNUSED, char **argv, const struct cli_options *options)
{
    return without_reason(argv, options, "CompleteGrant", "grant", say_ended);
}
