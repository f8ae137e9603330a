#include "rules.h"

#include "call.h"
#include "field.h"
#include "json.h"

/* What the agent says is not believed without end. */
#define PAGES_MAX 10000
#define TRIES 5

void rules_done(struct rules *rules)
{
    json_decref(rules->items);
    json_decref(rules->host);
    json_decref(rules->policy);
    *rules = (struct rules){0};
}

/* The page from `*from` on; `*from` is moved, to 0 behind the last. */
static int read_page(
    const struct cli_options *options, struct varlink *link, json_int_t *from, json_t **ret_page)
{
    int r = call_on(options, link, "ListRules", json_pack("{s:I}", "from", *from), ret_page);

    if (r == CLI_OK)
        *from = field_int(*ret_page, "next", 0);
    return r;
}

/* False: the page is of another policy than those before. */
static bool add_page(struct rules *rules, const json_t *page)
{
    json_t *policy = json_object_get(page, "policy");

    if (rules->policy && !json_equal(rules->policy, policy))
        return false;
    if (!rules->policy) {
        rules->policy = json_incref(policy);
        rules->host = json_incref(json_object_get(page, "host"));
        rules->all = field_bool(page, "all", false);
    }
    (void)json_array_extend(rules->items, field_array(page, "rules"));
    return true;
}

/* `ret_whole`: all pages were of one policy. */
static int read_pages(
    const struct cli_options *options, struct varlink *link, struct rules *rules, bool *ret_whole)
{
    json_int_t from = 1;

    rules_done(rules);
    rules->items = json_array();
    *ret_whole = true;
    for (unsigned i = 0; *ret_whole && from > 0 && i < PAGES_MAX; i++) {
        AUTO_JSON json_t *page = NULL;
        int r = read_page(options, link, &from, &page);

        if (r != CLI_OK)
            return r;
        *ret_whole = add_page(rules, page);
    }
    return CLI_OK;
}

int rules_read(const struct cli_options *options, struct rules *ret_rules)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    CLEANUP(rules_done) struct rules rules = {0};
    bool whole = false;
    int r = call_connect(options, &link);

    for (unsigned i = 0; r == CLI_OK && !whole && i < TRIES; i++)
        r = read_pages(options, link, &rules, &whole);
    if (r != CLI_OK)
        return r;
    if (!whole) {
        cli_error("the policy is being changed all the time; try again");
        return CLI_FAILED;
    }
    *ret_rules = rules;
    rules = (struct rules){0};
    return CLI_OK;
}
