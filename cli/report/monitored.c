#include "monitored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/names.h"
#include "../base/decisions.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../base/since.h"
#include "../view/progress.h"
#include "report.h"

#define PROGRESS_EVERY 5000
#define RULE_PREFIX "rule:"

struct collecting {
    const struct cli_options *options;
    const char *what;
    json_t *rows; /* by key */
    uint64_t seen, selftests;
};

/* What would have been decided, and by which rule; NULL: nothing else than was done. */
static const char *would_of(const json_t *decision, const char **ret_rule)
{
    const char *done = field_text_or(decision, "decision", "");

    if (strncmp(done, "would-", 6) == 0) {
        *ret_rule = field_text(decision, "rule");
        return done + 6;
    }
    *ret_rule = field_text(decision, "would_rule");
    return field_text(decision, "would");
}

static bool is_asked_for(const struct collecting *collecting, const json_t *decision)
{
    const char *what = collecting->what, *rule;
    bool watched = strncmp(field_text_or(decision, "decision", ""), "would-", 6) == 0;

    if (!what)
        return true;
    if (strncmp(what, RULE_PREFIX, strlen(RULE_PREFIX)) == 0) {
        rule = field_text(decision, "would_rule");
        return rule && strcmp(rule, what + strlen(RULE_PREFIX)) == 0;
    }
    return watched &&
           (strcmp(what, "all") == 0 ||
               strcmp(field_text_or(field_object(decision, "facts"), "service", ""), what) == 0);
}

/* Path and arguments, escaped as they are recorded; fresh memory. */
static char *command_of(const json_t *facts)
{
    const json_t *argv = field_array(facts, "argv");
    struct str_builder line = {0};

    str_append(&line, field_text_or(facts, "command", ""));
    for (size_t i = 1; i < json_array_size(argv); i++) {
        const char *word = json_string_value(json_array_get(argv, i));

        str_appendf(&line, " %s", word ? word : "?");
    }
    return str_builder_take(&line);
}

static json_t *new_row(const json_t *decision, const char *would, const char *rule)
{
    const json_t *facts = field_object(decision, "facts");
    AUTO_FREE char *command = command_of(facts);
    const char *time = field_text_or(decision, "time", "");

    return json_pack("{s:s, s:s?, s:s, s:s, s:s?, s:s?, s:i, s:s, s:s}", "would", would, "rule",
        rule, "subject", field_text_or(facts, "user", "?"), "service",
        field_text_or(facts, "service", "?"), "run_as", field_text(decision, "run_as"), "command",
        command && *command ? command : NULL, "count", 0, "first", time, "last", time);
}

/* Rows that differ in nothing but their times are one. */
static char *key_of(const json_t *row)
{
    static const char *const parts[] = {"would", "rule", "subject", "service", "run_as", "command"};
    struct str_builder key = {0};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        str_appendf(&key, "%s\n", field_text_or(row, parts[i], ""));
    return str_builder_take(&key);
}

static int count_row(json_t *rows, json_t *row, const char *time)
{
    AUTO_FREE char *key = key_of(row);
    json_t *known = key ? json_object_get(rows, key) : NULL;

    if (!key)
        return -ENOMEM;
    if (!known) {
        if (json_object_set(rows, key, row) < 0)
            return -ENOMEM;
        known = row;
    }
    (void)json_object_set_new(known, "count", json_integer(field_int(known, "count", 0) + 1));
    (void)json_object_set_new(known, "last", json_string(time));
    return 0;
}

static int on_decision(const json_t *decision, void *userdata)
{
    struct collecting *collecting = userdata;
    const char *rule, *would = decision ? would_of(decision, &rule) : NULL;
    AUTO_JSON json_t *row = NULL;

    if (collecting->seen++ % PROGRESS_EVERY == 0)
        progress_count(collecting->options, "decisions read", collecting->seen);
    if (would && decisions_is_selftest(decision)) {
        collecting->selftests++;
        return 0;
    }
    if (!would || !is_asked_for(collecting, decision))
        return 0;
    row = new_row(decision, would, rule);
    return row ? count_row(collecting->rows, row, field_text_or(decision, "time", "")) : -ENOMEM;
}

