#include "pages.h"

#include "call.h"
#include "field.h"
#include "json.h"

/* What the agent says is not believed without end. */
#define PAGES_MAX 10000
#define TRIES 5

void pages_done(struct pages *pages)
{
    json_decref(pages->items);
    json_decref(pages->host);
    json_decref(pages->policy);
    *pages = (struct pages){0};
}

/* What is listed, and over which connection. */
struct listing {
    const struct cli_options *options;
    struct varlink *link;
    const char *method, *key;
};

/* The page from `*from` on; `*from` is moved, to 0 behind the last. */
static int read_page(const struct listing *listing, json_int_t *from, json_t **ret_page)
{
    int r = call_on(listing->options, listing->link, listing->method,
        json_pack("{s:I}", "from", *from), ret_page);

    if (r == CLI_OK)
        *from = field_int(*ret_page, "next", 0);
    return r;
}

/* False: the page is of another policy than those before. */
static bool add_page(const struct listing *listing, struct pages *pages, const json_t *page)
{
    json_t *policy = json_object_get(page, "policy");

    if (pages->policy && !json_equal(pages->policy, policy))
        return false;
    if (!pages->policy) {
        pages->policy = json_incref(policy);
        pages->host = json_incref(json_object_get(page, "host"));
        pages->all = field_bool(page, "all", false);
    }
    (void)json_array_extend(pages->items, field_array(page, listing->key));
    return true;
}

/* `ret_whole`: all pages were of one policy. */
static int read_all(const struct listing *listing, struct pages *pages, bool *ret_whole)
{
    json_int_t from = 1;

    pages_done(pages);
    pages->items = json_array();
    *ret_whole = true;
    for (unsigned i = 0; *ret_whole && from > 0 && i < PAGES_MAX; i++) {
        AUTO_JSON json_t *page = NULL;
        int r = read_page(listing, &from, &page);

        if (r != CLI_OK)
            return r;
        *ret_whole = add_page(listing, pages, page);
    }
    return CLI_OK;
}

int pages_read(
    const struct cli_options *options, const char *method, const char *key, struct pages *ret_pages)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    CLEANUP(pages_done) struct pages pages = {0};
    struct listing listing = {.options = options, .method = method, .key = key};
    bool whole = false;
    int r = call_connect(options, &link);

    listing.link = link;
    for (unsigned i = 0; r == CLI_OK && !whole && i < TRIES; i++)
        r = read_all(&listing, &pages, &whole);
    if (r != CLI_OK)
        return r;
    if (!whole) {
        cli_error("the policy is being changed all the time; try again");
        return CLI_FAILED;
    }
    *ret_pages = pages;
    pages = (struct pages){0};
    return CLI_OK;
}
