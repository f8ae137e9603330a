/* The tests of tests/policy/: policies with the verdicts expected of them (README there), run by
 * what `assent policy test` runs. Each is decided twice, without and with the index. */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/study/suite.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/file.h"

#define DIRECTORY "tests/policy"

static void expect_no_errors(const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        print_error("%s:%u:%u: %s\n", errors->items[i].file, errors->items[i].line,
            errors->items[i].column, errors->items[i].message);
    assert_int_equal(yaml_errors_total(errors), 0);
}

static size_t run_all(struct suite *suite, bool index)
{
    size_t failed = 0;

    for (size_t i = 0; i < suite_count(suite); i++) {
        struct suite_result result = {0};
        struct place_info place = suite_place(suite, i);

        assert_int_equal(suite_run(suite, i, index, &result), 0);
        for (size_t j = 0; j < result.count; j++)
            print_error("%s:%u: %s%s: %s: expected %s, found %s\n%s", place.file, place.line,
                suite_name(suite, i), index ? " (by index)" : "", result.differences[j].what,
                result.differences[j].expected, result.differences[j].found, result.why);
        failed += result.count > 0;
        suite_result_done(&result);
    }
    return failed;
}

static size_t run_file(const char *path, size_t *failed)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    struct yaml_errors errors = {0};
    struct policy_file file = {.name = path};
    struct policy *policy;
    struct suite *suite;
    size_t count;

    assert_int_equal(file_read_all(fd, YAML_SIZE_MAX, &text, &file.length), 0);
    file.text = text;
    policy = policy_compile(&file, 1, &errors);
    expect_no_errors(&errors);
    suite = suite_read(policy, &file, 1, &errors);
    expect_no_errors(&errors);
    assert_non_null(suite);
    count = suite_count(suite);
    assert_true(count > 0);
    *failed += run_all(suite, false);
    *failed += run_all(suite, true);
    suite_free(suite);
    policy_free(policy);
    return count;
}

static int is_yaml(const struct dirent *entry)
{
    return fnmatch("*.yaml", entry->d_name, 0) == 0;
}

static void test_cases(void **state)
{
    struct dirent **entries = NULL;
    int files = scandir(DIRECTORY, &entries, is_yaml, alphasort);
    size_t tests = 0, failed = 0;

    (void)state;
    assert_true(files >= 20);
    for (int i = 0; i < files; i++) {
        char path[512];

        snprintf(path, sizeof(path), DIRECTORY "/%s", entries[i]->d_name);
        tests += run_file(path, &failed);
        free(entries[i]);
    }
    free(entries);
    print_message("%zu tests in %d files\n", tests, files);
    assert_int_equal(failed, 0);
    assert_true(tests >= 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
