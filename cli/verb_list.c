#include <string.h>

#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/pages.h"
#include "verbs.h"
#include "view/view.h"

/* Lists objects of one scope into `all`, leaving out those that are there already. */
static int list_scope(const struct cli_options *options, struct varlink *link, const char *method,
    const char *scope, json_t *all)
{
    const char *key = strcmp(method, "ListGrants") == 0 ? "grants" : "requests";
    AUTO_JSON json_t *reply = NULL;
    json_t *params = json_pack("{s:s}", "scope", scope), *item;
    size_t index;
    int r;

    if (cli_value(options, "ended"))
        (void)json_object_set_new(params, "ended", json_true());
    r = call_on(options, link, method, params, &reply);
    if (r != CLI_OK)
        return r;
    json_array_foreach(field_array(reply, key), index, item)
    {
        const char *id = field_text_or(item, "id", "");
        bool known = false;

        for (size_t i = 0; i < json_array_size(all) && !known; i++)
            known = strcmp(field_text_or(json_array_get(all, i), "id", "?"), id) == 0;
        if (!known && json_array_append(all, item) < 0)
            return CLI_FAILED;
    }
    return CLI_OK;
}

/* Lists the scopes in their order, the second may be NULL. */
static int list(
    const struct cli_options *options, const char *method, const char *const scopes[2], json_t *all)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    int r = call_connect(options, &link);

    for (size_t i = 0; r == CLI_OK && i < 2 && scopes[i]; i++)
        r = list_scope(options, link, method, scopes[i], all);
    return r;
}

static int check_scope(const struct cli_options *options)
{
    if (cli_value(options, "mine") && cli_value(options, "all"))
        return cli_usage_error(options, "--mine and --all exclude each other");
    return CLI_OK;
}

static int print(const struct cli_options *options, const json_t *all, const char *none,
    void (*show)(struct str_builder *, const struct view *, const json_t *))
{
    struct str_builder out = {0};
    struct view view;

    if (options->json)
        return output_json(all);
    view_init(&view, options);
    if (json_array_size(all) == 0)
        str_appendf(&out, "%s\n", none);
    else
        show(&out, &view, all);
    return output_text(&out);
}

int verb_entitlements(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    AUTO_JSON json_t *reply = NULL;
    int r = call_connect(options, &link);

    if (r == CLI_OK)
        r = call_on(options, link, "ListEntitlements", json_object(), &reply);
    if (r != CLI_OK)
        return r;
    return print(options, field_array(reply, "entitlements"),
        "There is nothing here that you may ask for by name.", view_show_entitlements);
}

int verb_identities(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    CLEANUP(pages_done) struct pages identities = {0};
    int r = pages_read(options, "ListIdentities", "identities", &identities);

    if (r != CLI_OK)
        return r;
    return print(options, identities.items, "There is no identity here that you may see.",
        view_show_identities);
}

int verb_pending(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    const char *scopes[2] = {"approvable", "mine"};
    AUTO_JSON json_t *all = json_array();
    int r = check_scope(options);

    if (cli_value(options, "mine") || cli_value(options, "all")) {
        scopes[0] = cli_value(options, "all") ? "all" : "mine";
        scopes[1] = NULL;
    }
    if (r == CLI_OK)
        r = list(options, "ListRequests", scopes, all);
    return r == CLI_OK ? print(options, all, "Nothing is waiting.", view_show_requests) : r;
}

int verb_grants(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    const char *scopes[2] = {cli_value(options, "all") ? "all" : "mine", NULL};
    AUTO_JSON json_t *all = json_array();
    int r = check_scope(options);

    if (r == CLI_OK)
        r = list(options, "ListGrants", scopes, all);
    return r == CLI_OK ? print(options, all, "No grants.", view_show_grants) : r;
}
