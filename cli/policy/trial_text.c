/* For people. */
#include <string.h>

#include "../base/text.h"
#include "../view/style.h"
#include "errors.h"
#include "trial.h"

/* Lines, indented and escaped. */
static void put_lines(struct str_builder *out, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        AUTO_FREE char *line = strndup(lines, length), *escaped = line ? text_escape(line) : NULL;

        str_appendf(out, "    %s\n", escaped ? escaped : "");
        lines += length + (lines[length] == '\n');
    }
}

static void put_failure(struct str_builder *out, const struct trial *trial, size_t index,
    const struct cli_options *options)
{
    const struct suite_result *result = &trial->results[index];
    struct place_info place = suite_place(trial->suite, index);
    AUTO_FREE char *name = text_escape(suite_name(trial->suite, index));

    str_append(out, style_on(options, STYLE_BAD));
    text_put(out, place.file);
    str_appendf(out, ":%u: %s%s\n", place.line, name ? name : "", style_off(options, STYLE_BAD));
    for (size_t i = 0; i < result->count; i++) {
        AUTO_FREE char *expected = text_escape(result->differences[i].expected);
        AUTO_FREE char *found = text_escape(result->differences[i].found);

        str_appendf(out, "    %s: expected %s, got %s\n", result->differences[i].what,
            expected ? expected : "", found ? found : "");
    }
    put_lines(out, result->why);
}

static void put_unreached(
    struct str_builder *out, const char *what, const char *name, const struct place_info *place)
{
    str_appendf(out, "not reached: %s %s (", what, name);
    text_put(out, place->file);
    str_appendf(out, ":%u)\n", place->line);
}

static void put_cover(struct str_builder *out, const struct trial *trial)
{
    struct trial_cover cover = trial_cover(trial);
    struct entitlement_info entitlement;
    struct rule_info rule;
    size_t index = 0;

    while (trial_next_rule(trial, &index, &rule))
        put_unreached(out, "rule", rule.id, &rule.place);
    index = 0;
    while (trial_next_entitlement(trial, &index, &entitlement))
        put_unreached(out, "entitlement", entitlement.name, &entitlement.place);
    str_appendf(out, "cover: %zu of %zu rules, %zu of %zu entitlements, %u %%\n",
        cover.rules_reached, cover.rules, cover.entitlements_reached, cover.entitlements,
        cover.percent);
}

void trial_put_text(
    struct str_builder *out, const struct trial *trial, const struct cli_options *options)
{
    errors_put(out, &trial->errors, options->width);
    if (!trial->results)
        return;
    for (size_t i = 0; i < trial->count; i++)
        if (trial->results[i].count > 0)
            put_failure(out, trial, i, options);
    if (trial->shows_cover)
        put_cover(out, trial);
    str_appendf(out, "%zu passed, %zu failed\n", trial->count - trial->failed, trial->failed);
}
