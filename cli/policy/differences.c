#include "differences.h"

#include <string.h>

#include "../base/field.h"
#include "../base/json.h"
#include "../base/text.h"

/* ---- as JSON ------------------------------------------------------------------------------- */

static json_t *place_to_json(const struct place_info *place)
{
    if (!place->file)
        return json_null();
    return json_pack("{s:s, s:i, s:i}", "file", place->file, "line", (int)place->line, "column",
        (int)place->column);
}

static json_t *fields_to_json(const struct compare_change *change)
{
    json_t *array = json_array();

    for (size_t i = 0; i < change->field_count; i++) {
        const struct compare_field *field = &change->fields[i];

        (void)json_array_append_new(array,
            json_pack("{s:s, s:s?, s:s?, s:s?, s:s?}", "key", field->key, "before", field->before,
                "after", field->after, "gone", field->gone, "more", field->more));
    }
    return array;
}

/* An array that could not be added to is given up. */
static void add_change(const struct compare_change *change, void *userdata)
{
    json_t **array = userdata;
    json_t *object = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s?, s:b, s:s?}", "change",
        compare_kind_to_string(change->kind), "subject", compare_subject_to_string(change->subject),
        "name", change->name, "before", place_to_json(&change->before), "after",
        place_to_json(&change->after), "fields", fields_to_json(change), "past", change->past,
        "now_first", change->now_first, "rules", change->rules);

    if (*array && json_array_append_new(*array, object) == 0)
        return;
    json_decref(*array);
    *array = NULL;
}

json_t *differences_find(const struct policy *before, const struct policy *after)
{
    json_t *array = json_array();

    if (policy_compare(before, after, add_change, &array) < 0) {
        json_decref(array);
        return NULL;
    }
    return array;
}

/* ---- in words ------------------------------------------------------------------------------ */

static const struct {
    const char *subject, *title, *one, *many;
} subjects[] = {
    {"rule", "RULES", "rule", "rules"},
    {"entitlement", "ENTITLEMENTS", "entitlement", "entitlements"},
    {"identity", "IDENTITIES", "identity", "identities"},
    {"group", "GROUPS", "group", "groups"},
    {"person", "PEOPLE", "person", "people"},
};

static const struct {
    const char *kind, *mark;
    enum style style;
} kinds[] = {
    {"added", "+", STYLE_GOOD},
    {"removed", "-", STYLE_BAD},
    {"changed", "~", STYLE_WARN},
    {"moved", "~", STYLE_WARN},
};

static size_t kind_of(const json_t *change)
{
    size_t kind = 0;

    while (kind < ARRAY_SIZE(kinds) - 1 &&
           strcmp(field_text_or(change, "change", ""), kinds[kind].kind) != 0)
        kind++;
    return kind;
}

static void put_key(struct str_builder *out, const char *key)
{
    str_append(out, "      ");
    text_put(out, key);
    str_append(out, ": ");
}

/* A list loses and gains members, anything else is one thing and then another. */
static void put_field(struct str_builder *out, const json_t *field)
{
    const char *before = field_text(field, "before"), *after = field_text(field, "after");
    const char *gone = field_text(field, "gone"), *more = field_text(field, "more");

    put_key(out, field_text_or(field, "key", ""));
    if (gone || more) {
        str_append(out, gone ? "no more " : "");
        text_put(out, gone);
        str_append(out, gone && more ? "; " : "");
        str_append(out, more ? "also " : "");
        text_put(out, more);
    } else if (before && after) {
        text_put(out, before);
        str_append(out, " -> ");
        text_put(out, after);
    } else {
        text_put(out, before ? before : after);
        str_append(out, before ? " -> not said" : " (was not said)");
    }
    str_append(out, "\n");
}

/* Of what is new or gone, everything that is said of it. */
static void put_said(struct str_builder *out, const json_t *field)
{
    const char *before = field_text(field, "before");

    put_key(out, field_text_or(field, "key", ""));
    text_put(out, before ? before : field_text(field, "after"));
    str_append(out, "\n");
}

static void put_place(struct str_builder *out, const json_t *change)
{
    const json_t *place = field_object(change, "after");

    if (!place)
        place = field_object(change, "before");
    if (!place)
        return;
    str_append(out, " (");
    text_put(out, field_text_or(place, "file", ""));
    str_appendf(out, ":%lld)", (long long)field_int(place, "line", 0));
}

static void put_more(struct str_builder *out, const json_t *change)
{
    const char *past = field_text(change, "past"), *rules = field_text(change, "rules");

    if (past) {
        str_appendf(
            out, "      stands %s '", field_bool(change, "now_first", false) ? "before" : "behind");
        text_put(out, past);
        str_append(out, "' now, which can match the same\n");
    }
    if (rules) {
        str_append(out, "      concerns ");
        text_put(out, rules);
        str_append(out, "\n");
    }
}

static void put_change(struct str_builder *out, const struct view *view, const json_t *change)
{
    size_t kind = kind_of(change), index;
    json_t *field;

    str_append(out, "  ");
    view_styled(out, view, kinds[kind].style, kinds[kind].mark);
    str_append(out, " ");
    view_styled(out, view, STYLE_BOLD, field_text_or(change, "name", ""));
    str_appendf(out, " %s", kinds[kind].kind);
    put_place(out, change);
    str_append(out, "\n");
    json_array_foreach(field_array(change, "fields"), index, field)
    {
        if (strcmp(kinds[kind].kind, "added") == 0 || strcmp(kinds[kind].kind, "removed") == 0)
            put_said(out, field);
        else
            put_field(out, field);
    }
    put_more(out, change);
}

void differences_put(struct str_builder *out, const struct view *view, const json_t *changes)
{
    for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
        bool titled = false;
        size_t index;
        json_t *change;

        json_array_foreach(changes, index, change)
        {
            if (strcmp(field_text_or(change, "subject", ""), subjects[i].subject) != 0)
                continue;
            if (!titled)
                str_appendf(out, "\n%s\n", subjects[i].title);
            titled = true;
            put_change(out, view, change);
        }
    }
}

static size_t count_changes(const json_t *changes, const char *subject, const char *kind)
{
    size_t count = 0, index;
    json_t *change;

    json_array_foreach(changes, index, change)
    {
        count += strcmp(field_text_or(change, "subject", ""), subject) == 0 &&
                 strcmp(field_text_or(change, "change", ""), kind) == 0;
    }
    return count;
}

void differences_put_counts(struct str_builder *out, const json_t *changes)
{
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(kinds); j++) {
            size_t count = count_changes(changes, subjects[i].subject, kinds[j].kind);

            if (count == 0)
                continue;
            str_appendf(out, "%s%zu %s %s", any ? ", " : "", count,
                count == 1 ? subjects[i].one : subjects[i].many, kinds[j].kind);
            any = true;
        }
    }
}
