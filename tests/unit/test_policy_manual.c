/* assent-policy(5) and the example that is shipped against the code: every policy that is shown
 * compiles and its tests pass, and every numbered sentence has its test. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/lint/lint.h"
#include "../../agent/policy/policy.h"
#include "../../agent/study/suite.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/file.h"
#include "../../common/macro.h"
#include "../../common/str.h"

#define MANUAL "docs/man/assent-policy.5"
#define SHIPPED "etc/policy.d/10-example.yaml"
#define TRAPS "tests/policy/30-sudoers.yaml"
#define SENTENCES "tests/policy/README.md"

static char *read_text(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t length;

    assert_true(fd >= 0);
    assert_int_equal(file_read_all(fd, YAML_SIZE_MAX, &text, &length), 0);
    return text;
}

/* The next line, without its end; NULL behind the last. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');

    if (*line == '\0')
        return NULL;
    *text = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

/* A line of a literal display as a reader sees it. */
static void append_line(struct str_builder *text, const char *line)
{
    for (; *line != '\0'; line++) {
        if (line[0] == '\\') {
            assert_int_equal(line[1], 'e');
            line++;
            str_append(text, "\\");
        } else {
            str_append_n(text, line, 1);
        }
    }
    str_append(text, "\n");
}

static struct policy *compile(const struct policy_file *file)
{
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(file, 1, &errors);

    if (!policy)
        fail_msg("%u:%u: %s in\n%s", errors.items[0].line, errors.items[0].column,
            errors.items[0].message, file->text);
    return policy;
}

/* The number of tests, all of which pass. */
static size_t pass_tests(struct policy *policy, const struct policy_file *file)
{
    struct yaml_errors errors = {0};
    CLEANUP(cleanup_suite) struct suite *suite = suite_read(policy, file, 1, &errors);

    assert_non_null(suite);
    assert_int_equal(yaml_errors_total(&errors), 0);
    for (size_t i = 0; i < suite_count(suite); i++) {
        struct suite_result result = {0};

        assert_int_equal(suite_run(suite, i, true, &result), 0);
        if (result.count > 0)
            fail_msg("%s: %s: expected %s, found %s\n%s", suite_name(suite, i),
                result.differences[0].what, result.differences[0].expected,
                result.differences[0].found, result.why);
        suite_result_done(&result);
    }
    return suite_count(suite);
}

/* Calls `visit` with the text of each literal display. */
static unsigned each_example(void (*visit)(const char *text, void *userdata), void *userdata)
{
    AUTO_FREE char *manual = read_text(MANUAL);
    struct str_builder text = {0};
    bool inside = false;
    unsigned examples = 0;
    char *at = manual;

    for (const char *line; (line = next_line(&at)) != NULL;) {
        if (strncmp(line, ".Bd -literal", 12) == 0) {
            inside = true;
        } else if (strncmp(line, ".Ed", 3) == 0) {
            AUTO_FREE char *taken = str_builder_take(&text);

            assert_non_null(taken);
            inside = false;
            examples++;
            visit(taken, userdata);
        } else if (inside) {
            append_line(&text, line);
        }
    }
    return examples;
}

static void refuse_finding(const struct lint_finding *finding, void *userdata)
{
    const struct policy_file *file = userdata;

    if (finding->lint->level >= LINT_WARNING && !finding->accepted)
        fail_msg("%s of %s: %s: %s in\n%s", finding->name ? finding->name : "all", file->name,
            finding->lint->name, finding->message, file->text);
}

/* What is shown is to be copied, so that nothing may be found in it that is not accepted. */
static void find_nothing(const struct policy *policy, struct policy_file *file)
{
    const struct lint_options options = {0};

    assert_int_equal(policy_lint(policy, &options, refuse_finding, file), 0);
}

static void try_example(const char *text, void *userdata)
{
    struct policy_file file = {.name = MANUAL, .text = text, .length = strlen(text)};
    CLEANUP(cleanup_policy) struct policy *policy = compile(&file);

    (void)userdata;
    assert_true(policy_rule_count(policy) >= 1);
    (void)pass_tests(policy, &file);
    find_nothing(policy, &file);
}

