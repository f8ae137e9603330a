#include <string.h>

#include "../../common/clock.h"
#include "../../common/parse.h"
#include "../base/command.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../base/text.h"
#include "view.h"

#define LENGTH_WORTH_SAYING 5 /* nobody has to be told that two letters are no reason */

static void put_list(struct str_builder *out, const struct view *view, const char *label,
    const json_t *list, const char *last)
{
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    view_names(&line, list, last);
    text = str_builder_take(&line);
    view_row(out, view, label, text);
}

/* Whether it opens anything but logins, for which commands and accounts mean nothing. */
static bool has_commands(const json_t *entitlement)
{
    const json_t *services = field_array(entitlement, "services"), *item;
    size_t index;

    json_array_foreach(services, index, item)
    {
        if (json_is_string(item) && command_is_of(json_string_value(item)))
            return true;
    }
    return false;
}

/* A row for each command, then the accounts that they run as. */
static void put_opens(struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    const json_t *commands = field_array(entitlement, "commands");
    const json_t *run_as = field_array(entitlement, "run_as");

    if (!has_commands(entitlement))
        return;
    if (json_array_size(commands) == 0)
        view_row(out, view, "Commands", "any");
    for (size_t i = 0; i < json_array_size(commands); i++)
        view_row_text(
            out, view, i == 0 ? "Commands" : "", json_string_value(json_array_get(commands, i)));
    if (json_array_size(run_as) == 0)
        view_row(out, view, "As", "any account");
    put_list(out, view, "As", run_as, " or ");
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

static const struct kind {
    const char *name, *noun, *option;
} kinds[] = {
    {"reason", "a reason", " --reason \"...\""},
    {"ticket", "a ticket", " --ticket TICKET"},
    {"control", "a control", " --control WORD"},
    {"peer", "a colleague who confirms", " --peer PERSON"},
};

/* NULL for a kind that a later agent knows. */
static const struct kind *find_kind(const json_t *item)
{
    const char *name = field_text_or(item, "kind", "");

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* " (like ^INC-[0-9]+$)": what is accepted. */
static void put_form(struct str_builder *out, const json_t *item)
{
    const json_t *words = field_array(item, "words");
    const char *form = field_text(item, "form"), *kind = field_text_or(item, "kind", "");
    int64_t length = field_int(item, "length", 0);

    if (form) {
        str_append(out, strcmp(kind, "peer") == 0 ? " (of " : " (like ");
        text_put(out, form);
        str_append(out, ")");
    } else if (json_array_size(words) > 0) {
        str_append(out, " (");
        view_names(out, words, " or ");
        str_append(out, ")");
    } else if (length >= LENGTH_WORTH_SAYING) {
        str_appendf(out, " (%lld characters at least)", (long long)length);
    }
}

static void put_evidence(
    struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    const json_t *evidence = field_array(entitlement, "evidence"), *item;
    size_t index, count = json_array_size(evidence);
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    json_array_foreach(evidence, index, item)
    {
        const struct kind *kind = find_kind(item);

        str_append(&line, index == 0 ? "" : index + 1 < count ? ", " : " and ");
        text_put(&line, kind ? kind->noun : field_text_or(item, "kind", "?"));
        put_form(&line, item);
    }
    text = str_builder_take(&line);
    view_row(out, view, "Needs", text);
}

/* The command to ask with; not wrapped, so that it can be copied. */
static void put_command(struct str_builder *out, const struct view *view, const json_t *entitlement)
{
    const json_t *item;
    size_t index;

    str_appendf(out, "  %s%-*s%s", style_on(view->options, STYLE_DIM), VIEW_LABEL - 2, "Ask with",
        style_off(view->options, STYLE_DIM));
    str_append(out, "assent request ");
    text_put(out, field_text_or(entitlement, "name", "?"));
    json_array_foreach(field_array(entitlement, "evidence"), index, item)
    {
        const struct kind *kind = find_kind(item);

        str_append(out, kind ? kind->option : "");
    }
    str_append(out, "\n");
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
    put_list(out, view, "Doors", field_array(entitlement, "services"), " and ");
    put_opens(out, view, entitlement);
    put_list(out, view, "Groups", field_array(entitlement, "groups"), " and ");
    put_terms(out, view, entitlement);
    put_evidence(out, view, entitlement);
    view_row_text(out, view, "Owner", field_text(entitlement, "owner"));
    view_row_text(out, view, "Sensitivity", field_text(entitlement, "sensitivity"));
    put_history(out, view, entitlement);
    put_command(out, view, entitlement);
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
}
