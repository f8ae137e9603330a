#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "verbs.h"
#include "view/view.h"

int verb_status(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    AUTO_JSON json_t *status = NULL;
    struct str_builder out = {0};
    struct view view;
    int r = call_method(options, "GetStatus", NULL, &status);

    if (r != CLI_OK)
        return r;
    if (options->json)
        return output_json(status);
    view_init(&view, options);
    view_show_status(&out, &view, status);
    return output_text(&out);
}

int verb_reload(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    AUTO_JSON json_t *reply = NULL;
    const json_t *policy;
    struct str_builder out = {0};
    struct view view;
    int r = call_method(options, "Reload", NULL, &reply);

    if (r != CLI_OK)
        return r;
    policy = field_object(reply, "policy");
    view_init(&view, options);
    if (options->json) {
        r = output_json(policy ? policy : reply);
    } else {
        view_show_policy(&out, &view, policy);
        r = output_text(&out);
    }
    return r == CLI_OK && json_array_size(field_array(policy, "errors")) > 0 ? CLI_USAGE : r;
}
