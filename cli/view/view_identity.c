#include <string.h>

#include "../../common/clock.h"
#include "../base/field.h"
#include "table.h"
#include "view.h"

static const struct state {
    const char *name, *words;
    enum style style;
} states[] = {
    {"active", "active", STYLE_GOOD},
    {"ending", NULL, STYLE_WARN},
    {"ended", "ended", STYLE_BAD},
    {"unowned", "no owner left", STYLE_BAD},
};

/* NULL for one that a later agent knows. */
static const struct state *find_state(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (strcmp(states[i].name, name) == 0)
            return &states[i];
    return NULL;
}

/* "ends in 6 days": whole days that are left, today as well as tomorrow being one. */
static char *say_end(const struct view *view, uint64_t ends_us)
{
    uint64_t left = ends_us > view->now_us ? ends_us - view->now_us : 0;
    uint64_t days = (left + USEC_PER_DAY - 1) / USEC_PER_DAY;
    struct str_builder text = {0};

    str_appendf(&text, "ends in %llu day%s", (unsigned long long)days, days == 1 ? "" : "s");
    return str_builder_take(&text);
}

/* "deploy", "deploy (not here)" */
static char *say_account(const json_t *identity)
{
    struct str_builder text = {0};

    text_put(&text, field_text_or(identity, "account", "?"));
    if (json_is_null(json_object_get(identity, "uid")))
        str_append(&text, " (not here)");
    return str_builder_take(&text);
}

static void add_identity(struct table *table, const struct view *view, const json_t *identity)
{
    const char *name = field_text_or(identity, "state", "?");
    const struct state *state = find_state(name);
    enum style style = state ? state->style : STYLE_WARN;

    table_add(table, field_text_or(identity, "name", "?"), STYLE_ID);
    table_add(table, field_text_or(identity, "kind", "?"), STYLE_PLAIN);
    table_take(table, say_account(identity), STYLE_PLAIN);
    table_add(table, field_text_or(identity, "owner", "?"), STYLE_PLAIN);
    if (state && !state->words)
        table_take(table, say_end(view, field_time(identity, "ends")), style);
    else
        table_add(table, state ? state->words : name, style);
    table_add(table, field_text_or(identity, "expires", "?"), STYLE_PLAIN);
    table_add(table, field_text_or(identity, "purpose", "?"), STYLE_PLAIN);
}

/* Who of the owners of one that is alive is gone or leaving. */
static void put_missing(struct str_builder *out, const json_t *identity)
{
    const json_t *person;
    size_t index;

    if (strcmp(field_text_or(identity, "state", ""), "unowned") == 0)
        return;
    json_array_foreach(field_array(identity, "missing"), index, person)
    {
        str_append(out, "\n");
        text_put(out, field_text_or(identity, "name", "?"));
        str_append(out, ": ");
        text_put(out, field_text_or(person, "why", "?"));
    }
}

void view_show_identities(struct str_builder *out, const struct view *view, const json_t *list)
{
    static const struct table_column columns[] = {{"NAME", false}, {"KIND", false},
        {"ACCOUNT", false}, {"OWNER", false}, {"STATE", false}, {"LAST DAY", false},
        {"PURPOSE", true}, {0}};
    struct str_builder missing = {0};
    AUTO_FREE char *lines = NULL;
    const json_t *identity;
    struct table table;
    size_t index;

    table_init(&table, columns);
    json_array_foreach(list, index, identity)
    {
        add_identity(&table, view, identity);
        put_missing(&missing, identity);
    }
    table_render(&table, view->options, out);
    table_done(&table);
    lines = str_builder_take(&missing);
    if (lines && lines[0] != '\0')
        str_appendf(out, "%s\n", lines);
}
