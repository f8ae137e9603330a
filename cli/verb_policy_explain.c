/* assent policy explain */
#include <string.h>

#include "../common/str.h"
#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/params.h"
#include "policy/explain.h"
#include "policy/view_explain.h"
#include "verbs.h"
#include "view/view.h"

/* The facts for the agent: what the strict reader would take is not all JSON. */
static int add_facts(json_t *params, const struct explain_facts *facts)
{
    json_error_t error;
    json_t *json = json_loads(facts->text, JSON_REJECT_DUPLICATES, &error);
    AUTO_FREE char *name = str_escape_new(facts->name), *what = str_escape_new(error.text);

    if (json_is_object(json))
        return json_object_set_new(params, "facts", json) == 0 ? CLI_OK : CLI_FAILED;
    if (json)
        cli_error("%s is no JSON object", name ? name : "?");
    else
        cli_error("%s:%d:%d: %s (the running policy is asked in JSON)", name ? name : "?",
            error.line, error.column, what ? what : "");
    json_decref(json);
    return CLI_USAGE;
}

static int ask_agent(const struct cli_options *options, json_t *params, json_t **ret_explanation)
{
    AUTO_JSON json_t *reply = NULL;
    int r;

    if (cli_value(options, "all"))
        (void)json_object_set_new(params, "all", json_true());
    r = call_method(options, "Explain", json_incref(params), &reply);
    if (r != CLI_OK)
        return r;
    *ret_explanation = json_incref(json_object_get(reply, "explanation"));
    if (*ret_explanation)
        return CLI_OK;
    cli_error("the agent's answer cannot be read");
    return CLI_FAILED;
}

/* By the agent; with --policy its facts go to that policy. */
static int explain_id(const struct cli_options *options, const char *id, json_t **ret_explanation)
{
    const char *directory = cli_value(options, "policy");
    AUTO_JSON json_t *params = json_object(), *explanation = NULL;
    int r = params_id(options, params, "id", id);

    if (r == CLI_OK)
        r = ask_agent(options, params, directory ? &explanation : ret_explanation);
    if (r != CLI_OK || !directory)
        return r;
    return explain_record_here(
        options, directory, field_object(explanation, "facts"), ret_explanation);
}

static int explain_facts(
    const struct cli_options *options, const struct explain_facts *facts, json_t **ret_explanation)
{
    const char *directory = cli_value(options, "policy");
    AUTO_JSON json_t *params = json_object();
    int r;

    if (directory)
        return explain_facts_here(options, directory, facts, ret_explanation);
    r = add_facts(params, facts);
    return r == CLI_OK ? ask_agent(options, params, ret_explanation) : r;
}

static int explain(
    const struct cli_options *options, int argc, char **argv, json_t **ret_explanation)
{
    CLEANUP(explain_facts_done) struct explain_facts facts = {0};
    const char *file = cli_value(options, "facts");
    bool id = options->command_at > 1, command = options->command_at < argc;
    bool chosen = explain_has_options(options) || command;
    int r;

    if (options->command_at > 2)
        return cli_usage_error(options, "put -- before the command");
    if ((file ? 1 : 0) + (id ? 1 : 0) + (chosen ? 1 : 0) != 1)
        return cli_usage_error(options,
            "say what to explain: --facts FILE, the id of a request, or "
            "options such as --service and --command");
    if (id)
        return explain_id(options, argv[1], ret_explanation);
    r = file ? explain_facts_read(options, file, &facts)
             : explain_facts_from_options(
                   options, argc - options->command_at, argv + options->command_at, &facts);
    return r == CLI_OK ? explain_facts(options, &facts, ret_explanation) : r;
}

int verb_policy_explain(int argc, char **argv, const struct cli_options *options)
{
    AUTO_JSON json_t *explanation = NULL;
    struct str_builder out = {0};
    struct view view;
    int r = explain(options, argc, argv, &explanation);

    if (r != CLI_OK)
        return r;
    if (options->json)
        return output_json(explanation);
    view_init(&view, options);
    view_show_explanation(&out, &view, explanation);
    return output_text(&out);
}
