/* What monitor mode let through, as `assent report monitor` and `assent enforce` tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/base/cli.h"
#include "../../cli/dispatch.h"
#include "../../common/macro.h"
#include "cli_run.h"

#define DECISION(members) "{\"parameters\":{\"decision\":{" members "}},\"continues\":true}\0"
#define LAST "{\"parameters\":{}}"
#define FACTS(user, service) "\"facts\":{\"user\":\"" user "\",\"service\":\"" service "\"}"

/* Two alike, one asked at another door, one of a rule, one that no mode had a say in. */
static const char stream[] = DECISION("\"seq\":1,\"time\":\"2026-11-20T10:00:00Z\","
                                      "\"decision\":\"would-deny\"," FACTS("alice", "sshd"))
    DECISION("\"seq\":2,\"time\":\"2026-11-20T11:00:00Z\","
             "\"decision\":\"would-deny\"," FACTS("alice", "sshd"))
        DECISION("\"seq\":3,\"time\":\"2026-11-20T11:00:00Z\",\"decision\":\"would-escalate\","
                 "\"rule\":\"ask\",\"run_as\":\"root\",\"facts\":{\"user\":\"=bob\",\"service\":"
                 "\"sudo\",\"command\":\"/usr/bin/id\",\"argv\":[\"id\",\"-u\"]}")
            DECISION("\"seq\":4,\"time\":\"2026-11-20T11:00:00Z\",\"decision\":\"allow\","
                     "\"would\":\"deny\",\"would_rule\":\"no-bob\"," FACTS("bob", "su"))
                DECISION("\"seq\":5,\"time\":\"2026-11-20T11:00:00Z\","
                         "\"decision\":\"deny\"," FACTS("bob", "su"))
                    DECISION("\"seq\":6,\"time\":\"2026-11-20T11:00:00Z\","
                             "\"decision\":\"would-deny\",\"selftest\":\"setup\"") LAST;

#define STREAM                    \
    {                             \
        stream, sizeof(stream), 1 \
    }

#define STATUS                                                                            \
    SAY("{\"parameters\":{\"monitor\":[{\"what\":\"sshd\",\"declared\":false},{\"what\":" \
        "\"rule:no-bob\",\"declared\":false}],\"monitor_more\":0}}")

static const char header[] = "would,count,subject,service,what,rule,first,last\r\n";

static void test_report(void **state)
{
    struct run run;

    (void)state;
    run_assent(&run, STEPS(STREAM), WORDS("report", "monitor", "--format", "csv"));
    assert_int_equal(run.status, CLI_OK);
    assert_memory_equal(run.out, header, strlen(header));
    assert_non_null(strstr(run.out, "\"be refused\",2,alice,sshd,,(none),2026-11-20T10:00:00Z,"
                                    "2026-11-20T11:00:00Z\r\n"));
    assert_non_null(
        strstr(run.out, "\"have to ask\",1,\"'=bob\",sudo,\"/usr/bin/id -u as root\",ask,"));
    assert_non_null(strstr(run.out, "\"be refused\",1,bob,su,,no-bob,"));
    assert_null(strstr(run.out, "(none),2026-11-20T11"));
    run_done(&run);
}

/* What nobody asked for would have stopped nobody; that it was left out is said. */
static void test_self_tests_are_left_out(void **state)
{
    struct run run;

    (void)state;
    run_assent(&run, STEPS(STREAM), WORDS("report", "monitor"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(
        strstr(run.out, "1 decision of self-tests of assent setup left out: nobody asked."));
    assert_null(strstr(run.out, "?"));
    run_done(&run);
    run_assent(&run, STEPS(STREAM), WORDS("report", "monitor", "--json"));
    assert_null(strstr(run.out, "\"?\""));
    run_done(&run);
}

/* Only what it is about; nothing is sent before somebody has agreed. */
static void test_enforce_shows_first(void **state)
{
    struct run run;

    (void)state;
    run_assent(&run, STEPS(STATUS, STREAM), WORDS("enforce", "rule:no-bob"));
    assert_int_equal(run.status, CLI_USAGE);
    assert_non_null(strstr(run.out, "no-bob"));
    assert_null(strstr(run.out, "alice"));
    assert_non_null(strstr(run.err, "nothing was changed"));
    assert_int_equal(run.agent.received_count, 2);
    assert_string_equal(run_sent(&run, 1, "method"), "\"io.assent.ListDecisions\"");
    run_done(&run);
}

static void test_enforce(void **state)
{
    struct run run;

    (void)state;
    run_assent(
        &run, STEPS(STATUS, STREAM, SAY("{\"parameters\":{}}")), WORDS("enforce", "sshd", "--yes"));
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "alice"));
    assert_null(strstr(run.out, "=bob"));
    assert_non_null(strstr(run.out, "Enforced from now on: sshd."));
    assert_int_equal(run.agent.received_count, 3);
    assert_string_equal(run_sent(&run, 2, "method"), "\"io.assent.LeaveMonitor\"");
    assert_string_equal(run_sent(&run, 2, "what"), "\"sshd\"");
    run_done(&run);
}

static void test_what_is_enforced_is_not_asked_about(void **state)
{
    struct run run;

    (void)state;
    run_assent(&run, STEPS(STATUS), WORDS("enforce", "all", "--yes"));
    assert_int_equal(run.status, CLI_FAILED);
    assert_string_equal(run.out, "");
    assert_string_equal(run.err, "assent: all is not in monitor mode; what is: assent status\n");
    run_done(&run);
}

static void test_what_has_just_begun_says_nothing(void **state)
{
    struct run run;

    (void)state;
    run_assent(&run, STEPS(STATUS), WORDS("enforce", "sshd", "--since", "23h", "--yes"));
    assert_int_equal(run.status, CLI_USAGE);
    assert_string_equal(run.out, "");
    assert_non_null(strstr(run.err, "--since is 24h at least"));
    run_done(&run);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_self_tests_are_left_out),
        cmocka_unit_test(test_enforce_shows_first),
        cmocka_unit_test(test_enforce),
        cmocka_unit_test(test_what_is_enforced_is_not_asked_about),
        cmocka_unit_test(test_what_has_just_begun_says_nothing),
    };

    if (strcmp(argv[0], "assent") == 0)
        return dispatch_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
