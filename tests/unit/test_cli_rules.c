/* `assent policy recertify` and `assent report` against a scripted agent: what they ask, print and
 * return. */
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../cli/base/cli.h"
#include "../../cli/dispatch.h"
#include "../../common/file.h"
#include "cli_run.h"

#define HEAD "\"host\":\"db1\",\"all\":false,\"policy\":"
#define RULE(id) "{\"id\":\"" id "\",\"decision\":\"allow\",\"state\":\"certified\"}"
#define PAGE(policy, rules, next) \
    "{\"parameters\":{" HEAD "\"" policy "\",\"rules\":[" rules "],\"next\":" next "}}"

#define IDENTITIES(identities, next) \
    "{\"parameters\":{" HEAD "\"p1\",\"identities\":[" identities "],\"next\":" next "}}"
#define IDENTITY(name, state) \
    "{\"name\":\"" name "\",\"account\":\"u\",\"owner\":\"carol\",\"state\":\"" state "\"}"

/* ---- recertify ---------------------------------------------------------------------------- */

static void test_recertify(void **state UNUSED)
{
    static const char reply[] =
        "{\"parameters\":{\"rule\":{\"id\":\"r\",\"certified_until\":\"2027-06-30\"}}}";
    struct run run;

    run_assent(&run, STEPS(SAY(reply)),
        WORDS("policy", "recertify", "r", "--until", "2027-06-30", "--reason", "needed"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "method"), "\"io.assent.RecertifyRule\"");
    assert_string_equal(run_sent(&run, 0, "rule"), "\"r\"");
    assert_string_equal(run_sent(&run, 0, "until"), "\"2027-06-30\"");
    assert_string_equal(run_sent(&run, 0, "reason"), "\"needed\"");
    assert_string_equal(
        run.out, "Rule r is certified up to 2027-06-30, the end of that day in UTC.\n");
    run_done(&run);
}

static void test_recertify_without_an_owner(void **state UNUSED)
{
    static const char unowned[] = "{\"parameters\":{\"rule\":{\"id\":\"r\",\"lapse\":\"owner\"}}}";
    static const char gone[] = "{\"parameters\":{\"rule\":null}}";
    struct run run;

    run_assent(&run, STEPS(SAY(unowned)),
        WORDS("policy", "recertify", "r", "--until", "2027-06-30", "--reason", "needed"));
    assert_non_null(strstr(run.out, "nobody who owns it is left"));
    run_done(&run);
    run_assent(&run, STEPS(SAY(gone)),
        WORDS("policy", "recertify", "r", "--until", "2027-06-30", "--reason", "needed"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "the rule is not in it any more"));
    run_done(&run);
}

static void assert_usage(const char *const *words, const char *expected)
{
    struct run run;

    run_assent(&run, STEPS({0}), words);
    assert_int_equal(run.status, CLI_USAGE);
    if (!strstr(run.err, expected))
        fail_msg("%s", run.err);
    run_done(&run);
}

static void test_recertify_usage(void **state UNUSED)
{
    char reason[4097];

    memset(reason, 'x', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    assert_usage(WORDS("policy", "recertify", "r", "--until", "2027-06-30", "--reason", reason),
        "--reason is too long: 4096 bytes, where 4095 are taken");
    assert_usage(WORDS("policy", "recertify"), "needs RULE");
    assert_usage(WORDS("policy", "recertify", "r", "--reason", "x"), "needs --until");
    assert_usage(WORDS("policy", "recertify", "r", "--until", "2027-06-30"), "needs --reason");
    assert_usage(WORDS("policy", "recertify", "r", "--until", "2027-06-30", "--reason", " "),
        "--reason is empty");
    assert_usage(WORDS("policy", "recertify", "r", "--until", "2027-02-29", "--reason", "x"),
        "'2027-02-29' is not a day such as 2027-06-30");
    assert_usage(WORDS("policy", "recertify", "r", "--until", "30d\x1b[2J", "--reason", "x"),
        "'30d\\x1b[2J' is not a day");
}

static void test_recertify_refused(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY("{\"error\":\"io.assent.NotAllowed\",\"parameters\":{\"message\":\"no\"}}")),
        WORDS("policy", "recertify", "r", "--until", "2027-06-30", "--reason", "needed"));
    assert_int_equal(run.status, CLI_REFUSED);
    assert_string_equal(run.err, "assent: no\n");
    run_done(&run);
}

/* ---- report -------------------------------------------------------------------------------- */

static void test_report_of_several_pages(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY(PAGE("p1", RULE("a"), "26")), SAY(PAGE("p1", RULE("b"), "null")),
            SAY(IDENTITIES(IDENTITY("i", "active"), "26")),
            SAY(IDENTITIES(IDENTITY("j", "ended"), "null"))),
        WORDS("report", "recertification", "--format", "csv"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "from"), "1");
    assert_string_equal(run_sent(&run, 1, "from"), "26");
    assert_string_equal(run_sent(&run, 2, "method"), "\"io.assent.ListIdentities\"");
    assert_string_equal(run_sent(&run, 2, "from"), "1");
    assert_string_equal(run_sent(&run, 3, "from"), "26");
    assert_string_equal(run.out,
        "id,state,owner,certified_until,by,reason,used,last_used,missing\r\n"
        "\"identity j\",lapsed,carol,,?:0,,,,\r\na,certified,,,,,,,\r\nb,certified,,,,,,,\r\n"
        "\"identity i\",active,carol,,?:0,,,,\r\n");
    run_done(&run);
}

