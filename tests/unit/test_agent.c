/* The agent as its doors and people see it: decisions, requests, approvals, grants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "agent_fixture.h"

#define ID_ROOT "/usr/bin/id\0-u"
#define ID_ROOT_LENGTH sizeof(ID_ROOT)

static const char rules[] =
    "  - { id: never-man, who: { user: man }, decision: deny, reason: man is read only,\n"
    "      instead: Read it on another host. }\n"
    "  - { id: no-shells, what: { command: [/usr/bin/sh, '/usr/bin/bash *'] }, decision: deny }\n"
    "  - { id: games-uptime, who: { user: games }, what: { service: sudo,\n"
    "      command: /usr/bin/uptime }, owner: ops, certified_until: 2099-12-31, decision: allow }\n"
    "  - { id: games-login, who: { user: games }, what: { service: sshd }, owner: ops, "
    "certified_until: 2099-12-31, decision: allow }\n"
    "  - id: daemon-login\n"
    "    who: { user: daemon }\n"
    "    what: { service: sshd }\n"
    "    decision: escalate\n"
    "    duration: 10m\n"
    "    approval: { stages: [ { from: leads, within: 5m } ], strength: local }\n"
    "  - id: two-for-bin\n"
    "    who: { user: [bin, sys] }\n"
    "    what: { service: sshd }\n"
    "    decision: escalate\n"
    "    approval: { stages: [ { from: dave, within: 5m } ], strength: local }\n"
    "  - id: sudo-once\n"
    "    who: { user: daemon }\n"
    "    what: { service: sudo, command: \"/usr/bin/id *\" }\n"
    "    decision: escalate\n"
    "    uses: 1\n"
    "    approval: { stages: [ { from: leads, need: 2, within: 5m } ], strength: local }\n"
    "  - { id: crowd, who: { kind: human }, what: { service: sshd }, decision: escalate,\n"
    "      approval: { stages: [ { from: leads, within: 5m } ], strength: local } }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, rules);
}

static const char *approve_as(struct agent_fixture *f, uid_t uid, const char *id)
{
    const char *error;
    json_t *reply =
        agent_call(f, uid, "io.assent.ApproveRequest", json_pack("{s:s}", "id", id), &error);

    json_decref(reply);
    return error;
}

static void test_allow_and_deny(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask games = ask_login(UID_GAMES, "10.0.0.1"), man = ask_login(UID_MAN, "10.0.0.1");
    struct gate_ask stranger = ask_login(711, "10.0.0.1");
    struct gate_result result = gate_once(f, &games);

    assert_int_equal(result.kind, GATE_ALLOW);
    assert_int_equal(strlen(result.grant), 9);
    result = gate_once(f, &man);
    assert_int_equal(result.kind, GATE_DENY);
    assert_string_equal(
        result.text, "Refused: man is read only (rule never-man).\nRead it on another host.");
    result = gate_once(f, &stranger);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "no rule allows this"));
    assert_int_equal(audit_count(f, "decided"), 3);
}

/* The deny on shells names no service. A login has no command; that of su is not known. */
static void test_deny_on_a_command_is_about_commands(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask login = ask_login(UID_GAMES, "10.0.0.1"), become = login;
    struct gate_ask shell = ask_sudo(UID_DAEMON, "/usr/bin/sh", sizeof("/usr/bin/sh"));
    struct gate_result result;

    assert_int_equal(gate_once(f, &login).kind, GATE_ALLOW);
    become.service = "su-l";
    become.rhost = NULL;
    become.run_as = "root";
    become.run_as_uid = 0;
    result = gate_once(f, &become);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "no-shells"));
    result = gate_once(f, &shell);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "no-shells"));
}

static void test_equal_refusals_are_counted(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask man = ask_login(UID_MAN, "10.0.0.1");

    for (int i = 0; i < 50; i++)
        assert_int_equal(gate_once(f, &man).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "decided"), 1);
}

