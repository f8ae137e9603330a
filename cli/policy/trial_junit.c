/* The XML of JUnit, as GitLab, Jenkins and the reporters of GitHub read it: a suite a file. */
#include <string.h>

#include "../../common/clock.h"
#include "../base/text.h"
#include "trial.h"

static void put_attribute(struct str_builder *out, const char *name, const char *value)
{
    str_appendf(out, " %s=\"", name);
    text_put_markup(out, value);
    str_append(out, "\"");
}

static void put_time(struct str_builder *out, uint64_t us)
{
    str_appendf(out, " time=\"%llu.%06llu\"", (unsigned long long)(us / USEC_PER_SEC),
        (unsigned long long)(us % USEC_PER_SEC));
}

static void put_lines(struct str_builder *out, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        AUTO_FREE char *line = strndup(lines, length);

        text_put_markup(out, line);
        str_append(out, "\n");
        lines += length + (lines[length] == '\n');
    }
}

static void put_failure(struct str_builder *out, const struct suite_result *result)
{
    struct str_builder message = {0};
    AUTO_FREE char *text = NULL;

    for (size_t i = 0; i < result->count; i++)
        str_appendf(&message, "%s%s: expected %s, got %s", i > 0 ? "; " : "",
            result->differences[i].what, result->differences[i].expected,
            result->differences[i].found);
    text = str_builder_take(&message);
    str_append(out, "      <failure");
    put_attribute(out, "message", text ? text : "");
    put_attribute(out, "type", result->differences[0].what);
    str_append(out, ">");
    put_lines(out, result->why);
    str_append(out, "</failure>\n");
}

static void put_test(struct str_builder *out, const struct trial *trial, size_t index)
{
    struct place_info place = suite_place(trial->suite, index);
    bool failed = trial->results[index].count > 0;

    str_append(out, "    <testcase");
    put_attribute(out, "name", suite_name(trial->suite, index));
    put_attribute(out, "classname", place.file);
    put_attribute(out, "file", place.file);
    str_appendf(out, " line=\"%u\"", place.line);
    put_time(out, trial->took_us[index]);
    str_append(out, failed ? ">\n" : "/>\n");
    if (!failed)
        return;
    put_failure(out, &trial->results[index]);
    str_append(out, "    </testcase>\n");
}

/* The tests from `first` up to the end of its file. */
static size_t end_of_file(const struct trial *trial, size_t first)
{
    const char *file = suite_place(trial->suite, first).file;
    size_t end = first;

    while (end < trial->count && strcmp(suite_place(trial->suite, end).file, file) == 0)
        end++;
    return end;
}

static void put_suite(struct str_builder *out, const struct trial *trial, size_t first, size_t end)
{
    uint64_t took = 0;
    size_t failed = 0;

    for (size_t i = first; i < end; i++) {
        failed += trial->results[i].count > 0;
        took += trial->took_us[i];
    }
    str_append(out, "  <testsuite");
    put_attribute(out, "name", suite_place(trial->suite, first).file);
    str_appendf(
        out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\"", end - first, failed);
    put_time(out, took);
    str_append(out, ">\n");
    for (size_t i = first; i < end; i++)
        put_test(out, trial, i);
    str_append(out, "  </testsuite>\n");
}

static void put_errors(struct str_builder *out, const struct trial *trial)
{
    str_append(out, "  <testsuite");
    put_attribute(out, "name", trial->directory);
    str_append(out, " tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n    <testcase");
    put_attribute(out, "name", "the policy and its tests can be read");
    put_attribute(out, "classname", trial->directory);
    str_append(out, ">\n      <error message=\"the policy or its tests have errors\">");
    for (size_t i = 0; i < trial->errors.count; i++) {
        const struct yaml_error *error = &trial->errors.items[i];

        text_put_markup(out, error->file);
        str_appendf(out, ":%u:%u: ", error->line, error->column);
        text_put_markup(out, error->message);
        str_append(out, "\n");
    }
    str_append(out, "</error>\n    </testcase>\n  </testsuite>\n");
}

void trial_put_junit(struct str_builder *out, const struct trial *trial)
{
    size_t errors = trial->results ? 0 : 1;

    str_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assent\"");
    str_appendf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", trial->count + errors,
        trial->failed, errors);
    if (!trial->results)
        put_errors(out, trial);
    for (size_t i = 0, end; trial->results && i < trial->count; i = end) {
        end = end_of_file(trial, i);
        put_suite(out, trial, i, end);
    }
    str_append(out, "</testsuites>\n");
}
