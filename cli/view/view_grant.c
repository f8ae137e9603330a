#include <stdio.h>
#include <string.h>

#include "../base/field.h"
#include "table.h"
#include "view.h"
#include "when.h"

static bool is_active(const json_t *grant)
{
    return strcmp(field_text_or(grant, "state", ""), "active") == 0;
}

/* Its entitlement is another one by now. */
static bool is_void(const json_t *grant)
{
    return is_active(grant) && field_bool(grant, "entitlement_changed", false);
}

/* What the grant opens: the agent's words, or ours from its parts. Fresh memory or NULL. */
static char *describe_scope(const json_t *grant)
{
    const char *scope = field_text(grant, "scope");
    struct str_builder line = {0};

    if (scope)
        text_put(&line, scope);
    else
        view_what(&line, grant);
    return str_builder_take(&line);
}

/* null or absent: any number. */
static void format_uses(const json_t *grant, char *text, size_t size)
{
    int64_t uses = field_int(grant, "uses_left", -1);

    if (uses < 0)
        snprintf(text, size, "any");
    else
        snprintf(text, size, "%lld", (long long)uses);
}

static void put_approvers(struct str_builder *out, const struct view *view, const json_t *grant)
{
    struct str_builder line = {0};
    AUTO_FREE char *names = NULL;

    view_names(&line, field_array(grant, "approvers"), " and ");
    names = str_builder_take(&line);
    view_row(out, view, "Approved", names);
}

void view_show_grant(struct str_builder *out, const struct view *view, const json_t *grant)
{
    const char *state = field_text_or(grant, "state", "unknown");
    AUTO_FREE char *scope = describe_scope(grant);
    char left[32], uses[48];

    format_uses(grant, left, sizeof(left));
    snprintf(uses, sizeof(uses), "%s %s", left, strcmp(left, "any") == 0 ? "number" : "left");
    view_styled(out, view, STYLE_BOLD, "Grant ");
    view_styled(out, view, STYLE_ID, field_text_or(grant, "id", "?"));
    str_append(out, ": ");
    view_styled(out, view, style_of_state(state), state);
    str_append(out, "\n\n");
    view_row_text(out, view, "Who", view_who(view, grant));
    view_row(out, view, "What", scope);
    view_row_text(out, view, "From", field_text(grant, "rhost"));
    view_row_text(out, view, "Why", field_text(grant, "purpose"));
    view_row_text(out, view, "Ticket", field_text(grant, "ticket"));
    view_row_text(out, view, "Control", field_text(grant, "control"));
    view_row_text(out, view, "Entitlement", field_text(grant, "entitlement"));
    view_opens(out, view, grant);
    if (is_void(grant))
        view_row(
            out, view, "Now", "nothing: the entitlement has been changed since; ask for it again");
    view_row(out, view, "Uses", uses);
    view_row_time(out, view, "Granted", field_time(grant, "created"));
    view_row_time(out, view, "Expires", field_time(grant, "expires"));
    view_row_time(out, view, "Ended", field_time(grant, "ended"));
    view_row_text(out, view, "Because", field_text(grant, "end_reason"));
    view_row_text(out, view, "Owner", field_text(grant, "owner"));
    view_row_text(out, view, "Request", field_text(grant, "request"));
    view_rule(out, view, grant);
    put_approvers(out, view, grant);
}

static void add_grant(struct table *table, const struct view *view, const json_t *grant)
{
    const char *state = is_void(grant) ? "void" : field_text_or(grant, "state", "?");
    uint64_t expires_us = field_time(grant, "expires");
    struct str_builder what = {0};
    char uses[32] = "", expires[WHEN_SIZE] = "";

    if (is_active(grant)) {
        format_uses(grant, uses, sizeof(uses));
        if (expires_us > 0)
            when_relative(expires_us, view->now_us, expires);
    }
    table_add(table, field_text_or(grant, "id", "?"), STYLE_ID);
    table_add(table, state, style_of_state(state));
    table_add(table, view_who(view, grant), STYLE_PLAIN);
    view_what(&what, grant);
    table_take(table, str_builder_take(&what), STYLE_PLAIN);
    table_add(table, field_text(grant, "purpose"), STYLE_PLAIN);
    table_add(table, field_text(grant, "owner"), STYLE_PLAIN);
    table_add(table, uses, STYLE_PLAIN);
    table_add(table, expires, STYLE_PLAIN);
}

void view_show_grants(struct str_builder *out, const struct view *view, const json_t *grants)
{
    static const struct table_column columns[] = {
        {"ID", false},
        {"STATE", false},
        {"WHO", true},
        {"WHAT", true},
        {"WHY", true},
        {"OWNER", true},
        {"USES", false},
        {"EXPIRES", false},
        {0},
    };
    CLEANUP(table_done) struct table table;
    size_t index;
    json_t *grant;

    table_init(&table, columns);
    json_array_foreach(grants, index, grant) add_grant(&table, view, grant);
    table_render(&table, view->options, out);
}
