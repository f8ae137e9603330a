/* Ways to a yes that must end in a no: ties that hold nothing, grants that have ended, commands
 * that others can write by now, words of those who may not speak any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "../../agent/state/book.h"
#include "../../cli/base/varlink.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define ID_UID "/usr/bin/id\0-u"
#define UPTIME "/usr/bin/uptime"
#define TIMEOUT_US (20 * USEC_PER_SEC)

#define CERTIFIED "owner: ops, certified_until: 2099-12-31"
#define ASK_LEADS \
    "decision: escalate, approval: { stages: [ { from: leads, within: 5m } ], strength: local }"

#define ANY_SUDO                                                                  \
    "  - { id: any-sudo, who: { user: man }, what: { service: sudo }, decision: " \
    "allow, " CERTIFIED ",\n      evidence: { reason: required } }\n"             \
    "  - { id: any-su, who: { user: daemon }, what: { service: su }, decision: "  \
    "allow, " CERTIFIED ",\n      evidence: { ticket: required } }\n"
#define ID_ASKS                                                                  \
    "  - { id: id-asks, who: { user: daemon }, what: { service: sudo, command: " \
    "/usr/bin/id * }, " ASK_LEADS " }\n"
#define BUDDY                                                                  \
    "  - { id: buddy, who: { user: daemon }, what: { service: sudo, command: " \
    "/usr/bin/uptime }, decision: allow, " CERTIFIED ",\n      evidence: { peer: required } "

static const char policy[] = ANY_SUDO ID_ASKS BUDDY "}\n";
static const char disabled[] = ANY_SUDO BUDDY ", disabled: yes }\n"
                                              "  - { id: id-asks, who: { user: daemon }, "
                                              "disabled: yes, what: { service: sudo, command: "
                                              "/usr/bin/id * }, " ASK_LEADS " }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, policy);
}

static void copy_id(const json_t *reply, const char *object, char ret_id[16])
{
    const char *id = json_string_value(json_object_get(json_object_get(reply, object), "id"));

    assert_non_null(id);
    snprintf(ret_id, 16, "%s", id);
}

static void open_request(struct agent_fixture *f, json_t *parameters, const char *object, char *id)
{
    json_t *reply = agent_call_good(f, UID_DAEMON, "OpenRequest", parameters);

    copy_id(reply, object, id);
    json_decref(reply);
}

static void expect_refused(struct agent_fixture *f, uid_t uid, const char *id, const char *expected)
{
    const char *error;
    json_t *reply =
        agent_call(f, uid, "io.assent.ApproveRequest", json_pack("{s:s}", "id", id), &error);

    if (reply)
        fail_msg("approved");
    assert_string_equal(error, expected);
}

/* That some command may be possible is no yes to any: PAM's next phase does not build on it. */
static void test_a_tie_of_nothing(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_MAN, NULL, 0);
    struct gate_result possible;

    ask.flags = 0;
    ask.phase = GATE_PHASE_POSSIBLE;
    possible = gate_once(f, &ask);
    assert_int_equal(possible.kind, GATE_ALLOW);
    ask.phase = GATE_PHASE_ACCOUNT;
    ask.tie = possible.tie;
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
    ask.phase = GATE_PHASE_AUTH;
    ask.reason = "the shelves are full";
    possible = gate_once(f, &ask);
    assert_int_equal(possible.kind, GATE_ALLOW);
    /* the reason was given in the phase before */
    ask.phase = GATE_PHASE_ACCOUNT;
    ask.reason = NULL;
    ask.tie = possible.tie;
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    ask.tie = "nonsense";
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
}

