/* Logins that were asked for ahead: from where they come, and with which key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define HOME "10.0.0.1"
#define ELSEWHERE "10.0.0.2"
#define KEY_A "publickey ssh-ed25519 AAAAa\n"
#define KEY_B "publickey ssh-ed25519 AAAAb\n"

#define CERTIFIED "owner: ops, certified_until: 2099-12-31"
#define ASK_LEADS \
    "decision: escalate, approval: { stages: [ { from: leads, within: 5m } ], strength: local }"

static const char policy[] =
    "  - { id: with-ticket, who: { user: daemon }, what: { service: sshd }, decision: allow,\n"
    "      " CERTIFIED ", uses: 3, evidence: { ticket: required } }\n"
    "  - { id: asks, who: { user: man }, what: { service: sshd }, uses: 3,\n"
    "      evidence: { reason: optional }, " ASK_LEADS " }\n"
    "  - { id: from-home, who: { user: sys }, what: { service: sshd },\n"
    "      where: { rhost: 10.0.0.1 }, decision: allow, " CERTIFIED ",\n"
    "      evidence: { ticket: required } }\n"
    "  - { id: in-asks, who: { user: daemon }, what: { entitlement: in }, " ASK_LEADS " }\n"
    "  - { id: terminal-asks, who: { user: daemon }, what: { entitlement: terminal },\n"
    "      " ASK_LEADS " }\n"
    "entitlements:\n"
    "  in: { services: [login, sshd, sudo], run_as: root, commands: /usr/bin/id, owner: leads,\n"
    "    sensitivity: low, max_duration: 1h, evidence: { reason: optional } }\n"
    "  terminal: { services: login, owner: leads, sensitivity: low, max_duration: 1h,\n"
    "    evidence: { reason: optional } }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, policy);
}

/* As `uid`, from a session that came from HOME. `object`: "grant" by a rule, or "request". */
static void ask_ahead(struct agent_fixture *f, uid_t uid, const char *object, char ret_id[16])
{
    char session[32];
    const char *id;
    json_t *reply;

    snprintf(session, sizeof(session), "%u " HOME, uid);
    agent_fixture_session(f, session);
    reply = agent_call_good(
        f, uid, "OpenRequest", json_pack("{s:s, s:s}", "service", "sshd", "ticket", "INC-1"));
    agent_fixture_session(f, NULL);
    id = json_string_value(json_object_get(json_object_get(reply, object), "id"));
    assert_non_null(id);
    snprintf(ret_id, 16, "%s", id);
    json_decref(reply);
}

/* The account phase, with a key that is known there or NULL. */
static struct gate_result enter(
    struct agent_fixture *f, uid_t uid, const char *rhost, const char *key)
{
    struct gate_ask ask = ask_login(uid, rhost);

    ask.auth_info = key;
    return gate_once(f, &ask);
}

/* The session phase behind it. */
static struct gate_result open_session(
    struct agent_fixture *f, uid_t uid, const struct gate_result *entered, const char *key)
{
    struct gate_ask ask = ask_login(uid, HOME);

    assert_int_equal(entered->kind, GATE_ALLOW);
    ask.phase = GATE_PHASE_SESSION;
    ask.tie = entered->tie;
    ask.auth_info = key;
    return gate_once(f, &ask);
}

/* A plain login: its key is seen in the last phase only. */
static struct gate_result log_in(struct agent_fixture *f, uid_t uid, const char *key)
{
    struct gate_result entered = enter(f, uid, HOME, NULL);

    return open_session(f, uid, &entered, key);
}

static void expect_other_key(const struct gate_result *result)
{
    assert_int_equal(result->kind, GATE_DENY);
    assert_non_null(strstr(result->text, "another key"));
}

