/* assent report recertification: every rule that allows by itself and every identity, who answers
 * for it and up to when, and every other rule that lacks people. What is most urgent comes first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../base/decisions.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../base/pages.h"
#include "../view/progress.h"
#include "report.h"

#define PROGRESS_EVERY 5000

/* ---- how it stands ------------------------------------------------------------------------ */

/* In the order in which they are shown. */
enum standing {
    STANDING_UNOWNED,
    STANDING_LAPSED,
    STANDING_SHORT, /* asks more people than there are */
    STANDING_LAPSING,
    STANDING_MISSING, /* lacks somebody, and works */
    STANDING_CERTIFIED,
    STANDING_ACTIVE, /* an identity that is well */
    STANDING_DISABLED,
    STANDING_NONE, /* not in the report */
    STANDING_COUNT,
};

static const char *const words[STANDING_COUNT] = {
    [STANDING_UNOWNED] = "no owner left",
    [STANDING_LAPSED] = "lapsed",
    [STANDING_SHORT] = "too few people left",
    [STANDING_LAPSING] = "about to lapse",
    [STANDING_MISSING] = "with people missing",
    [STANDING_CERTIFIED] = "certified",
    [STANDING_ACTIVE] = "active",
    [STANDING_DISABLED] = "disabled",
    [STANDING_NONE] = "",
};

static bool is_text(const json_t *rule, const char *key, const char *text)
{
    return strcmp(field_text_or(rule, key, ""), text) == 0;
}

static enum standing standing_of_allow(const json_t *rule)
{
    if (is_text(rule, "state", "lapsed"))
        return is_text(rule, "lapse", "owner") ? STANDING_UNOWNED : STANDING_LAPSED;
    return is_text(rule, "state", "lapsing") ? STANDING_LAPSING : STANDING_CERTIFIED;
}

static bool is_identity(const json_t *row)
{
    return field_text(row, "account") != NULL;
}

static enum standing standing_of_identity(const json_t *identity)
{
    if (is_text(identity, "state", "unowned"))
        return STANDING_UNOWNED;
    if (is_text(identity, "state", "active"))
        return STANDING_ACTIVE;
    return is_text(identity, "state", "ending") ? STANDING_LAPSING : STANDING_LAPSED;
}

static enum standing standing_of(const json_t *rule)
{
    if (is_identity(rule))
        return standing_of_identity(rule);
    if (is_text(rule, "state", "disabled"))
        return is_text(rule, "decision", "allow") ? STANDING_DISABLED : STANDING_NONE;
    if (is_text(rule, "decision", "allow"))
        return standing_of_allow(rule);
    if (field_int(rule, "left", 0) < field_int(rule, "need", 0))
        return STANDING_SHORT;
    return json_array_size(field_array(rule, "missing")) > 0 ? STANDING_MISSING : STANDING_NONE;
}

static const char *name_of(const json_t *row)
{
    return field_text_or(row, is_identity(row) ? "name" : "id", "?");
}

static const char *last_day_of(const json_t *row)
{
    return field_text_or(row, is_identity(row) ? "expires" : "certified_until", "");
}

static int compare_rows(const void *left, const void *right)
{
    const json_t *const *a = left, *const *b = right;
    int order = (int)standing_of(*a) - (int)standing_of(*b);

    if (order == 0)
        order = strcmp(last_day_of(*a), last_day_of(*b));
    return order != 0 ? order : strcmp(name_of(*a), name_of(*b));
}

/* ---- how often it was used ---------------------------------------------------------------- */

struct uses {
    const struct cli_options *options;
    json_t *by_rule; /* objects: count, last */
    uint64_t seen, selftests;
};

static int count_use(const json_t *decision, void *userdata)
{
    struct uses *uses = userdata;
    const char *rule = field_text(decision, "rule");
    json_t *use = rule ? json_object_get(uses->by_rule, rule) : NULL;

    if (uses->seen++ % PROGRESS_EVERY == 0)
        progress_count(uses->options, "decisions read", uses->seen);
    if (!use)
        return 0; /* of no rule, or of one that is not in force */
    if (decisions_is_selftest(decision)) {
        uses->selftests++;
        return 0;
    }
    (void)json_object_set_new(use, "count", json_integer(field_int(use, "count", 0) + 1));
    (void)json_object_set(use, "last", json_object_get(decision, "time"));
    return 0;
}

