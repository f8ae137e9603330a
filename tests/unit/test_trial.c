/* `assent policy test`: what it shows in each format, hostile names and all. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cli/base/json.h"
#include "../../cli/policy/trial.h"
#include "../../cli/verbs.h"
#include "../../common/file.h"

static const char rules[] =
    "people: { carol: {} }\n"
    "entitlements:\n"
    "  db: { owner: carol, sensitivity: low, services: [sudo], max_duration: 1h }\n"
    "rules:\n"
    "  - { id: first, owner: carol, certified_until: 2099-12-31, who: { user: a },"
    " decision: allow }\n"
    "  - { id: second, owner: carol, certified_until: 2099-12-31, who: { user: b },"
    " what: { entitlement: db }, decision: allow }\n"
    "  - { id: off, disabled: yes, decision: deny }\n";

struct directory {
    char path[64];
    char file[96];
};

static void make_directory(struct directory *directory, const char *tests)
{
    AUTO_FREE char *text = NULL;

    strcpy(directory->path, "/tmp/assent-test.XXXXXX");
    assert_non_null(mkdtemp(directory->path));
    snprintf(directory->file, sizeof(directory->file), "%s/p.yaml", directory->path);
    assert_true(asprintf(&text, "%s%s", rules, tests) > 0);
    assert_int_equal(file_write_atomic(directory->file, text, strlen(text), 0600), 0);
}

static void remove_directory(const struct directory *directory)
{
    assert_int_equal(unlink(directory->file), 0);
    assert_int_equal(rmdir(directory->path), 0);
}

typedef void put_fn(struct str_builder *out, const struct trial *trial);

static void put_text(struct str_builder *out, const struct trial *trial)
{
    const struct cli_options options = {0};

    trial_put_text(out, trial, &options);
}

static void put_json(struct str_builder *out, const struct trial *trial)
{
    AUTO_JSON json_t *json = trial_to_json(trial);
    AUTO_FREE char *text = json_dumps(json, JSON_COMPACT);

    assert_non_null(text);
    str_append(out, text);
}

/* Runs the tests and gives what is shown, with "DIR" for the directory and times of 0. */
static char *show(const char *tests, put_fn *put, bool cover)
{
    struct str_builder out = {0}, plain = {0};
    struct directory directory;
    struct trial trial;
    AUTO_FREE char *text = NULL;
    const char *rest;

    make_directory(&directory, tests);
    trial = (struct trial){.directory = directory.path, .shows_cover = cover};
    assert_int_equal(trial_run(&trial), 0);
    for (size_t i = 0; i < trial.count; i++)
        trial.took_us[i] = 0;
    put(&out, &trial);
    trial_done(&trial);
    remove_directory(&directory);
    text = str_builder_take(&out);
    assert_non_null(text);
    rest = text;
    for (const char *at; (at = strstr(rest, directory.path)); rest = at + strlen(directory.path)) {
        str_append_n(&plain, rest, (size_t)(at - rest));
        str_append(&plain, "DIR");
    }
    str_append(&plain, rest);
    return str_builder_take(&plain);
}

static void expect_shown(const char *tests, put_fn *put, const char *expected)
{
    AUTO_FREE char *shown = show(tests, put, false);

    assert_string_equal(shown, expected);
}

static const char two[] = "tests:\n"
                          "  - { name: good, given: { user: a }, expect: { decision: allow } }\n"
                          "  - name: \"<b>&amp; 'q' \\\"#1\\\" \\\\ \\n ]]> --- ok 3\"\n"
                          "    given: { user: a }\n"
                          "    expect: { decision: deny, reason: \"<\\\"&>\\n# not ok\" }\n";

static void test_text(void **state UNUSED)
{
    AUTO_FREE char *cover = NULL;

    expect_shown(two, put_text,
        "DIR/p.yaml:10: <b>&amp; 'q' \"#1\" \\\\ \\x0a ]]> --- ok 3\n"
        "    decision: expected deny, got allow\n"
        "    reason: expected <\"&>\\x0a# not ok, got a rule allows this\n"
        "    rule first (DIR/p.yaml:5) decides\n"
        "    policy says: a rule allows this\n"
        "1 passed, 1 failed\n");
    cover = show(two, put_text, true);
    assert_non_null(strstr(cover, "    policy says: a rule allows this\n"
                                  "not reached: rule second (DIR/p.yaml:6)\n"
                                  "not reached: entitlement db (DIR/p.yaml:3)\n"
                                  "cover: 1 of 2 rules, 0 of 1 entitlements, 33 %\n"
                                  "1 passed, 1 failed\n"));
}

