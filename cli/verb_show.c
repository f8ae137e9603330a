#include <string.h>

#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/params.h"
#include "verbs.h"
#include "view/view.h"

typedef void (*view_fn)(struct str_builder *, const struct view *, const json_t *);

static int print(const struct cli_options *options, const json_t *object, view_fn show)
{
    struct str_builder out = {0};
    struct view view;

    if (options->json)
        return output_json(object);
    view_init(&view, options);
    show(&out, &view, object);
    return output_text(&out);
}

static json_t *find_by_id(const json_t *array, const char *id)
{
    size_t index;
    json_t *item;

    json_array_foreach(
        array, index, item) if (strcmp(field_text_or(item, "id", ""), id) == 0) return item;
    return NULL;
}

/* Requests and grants share their ids, so an id that is no request may be a grant. The
 * interface lists grants only. `not_found` is what the agent said about the request. */
static int show_grant(const struct cli_options *options, struct varlink *link, const char *id,
    const struct varlink_reply *not_found)
{
    static const char *const scopes[] = {"mine", "all"};

    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
        json_t *params = json_pack("{s:s, s:b}", "scope", scopes[i], "ended", 1);
        const json_t *grant;
        int r = call_raw(options, link, "ListGrants", params, &reply);

        if (r != CLI_OK)
            return r;
        grant = reply.error ? NULL : find_by_id(field_array(reply.parameters, "grants"), id);
        if (grant)
            return print(options, grant, view_show_grant);
    }
    return call_say_error(not_found->error, not_found->parameters);
}

int verb_show(int argc UNUSED, char **argv, const struct cli_options *options)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    AUTO_JSON json_t *params = json_object();
    const json_t *request;
    int r = params_id(options, params, "id", argv[1]);

    if (r == CLI_OK)
        r = call_connect(options, &link);
    if (r == CLI_OK)
        r = call_raw(options, link, "GetRequest", json_incref(params), &reply);
    if (r != CLI_OK)
        return r;
    if (reply.error && strcmp(reply.error, CALL_INTERFACE "NotFound") == 0)
        return show_grant(options, link, field_text_or(params, "id", ""), &reply);
    if (reply.error)
        return call_say_error(reply.error, reply.parameters);
    request = field_object(reply.parameters, "request");
    return print(options, request ? request : reply.parameters, view_show_request);
}