/* Recorded decisions are for auditors and root; owners see their rules without. */
static int read_uses(const struct cli_options *options, uint64_t since_us, struct report *report)
{
    AUTO_JSON json_t *by_rule = json_object();
    struct uses uses = {.options = options, .by_rule = by_rule};
    size_t index;
    json_t *row;
    int r;

    json_array_foreach(report->rows, index, row)
    {
        AUTO_JSON json_t *use = json_pack("{s:i, s:n}", "count", 0, "last");

        if (is_identity(row))
            continue;
        (void)json_object_set(row, "used", use);
        (void)json_object_set(by_rule, field_text_or(row, "id", "?"), use);
    }
    r = decisions_each(options, since_us, count_use, &uses);
    progress_clear(options);
    if (r == CLI_OK)
        report_note_selftests(report, uses.selftests);
    return r;
}

/* ---- the report --------------------------------------------------------------------------- */

static int pick_rows(const json_t *items, json_t **ret_rows)
{
    size_t count = json_array_size(items), used = 0;
    AUTO_FREE json_t **sorted = calloc(count + 1, sizeof(json_t *));

    *ret_rows = json_array();
    if (!sorted || !*ret_rows)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (standing_of(json_array_get(items, i)) != STANDING_NONE)
            sorted[used++] = json_array_get(items, i);
    if (used > 0)
        qsort(sorted, used, sizeof(*sorted), compare_rows);
    for (size_t i = 0; i < used; i++)
        (void)json_array_append(*ret_rows, sorted[i]);
    return 0;
}

static void note_counts(struct report *report)
{
    size_t counts[STANDING_COUNT] = {0}, index;
    struct str_builder line = {0};
    const char *before = "";
    json_t *row;

    json_array_foreach(report->rows, index, row) counts[standing_of(row)]++;
    for (size_t i = 0; i < STANDING_NONE; i++) {
        if (counts[i] == 0)
            continue;
        str_appendf(&line, "%s%zu %s", before, counts[i], words[i]);
        before = ", ";
    }
    if (line.length > 0)
        report_note(report, str_builder_take(&line));
    str_builder_done(&line);
}