static void test_tap(void **state UNUSED)
{
    expect_shown(two, trial_put_tap,
        "TAP version 14\n"
        "1..2\n"
        "ok 1 - good\n"
        "not ok 2 - <b>&amp; 'q' \"\\#1\" \\\\\\\\ \\\\x0a ]]> --- ok 3\n"
        "  ---\n"
        "  file: \"DIR/p.yaml\"\n"
        "  line: 10\n"
        "  differences:\n"
        "    - what: decision\n"
        "      expected: \"deny\"\n"
        "      got: \"allow\"\n"
        "    - what: reason\n"
        "      expected: \"<\\\"&>\\\\x0a# not ok\"\n"
        "      got: \"a rule allows this\"\n"
        "  why:\n"
        "    - \"rule first (DIR/p.yaml:5) decides\"\n"
        "    - \"policy says: a rule allows this\"\n"
        "  ...\n");
}

static void test_junit(void **state UNUSED)
{
    expect_shown(two, trial_put_junit,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"assent\" tests=\"2\" failures=\"1\" errors=\"0\">\n"
        "  <testsuite name=\"DIR/p.yaml\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""
        " time=\"0.000000\">\n"
        "    <testcase name=\"good\" classname=\"DIR/p.yaml\" file=\"DIR/p.yaml\" line=\"9\""
        " time=\"0.000000\"/>\n"
        "    <testcase name=\"&lt;b&gt;&amp;amp; &#39;q&#39; &quot;#1&quot; \\\\ \\x0a"
        " ]]&gt; --- ok 3\" classname=\"DIR/p.yaml\" file=\"DIR/p.yaml\" line=\"10\""
        " time=\"0.000000\">\n"
        "      <failure message=\"decision: expected deny, got allow; reason: expected"
        " &lt;&quot;&amp;&gt;\\x0a# not ok, got a rule allows this\" type=\"decision\">"
        "rule first (DIR/p.yaml:5) decides\n"
        "policy says: a rule allows this\n"
        "</failure>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n");
}

static void test_json(void **state UNUSED)
{
    AUTO_FREE char *shown = show(two, put_json, true);
    AUTO_JSON json_t *json = json_loads(shown, 0, NULL);

    assert_int_equal(json_integer_value(json_object_get(json, "passed")), 1);
    assert_int_equal(json_integer_value(json_object_get(json, "failed")), 1);
    assert_int_equal(json_array_size(json_object_get(json, "tests")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "cover"), "percent")), 33);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(json, "tests"), 1), "name")),
        "<b>&amp; 'q' \"#1\" \\ \n ]]> --- ok 3");
    assert_string_equal(
        json_string_value(json_array_get(
            json_object_get(json_array_get(json_object_get(json, "tests"), 1), "why"), 1)),
        "policy says: a rule allows this");
}

static void test_errors_in_each_format(void **state UNUSED)
{
    static const char broken[] =
        "tests:\n  - { name: a, given: { user: a, <&>: 1 }, expect: { rule: none } }\n";

    expect_shown(broken, put_text, "DIR/p.yaml:9:34: unknown key '<&>'\n");
    expect_shown(broken, trial_put_tap,
        "TAP version 14\n"
        "# DIR/p.yaml:9:34: unknown key '<&>'\n"
        "Bail out! the policy or its tests have errors\n");
    expect_shown(broken, trial_put_junit,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"assent\" tests=\"1\" failures=\"0\" errors=\"1\">\n"
        "  <testsuite name=\"DIR\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n"
        "    <testcase name=\"the policy and its tests can be read\" classname=\"DIR\">\n"
        "      <error message=\"the policy or its tests have errors\">"
        "DIR/p.yaml:9:34: unknown key &#39;&lt;&amp;&gt;&#39;\n"
        "</error>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n");
    expect_shown(broken, put_json,
        "{\"directory\":\"DIR\",\"errors\":[{\"file\":\"DIR/p.yaml\",\"line\":9,\"column\":34,"
        "\"message\":\"unknown key '<&>'\"}]}");
    expect_shown("rules: [ { id: x } ]\n", put_text,
        "DIR/p.yaml:8:1: key 'rules' stands in line 4 already\n");
}