static void test_login_asked_approved_used(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1"),
                    elsewhere = ask_login(UID_DAEMON, "10.0.0.2");
    struct gate_result first = gate_once(f, &ask), second, other;

    assert_int_equal(first.kind, GATE_WAIT);
    assert_non_null(strstr(first.text, "carol or dave"));
    assert_non_null(strstr(first.text, first.request));
    second = gate_once(f, &ask);
    assert_int_equal(second.kind, GATE_WAIT);
    assert_string_equal(second.request, first.request);
    assert_int_equal(audit_count(f, "request-opened"), 1);
    assert_null(approve_as(f, UID_GAMES, first.request));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    /* only from that source */
    other = gate_once(f, &elsewhere);
    assert_int_equal(other.kind, GATE_WAIT);
    assert_string_not_equal(other.request, first.request);
    assert_int_equal(audit_count(f, "granted"), 1);
    assert_int_equal(audit_count(f, "used"), 1);
}

static void test_nobody_approves_their_own(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);

    assert_string_equal(approve_as(f, UID_DAEMON, wait.request), "io.assent.NotAllowed");
    /* not entitled: told who is */
    assert_string_equal(approve_as(f, UID_MAN, wait.request), "io.assent.NotAllowed");
    /* entitled, but out of daemon's login: through sudo or su */
    agent_fixture_session(f, "1");
    assert_string_equal(approve_as(f, UID_GAMES, wait.request), "io.assent.NotAllowed");
    agent_fixture_session(f, "6");
    assert_string_equal(approve_as(f, UID_GAMES, wait.request), "io.assent.NotAllowed");
    agent_fixture_session(f, "none");
    assert_string_equal(approve_as(f, UID_GAMES, wait.request), "io.assent.NotAllowed");
    /* in dave's user manager: who may run one command as dave can start that there */
    agent_fixture_session(f, "5@");
    assert_string_equal(approve_as(f, UID_GAMES, wait.request), "io.assent.NotAllowed");
    agent_fixture_session(f, NULL);
    assert_int_equal(gate_once(f, &ask).kind, GATE_WAIT);
    assert_int_equal(audit_count(f, "approval"), 0);
}

static void test_second_account_of_the_same_person(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_BIN, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);

    assert_string_equal(approve_as(f, UID_SYS, wait.request), "io.assent.NotAllowed");
    assert_null(approve_as(f, UID_GAMES, wait.request));
}

static void test_quorum_of_distinct_people(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result wait;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = "the backup needs it";
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    assert_null(approve_as(f, UID_BIN, wait.request));
    assert_null(approve_as(f, UID_BIN, wait.request)); /* twice is once */
    assert_null(approve_as(f, UID_SYS, wait.request)); /* the same person again */
    assert_int_equal(audit_count(f, "granted"), 0);
    assert_int_equal(gate_once(f, &ask).kind, GATE_WAIT);
    assert_null(approve_as(f, UID_GAMES, wait.request));
    assert_int_equal(audit_count(f, "granted"), 1);
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
}

static void test_refusal_reaches_the_requester(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask), refused;
    const char *error;
    json_t *reply = agent_call(f, UID_GAMES, "io.assent.DenyRequest",
        json_pack("{s:s, s:s}", "id", wait.request, "reason", "not \x1b[31mtoday\n"), &error);

    assert_null(error);
    json_decref(reply);
    refused = gate_once(f, &ask);
    assert_int_equal(refused.kind, GATE_DENY);
    assert_non_null(strstr(refused.text, "Refused by dave: not \\x1b[31mtoday\\x0a"));
    assert_string_equal(approve_as(f, UID_BIN, wait.request), "io.assent.AlreadyEnded");
}

static void test_scope_of_a_command(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_ask other = ask_sudo(UID_DAEMON, "/usr/bin/id\0-g", ID_ROOT_LENGTH);
    struct gate_ask elsewhere = ask, with_env = ask, as_bin = ask;
    struct gate_result wait;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = "the backup needs it";
    wait = gate_once(f, &ask);
    assert_null(approve_as(f, UID_BIN, wait.request));
    assert_null(approve_as(f, UID_GAMES, wait.request));
    elsewhere.cwd = "/tmp";
    with_env.env = (struct gate_list){"LD_PRELOAD=x", sizeof("LD_PRELOAD=x")};
    as_bin.run_as = "bin";
    as_bin.run_as_uid = UID_BIN;
    assert_int_equal(gate_once(f, &other).kind, GATE_DENY);
    assert_int_equal(gate_once(f, &elsewhere).kind, GATE_DENY);
    assert_int_equal(gate_once(f, &with_env).kind, GATE_DENY);
    assert_int_equal(gate_once(f, &as_bin).kind, GATE_DENY);
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    /* uses: 1 */
    assert_int_equal(gate_once(f, &ask).kind, GATE_WAIT);
}