static int compare_rows(const void *left, const void *right)
{
    const json_t *const *a = left, *const *b = right;
    int64_t x = field_int(*a, "count", 0), y = field_int(*b, "count", 0);

    return (x < y) - (x > y);
}

static json_t *sort_rows(const json_t *rows)
{
    size_t count = json_object_size(rows), used = 0;
    AUTO_FREE json_t **sorted = calloc(count + 1, sizeof(json_t *));
    json_t *array = json_array(), *row;
    const char *key;

    json_object_foreach((json_t *)(uintptr_t)rows, key, row)
    {
        if (sorted)
            sorted[used++] = row;
    }
    if (used > 0)
        qsort(sorted, used, sizeof(*sorted), compare_rows);
    for (size_t i = 0; i < used; i++)
        (void)json_array_append(array, sorted[i]);
    return array;
}

int monitored_read(
    const struct cli_options *options, const char *what, uint64_t since_us, struct report *report)
{
    AUTO_JSON json_t *rows = json_object();
    struct collecting collecting = {.options = options, .what = what, .rows = rows};
    int r = decisions_each(options, since_us, on_decision, &collecting);

    progress_clear(options);
    if (r != CLI_OK)
        return r;
    json_decref(report->rows);
    report->rows = sort_rows(rows);
    report_note_selftests(report, collecting.selftests);
    return CLI_OK;
}

/* ---- the report -------------------------------------------------------------------------- */

static int read_all(const struct cli_options *options, uint64_t since_us, struct report *report)
{
    return monitored_read(options, NULL, since_us, report);
}

static const char *word_for(const char *would)
{
    if (strcmp(would, "deny") == 0)
        return "be refused";
    return strcmp(would, "escalate") == 0 ? "have to ask" : "be allowed";
}

static void put_what(struct str_builder *out, const json_t *row)
{
    const char *run_as = field_text(row, "run_as"), *command = field_text(row, "command");

    if (!command)
        return;
    str_append(out, command);
    if (run_as)
        str_appendf(out, " as %s", run_as);
}

static void put_cell(struct str_builder *out, const json_t *row, const char *key)
{
    if (strcmp(key, "would") == 0)
        str_append(out, word_for(field_text_or(row, key, "")));
    else if (strcmp(key, "count") == 0)
        str_appendf(out, "%lld", (long long)field_int(row, key, 0));
    else if (strcmp(key, "what") == 0)
        put_what(out, row);
    else if (strcmp(key, "rule") == 0)
        str_append(out, field_text_or(row, key, "(none)"));
    else
        str_append(out, field_text_or(row, key, ""));
}

static enum style style_of(const json_t *row, const char *key)
{
    if (strcmp(key, "would") != 0)
        return STYLE_PLAIN;
    return strcmp(field_text_or(row, key, ""), "deny") == 0 ? STYLE_BAD : STYLE_WARN;
}

static const struct report_column columns[] = {
    {"would", "WOULD", false},
    {"count", "TIMES", false},
    {"subject", "WHO", false},
    {"service", "DOOR", false},
    {"what", "WHAT", true},
    {"rule", "RULE", true},
    {"first", "FIRST (UTC)", false},
    {"last", "LAST (UTC)", false},
};

const struct report_kind report_monitor = {
    .name = "monitor",
    .summary = "what monitor mode let through, and what enforcing would have made of it",
    .title = "Monitor mode",
    .empty = "Nothing in this time would have been decided otherwise.",
    .since = SINCE_DEFAULT,
    .columns = columns,
    .column_count = ARRAY_SIZE(columns),
    .read = read_all,
    .put = put_cell,
    .style = style_of,
};