/* ---- the verb -------------------------------------------------------------------------- */

#define WORDS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void set_values(
    const char **values, const struct cli_option *table, const char *const *words)
{
    for (; *words; words += 2) {
        size_t i = 0;

        while (table[i].name && strcmp(table[i].name, words[0]) != 0)
            i++;
        assert_non_null(table[i].name);
        values[i] = words[1];
    }
}

/* Exit status of `assent policy NAME DIR` with these options and values; what it prints goes
 * nowhere. */
static int verb(const char *name, const char *tests, const char *const *words)
{
    char *verb_words[] = {(char *)"policy", (char *)(uintptr_t)name};
    struct directory directory;
    int used, status, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    const struct cli_verb *row = verbs_find(verb_words, 2, &used);
    const char *values[32] = {0};
    const struct cli_options options = {.verb = row, .values = values};
    char *argv[] = {(char *)"policy", directory.path, NULL};

    assert_non_null(row);
    set_values(values, row->options, words);
    make_directory(&directory, tests);
    fflush(NULL);
    assert_non_null(freopen("/dev/null", "w", stdout));
    assert_non_null(freopen("/dev/null", "w", stderr));
    status = row->run(2, argv, &options);
    fflush(NULL);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    close(out);
    close(err);
    remove_directory(&directory);
    return status;
}

static void test_exit_status(void **state UNUSED)
{
    static const char good[] =
        "tests: [ { name: a, given: { user: a }, expect: { rule: first } } ]\n";

    assert_int_equal(verb("test", good, WORDS()), 0);
    assert_int_equal(verb("test", good, WORDS("cover", "")), 0);
    assert_int_equal(verb("test", good, WORDS("cover", "33")), 0);
    assert_int_equal(verb("test", good, WORDS("cover", "34")), 2);
    assert_int_equal(verb("test", good, WORDS("cover", "101")), 2);
    assert_int_equal(verb("test", good, WORDS("format", "xml")), 2);
    assert_int_equal(verb("test", good, WORDS("format", "junit")), 0);
    assert_int_equal(
        verb("test", good, WORDS("format", "tap", "output", "/nonexistent/report")), 1);
    assert_int_equal(verb("test", two, WORDS()), 2);
    assert_int_equal(verb("test", "", WORDS()), 2);
    assert_int_equal(verb("test", "tests: []\n", WORDS()), 2);
    assert_int_equal(verb("test", "tests: 1\n", WORDS("format", "tap")), 2);
}

/* `assent policy check` reads the tests and runs none. */
static void test_check_reads_the_tests(void **state UNUSED)
{
    static const struct {
        const char *tests;
        int status;
    } table[] = {
        {"", 0},
        {"tests: [ { name: a, given: { user: a }, expect: { rule: second } } ]\n", 0},
        {"tests: [ { name: a, given: { user: a }, expect: { rule: secnd } } ]\n", 2},
        {"tests: {}\n", 2},
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        assert_int_equal(verb("check", table[i].tests, WORDS()), table[i].status);
}

static void test_report_goes_to_a_file(void **state UNUSED)
{
    char path[] = "/tmp/assent-test.XXXXXX";
    AUTO_CLOSE int fd = mkostemp(path, O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    size_t length;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "something longer that was there before, and is gone then", 56), 56);
    assert_int_equal(
        verb("test", "tests: [ { name: a, given: { user: a }, expect: { rule: first } } ]\n",
            WORDS("format", "tap", "output", path)),
        0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read_all(fd, 1000, &text, &length), 0);
    assert_string_equal(text, "TAP version 14\n1..1\nok 1 - a\n");
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_junit),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_errors_in_each_format),
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_check_reads_the_tests),
        cmocka_unit_test(test_report_goes_to_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
