#include <string.h>

#include "../base/field.h"
#include "../base/text.h"
#include "view.h"
#include "when.h"

#define RULE "rule:"

static void put_lines(struct str_builder *out, const struct view *view, enum style style,
    const char *title, const json_t *lines)
{
    size_t index;
    json_t *line;

    if (json_array_size(lines) == 0)
        return;
    str_append(out, "\n");
    view_styled(out, view, style, title);
    str_append(out, "\n");
    json_array_foreach(lines, index, line)
    {
        AUTO_FREE char *escaped =
            json_is_string(line) ? text_escape(json_string_value(line)) : NULL;

        str_append(out, "  ");
        text_put_wrapped(out, escaped ? escaped : "?", 4, view->options->width);
    }
}

static void put_count(struct str_builder *out, int64_t count, const char *noun)
{
    str_appendf(out, "%lld %s%s", (long long)count, noun, count == 1 ? "" : "s");
}

void view_show_policy(struct str_builder *out, const struct view *view, const json_t *policy)
{
    view_policy_rows(out, view, policy);
    put_lines(out, view, STYLE_BAD, "Errors: the policy in force is the one before",
        field_array(policy, "errors"));
    put_lines(out, view, STYLE_WARN, "Warnings", field_array(policy, "warnings"));
}

static void put_counts(struct str_builder *out, const struct view *view, const json_t *status)
{
    int64_t behind = field_int(status, "journal_behind", 0);
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    put_count(&line, field_int(status, "requests", 0), "open request");
    str_append(&line, ", ");
    put_count(&line, field_int(status, "grants", 0), "live grant");
    str_append(&line, ", ");
    put_count(&line, field_int(status, "records", 0), "record");
    if (behind > 0)
        str_appendf(&line, " (%lld not in the journal yet)", (long long)behind);
    text = str_builder_take(&line);
    view_row(out, view, "Now", text);
}

/* "all", a door, or "rule:ID". */
static void put_watched(struct str_builder *out, const char *what)
{
    bool rule = strncmp(what, RULE, strlen(RULE)) == 0;

    str_append(out, rule ? "rule " : "");
    text_put(out, rule ? what + strlen(RULE) : strcmp(what, "all") == 0 ? "every door" : what);
}

/* "sudo is not enforced (monitor mode)": loud, but meant. */
static void put_monitored(struct str_builder *out, const struct view *view, const json_t *status)
{
    int64_t more = field_int(status, "monitor_more", 0);
    size_t index;
    json_t *item;

    json_array_foreach(field_array(status, "monitor"), index, item)
    {
        const char *what = field_text_or(item, "what", "?");

        if (index == 0) {
            str_append(out, "\n");
            view_styled(out, view, STYLE_WARN, "Monitor mode: decided and recorded, not enforced");
            str_append(out, "\n");
        }
        str_append(out, "  ");
        put_watched(out, what);
        if (!field_bool(item, "declared", true)) {
            str_append(out, " (its file does not say so any more; to end it: assent enforce ");
            text_put(out, what);
            str_append(out, ")");
        }
        str_append(out, "\n");
    }
    if (more > 0)
        str_appendf(out, "  and %lld more\n", (long long)more);
}

void view_show_status(struct str_builder *out, const struct view *view, const json_t *status)
{
    bool healthy = field_bool(status, "healthy", false);

    view_styled(out, view, STYLE_BOLD, "Assent");
    str_append(out, " on ");
    text_put(out, field_text_or(status, "host", "this host"));
    str_append(out, ": ");
    view_styled(out, view, healthy ? STYLE_GOOD : STYLE_BAD,
        healthy ? "healthy" : "needs an administrator");
    str_append(out, "\n\n");
    view_row_text(out, view, "Version", field_text(status, "version"));
    view_row_time(out, view, "Started", field_time(status, "started"));
    put_counts(out, view, status);
    view_show_policy(out, view, field_object(status, "policy"));
    put_monitored(out, view, status);
    put_lines(out, view, STYLE_BAD,
        "Lapsed: rules that do not allow by themselves, identities that get nothing",
        field_array(status, "lapsed"));
    put_lines(out, view, STYLE_BAD, "Problems", field_array(status, "problems"));
}

void view_show_event(struct str_builder *out, const struct view *view, const json_t *event)
{
    static const struct {
        const char *event;
        enum style style;
    } styles[] = {
        {"approval", STYLE_GOOD},
        {"granted", STYLE_GOOD},
        {"refusal", STYLE_BAD},
        {"revoked", STYLE_BAD},
        {"denied-use", STYLE_BAD},
        {"request-opened", STYLE_WARN},
        {"break-glass", STYLE_BAD},
        {"integrity-failed", STYLE_BAD},
        {"policy-rejected", STYLE_BAD},
        {"rescue-used", STYLE_BAD},
    };
    const char *name = field_text_or(event, "event", "?"),
               *chain = field_text_or(event, "chain", "-");
    enum style style = STYLE_PLAIN;
    struct str_builder cell = {0};
    AUTO_FREE char *shown = NULL;
    uint64_t time_us = field_time(event, "time");
    char when[WHEN_SIZE] = "--:--:--";

    for (size_t i = 0; i < ARRAY_SIZE(styles); i++)
        if (strcmp(styles[i].event, name) == 0)
            style = styles[i].style;
    if (time_us > 0)
        when_of_day(time_us, when);
    text_put(&cell, name);
    shown = str_builder_take(&cell);
    str_appendf(out, "%s  %s%-18s%s", when, style_on(view->options, style), shown ? shown : "?",
        style_off(view->options, style));
    view_styled(out, view, STYLE_ID, chain);
    str_append(out, "  ");
    text_put(out, field_text(event, "message"));
    str_append(out, "\n");
}
