#include <string.h>

#include "../common/clock.h"
#include "../common/parse.h"
#include "field.h"
#include "json.h"
#include "text.h"
#include "view.h"

/* "as root: /usr/bin/id", one row each. */
static void put_opens(struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    const json_t *commands = field_array(entitlement, "commands");
    const json_t *run_as = field_array(entitlement, "run_as");
    struct str_builder who = {0};
    AUTO_FREE char *as = NULL;

    view_names(&who, run_as, "or");
    as = str_builder_take(&who);
    if (json_array_size(commands) == 0)
        view_row(out, view, "Commands", "any");
    for (size_t i = 0; i < json_array_size(commands); i++)
        view_row_text(
            out, view, i == 0 ? "Commands" : "", json_string_value(json_array_get(commands, i)));
    view_row(out, view, "As", as && *as ? as : "any account");
}

static void put_list(struct str_builder *out, const struct view *view, const char *label,
    const json_t *list, const char *last)
{
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    view_names(&line, list, last);
    text = str_builder_take(&line);
    view_row(out, view, label, text);
}

static void put_terms(struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    uint64_t seconds = (uint64_t)field_int(entitlement, "duration", 0);
    const char *asked = field_text(entitlement, "asked");
    int64_t need = field_int(entitlement, "need", 0);
    char duration[PARSE_DURATION_SIZE];
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL, *escaped = asked ? text_escape(asked) : NULL;

    format_duration(seconds * USEC_PER_SEC, duration);
    view_row(out, view, "At most", duration);
    if (strcmp(field_text_or(entitlement, "decision", ""), "allow") == 0) {
        view_row(out, view, "Decided by", "policy, at once");
        return;
    }
    if (need > 1)
        str_appendf(&line, "%lld of ", (long long)need);
    str_append(&line, escaped ? escaped : "people");
    text = str_builder_take(&line);
    view_row(out, view, "Decided by", text);
}

static void put_evidence(
    struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    const json_t *item;
    size_t index;
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    json_array_foreach(field_array(entitlement, "evidence"), index, item)
    {
        const char *form = field_text(item, "form");

        str_append(&line, index > 0 ? ", " : "");
        text_put(&line, field_text_or(item, "kind", "?"));
        if (form) {
            str_append(&line, " (");
            text_put(&line, form);
            str_append(&line, ")");
        }
        if (json_array_size(field_array(item, "words")) > 0) {
            str_append(&line, " (");
            view_names(&line, field_array(item, "words"), "or");
            str_append(&line, ")");
        }
    }
    text = str_builder_take(&line);
    view_row(out, view, "Needs", text);
}

static void put_history(struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    const json_t *history = field_object(entitlement, "history");
    long long asked = (long long)field_int(history, "asked", 0);
    long long approved = (long long)field_int(history, "approved", 0);
    long long allowed = (long long)field_int(history, "allowed", 0);
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    if (asked > 0)
        str_appendf(
            &line, "asked for %lld time%s, approved %lld", asked, asked == 1 ? "" : "s", approved);
    if (allowed > 0)
        str_appendf(&line, "%sallowed by policy %lld time%s", asked > 0 ? "; " : "", allowed,
            allowed == 1 ? "" : "s");
    if (asked + allowed == 0)
        str_append(&line, "never asked for on this host");
    text = str_builder_take(&line);
    view_row(out, view, "So far", text);
}

static void put_one(struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    view_styled(out, view, STYLE_ID, field_text_or(entitlement, "name", "?"));
    str_append(out, "\n");
    view_row_text(out, view, "For", field_text(entitlement, "description"));
    put_list(out, view, "Doors", field_array(entitlement, "services"), "and");
    put_opens(out, view, entitlement);
    put_list(out, view, "Groups", field_array(entitlement, "groups"), "and");
    put_terms(out, view, entitlement);
    put_evidence(out, view, entitlement);
    view_row_text(out, view, "Owner", field_text(entitlement, "owner"));
    view_row_text(out, view, "Sensitivity", field_text(entitlement, "sensitivity"));
    put_history(out, view, entitlement);
}

void view_show_entitlements(struct str_builder *out, const struct view *view, const json_t *list)
{
    const json_t *item;
    size_t index;

    json_array_foreach(list, index, item)
    {
        str_append(out, index > 0 ? "\n" : "");
        put_one(out, view, item);
    }
    str_append(out, "\nTo ask for one: assent request NAME --for 30m --reason \"...\"\n");
}
