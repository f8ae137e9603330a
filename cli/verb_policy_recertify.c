#include <string.h>

#include "../agent/policy/moment.h"
#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/params.h"
#include "base/text.h"
#include "verbs.h"
#include "view/view.h"

/* Said before the agent is asked: a day of the calendar. */
static int check_day(const struct cli_options *options)
{
    const char *text = cli_value(options, "until");
    AUTO_FREE char *escaped = NULL;
    uint64_t until_us;

    if (!text || moment_parse_end_of_day(text, &until_us))
        return CLI_OK;
    escaped = str_escape_new(text);
    return cli_usage_error(
        options, "--until '%s' is not a day such as 2027-06-30", escaped ? escaped : "?");
}

static void put_state(struct str_builder *out, const json_t *rule)
{
    const char *until = field_text_or(rule, "certified_until", "?");

    str_append(out, "Rule ");
    text_put(out, field_text_or(rule, "id", "?"));
    str_append(out, " is certified up to ");
    text_put(out, until);
    str_append(out, ", the end of that day in UTC.\n");
    if (strcmp(field_text_or(rule, "lapse", ""), "owner") == 0)
        str_append(out, "It counts for nothing all the same: nobody who owns it is left. Name "
                        "another owner in the policy.\n");
}

int verb_policy_recertify(int argc UNUSED, char **argv, const struct cli_options *options)
{
    AUTO_JSON json_t *params = json_object(), *reply = NULL;
    struct str_builder out = {0};
    const json_t *rule;
    int r = params_set(params, "rule", argv[1], "the rule");

    if (r == CLI_OK)
        r = params_text_required(options, params, "until", "until");
    if (r == CLI_OK)
        r = check_day(options);
    if (r == CLI_OK)
        r = params_text_required(options, params, "reason", "reason");
    if (r == CLI_OK)
        r = call_method(options, "RecertifyRule", json_incref(params), &reply);
    if (r != CLI_OK)
        return r;
    rule = field_object(reply, "rule");
    if (options->json)
        return output_json(rule ? rule : reply);
    if (rule)
        put_state(&out, rule);
    else
        str_append(&out, "The certificate is recorded, but the policy has been changed meanwhile: "
                         "the rule is not in it any more.\n");
    return output_text(&out);
}