/* Of the one grant there is. */
static int uses_left(struct agent_fixture *f, uid_t uid)
{
    json_t *reply = agent_call_good(f, uid, "ListGrants", NULL);
    const json_t *grants = json_object_get(reply, "grants");
    int left = (int)json_integer_value(json_object_get(json_array_get(grants, 0), "uses_left"));

    assert_int_equal(json_array_size(grants), 1);
    json_decref(reply);
    return left;
}

/* Whoever has another key of the account does not ride on what its owner gave. */
static void test_by_rule_for_the_first_key(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result result;
    char grant[16];

    ask_ahead(f, UID_DAEMON, "grant", grant);
    assert_int_equal(enter(f, UID_DAEMON, ELSEWHERE, NULL).kind, GATE_DENY);
    assert_int_equal(log_in(f, UID_DAEMON, KEY_A).kind, GATE_ALLOW);
    result = log_in(f, UID_DAEMON, KEY_B);
    expect_other_key(&result);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_int_equal(uses_left(f, UID_DAEMON), 1);
    result = log_in(f, UID_DAEMON, KEY_B);
    expect_other_key(&result);
}

static void test_approved_for_the_first_key(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result result;
    char request[16];

    ask_ahead(f, UID_MAN, "request", request);
    json_decref(agent_call_good(f, UID_GAMES, "ApproveRequest", json_pack("{s:s}", "id", request)));
    assert_int_equal(log_in(f, UID_MAN, "password\n" KEY_A).kind, GATE_ALLOW);
    result = log_in(f, UID_MAN, "password\n" KEY_B);
    expect_other_key(&result);
    assert_int_equal(log_in(f, UID_MAN, KEY_A).kind, GATE_ALLOW);
}

/* Where the key is known in time, the wrong one takes no use. */
static void test_another_key_takes_no_use(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result entered;
    char grant[16];

    ask_ahead(f, UID_DAEMON, "grant", grant);
    entered = enter(f, UID_DAEMON, HOME, KEY_A);
    assert_int_equal(open_session(f, UID_DAEMON, &entered, KEY_A).kind, GATE_ALLOW);
    assert_int_equal(uses_left(f, UID_DAEMON), 2);
    assert_int_equal(enter(f, UID_DAEMON, HOME, KEY_B).kind, GATE_DENY);
    assert_int_equal(uses_left(f, UID_DAEMON), 2);
    assert_int_equal(enter(f, UID_DAEMON, HOME, KEY_A).kind, GATE_ALLOW);
    assert_int_equal(uses_left(f, UID_DAEMON), 1);
}

/* ---- from the console ------------------------------------------------------------------------ */

static void expect_invalid(struct agent_fixture *f, uid_t uid, json_t *parameters)
{
    const char *error;
    json_t *reply = agent_call(f, uid, "io.assent.OpenRequest", parameters, &error);

    if (reply)
        fail_msg("taken");
    assert_string_equal(error, "io.assent.Invalid");
}

static void approve(struct agent_fixture *f, json_t *parameters)
{
    json_t *reply = agent_call_good(f, UID_DAEMON, "OpenRequest", parameters);
    const char *id = json_string_value(json_object_get(json_object_get(reply, "request"), "id"));

    assert_non_null(id);
    json_decref(agent_call_good(f, UID_GAMES, "ApproveRequest", json_pack("{s:s}", "id", id)));
    json_decref(reply);
}

static struct gate_result enter_at_console(struct agent_fixture *f, const char *rhost)
{
    struct gate_ask ask = ask_login(UID_DAEMON, rhost);

    ask.service = "login";
    ask.tty = "tty1";
    return gate_once(f, &ask);
}

static struct gate_result run_id(struct agent_fixture *f)
{
    struct gate_ask ask = ask_sudo(UID_DAEMON, "/usr/bin/id", sizeof("/usr/bin/id"));

    ask.flags = 0;
    return gate_once(f, &ask);
}