/* Between two phases of one su: the second must not go by the evidence of a grant that is gone. */
static void test_a_tie_of_an_ended_grant(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, NULL, 0);
    struct gate_result first;
    char id[16];

    open_request(f, json_pack("{s:s, s:s}", "service", "su", "ticket", "INC-1"), "grant", id);
    ask.service = "su";
    ask.phase = GATE_PHASE_AUTH;
    ask.flags = 0;
    first = gate_once(f, &ask);
    assert_int_equal(first.kind, GATE_ALLOW);
    ask.phase = GATE_PHASE_ACCOUNT;
    ask.tie = first.tie;
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    json_decref(agent_call_good(f, UID_DAEMON, "CompleteGrant", json_pack("{s:s}", "id", id)));
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
}

/* What was approved was not a file that others can change. */
static void test_a_granted_command_that_others_can_write(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_UID, sizeof(ID_UID));
    struct gate_result wait;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = "to see who I am";
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    json_decref(
        agent_call_good(f, UID_GAMES, "ApproveRequest", json_pack("{s:s}", "id", wait.request)));
    ask.flags = 0;
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    ask.flags = GATE_FLAG_WRITABLE;
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
}

/* Neither the rule's people nor the colleague named speak for a rule that is switched off. */
static void test_a_rule_switched_off_meanwhile(void **state)
{
    struct agent_fixture *f = *state;
    char asked[16], confirmed[16];

    open_request(f,
        json_pack("{s:s, s:[s, s], s:s}", "service", "sudo", "command", "/usr/bin/id", "-u",
            "reason", "to see who I am"),
        "request", asked);
    open_request(f,
        json_pack("{s:s, s:[s], s:s}", "service", "sudo", "command", UPTIME, "peer", "carol"),
        "request", confirmed);
    agent_fixture_policy(f, disabled);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    expect_refused(f, UID_GAMES, asked, "io.assent.NotAllowed");
    expect_refused(f, UID_BIN, confirmed, "io.assent.NotAllowed");
    agent_fixture_policy(f, policy);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    json_decref(agent_call_good(f, UID_GAMES, "ApproveRequest", json_pack("{s:s}", "id", asked)));
    json_decref(agent_call_good(f, UID_BIN, "ApproveRequest", json_pack("{s:s}", "id", confirmed)));
}

/* ---- grants in a loop ---------------------------------------------------------------------- */

static json_t *ask_on(struct varlink *link, const char *method, json_t *parameters)
{
    struct varlink_reply reply = {0};
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    if (varlink_send(link, method, parameters, false, deadline) < 0 ||
        varlink_receive(link, deadline, &reply) < 0 || reply.error)
        return NULL;
    return reply.parameters;
}

/* How many grants one gets who gives each back at once, asking without end. */
static int ask_and_give_back(const struct agent_fixture *f)
{
    struct varlink *link = NULL;
    int count = 0;

    if (setresgid(65534, 65534, 65534) < 0 || setresuid(UID_DAEMON, UID_DAEMON, UID_DAEMON) < 0 ||
        varlink_open(f->public, clock_deadline(TIMEOUT_US), &link) < 0)
        return -1;
    for (;;) {
        json_t *reply = ask_on(link, "io.assent.OpenRequest",
            json_pack("{s:s, s:s}", "service", "su", "ticket", "INC-1"));
        const char *id = json_string_value(json_object_get(json_object_get(reply, "grant"), "id"));

        if (!id || !ask_on(link, "io.assent.CompleteGrant", json_pack("{s:s}", "id", id)))
            return count;
        json_decref(reply);
        count++;
    }
}

/* Each stays in memory for a while, so that there must be an end to it. */
static void test_grants_given_back_in_a_loop(void **state)
{
    struct agent_fixture *f = *state;
    int pipes[2], count = 0;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        count = ask_and_give_back(f);
        (void)!write(pipes[1], &count, sizeof(count));
        _exit(0);
    }
    assert_int_equal(read(pipes[0], &count, sizeof(count)), sizeof(count));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(count, BOOK_GRANTS_KEPT_MAX);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_tie_of_nothing),
        TEST(test_a_tie_of_an_ended_grant),
        TEST(test_a_granted_command_that_others_can_write),
        TEST(test_a_rule_switched_off_meanwhile),
        TEST(test_grants_given_back_in_a_loop),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