/* The policy was changed between two pages: from the beginning. */
static void test_report_of_a_policy_that_changes(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY(PAGE("p1", RULE("a"), "26")), SAY(PAGE("p2", RULE("b"), "null")),
            SAY(PAGE("p2", RULE("c"), "26")), SAY(PAGE("p2", RULE("d"), "null")),
            SAY(IDENTITIES("", "null"))),
        WORDS("report", "recertification", "--json"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run.out, "[" RULE("c") "," RULE("d") "]\n");
    run_done(&run);
}

static void test_report_says_whose_it_is(void **state UNUSED)
{
    struct run run;

    run_assent(&run, STEPS(SAY(PAGE("p1", "", "null")), SAY(IDENTITIES("", "null"))),
        WORDS("report", "recertification"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "Recertification on db1, "));
    assert_non_null(strstr(run.out, ", policy p1\nOnly what you own;"));
    assert_non_null(strstr(
        run.out, "There is no rule that allows by itself, and no identity, that you may see."));
    run_done(&run);
}

/* Uses that nobody made are none. */
static void test_report_without_self_tests(void **state UNUSED)
{
    static const char page[] = "{\"parameters\":{\"host\":\"db1\",\"all\":true,\"policy\":\"p1\","
                               "\"rules\":[" RULE("a") "],\"next\":null}}";
    static const char decisions[] =
        "{\"parameters\":{\"decision\":{\"seq\":1,\"time\":\"2026-11-20T10:00:00Z\",\"decision\":"
        "\"allow\",\"rule\":\"a\"}},\"continues\":true}\0"
        "{\"parameters\":{\"decision\":{\"seq\":2,\"time\":\"2026-11-21T10:00:00Z\",\"decision\":"
        "\"allow\",\"rule\":\"a\",\"selftest\":\"setup\"}},\"continues\":true}\0"
        "{\"parameters\":{}}";
    struct run run;

    run_assent(&run,
        STEPS(SAY(page), SAY(IDENTITIES("", "null")), {decisions, sizeof(decisions), 1}),
        WORDS("report", "recertification", "--json"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "\"used\":{\"count\":1,\"last\":\"2026-11-20T10:00:00Z\"}"));
    run_done(&run);
    run_assent(&run,
        STEPS(SAY(page), SAY(IDENTITIES("", "null")), {decisions, sizeof(decisions), 1}),
        WORDS("report", "recertification"));
    assert_non_null(
        strstr(run.out, "1 decision of self-tests of assent setup left out: nobody asked."));
    run_done(&run);
}

static void test_report_into_a_file(void **state UNUSED)
{
    char path[] = "/tmp/assent-report-XXXXXX", text[4096] = "";
    int fd = mkstemp(path);
    struct run run;

    assert_true(fd >= 0);
    run_assent(&run, STEPS(SAY(PAGE("p1", RULE("a<b"), "null")), SAY(IDENTITIES("", "null"))),
        WORDS("report", "recertification", "--format", "html", "-o", path));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run.out, "");
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    assert_non_null(strstr(text, "<th scope=\"row\">a&lt;b</th>"));
    run_done(&run);
    run_assent(&run, STEPS(SAY(PAGE("p1", "", "null")), SAY(IDENTITIES("", "null"))),
        WORDS("report", "recertification", "-o", "/nonexistent/file"));
    assert_int_equal(run.status, CLI_FAILED);
    run_done(&run);
    close(fd);
    unlink(path);
}

/* ---- identities ---------------------------------------------------------------------------- */

static void test_identities(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY(IDENTITIES(IDENTITY("a", "active"), "26")),
            SAY(IDENTITIES(IDENTITY("b", "ended"), "null"))),
        WORDS("identities", "--json"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "method"), "\"io.assent.ListIdentities\"");
    assert_string_equal(run_sent(&run, 1, "from"), "26");
    assert_string_equal(run.out, "[" IDENTITY("a", "active") "," IDENTITY("b", "ended") "]\n");
    run_done(&run);
    run_assent(&run, STEPS(SAY(IDENTITIES(IDENTITY("a", "ended"), "null"))), WORDS("identities"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "NAME"));
    assert_non_null(strstr(run.out, "ended"));
    run_done(&run);
    run_assent(&run, STEPS(SAY(IDENTITIES("", "null"))), WORDS("identities"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run.out, "There is no identity here that you may see.\n");
    run_done(&run);
    run_assent(&run, STEPS({NULL, 0, 1}), WORDS("identities"));
    assert_int_equal(run.status, CLI_FAILED);
    run_done(&run);
    assert_usage(WORDS("identities", "ci"), "");
}

static void test_report_usage(void **state UNUSED)
{
    struct run run;

    assert_usage(WORDS("report", "nothing"), "there is no report 'nothing'");
    assert_usage(WORDS("report", "recertification", "--format", "pdf"), "text, json, csv or html");
    assert_usage(WORDS("report", "recertification", "--json", "--format", "csv"), "at once");
    assert_usage(WORDS("report", "recertification", "--since", "yesterday"), "--since takes");
    run_assent(&run, STEPS({0}), WORDS("report"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "recertification"));
    run_done(&run);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recertify),
        cmocka_unit_test(test_recertify_without_an_owner),
        cmocka_unit_test(test_recertify_usage),
        cmocka_unit_test(test_recertify_refused),
        cmocka_unit_test(test_report_of_several_pages),
        cmocka_unit_test(test_report_of_a_policy_that_changes),
        cmocka_unit_test(test_report_says_whose_it_is),
        cmocka_unit_test(test_report_without_self_tests),
        cmocka_unit_test(test_report_into_a_file),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_report_usage),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    if (strcmp(argv[0], "assent") == 0)
        return dispatch_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
