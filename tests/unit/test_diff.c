/* The diff shown before a change: compared with what diff(1) prints. */
#include "../../cli/host/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void assert_diff(const char *before, const char *after, const char *expected)
{
    AUTO_FREE char *text = NULL;
    assert_int_equal(diff_unified("f", before, after, &text), 0);
    assert_string_equal(text, expected);
}

static void equal_texts_have_no_diff(void **state)
{
    (void)state;
    assert_diff("a\nb\n", "a\nb\n", "");
    assert_diff(NULL, NULL, "");
}

static void inserted_line_has_three_lines_of_context(void **state)
{
    (void)state;
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nnew\n5\n6\n7\n8\n",
        "--- f\n+++ f\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n");
}

static void replaced_line_is_removed_then_added(void **state)
{
    (void)state;
    assert_diff("a\nb\nc\n", "a\nB\nc\n", "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
}

static void new_and_removed_files_are_named_dev_null(void **state)
{
    (void)state;
    assert_diff(NULL, "x\n", "--- /dev/null\n+++ f\n@@ -0,0 +1 @@\n+x\n");
    assert_diff("x\n", NULL, "--- f\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
}

static void missing_last_newline_is_told(void **state)
{
    (void)state;
    assert_diff("a", "a\nb",
        "--- f\n+++ f\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n"
        "\\ No newline at end of file\n");
}

static void far_changes_get_their_own_hunks(void **state)
{
    (void)state;
    assert_diff("a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
        "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n");
}

static void near_changes_share_a_hunk(void **state)
{
    (void)state;
    assert_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
        "--- f\n+++ f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
}

static void too_many_lines_are_refused(void **state)
{
    (void)state;
    AUTO_FREE char *many = malloc(2 * DIFF_LINES_MAX + 3);
    assert_non_null(many);
    for (size_t i = 0; i <= DIFF_LINES_MAX; i++)
        memcpy(many + 2 * i, "x\n", 3);
    char *text = NULL;
    assert_int_equal(diff_unified("f", many, "y\n", &text), -EFBIG);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_no_diff),
        cmocka_unit_test(inserted_line_has_three_lines_of_context),
        cmocka_unit_test(replaced_line_is_removed_then_added),
        cmocka_unit_test(new_and_removed_files_are_named_dev_null),
        cmocka_unit_test(missing_last_newline_is_told),
        cmocka_unit_test(far_changes_get_their_own_hunks),
        cmocka_unit_test(near_changes_share_a_hunk),
        cmocka_unit_test(too_many_lines_are_refused),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
