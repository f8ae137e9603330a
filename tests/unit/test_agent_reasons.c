/* The same reason again and again, over the accounts of one person and over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "agent_fixture.h"

/* Two of the same reason are taken. */
static const char policy[] =
    "  - { id: any-su, who: { kind: service }, what: { service: su }, decision: allow,\n"
    "      owner: ops, certified_until: 2099-12-31,\n"
    "      evidence: { reason: required, reason_repeats: 2 } }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, policy);
}

static struct gate_result become(const struct agent_fixture *f, uid_t uid, const char *reason)
{
    struct gate_ask ask = ask_sudo(uid, NULL, 0);

    ask.service = "su";
    ask.phase = GATE_PHASE_AUTH;
    ask.flags = 0;
    ask.reason = reason;
    return gate_once(f, &ask);
}

static void expect_seen_twice(const struct agent_fixture *f, uid_t uid)
{
    struct gate_result result = become(f, uid, "rotating the logs");

    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "given 2 times lately"));
}

static void test_two_accounts_of_one_person(void **state)
{
    struct agent_fixture *f = *state;

    assert_int_equal(become(f, UID_BIN, "rotating the logs").kind, GATE_ALLOW);
    assert_int_equal(become(f, UID_SYS, "Rotating  the logs").kind, GATE_ALLOW);
    expect_seen_twice(f, UID_BIN);
    expect_seen_twice(f, UID_SYS);
    /* somebody else, and somebody who is nobody of the policy */
    assert_int_equal(become(f, UID_GAMES, "rotating the logs").kind, GATE_ALLOW);
    assert_int_equal(become(f, UID_MAN, "rotating the logs").kind, GATE_ALLOW);
}

/* Before the door, which makes a grant by the rule. */
static void ask_ahead(struct agent_fixture *f, char ret_grant[16])
{
    json_t *reply = agent_call_good(f, UID_MAN, "OpenRequest",
        json_pack("{s:s, s:s}", "service", "su", "reason", "rotating the logs"));
    const char *id = json_string_value(json_object_get(json_object_get(reply, "grant"), "id"));

    assert_non_null(id);
    snprintf(ret_grant, 16, "%s", id);
    json_decref(reply);
}

static void test_over_a_restart(void **state)
{
    struct agent_fixture *f = *state;
    char grant[16];

    assert_int_equal(become(f, UID_MAN, "rotating the logs").kind, GATE_ALLOW);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    ask_ahead(f, grant);
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    json_decref(agent_call_good(f, UID_MAN, "CompleteGrant", json_pack("{s:s}", "id", grant)));
    expect_seen_twice(f, UID_MAN);
    assert_int_equal(become(f, UID_MAN, "rotating the mails").kind, GATE_ALLOW);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_two_accounts_of_one_person),
        TEST(test_over_a_restart),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