static void note_since(struct report *report, const struct pages *rules, uint64_t since_us)
{
    struct str_builder line = {0};
    char since[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(since_us, since);
    if (rules->all)
        str_appendf(&line, "Uses are counted since %.10s.", since);
    else
        str_append(
            &line, "Only what you own; auditors and root see all, and how often rules are used.");
    report_note(report, str_builder_take(&line));
}

/* Rules, and behind them identities, as far as the caller may see them. */
static int read_items(const struct cli_options *options, struct pages *ret_rules)
{
    CLEANUP(pages_done) struct pages identities = {0};
    int r = pages_read(options, "ListRules", "rules", ret_rules);

    if (r == CLI_OK)
        r = pages_read(options, "ListIdentities", "identities", &identities);
    if (r == CLI_OK)
        (void)json_array_extend(ret_rules->items, identities.items);
    return r;
}

static int read_report(const struct cli_options *options, uint64_t since_us, struct report *report)
{
    CLEANUP(pages_done) struct pages rules = {0};
    int r = read_items(options, &rules);

    if (r != CLI_OK)
        return r;
    if (pick_rows(rules.items, &report->rows) < 0) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    report->host = json_incref(rules.host);
    report->policy = json_incref(rules.policy);
    note_counts(report);
    note_since(report, &rules, since_us);
    return rules.all ? read_uses(options, since_us, report) : CLI_OK;
}

/* ---- cells -------------------------------------------------------------------------------- */

static void put_state(struct str_builder *out, const json_t *row)
{
    str_append(out, words[standing_of(row)]);
    if (is_text(row, "lapse", "never"))
        str_append(out, ", never certified");
    if (!is_identity(row) && !is_text(row, "decision", "allow"))
        str_appendf(out, " (%s)", field_text_or(row, "decision", "?"));
    if (field_bool(row, "monitored", false))
        str_append(out, ", watched only");
}

static void put_by(struct str_builder *out, const json_t *row)
{
    const json_t *certificate = field_object(row, "certificate");

    if (is_text(row, "source", "ledger")) {
        str_appendf(out, "%s, %.10s", field_text_or(certificate, "by", "?"),
            field_text_or(certificate, "time", "?"));
        if (field_bool(certificate, "own", false))
            str_append(out, " (it allows them)");
    } else if (is_text(row, "source", "file") || is_identity(row)) {
        const char *file = field_text_or(row, "file", "?"), *slash = strrchr(file, '/');

        /* the directory is the same for all, and leaves no room for more */
        str_appendf(out, "%s:%lld", slash ? slash + 1 : file, (long long)field_int(row, "line", 0));
    }
}

static void put_missing(struct str_builder *out, const json_t *row)
{
    size_t index;
    json_t *person;

    json_array_foreach(field_array(row, "missing"), index, person)
    {
        str_appendf(out, "%s%s", index > 0 ? "; " : "", field_text_or(person, "why", "?"));
    }
}

static void put_used(struct str_builder *out, const json_t *row)
{
    const json_t *used = field_object(row, "used");

    if (used)
        str_appendf(out, "%lld", (long long)field_int(used, "count", 0));
}

static void put_cell(struct str_builder *out, const json_t *row, const char *key)
{
    if (strcmp(key, "id") == 0)
        str_appendf(out, "%s%s", is_identity(row) ? "identity " : "", name_of(row));
    else if (strcmp(key, "state") == 0)
        put_state(out, row);
    else if (strcmp(key, "certified_until") == 0)
        str_append(out, last_day_of(row));
    else if (strcmp(key, "by") == 0)
        put_by(out, row);
    else if (strcmp(key, "reason") == 0 && is_identity(row))
        str_append(out, field_text_or(row, "purpose", ""));
    else if (strcmp(key, "reason") == 0 && is_text(row, "source", "ledger"))
        str_append(out, field_text_or(field_object(row, "certificate"), "reason", ""));
    else if (strcmp(key, "used") == 0)
        put_used(out, row);
    else if (strcmp(key, "last_used") == 0)
        str_appendf(out, "%.10s", field_text_or(field_object(row, "used"), "last", ""));
    else if (strcmp(key, "missing") == 0)
        put_missing(out, row);
    else
        str_append(out, field_text_or(row, key, ""));
}

static enum style style_of(const json_t *row, const char *key)
{
    if (strcmp(key, "id") == 0)
        return STYLE_ID;
    if (strcmp(key, "state") != 0)
        return STYLE_PLAIN;
    switch (standing_of(row)) {
    case STANDING_UNOWNED:
    case STANDING_LAPSED:
    case STANDING_SHORT:
        return STYLE_BAD;
    case STANDING_LAPSING:
    case STANDING_MISSING:
        return STYLE_WARN;
    default:
        return STYLE_PLAIN;
    }
}

static const struct report_column columns[] = {
    {"id", "RULE OR IDENTITY", false},
    {"state", "STATE", false},
    {"owner", "OWNER", false},
    {"certified_until", "UNTIL", false},
    {"by", "BY", true},
    {"reason", "WHY", true},
    {"used", "USED", false},
    {"last_used", "LAST", false},
    {"missing", "MISSING", true},
};

const struct report_kind report_recertification = {
    .name = "recertification",
    .summary = "who answers for rules and identities, and who is gone",
    .title = "Recertification",
    .empty = "There is no rule that allows by itself, and no identity, that you may see.",
    .since = "90d",
    .columns = columns,
    .column_count = ARRAY_SIZE(columns),
    .read = read_report,
    .put = put_cell,
    .style = style_of,
};