static void test_changed_environment_needs_leave(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask plain = ask_sudo(UID_GAMES, "/usr/bin/uptime", sizeof("/usr/bin/uptime"));
    struct gate_ask changed = plain, asked = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result result;

    assert_int_equal(gate_once(f, &plain).kind, GATE_ALLOW);
    changed.env = (struct gate_list){"LD_FOO=1", sizeof("LD_FOO=1")};
    result = gate_once(f, &changed);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "changed environment variables"));
    assert_non_null(strstr(result.text, "\nRun it without them"));
    /* people who are asked see it: see test_scope_of_a_command for what they approve */
    asked.env = changed.env;
    asked.flags = GATE_FLAG_WAIT;
    asked.reason = "a test of the loader";
    assert_int_equal(gate_once(f, &asked).kind, GATE_WAIT);
}

static void test_non_waiting_command_opens_nothing(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result result = gate_once(f, &ask);

    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "assent request"));
    assert_int_equal(audit_count(f, "request-opened"), 0);
}

/* sudo without a terminal, beside one that waits: it is no login. */
static void test_non_waiting_command_joins_a_request(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    json_t *command = json_pack("[s, s]", "/usr/bin/id", "-u"), *reply;
    struct gate_result result;
    const char *error;

    reply = agent_call(f, UID_DAEMON, "io.assent.OpenRequest",
        json_pack("{s:s, s:o, s:s, s:s}", "service", "sudo", "command", command, "cwd", ask.cwd,
            "reason", "backup is due"),
        &error);
    assert_null(error);
    json_decref(reply);
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_WAIT);
    assert_non_null(strstr(result.text, "This needs the approval of "));
    assert_non_null(strstr(result.text, "\nTry again once it is approved."));
}

static void test_deny_rule_added_meanwhile_wins(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);
    char changed[4096];
    const char *error;

    assert_null(approve_as(f, UID_GAMES, wait.request));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    snprintf(changed, sizeof(changed),
        "  - { id: stop, who: { user: daemon }, decision: deny, reason: incident }\n%s", rules);
    agent_fixture_policy(f, changed);
    json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &error));
    assert_null(error);
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
    agent_fixture_policy(f, rules);
    json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &error));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
}

/* Who may no longer answer for the rule may not answer what it asked before either. */
static void test_approver_removed_meanwhile(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);
    const char *error;

    agent_fixture_policy(f, "  - id: daemon-login\n"
                            "    who: { user: daemon }\n"
                            "    what: { service: sshd }\n"
                            "    decision: escalate\n"
                            "    duration: 10m\n"
                            "    approval: { stages: [ { from: carol, within: 5m } ], strength: "
                            "local }\n");
    json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &error));
    assert_null(error);
    assert_string_equal(approve_as(f, UID_GAMES, wait.request), "io.assent.NotAllowed");
    assert_null(approve_as(f, UID_BIN, wait.request));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
}

/* What nobody can answer any more is neither joined nor waited for: people of now are asked. */
static void test_nobody_left_to_answer(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask), again;
    const char *error;
    json_t *reply;

    agent_fixture_policy(f, "  - id: other\n"
                            "    who: { user: daemon }\n"
                            "    what: { service: sshd }\n"
                            "    decision: escalate\n"
                            "    approval: { stages: [ { from: leads, within: 5m } ], strength: "
                            "local }\n");
    json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &error));
    assert_null(error);
    reply = agent_call(
        f, UID_GAMES, "io.assent.ListRequests", json_pack("{s:s}", "scope", "approvable"), &error);
    assert_int_equal(json_array_size(json_object_get(reply, "requests")), 0);
    json_decref(reply);
    assert_string_equal(approve_as(f, UID_GAMES, wait.request), "io.assent.NotAllowed");
    again = gate_once(f, &ask);
    assert_int_equal(again.kind, wait.kind);
    assert_string_not_equal(again.request, wait.request);
    assert_int_equal(audit_count(f, "request-withdrawn"), 1);
    assert_null(approve_as(f, UID_GAMES, again.request));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
}

