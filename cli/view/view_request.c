#include <stdio.h>
#include <string.h>

#include "../base/field.h"
#include "table.h"
#include "view.h"
#include "when.h"

static void put_head(struct str_builder *out, const struct view *view, const json_t *request)
{
    const char *state = field_text_or(request, "state", "unknown");

    view_styled(out, view, STYLE_BOLD, "Request ");
    view_styled(out, view, STYLE_ID, field_text_or(request, "id", "?"));
    str_append(out, ": ");
    view_styled(out, view, style_of_state(state), state);
    str_append(out, "\n\n");
}

static void put_who(struct str_builder *out, const struct view *view, const json_t *request)
{
    const json_t *subject = field_object(request, "subject");
    struct str_builder line = {0};
    AUTO_FREE char *who = NULL;

    text_put(&line, field_text_or(subject, "name", "?"));
    str_appendf(&line, " (uid %lld", (long long)field_int(subject, "uid", -1));
    if (field_text(subject, "kind")) {
        str_append(&line, ", ");
        text_put(&line, field_text(subject, "kind"));
    }
    str_append(&line, field_int(subject, "uid", -1) == view->uid ? ", you)" : ")");
    who = str_builder_take(&line);
    view_row(out, view, "Who", who);
}

static void put_what(struct str_builder *out, const struct view *view, const json_t *request)
{
    struct str_builder line = {0};
    AUTO_FREE char *what = NULL, *environment = NULL;

    view_what(&line, request);
    what = str_builder_take(&line);
    view_row(out, view, "What", what);
    view_row_text(out, view, "In", field_text(request, "cwd"));
    text_put_command(&line, field_array(request, "environment"));
    environment = str_builder_take(&line);
    view_row(out, view, "With", environment);
}

static void put_where(struct str_builder *out, const struct view *view, const json_t *request)
{
    const char *rhost = field_text(request, "rhost"), *tty = field_text(request, "tty");
    struct str_builder line = {0};
    AUTO_FREE char *where = NULL;

    text_put(&line, rhost ? rhost : tty ? "this host" : NULL);
    if (tty) {
        str_append(&line, ", terminal ");
        text_put(&line, tty);
    }
    where = str_builder_take(&line);
    view_row(out, view, "From", where);
}

static void put_terms(struct str_builder *out, const struct view *view, const json_t *request)
{
    int64_t duration = field_int(request, "duration", 0), uses = field_int(request, "uses", 0);
    char length[WHEN_SIZE], line[2 * WHEN_SIZE];

    if (duration <= 0)
        return;
    when_length((uint64_t)duration, length);
    if (uses == 1)
        snprintf(line, sizeof(line), "%s, one use", length);
    else if (uses > 1)
        snprintf(line, sizeof(line), "%s, %lld uses", length, (long long)uses);
    else
        snprintf(line, sizeof(line), "%s", length);
    view_row(out, view, "For", line);
}

static void put_asked(struct str_builder *out, const struct view *view, const json_t *request)
{
    const json_t *asked = field_array(request, "asked");
    const char *strength = field_text(request, "strength");
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    if (json_array_size(asked) == 0)
        return;
    view_names(&line, asked, " or ");
    str_appendf(&line, "; %lld of %lld approved", (long long)view_approved(request),
        (long long)view_needed(request));
    if (strength) {
        str_append(&line, ", strength ");
        text_put(&line, strength);
    }
    text = str_builder_take(&line);
    view_row(out, view, "Asked", text);
}

static void put_origin(struct str_builder *out, const struct view *view, const json_t *request)
{
    view_rule(out, view, request);
    view_row_text(out, view, "Host", field_text(request, "host"));
    view_row_text(out, view, "Grant", field_text(request, "grant"));
}

static void put_paragraph(
    struct str_builder *out, const struct view *view, const char *title, const char *text)
{
    AUTO_FREE char *escaped = text ? text_escape(text) : NULL;

    if (!escaped)
        return;
    str_append(out, "\n");
    view_styled(out, view, STYLE_BOLD, title);
    str_append(out, "\n  ");
    text_put_wrapped(out, escaped, 2, view->options->width);
}

static void put_unusual(struct str_builder *out, const struct view *view, const json_t *request)
{
    const json_t *unusual = field_array(request, "unusual");
    int64_t before = field_int(request, "asked_before", -1);
    size_t index;
    json_t *item;

    if (json_array_size(unusual) > 0) {
        str_append(out, "\n");
        view_styled(out, view, STYLE_WARN, "Unusual");
        str_append(out, "\n");
    }
    json_array_foreach(unusual, index, item)
    {
        AUTO_FREE char *escaped =
            json_is_string(item) ? text_escape(json_string_value(item)) : NULL;

        str_append(out, "  - ");
        text_put_wrapped(out, escaped ? escaped : "?", 4, view->options->width);
    }
    if (before == 0)
        str_append(out, "\nNever asked for before.\n");
    else if (before == 1)
        str_append(out, "\nAsked for once before.\n");
    else if (before > 1)
        str_appendf(out, "\nAsked for %lld times before.\n", (long long)before);
}

