#include <stdio.h>
#include <string.h>

#include "../base/field.h"
#include "table.h"
#include "view.h"
#include "when.h"

/* "carol (rollback)", or the cause where nobody asked: "start", "SIGHUP". */
static char *describe_loading(const json_t *loading)
{
    const char *by = field_text(loading, "by"), *cause = field_text(loading, "cause");
    struct str_builder text = {0};

    text_put(&text, by ? by : cause);
    if (by && cause && strcmp(by, cause) != 0 && strcmp(cause, "signal") != 0) {
        str_append(&text, " (");
        text_put(&text, cause);
        str_append(&text, ")");
    }
    return str_builder_take(&text);
}

static void put_digest(struct str_builder *out, const char *digest)
{
    AUTO_FREE char *start = digest ? strndup(digest, VIEW_DIGEST) : NULL;

    text_put(out, start ? start : "none");
}

static void put_what(struct str_builder *out, const struct view *view, const json_t *policy)
{
    int64_t rules = field_int(policy, "rules", 0);
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    put_digest(&line, field_text(policy, "digest"));
    str_appendf(&line, ", %lld rule%s", (long long)rules, rules == 1 ? "" : "s");
    if (field_text(policy, "directory")) {
        str_append(&line, ", from ");
        text_put(&line, field_text(policy, "directory"));
    }
    text = str_builder_take(&line);
    view_row(out, view, "Policy", text);
}

/* What is in force is not what the files say. */
static void put_origin(struct str_builder *out, const struct view *view, const json_t *policy)
{
    const json_t *rollback = field_object(policy, "rollback");
    const char *reason = field_text(rollback, "reason");
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    if (rollback) {
        str_append(&line, "ROLLED BACK by ");
        text_put(&line, field_text_or(rollback, "by", "root"));
        str_append(&line, " from ");
        put_digest(&line, field_text(rollback, "from"));
        str_append(&line, ", which the files still say");
        str_append(&line, reason ? ": " : "");
        text_put(&line, reason);
    } else if (strcmp(field_text_or(field_object(policy, "loading"), "source", ""), "ledger") ==
               0) {
        str_append(&line, "kept in the ledger; not what the files say");
    }
    text = str_builder_take(&line);
    view_row(out, view, "Origin", text);
}

void view_policy_rows(struct str_builder *out, const struct view *view, const json_t *policy)
{
    const json_t *loading = field_object(policy, "loading");
    AUTO_FREE char *by = loading ? describe_loading(loading) : NULL;

    put_what(out, view, policy);
    put_origin(out, view, policy);
    view_row_time(out, view, "Loaded", field_time(policy, "loaded"));
    view_row(out, view, "By", by);
}

static void add_time(struct table *table, const struct view *view, const json_t *loading)
{
    uint64_t time_us = field_time(loading, "time");
    char when[WHEN_SIZE] = "";

    if (time_us > 0)
        when_relative(time_us, view->now_us, when);
    table_add(table, when, STYLE_DIM);
}

static void add_version(struct table *table, const struct view *view, const json_t *version)
{
    const json_t *first = field_object(version, "first"), *last = field_object(version, "last");
    const char *state = field_text(version, "state");
    struct str_builder digest = {0};
    char number[24];

    put_digest(&digest, field_text(version, "digest"));
    table_take(table, str_builder_take(&digest), STYLE_ID);
    if (!field_bool(version, "kept", false) && !state)
        state = "text not kept";
    table_add(table, state,
        !state                           ? STYLE_PLAIN
        : strcmp(state, "in force") == 0 ? STYLE_GOOD
                                         : STYLE_WARN);
    snprintf(number, sizeof(number), "%lld", (long long)field_int(version, "rules", 0));
    table_add(table, number, STYLE_PLAIN);
    add_time(table, view, first);
    add_time(table, view, last);
    snprintf(number, sizeof(number), "%lld", (long long)field_int(version, "loads", 0));
    table_add(table, number, STYLE_PLAIN);
    table_take(table, describe_loading(last), STYLE_PLAIN);
    table_add(table, field_text(last, "reason"), STYLE_PLAIN);
}

void view_show_versions(struct str_builder *out, const struct view *view, const json_t *versions)
{
    static const struct table_column columns[] = {
        {"DIGEST", false},
        {"STATE", false},
        {"RULES", false},
        {"FIRST LOADED", false},
        {"LAST LOADED", false},
        {"TIMES", false},
        {"BY", true},
        {"WHY", true},
        {0},
    };
    CLEANUP(table_done) struct table table;
    size_t index;
    json_t *version;

    table_init(&table, columns);
    json_array_foreach(versions, index, version) add_version(&table, view, version);
    table_render(&table, view->options, out);
}