static void test_bad_policy_leaves_the_old_one(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask games = ask_login(UID_GAMES, "10.0.0.1");
    const char *error;
    json_t *reply;

    agent_fixture_policy(f, "  - { id: x, who: { usr: games }, owner: ops, certified_until: "
                            "2099-12-31, decision: allow }\n");
    reply = agent_call(f, 0, "io.assent.Reload", NULL, &error);
    assert_non_null(reply);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reply, "policy"), "errors")), 1);
    json_decref(reply);
    assert_int_equal(gate_once(f, &games).kind, GATE_ALLOW);
    assert_int_equal(audit_count(f, "policy-rejected"), 1);
    assert_string_equal(
        (json_decref(agent_call(f, UID_MAN, "io.assent.Reload", NULL, &error)), error),
        "org.varlink.service.PermissionDenied");
}

static void test_revoke_and_complete(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask), allow;
    const char *error;

    assert_null(approve_as(f, UID_GAMES, wait.request));
    allow = gate_once(f, &ask);
    json_decref(agent_call(f, UID_MAN, "io.assent.RevokeGrant",
        json_pack("{s:s, s:s}", "id", allow.grant, "reason", "x"), &error));
    assert_string_equal(error, "io.assent.NotFound");
    /* carol was asked too, though dave approved it */
    json_decref(agent_call(f, UID_BIN, "io.assent.RevokeGrant",
        json_pack("{s:s, s:s}", "id", allow.grant, "reason", "over"), &error));
    assert_null(error);
    assert_int_equal(gate_once(f, &ask).kind, GATE_WAIT);
    assert_int_equal(audit_count(f, "revoked"), 1);
}

static void test_tie_joins_the_phases(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1"), session = ask, forged = ask;
    struct gate_result allow = gate_once(f, &ask);

    session.phase = GATE_PHASE_SESSION;
    session.tie = allow.tie;
    assert_int_equal(gate_once(f, &session).kind, GATE_ALLOW);
    forged = session;
    forged.uid = UID_DAEMON;
    forged.user = "daemon";
    assert_int_equal(gate_once(f, &forged).kind, GATE_DENY);
    forged = session;
    allow.tie[0] = allow.tie[0] == '0' ? '1' : '0';
    assert_int_equal(gate_once(f, &forged).kind, GATE_DENY);
    forged.tie = NULL;
    assert_int_equal(gate_once(f, &forged).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "session-opened"), 1);
}

static void test_restart_keeps_requests_and_grants(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask one = ask_login(UID_DAEMON, "10.0.0.1"),
                    two = ask_login(UID_DAEMON, "10.0.0.2");
    struct gate_result open = gate_once(f, &one), approved = gate_once(f, &two);

    assert_null(approve_as(f, UID_GAMES, approved.request));
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    assert_string_equal(gate_once(f, &one).request, open.request);
    assert_int_equal(gate_once(f, &two).kind, GATE_ALLOW);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_string_equal(gate_once(f, &one).request, open.request);
    assert_int_equal(gate_once(f, &two).kind, GATE_ALLOW);
}

static void test_root_is_recorded_not_gated(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(0, ID_ROOT, ID_ROOT_LENGTH);

    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(audit_count(f, "decided"), 1);
}

/* Asks for a login that waits, with its reason, and stays connected. */
static struct gate_result park(struct agent_fixture *f, struct client *client, uid_t uid)
{
    struct gate_ask ask = ask_login(uid, "10.0.0.1");
    struct gate_result result = {0};
    struct gate_answer answer;
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);

    ask.phase = GATE_PHASE_AUTH;
    ask.flags = GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    ask.reason = "the shop is down";
    assert_int_equal(client_open(client, f->gate, deadline), 0);
    assert_int_equal(client_send(client, &ask, -1, deadline), 0);
    assert_int_equal(client_receive(client, deadline, -1, &answer), 0);
    result.kind = answer.kind;
    snprintf(result.text, sizeof(result.text), "%s", answer.text ? answer.text : "");
    return result;
}

