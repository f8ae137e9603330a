/* Questions of `assent setup`, which tries its lines: decided like others, without a trace where
 * what people did is counted, and marked where it is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/base/json.h"
#include "../../cli/base/varlink.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)
#define HOME "10.0.0.1"

static const char policy[] =
    "  - { id: games-in, who: { user: games }, what: { service: sshd }, decision: allow,\n"
    "      owner: ops, certified_until: 2099-12-31 }\n"
    "  - { id: asks, who: { user: daemon }, what: { service: sshd }, decision: escalate, uses: 2,\n"
    "      evidence: { reason: optional },\n"
    "      approval: { stages: [ { from: leads, within: 5m } ], strength: local } }\n";

static int setup_with(void **state, const char *config)
{
    static struct agent_fixture fixture;
    FILE *file;

    agent_fixture_init(&fixture, policy);
    file = fopen(fixture.config, "we");
    assert_non_null(file);
    assert_true(fputs(config, file) >= 0);
    assert_int_equal(fclose(file), 0);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, "{}\n");
}

static int setup_watched(void **state)
{
    return setup_with(state, "monitor: sshd\n");
}

static struct gate_result log_in(struct agent_fixture *f, uid_t uid, uint64_t flags)
{
    struct gate_ask ask = ask_login(uid, HOME);

    ask.flags = flags;
    return gate_once(f, &ask);
}

static struct gate_result try_login(struct agent_fixture *f, uid_t uid)
{
    return log_in(f, uid, GATE_FLAG_SELFTEST | GATE_FLAG_LISTING);
}

static void expect_record(struct agent_fixture *f, bool selftest)
{
    AUTO_FREE char *record = audit_record(f, "decided");

    assert_int_equal(strstr(record, "\"selftest\":\"setup\"") != NULL, selftest);
    assert_int_equal(strstr(record, "\"facts\":") == NULL, selftest);
    assert_int_equal(strstr(record, "\"message\":\"self-test: ") != NULL, selftest);
}

static void test_allowed(void **state)
{
    struct agent_fixture *f = *state;

    assert_int_equal(try_login(f, UID_GAMES).kind, GATE_ALLOW);
    expect_record(f, true);
    assert_int_equal(log_in(f, UID_GAMES, 0).kind, GATE_ALLOW);
    expect_record(f, false);
}

/* Neither is counted behind the other. */
static void test_refused(void **state)
{
    struct agent_fixture *f = *state;

    assert_int_equal(try_login(f, UID_MAN).kind, GATE_DENY);
    assert_int_equal(log_in(f, UID_MAN, 0).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "decided"), 2);
    expect_record(f, false);
    assert_int_equal(try_login(f, UID_MAN).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "decided"), 3);
    expect_record(f, true);
}

/* It says who would be asked. */
static void test_nobody_is_asked(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result result = try_login(f, UID_DAEMON);

    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "approval of leads"));
    assert_int_equal(audit_count(f, "request-opened"), 0);
    expect_record(f, true);
}

static void test_no_use_is_taken(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result wait = log_in(f, UID_DAEMON, 0);
    const char *error;

    assert_int_equal(wait.kind, GATE_WAIT);
    json_decref(agent_call(
        f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", wait.request), &error));
    assert_null(error);
    for (int i = 0; i < 3; i++)
        assert_int_equal(try_login(f, UID_DAEMON).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "used"), 0);
    assert_int_equal(log_in(f, UID_DAEMON, 0).kind, GATE_ALLOW);
    assert_int_equal(log_in(f, UID_DAEMON, 0).kind, GATE_ALLOW);
}

static void test_root_at_sudo(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(0, NULL, 0);

    ask.phase = GATE_PHASE_ACCOUNT;
    ask.flags = GATE_FLAG_SELFTEST | GATE_FLAG_LISTING;
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    expect_record(f, true);
}

/* Decisions as an auditor reads them: how many there are, and how many of them tests. */
static unsigned read_decisions(struct agent_fixture *f, unsigned *ret_tests)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    AUTO_JSON json_t *parameters = json_object();
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    unsigned count = 0;
    bool more = true;

    *ret_tests = 0;
    assert_int_equal(varlink_open(f->public, deadline, &link), 0);
    assert_int_equal(varlink_send(link, "io.assent.ListDecisions", parameters, true, deadline), 0);
    while (more) {
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
        const json_t *decision;

        assert_int_equal(varlink_receive(link, deadline, &reply), 0);
        more = reply.continues;
        decision = json_object_get(reply.parameters, "decision");
        count += json_is_object(decision);
        if (json_is_string(json_object_get(decision, "selftest"))) {
            *ret_tests += 1;
            assert_non_null(strstr(
                json_string_value(json_object_get(decision, "facts_left_out")), "self-test"));
        }
    }
    return count;
}

static void test_auditors_see_it(void **state)
{
    struct agent_fixture *f = *state;
    unsigned tests;

    assert_int_equal(log_in(f, UID_GAMES, 0).kind, GATE_ALLOW);
    assert_int_equal(try_login(f, UID_GAMES).kind, GATE_ALLOW);
    assert_int_equal(try_login(f, UID_DAEMON).kind, GATE_DENY);
    assert_int_equal(try_login(f, UID_MAN).kind, GATE_DENY);
    assert_int_equal(read_decisions(f, &tests), 4);
    assert_int_equal(tests, 3);
}

static void test_in_monitor_mode(void **state)
{
    struct agent_fixture *f = *state;
    unsigned tests;

    assert_int_equal(try_login(f, UID_MAN).kind, GATE_ALLOW);
    assert_int_equal(try_login(f, UID_DAEMON).kind, GATE_ALLOW);
    expect_record(f, true);
    assert_int_equal(read_decisions(f, &tests), 2);
    assert_int_equal(tests, 2);
    assert_int_equal(audit_count(f, "request-opened"), 0);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_allowed),
        TEST(test_refused),
        TEST(test_nobody_is_asked),
        TEST(test_no_use_is_taken),
        TEST(test_root_at_sudo),
        TEST(test_auditors_see_it),
        cmocka_unit_test_setup_teardown(test_in_monitor_mode, setup_watched, agent_fixture_end),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
