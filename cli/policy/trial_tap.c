/* TAP version 14, https://testanything.org/tap-version-14-specification.html */
#include <jansson.h>
#include <string.h>

#include "../base/text.h"
#include "trial.h"

/* A description ends at an unescaped '#'. */
static void put_name(struct str_builder *out, const char *name)
{
    AUTO_FREE char *line = text_escape(name);

    for (const char *p = line ? line : ""; *p != '\0'; p++) {
        if (*p == '#' || *p == '\\')
            str_append(out, "\\");
        str_append_n(out, p, 1);
    }
}

/* In double quotes as YAML and JSON have them. */
static void put_quoted(struct str_builder *out, const char *text)
{
    AUTO_FREE char *line = text_escape(text);
    json_t *value = json_string(line ? line : "");
    AUTO_FREE char *quoted = json_dumps(value, JSON_ENCODE_ANY);

    json_decref(value);
    str_append(out, quoted ? quoted : "\"\"");
}

static void put_why(struct str_builder *out, const char *why)
{
    str_append(out, "  why:\n");
    while (*why != '\0') {
        size_t length = strcspn(why, "\n");
        AUTO_FREE char *line = strndup(why, length);

        str_append(out, "    - ");
        put_quoted(out, line ? line : "");
        str_append(out, "\n");
        why += length + (why[length] == '\n');
    }
}

static void put_details(struct str_builder *out, const struct trial *trial, size_t index)
{
    const struct suite_result *result = &trial->results[index];
    struct place_info place = suite_place(trial->suite, index);

    str_append(out, "  ---\n  file: ");
    put_quoted(out, place.file);
    str_appendf(out, "\n  line: %u\n  differences:\n", place.line);
    for (size_t i = 0; i < result->count; i++) {
        str_appendf(out, "    - what: %s\n      expected: ", result->differences[i].what);
        put_quoted(out, result->differences[i].expected);
        str_append(out, "\n      got: ");
        put_quoted(out, result->differences[i].found);
        str_append(out, "\n");
    }
    put_why(out, result->why);
    str_append(out, "  ...\n");
}

static void put_errors(struct str_builder *out, const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        str_appendf(out, "# %s:%u:%u: %s\n", errors->items[i].file, errors->items[i].line,
            errors->items[i].column, errors->items[i].message);
    str_append(out, "Bail out! the policy or its tests have errors\n");
}

void trial_put_tap(struct str_builder *out, const struct trial *trial)
{
    str_append(out, "TAP version 14\n");
    if (!trial->results) {
        put_errors(out, &trial->errors);
        return;
    }
    str_appendf(out, "1..%zu\n", trial->count);
    for (size_t i = 0; i < trial->count; i++) {
        str_appendf(out, "%s %zu - ", trial->results[i].count == 0 ? "ok" : "not ok", i + 1);
        put_name(out, suite_name(trial->suite, i));
        str_append(out, "\n");
        if (trial->results[i].count > 0)
            put_details(out, trial, i);
    }
}
