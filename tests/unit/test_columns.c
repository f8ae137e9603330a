/* Lines broken between words, and what is to be copied left whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/columns.h"
#include "../../common/macro.h"

#define PATH "/srv/an/extraordinarily/long/path/without/a/single/blank"

static const struct {
    const char *text;
    struct columns_wrap how;
    const char *expected;
} cases[] = {
    {"", {.width = 20}, ""},
    {"one two", {.width = 0}, "one two"},
    {"one two three four five six seven", {.indent = 2, .width = 22},
        "one two three four\n  five six seven"},
    {"one two three four five six seven", {.column = 10, .indent = 2, .width = 32},
        "one two three four\n  five six seven"},
    /* every line for itself; the cursor stands before the first alone */
    {"one two three four five\nsix seven eight nine ten", {.column = 8, .indent = 2, .width = 30},
        "one two three four\n  five\nsix seven eight nine ten"},
    {"one two three four five\n\nsix\n", {.indent = 2, .width = 20},
        "one two three four\n  five\n\nsix\n"},
    /* a prompt keeps the blank behind it */
    {"Reason (eight characters): ", {.indent = 2, .width = 20}, "Reason (eight\n  characters): "},
    {"Reason (eight letter): ", {.indent = 2, .width = 22}, "Reason (eight letter): "},
    {"0123456789012345678901234", {.width = 20}, "01234567890123456789\n01234"},
    {"see " PATH " there", {.indent = 2, .width = 20, .copyable = true},
        "see\n  " PATH "\n  there"},
    {PATH "\n" PATH, {.indent = 2, .width = 20, .copyable = true}, PATH "\n" PATH},
    /* commands */
    {"Ask first: assent request --wait", {.indent = 2, .width = 40, .copyable = true},
        "Ask first: assent request --wait"},
    {"Ask first: assent request --wait -- /usr/bin/id -u",
        {.indent = 2, .width = 40, .copyable = true},
        "Ask first:\n  assent request --wait -- /usr/bin/id -u"},
    {"Ask first: assent request --reason \"...\" --wait -- /usr/bin/id -u",
        {.indent = 2, .width = 40, .copyable = true},
        "Ask first:\n  assent request --reason \"...\" --wait -- /usr/bin/id -u"},
    {"It is much too long to be told, so ask first: assent request --wait\nor go away",
        {.indent = 2, .width = 36, .copyable = true},
        "It is much too long to be told, so\n  ask first: assent request --wait\nor go away"},
    {"Ask first: assent request --wait", {.indent = 2, .width = 20},
        "Ask first: assent\n  request --wait"},
    {"go away\nSee: assent status", {.indent = 2, .width = 20, .copyable = true},
        "go away\nSee: assent status"},
    /* whole characters, though the C locale does not know them */
    {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4 "
     "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4",
        {.width = 20},
        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\n"
        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str_builder builder = {0};
        AUTO_FREE char *lines = NULL;

        columns_wrap(&builder, cases[i].text, &cases[i].how);
        lines = str_builder_take(&builder);
        assert_string_equal(lines, cases[i].expected);
    }
}

/* Whatever the width, no word is lost and nothing is added but newlines and blanks. */
static void test_every_width(void **state)
{
    static const char text[] =
        "Refused: a reason (8 characters at least) and a ticket (like ^INC-[0-9]+$) are needed "
        "(db-admin, sensitivity high).  That reason was given 3 times lately:\nsay what is "
        "different now. Ask first: assent request --service sudo --reason \"...\" --wait -- x ";

    (void)state;
    for (size_t width = 0; width < 300; width++) {
        const struct columns_wrap how = {
            .column = width % 9, .indent = 2, .width = width, .copyable = width % 2 == 0};
        struct str_builder builder = {0};
        AUTO_FREE char *lines = NULL;
        const char *a = text, *b;

        columns_wrap(&builder, text, &how);
        b = lines = str_builder_take(&builder);
        for (;;) {
            a += strspn(a, " \n");
            b += strspn(b, " \n");
            if (*a == '\0' || *a != *b)
                break;
            a++;
            b++;
        }
        assert_string_equal(a, b);
        if (how.copyable)
            assert_non_null(strstr(lines, "assent request --service sudo --reason \"...\" --wait"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_every_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