/* Every door of it, and each from where it was asked for. */
static void test_an_entitlement_with_a_login(void **state)
{
    struct agent_fixture *f = *state;

    expect_invalid(f, UID_DAEMON, json_pack("{s:s}", "entitlement", "in"));
    expect_invalid(f, UID_DAEMON, json_pack("{s:s, s:s}", "entitlement", "in", "rhost", "home"));
    approve(f, json_pack("{s:s, s:s}", "entitlement", "in", "rhost", "::ffff:10.0.0.1"));
    /* other places have to ask for themselves */
    assert_int_equal(enter(f, UID_DAEMON, ELSEWHERE, KEY_A).kind, GATE_DENY);
    assert_int_equal(enter(f, UID_DAEMON, NULL, KEY_A).kind, GATE_DENY);
    assert_int_equal(enter(f, UID_DAEMON, HOME, KEY_A).kind, GATE_ALLOW);
    assert_int_equal(enter_at_console(f, NULL).kind, GATE_ALLOW);
    assert_int_equal(enter_at_console(f, ELSEWHERE).kind, GATE_WAIT);
    assert_int_equal(run_id(f).kind, GATE_ALLOW);
}

/* A login at the console itself is from nowhere. */
static void test_an_entitlement_of_the_console(void **state)
{
    struct agent_fixture *f = *state;

    expect_invalid(
        f, UID_DAEMON, json_pack("{s:s, s:s}", "entitlement", "terminal", "rhost", HOME));
    approve(f, json_pack("{s:s}", "entitlement", "terminal"));
    assert_int_equal(enter_at_console(f, NULL).kind, GATE_ALLOW);
    assert_int_equal(enter(f, UID_DAEMON, NULL, KEY_A).kind, GATE_DENY);
    assert_int_equal(enter(f, UID_DAEMON, HOME, KEY_A).kind, GATE_DENY);
}

/* Rules judge the address that is given, and the door holds it to that. */
static void test_the_address_that_is_given(void **state)
{
    struct agent_fixture *f = *state;
    const char *error;
    json_t *reply;

    reply = agent_call(f, UID_SYS, "io.assent.OpenRequest",
        json_pack("{s:s, s:s, s:s}", "service", "sshd", "rhost", ELSEWHERE, "ticket", "INC-1"),
        &error);
    assert_null(reply);
    assert_string_equal(error, "io.assent.Refused");
    json_decref(agent_call_good(f, UID_SYS, "OpenRequest",
        json_pack("{s:s, s:s, s:s}", "service", "sshd", "rhost", HOME, "ticket", "INC-1")));
    assert_int_equal(enter(f, UID_SYS, ELSEWHERE, NULL).kind, GATE_DENY);
    assert_int_equal(enter(f, UID_SYS, HOME, NULL).kind, GATE_ALLOW);
}

/* Only who is at the machine says where they will come from. */
static void test_nobody_else_gives_an_address(void **state)
{
    static const char *const sessions[] = {"none", "1@", "1&", "6", ("1 " HOME)};
    struct agent_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(sessions); i++) {
        agent_fixture_session(f, sessions[i]);
        expect_invalid(f, UID_DAEMON,
            json_pack("{s:s, s:s, s:s}", "service", "sshd", "rhost", ELSEWHERE, "ticket", "INC-1"));
    }
    json_decref(agent_call_good(f, UID_DAEMON, "OpenRequest",
        json_pack("{s:s, s:s, s:s}", "service", "sshd", "rhost", HOME, "ticket", "INC-1")));
    expect_invalid(f, UID_DAEMON, json_pack("{s:s, s:s}", "service", "sudo", "rhost", HOME));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_by_rule_for_the_first_key),
        TEST(test_approved_for_the_first_key),
        TEST(test_another_key_takes_no_use),
        TEST(test_an_entitlement_with_a_login),
        TEST(test_an_entitlement_of_the_console),
        TEST(test_the_address_that_is_given),
        TEST(test_nobody_else_gives_an_address),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