/* What the reader can do about it. */
static void put_next(struct str_builder *out, const struct view *view, const json_t *request)
{
    const char *id = field_text(request, "id");
    bool own = field_int(field_object(request, "subject"), "uid", -1) == view->uid;

    if (view_has_ended(request) || !id)
        return;
    str_append(out, own ? "\nTo take it back: assent withdraw " : "\nTo answer: assent approve ");
    text_put(out, id);
    if (!own) {
        str_append(out, ", or assent deny ");
        text_put(out, id);
        str_append(out, " --reason TEXT");
    }
    str_append(out, "\n");
}

/* "db-admin, sensitivity high: Administer PostgreSQL" */
static void put_entitlement(struct str_builder *out, const struct view *view, const json_t *request)
{
    const char *description = field_text(request, "description");
    const char *sensitivity = field_text(request, "sensitivity");
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    text_put(&line, field_text(request, "entitlement"));
    if (sensitivity) {
        str_append(&line, ", sensitivity ");
        text_put(&line, sensitivity);
    }
    if (description) {
        str_append(&line, ": ");
        text_put(&line, description);
    }
    text = str_builder_take(&line);
    view_row(out, view, "Entitlement", text);
}

void view_show_request(struct str_builder *out, const struct view *view, const json_t *request)
{
    put_head(out, view, request);
    put_who(out, view, request);
    put_what(out, view, request);
    put_where(out, view, request);
    view_row_text(out, view, "Why", field_text(request, "reason"));
    view_row_text(out, view, "Ticket", field_text(request, "ticket"));
    view_row_text(out, view, "Control", field_text(request, "control"));
    view_row_text(out, view, "Confirms", field_text(request, "peer"));
    put_entitlement(out, view, request);
    view_opens(out, view, request);
    put_terms(out, view, request);
    put_asked(out, view, request);
    view_row_time(out, view, "Opened", field_time(request, "created"));
    if (field_time(request, "ended") > 0)
        view_row_time(out, view, "Ended", field_time(request, "ended"));
    else
        view_row_time(out, view, "Ends", field_time(request, "expires"));
    view_row_text(out, view, "Because", field_text(request, "end_reason"));
    put_origin(out, view, request);
    put_paragraph(out, view, view_has_ended(request) ? "What was asked" : "What approving allows",
        field_text(request, "meaning"));
    put_unusual(out, view, request);
    view_approvals(out, view, request);
    put_next(out, view, request);
}

static void add_what(struct table *table, const json_t *request)
{
    struct str_builder what = {0};

    view_what(&what, request);
    table_take(table, str_builder_take(&what), STYLE_PLAIN);
}

static void add_request(struct table *table, const struct view *view, const json_t *request)
{
    const char *state = field_text_or(request, "state", "?");
    uint64_t created_us = field_time(request, "created"),
             expires_us = field_time(request, "expires");
    char answers[48], opened[WHEN_SIZE] = "", ends[WHEN_SIZE] = "";

    snprintf(answers, sizeof(answers), "%lld/%lld", (long long)view_approved(request),
        (long long)view_needed(request));
    if (created_us > 0)
        when_relative(created_us, view->now_us, opened);
    if (expires_us > 0 && !view_has_ended(request))
        when_relative(expires_us, view->now_us, ends);
    table_add(table, field_text_or(request, "id", "?"), STYLE_ID);
    table_add(table, state, style_of_state(state));
    table_add(table, view_who(view, request), STYLE_PLAIN);
    add_what(table, request);
    table_add(table, field_text(request, "reason"), STYLE_PLAIN);
    table_add(table, answers, STYLE_PLAIN);
    table_add(table, opened, STYLE_DIM);
    table_add(table, ends, STYLE_PLAIN);
}

void view_show_requests(struct str_builder *out, const struct view *view, const json_t *requests)
{
    static const struct table_column columns[] = {
        {"ID", false},
        {"STATE", false},
        {"WHO", true},
        {"WHAT", true},
        {"WHY", true},
        {"YES", false},
        {"OPENED", false},
        {"ENDS", false},
        {0},
    };
    CLEANUP(table_done) struct table table;
    size_t index;
    json_t *request;

    table_init(&table, columns);
    json_array_foreach(requests, index, request) add_request(&table, view, request);
    table_render(&table, view->options, out);
}