#define PARKED_MAX 4 /* the default of assent.yaml's logins_waiting */

static void test_parked_logins_are_few(void **state)
{
    struct agent_fixture *f = *state;
    struct client clients[PARKED_MAX + 2];
    struct gate_result result;

    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        clients[i] = (struct client)CLIENT_NULL;
    assert_int_equal(park(f, &clients[0], 4000).kind, GATE_WAIT);
    /* one for a person: the second login is told the id and sent away */
    result = park(f, &clients[1], 4000);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "Log in again"));
    for (size_t i = 1; i < PARKED_MAX; i++)
        assert_int_equal(park(f, &clients[i + 1], 4000 + (uid_t)i).kind, GATE_WAIT);
    /* so many on the host */
    assert_int_equal(park(f, &clients[PARKED_MAX + 1], 4100).kind, GATE_DENY);
    /* a vanished one makes room and takes its request along */
    client_close(&clients[0]);
    while (audit_count(f, "request-withdrawn") == 0)
        usleep(1000);
    client_close(&clients[1]);
    assert_int_equal(park(f, &clients[1], 4200).kind, GATE_WAIT);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        client_close(&clients[i]);
}

static void test_waiting_login_hears_at_once(void **state)
{
    struct agent_fixture *f = *state;
    struct client client = CLIENT_NULL;
    struct gate_answer answer;
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC), asked;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    char id[16];

    ask.phase = GATE_PHASE_AUTH;
    ask.flags = GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    assert_int_equal(client_open(&client, f->gate, deadline), 0);
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(client_receive(&client, deadline, -1, &answer), 0);
    assert_int_equal(answer.kind, GATE_NEED);
    assert_int_equal(answer.need, GATE_NEED_REASON);
    snprintf(id, sizeof(id), "%s", answer.request);
    assert_non_null(strstr(answer.text, id));
    assert_non_null(strstr(answer.text, "carol or dave"));
    ask.reason = "the shop is down";
    ask.flags |= GATE_FLAG_ASKED;
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(client_receive(&client, deadline, -1, &answer), 0);
    assert_int_equal(answer.kind, GATE_WAIT);
    /* the id that stood in the prompt */
    assert_string_equal(answer.request, id);
    assert_null(approve_as(f, UID_GAMES, id));
    asked = clock_boottime_us();
    assert_int_equal(client_receive(&client, deadline, -1, &answer), 0);
    assert_int_equal(answer.kind, GATE_READY);
    /* it was there before the approver had its answer, or comes within a moment */
    assert_true(clock_boottime_us() - asked < USEC_PER_SEC);
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(client_receive(&client, deadline, -1, &answer), 0);
    assert_int_equal(answer.kind, GATE_ALLOW);
    client_close(&client);
}

static void test_hostile_names(void **state)
{
    struct agent_fixture *f = *state;
    static const char *const names[] = {"", "a/b", "x\ny", "-root", "\xff\xfe", "a:b"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");

        ask.user = names[i];
        assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_allow_and_deny),
        TEST(test_deny_on_a_command_is_about_commands),
        TEST(test_equal_refusals_are_counted),
        TEST(test_login_asked_approved_used),
        TEST(test_nobody_approves_their_own),
        TEST(test_second_account_of_the_same_person),
        TEST(test_quorum_of_distinct_people),
        TEST(test_refusal_reaches_the_requester),
        TEST(test_scope_of_a_command),
        TEST(test_changed_environment_needs_leave),
        TEST(test_non_waiting_command_opens_nothing),
        TEST(test_non_waiting_command_joins_a_request),
        TEST(test_deny_rule_added_meanwhile_wins),
        TEST(test_approver_removed_meanwhile),
        TEST(test_nobody_left_to_answer),
        TEST(test_bad_policy_leaves_the_old_one),
        TEST(test_revoke_and_complete),
        TEST(test_tie_joins_the_phases),
        TEST(test_restart_keeps_requests_and_grants),
        TEST(test_root_is_recorded_not_gated),
        TEST(test_parked_logins_are_few),
        TEST(test_waiting_login_hears_at_once),
        TEST(test_hostile_names),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
