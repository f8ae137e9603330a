#include "setup_view.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../../common/columns.h"
#include "../base/text.h"
#include "../view/style.h"

static enum style style_of_line(const char *line)
{
    if (strncmp(line, "---", 3) == 0 || strncmp(line, "+++", 3) == 0)
        return STYLE_BOLD;
    switch (line[0]) {
    case '+':
        return STYLE_GOOD;
    case '-':
        return STYLE_BAD;
    case '@':
        return STYLE_DIM;
    default:
        return STYLE_PLAIN;
    }
}

void setup_print_diff(struct str_builder *out, const char *diff, const struct cli_options *options)
{
    for (const char *at = diff; *at != '\0';) {
        const char *newline = strchr(at, '\n');
        size_t length = newline != NULL ? (size_t)(newline - at) : strlen(at);
        enum style style = style_of_line(at);
        str_append(out, style_on(options, style));
        str_append_n(out, at, length);
        str_append(out, style_off(options, style));
        str_append(out, "\n");
        at += length + (newline != NULL);
    }
}

static const char *level_name(enum selftest_level level)
{
    return level == SELFTEST_OK ? "ok" : level == SELFTEST_NOTE ? "note" : "BAD";
}

static enum style level_style(enum selftest_level level)
{
    return level == SELFTEST_OK ? STYLE_GOOD : level == SELFTEST_NOTE ? STYLE_WARN : STYLE_BAD;
}

struct widths {
    size_t door, situation, user;
};

static void widen(size_t *width, size_t columns)
{
    if (columns > *width)
        *width = columns;
}

static struct widths measure(const struct selftest *test)
{
    struct widths widths = {strlen("DOOR"), strlen("TRIED"), strlen("WHO")};
    for (size_t i = 0; i < test->count; i++) {
        widen(&widths.door, strlen(test->rows[i].door));
        widen(&widths.situation, strlen(test->rows[i].situation));
        widen(&widths.user, columns_of(test->rows[i].user));
    }
    return widths;
}

static void print_row(struct str_builder *out, const struct selftest_row *row,
    const struct widths *widths, const struct cli_options *options)
{
    size_t pad = widths->user - columns_of(row->user);
    str_appendf(out, "%-*s  %-*s  %s%*s  %s%-4s%s  ", (int)widths->door, row->door,
        (int)widths->situation, row->situation, row->user, (int)pad, "",
        style_on(options, level_style(row->level)), level_name(row->level),
        style_off(options, level_style(row->level)));
    text_put_wrapped(
        out, row->result, 12 + widths->door + widths->situation + widths->user, options->width);
}

void setup_print_tests(
    struct str_builder *out, const struct selftest *test, const struct cli_options *options)
{
    struct widths widths = measure(test);
    str_appendf(out, "%s%-*s  %-*s  %-*s        %s%s\n", style_on(options, STYLE_DIM),
        (int)widths.door, "DOOR", (int)widths.situation, "TRIED", (int)widths.user, "WHO",
        "WHAT CAME OF IT", style_off(options, STYLE_DIM));
    for (size_t i = 0; i < test->count; i++)
        print_row(out, &test->rows[i], &widths, options);
}

json_t *setup_tests_to_json(const struct selftest *test)
{
    json_t *list = json_array();
    for (size_t i = 0; i < test->count; i++) {
        const struct selftest_row *row = &test->rows[i];
        json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s}", "door", row->door, "situation",
            row->situation, "user", row->user, "result", row->result, "level",
            row->level == SELFTEST_BAD ? "bad" : level_name(row->level));
        if (json_array_append_new(list, entry) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

bool setup_tests_are_bad(const struct selftest *test)
{
    for (size_t i = 0; i < test->count; i++) {
        if (test->rows[i].level == SELFTEST_BAD)
            return true;
    }
    return false;
}

json_t *setup_doors_to_json(unsigned doors)
{
    json_t *list = json_array();
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        if ((doors & 1u << i) != 0)
            (void)json_array_append_new(list, json_string(door_table[i].name));
    }
    return list;
}

char *setup_doors_to_text(unsigned doors)
{
    struct str_builder out = {0};
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        if ((doors & 1u << i) != 0)
            str_appendf(&out, "%s%s", out.length > 0 ? " " : "", door_table[i].name);
    }
    return str_builder_take(&out);
}

bool setup_ask(const char *question)
{
    char answer[16] = "";
    fprintf(stderr, "%s [y/N] ", question);
    if (fgets(answer, sizeof(answer), stdin) == NULL)
        return false;
    answer[strcspn(answer, "\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}
