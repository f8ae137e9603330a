#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/params.h"
#include "verbs.h"
#include "view/view.h"

int verb_policy_versions(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    AUTO_JSON json_t *reply = NULL;
    struct str_builder out = {0};
    const json_t *versions;
    struct view view;
    int r = call_method(options, "ListVersions", NULL, &reply);

    if (r != CLI_OK)
        return r;
    versions = field_array(reply, "versions");
    if (options->json)
        return output_json(versions ? versions : reply);
    view_init(&view, options);
    if (json_array_size(versions) == 0)
        str_append(&out, "No policy has been in force yet.\n");
    else
        view_show_versions(&out, &view, versions);
    return output_text(&out);
}

int verb_policy_rollback(int argc UNUSED, char **argv, const struct cli_options *options)
{
    AUTO_JSON json_t *params = json_object(), *reply = NULL;
    struct str_builder out = {0};
    const json_t *policy;
    struct view view;
    int r = params_set(params, "digest", argv[1], "the digest");

    if (r == CLI_OK)
        r = params_text(options, params, "reason", "reason");
    if (r == CLI_OK)
        r = call_method(options, "RollbackPolicy", json_incref(params), &reply);
    if (r != CLI_OK)
        return r;
    policy = field_object(reply, "policy");
    if (options->json)
        return output_json(policy ? policy : reply);
    view_init(&view, options);
    view_show_policy(&out, &view, policy);
    return output_text(&out);
}
