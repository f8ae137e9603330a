/* Which ticket patterns are taken. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/ticket.h"
#include "../../common/macro.h"

static const char *const taken[] = {
    "",
    "^(INC|CHG)-[0-9]+$",
    "^[A-Z]{2,10}-[0-9]{3,8}$",
    "^[A-Z]+-[0-9]+(,[A-Z]+-[0-9]+)*$",
    "^([a-z]+/)*[A-Z][A-Z0-9]*-[1-9][0-9]*( [^ ]+)?$",
    "^[^]{+*]+[[:digit:][.{.]]{4}$",
    "[]{3000}]",
    "\\{3000}\\+\\*\\((\\))+",
    "a{1000}",
    "((a{10}){9}){9}",
};

static const char *const refused[] = {
    "a{1001}",
    "a{0,1001}",
    "a{1000,}",
    "a{99999999999999999999}",
    "a{0,99999999999999999999}",
    "((a{11}){10}){10}",
    "(a{17}|b){60}",
    "((((((((((a+)+)+)+)+)+)+)+)+)+)+",
    "[a-z]{500}[0-9]{501}",
    "([]{}]{500}){3}",
    "a++",
    "a**",
    "(a|b)+?",
    "a{2}{2}",
    "\\*?*",
};

static void test_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
        if (!ticket_pattern_is_small(taken[i]))
            fail_msg("refused: %s", taken[i]);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (ticket_pattern_is_small(refused[i]))
            fail_msg("taken: %s", refused[i]);
}

/* Deeper than anything else written in so many bytes. */
static void test_depth(void **state)
{
    char text[2001];

    (void)state;
    memset(text, '(', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(ticket_pattern_is_small(text));
    memset(text, ')', sizeof(text) - 1);
    assert_false(ticket_pattern_is_small(text));
}

static void make_pattern(char *text, size_t size)
{
    static const char *const words[] = {"a", "b", "(", "(", "(", ")", ")", "+", "*", "?", "|",
        "[a-z]", "{2}", "{3,8}", "{1,}", "{0,20}", "{16}", "{100}", "[^]a]", "\\.", "^", "$", "."};
    size_t depth = 0, length = 0;

    for (int count = rand() % 60; count > 0 && length + 80 < size; count--) {
        const char *word = words[(size_t)rand() % ARRAY_SIZE(words)];

        if (word[0] == ')' && depth == 0)
            continue;
        depth += word[0] == '(';
        depth -= word[0] == ')';
        length += (size_t)snprintf(text + length, size - length, "%s", word);
    }
    while (depth-- > 0)
        text[length++] = ')';
    text[length] = '\0';
}

/* One that is taken and cannot be compiled or matched would not come to an end here. */
static void test_taken_patterns_come_to_an_end(void **state)
{
    static const char ticket[] = "abba.aab-baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabab.b";
    unsigned compiled = 0;

    (void)state;
    srand(7);
    while (compiled < 2000) {
        char text[256];
        regex_t regex;

        make_pattern(text, sizeof(text));
        if (!ticket_pattern_is_small(text) || regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) != 0)
            continue;
        (void)regexec(&regex, ticket, 0, NULL, 0);
        regfree(&regex);
        compiled++;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_taken_patterns_come_to_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
