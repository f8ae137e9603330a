#include "findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/columns.h"
#include "../base/text.h"
#include "../view/style.h"

struct finding {
    const struct lint *lint;
    struct place_info place; /* of the policy, like `name` */
    enum lint_subject subject;
    const char *name;
    char *message; /* owned */
    const char *accepted;
};

static bool make_room(struct findings *findings)
{
    size_t size = findings->size == 0 ? 64 : findings->size * 2;
    struct finding *bigger;

    if (findings->count < findings->size)
        return true;
    bigger = reallocarray(findings->items, size, sizeof(*bigger));
    if (!bigger)
        return false;
    findings->items = bigger;
    findings->size = size;
    return true;
}

static void keep(const struct lint_finding *found, void *userdata)
{
    struct findings *findings = userdata;
    char *message = strdup(found->message);

    if (!message || !make_room(findings)) {
        free(message);
        findings->failed = true;
        return;
    }
    findings->items[findings->count++] = (struct finding){
        .lint = found->lint,
        .place = found->place,
        .subject = found->subject,
        .name = found->name,
        .message = message,
        .accepted = found->accepted,
    };
    if (found->accepted)
        findings->accepted++;
    else
        findings->levels[found->lint->level]++;
}

static int compare(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    int order = strcmp(a->place.file, b->place.file);

    if (order == 0)
        order = (a->place.line > b->place.line) - (a->place.line < b->place.line);
    if (order == 0)
        order = (a->place.column > b->place.column) - (a->place.column < b->place.column);
    if (order == 0)
        order = (b->lint->level > a->lint->level) - (b->lint->level < a->lint->level);
    if (order == 0)
        order = strcmp(a->lint->name, b->lint->name);
    return order != 0 ? order : strcmp(a->message, b->message);
}

int findings_collect(
    struct findings *findings, const struct policy *policy, const struct lint_options *options)
{
    int r = policy_lint(policy, options, keep, findings);

    if (findings->count > 0)
        qsort(findings->items, findings->count, sizeof(*findings->items), compare);
    return findings->failed ? -ENOMEM : r;
}

void findings_done(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->items[i].message);
    free(findings->items);
    *findings = (struct findings){0};
}

static enum style style_of(enum lint_level level)
{
    static const enum style styles[] = {
        [LINT_NOTE] = STYLE_DIM, [LINT_WARNING] = STYLE_WARN, [LINT_ERROR] = STYLE_BAD};

    return styles[level];
}

/* "policy.d/10-web.yaml:12:5: " */
static char *place_of(const struct finding *finding)
{
    struct str_builder builder = {0};

    text_put(&builder, finding->place.file);
    str_appendf(&builder, ":%u:%u: ", finding->place.line, finding->place.column);
    return str_builder_take(&builder);
}

/* "rule 'web': it can never match [never-matches]" */
static char *message_of(const struct finding *finding)
{
    struct str_builder builder = {0};

    if (finding->name) {
        str_appendf(&builder, "%s '", lint_subject_to_string(finding->subject));
        text_put(&builder, finding->name);
        str_append(&builder, "': ");
    }
    text_put(&builder, finding->message);
    str_appendf(&builder, " [%s]", finding->lint->name);
    return str_builder_take(&builder);
}

static void put_one(
    struct str_builder *out, const struct finding *finding, const struct cli_options *options)
{
    const char *level = lint_level_to_string(finding->lint->level);
    enum style style = style_of(finding->lint->level);
    AUTO_FREE char *place = place_of(finding), *message = message_of(finding);

    if (!place || !message) {
        out->failed = true;
        return;
    }
    str_appendf(
        out, "%s%s%s%s: ", place, style_on(options, style), level, style_off(options, style));
    text_put_wrapped_at(
        out, message, columns_of(place) + strlen(level) + strlen(": "), 4, options->width);
    if (finding->accepted) {
        str_append(out, "    accepted: ");
        text_put(out, finding->accepted);
        str_append(out, "\n");
    }
}

/* How many notes of each kind there are; put to 0 when the first was shown. */
struct tally {
    const struct lint *lint;
    unsigned count;
};

/* The row of that kind, which is made when there is none. */
static struct tally *find_tally(struct tally *rows, const struct lint *lint)
{
    while (rows->lint && rows->lint != lint)
        rows++;
    rows->lint = lint;
    return rows;
}

/* The first note of each kind stands for all. */
static void put_note(struct str_builder *out, const struct finding *note,
    const struct cli_options *options, struct tally *tally)
{
    unsigned more = tally->count - 1;

    if (tally->count == 0)
        return;
    put_one(out, note, options);
    if (more > 0)
        str_appendf(
            out, "    and %u more like this; --all shows %s\n", more, more == 1 ? "it" : "them");
    tally->count = 0;
}

static size_t count_kinds(void)
{
    size_t count = 0;

    while (lints[count].name)
        count++;
    return count;
}

static bool is_shown(const struct finding *finding, enum lint_level level)
{
    return !finding->accepted && finding->lint->level == level;
}

static void put_some(
    struct str_builder *out, const struct findings *findings, const struct cli_options *options)
{
    AUTO_FREE struct tally *rows = calloc(count_kinds() + 1, sizeof(*rows));

    out->failed |= !rows;
    for (size_t i = 0; rows && i < findings->count; i++)
        if (is_shown(&findings->items[i], LINT_NOTE))
            find_tally(rows, findings->items[i].lint)->count++;
    for (size_t i = 0; rows && i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];

        if (is_shown(finding, LINT_NOTE))
            put_note(out, finding, options, find_tally(rows, finding->lint));
        else if (!finding->accepted)
            put_one(out, finding, options);
    }
}

void findings_put(struct str_builder *out, const struct findings *findings,
    const struct cli_options *options, bool all)
{
    if (!all) {
        put_some(out, findings, options);
        return;
    }
    for (size_t i = 0; i < findings->count; i++)
        put_one(out, &findings->items[i], options);
}

static void put_count(struct str_builder *out, unsigned count, const char *word, bool plural)
{
    if (count > 0)
        str_appendf(out, "%s%u %s%s", out->length > 0 ? ", " : "", count, word,
            plural && count > 1 ? "s" : "");
}

void findings_put_counts(struct str_builder *out, const struct findings *findings)
{
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    put_count(&line, findings->levels[LINT_ERROR], "error", true);
    put_count(&line, findings->levels[LINT_WARNING], "warning", true);
    put_count(&line, findings->levels[LINT_NOTE], "note", true);
    put_count(&line, findings->accepted, "accepted", false);
    text = str_builder_take(&line);
    out->failed |= !text;
    if (text)
        str_append(out, text[0] != '\0' ? text : "nothing found");
}

static json_t *to_json(const struct finding *finding)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s?, s:s, s:s?}", "name", finding->lint->name,
        "level", lint_level_to_string(finding->lint->level), "file", finding->place.file, "line",
        (int)finding->place.line, "column", (int)finding->place.column, "subject",
        lint_subject_to_string(finding->subject), "subject_name", finding->name, "message",
        finding->message, "accepted", finding->accepted);
}

json_t *findings_to_json(const struct findings *findings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++)
        (void)json_array_append_new(array, to_json(&findings->items[i]));
    return array;
}