static void test_examples(void **state)
{
    (void)state;
    assert_true(each_example(try_example, NULL) >= 8);
}

/* Every rule of the example is in the other policy, word for word but for the layout. */
static void compare_rules(const struct policy *example, const struct policy *tested)
{
    for (size_t i = 0; i < policy_rule_count(example); i++) {
        char shown[POLICY_DIGEST_SIZE], known[POLICY_DIGEST_SIZE];
        struct rule_info info;
        int64_t other;

        policy_rule(example, i, &info);
        other = policy_find_rule(tested, info.id);
        if (other < 0)
            fail_msg("%s has no test in " TRAPS, info.id);
        assert_int_equal(policy_rule_digest(example, i, shown), 0);
        assert_int_equal(policy_rule_digest(tested, (size_t)other, known), 0);
        if (strcmp(shown, known) != 0)
            fail_msg("rule %s of the manual is another one in " TRAPS, info.id);
    }
}

static void compare_traps(const char *text, void *userdata)
{
    const struct policy_file file = {.name = MANUAL, .text = text, .length = strlen(text)};
    AUTO_FREE char *traps = NULL;
    struct policy_file tests = {.name = TRAPS};
    struct policy *example, *tested;
    bool *found = userdata;

    if (!strstr(text, "id: s1-"))
        return;
    traps = read_text(TRAPS);
    tests.text = traps;
    tests.length = strlen(traps);
    example = compile(&file);
    tested = compile(&tests);
    assert_true(policy_rule_count(example) >= 12);
    compare_rules(example, tested);
    policy_free(example);
    policy_free(tested);
    *found = true;
}

static void test_traps_are_tested(void **state)
{
    bool found = false;

    (void)state;
    (void)each_example(compare_traps, &found);
    assert_true(found);
}

/* "D3" of ".It D3" and ".It \&D1" in `label`. */
static bool read_label(const char *line, char label[static 8])
{
    char rest;

    if (strncmp(line, ".It ", 4) != 0)
        return false;
    line += 4;
    if (strncmp(line, "\\&", 2) == 0)
        line += 2;
    return line[0] >= 'A' && line[0] <= 'Z' && line[1] >= '1' && line[1] <= '9' &&
           sscanf(line, "%7s %c", label, &rest) == 1;
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += length)
        if (strchr(" |`\n,", at[length]) && strchr(" |`\n,", at[-1]))
            return true;
    return false;
}

static void test_sentences_are_tested(void **state)
{
    AUTO_FREE char *manual = read_text(MANUAL), *tests = read_text(SENTENCES);
    unsigned sentences = 0;
    char label[8], *at = manual;

    (void)state;
    for (const char *line; (line = next_line(&at)) != NULL;) {
        if (!read_label(line, label))
            continue;
        if (!has_word(tests, label))
            fail_msg("%s of the manual stands nowhere in " SENTENCES, label);
        sentences++;
    }
    assert_true(sentences >= 100);
}

/* What is shipped as an example does nothing until it is edited. */
static void test_shipped_example(void **state)
{
    AUTO_FREE char *shipped = read_text(SHIPPED), *edited = NULL;
    struct policy_file file = {.name = SHIPPED, .text = shipped, .length = strlen(shipped)};
    struct policy *policy = compile(&file);
    struct str_builder text = {0};
    char *at = shipped;

    (void)state;
    assert_int_equal(policy_rule_count(policy), 0);
    policy_free(policy);
    for (const char *line; (line = next_line(&at)) != NULL;)
        if (strncmp(line, "#|", 2) == 0)
            append_line(&text, line + 2);
    edited = str_builder_take(&text);
    assert_non_null(edited);
    file.text = edited;
    file.length = strlen(edited);
    policy = compile(&file);
    assert_true(policy_rule_count(policy) >= 5);
    assert_true(pass_tests(policy, &file) >= 5);
    find_nothing(policy, &file);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_traps_are_tested),
        cmocka_unit_test(test_sentences_are_tested),
        cmocka_unit_test(test_shipped_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
