/* Monitor mode in a whole agent: recorded, let through, and left only after the report was read. */
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
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

#define ID_LOGIN "10.0.0.1"

static const char rules[] =
    "  - { id: no-man, who: { user: man }, decision: deny, monitor: yes, reason: not here }\n"
    "  - { id: man-in, who: { user: man }, what: { service: sshd }, decision: allow,\n"
    "      owner: ops, certified_until: 2099-12-31 }\n"
    "  - id: ask\n"
    "    who: { user: daemon }\n"
    "    what: { service: sshd }\n"
    "    decision: escalate\n"
    "    approval: { stages: [ { from: leads, within: 5m } ], strength: local }\n";

static const char rules_enforced[] =
    "  - { id: no-man, who: { user: man }, decision: deny, reason: not here }\n"
    "  - { id: man-in, who: { user: man }, what: { service: sshd }, decision: allow,\n"
    "      owner: ops, certified_until: 2099-12-31 }\n";

static void write_config(const struct agent_fixture *f, const char *text)
{
    FILE *file = fopen(f->config, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup_with(void **state, const char *config)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, rules);
    write_config(&fixture, config);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int setup_door(void **state)
{
    return setup_with(state, "monitor: sshd\n");
}

static int setup_all(void **state)
{
    return setup_with(state, "monitor: all\n");
}

static int setup_rule(void **state)
{
    return setup_with(state, "{}\n");
}

static void reload(struct agent_fixture *f)
{
    const char *error;
    json_t *reply = agent_call(f, 0, "io.assent.Reload", NULL, &error);

    assert_non_null(reply);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reply, "policy"), "errors")), 0);
    json_decref(reply);
}

/* The error's name, or NULL. */
static const char *leave(struct agent_fixture *f, uid_t uid, const char *what)
{
    const char *error;
    json_t *reply =
        agent_call(f, uid, "io.assent.LeaveMonitor", json_pack("{s:s}", "what", what), &error);

    json_decref(reply);
    return reply ? NULL : error;
}

/* As root, to the end: what would have been decided stands there. `since` may be NULL. */
static unsigned read_decisions_since(struct agent_fixture *f, const char *since)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    AUTO_JSON json_t *parameters = json_pack("{s:s?}", "since", since);
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);
    unsigned would = 0;

    assert_int_equal(varlink_open(f->public, deadline, &link), 0);
    assert_int_equal(varlink_send(link, "io.assent.ListDecisions", parameters, true, deadline), 0);
    for (;;) {
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
        const json_t *decision;

        assert_int_equal(varlink_receive(link, deadline, &reply), 0);
        assert_null(reply.error);
        if (!reply.continues)
            return would;
        decision = json_object_get(reply.parameters, "decision");
        would += json_is_string(json_object_get(decision, "would"));
        would +=
            strncmp(json_string_value(json_object_get(decision, "decision")), "would-", 6) == 0;
    }
}

static unsigned read_decisions(struct agent_fixture *f)
{
    return read_decisions_since(f, NULL);
}

static uint64_t login(struct agent_fixture *f, uid_t uid)
{
    struct gate_ask ask = ask_login(uid, ID_LOGIN);

    return gate_once(f, &ask).kind;
}

static void test_a_door(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask sudo = ask_sudo(UID_MAN, "/usr/bin/true", sizeof("/usr/bin/true"));

    assert_int_equal(login(f, UID_BIN), GATE_ALLOW);    /* no rule */
    assert_int_equal(login(f, UID_DAEMON), GATE_ALLOW); /* would ask */
    assert_int_equal(audit_count(f, "decided"), 2);
    assert_int_equal(audit_count(f, "request-opened"), 0);
    assert_int_equal(read_decisions(f), 2);
    sudo.flags = 0;
    assert_int_equal(gate_once(f, &sudo).kind, GATE_DENY);
}

static void test_every_door(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask sudo = ask_sudo(UID_BIN, "/usr/bin/true", sizeof("/usr/bin/true"));

    sudo.flags = 0;
    assert_int_equal(gate_once(f, &sudo).kind, GATE_ALLOW);
    sudo.phase = GATE_PHASE_POSSIBLE;
    assert_int_equal(gate_once(f, &sudo).kind, GATE_ALLOW);
    assert_int_equal(login(f, UID_BIN), GATE_ALLOW);
}

/* Taking the word out of the file is not enough, and neither is a restart. */
static void test_it_lasts_until_it_is_left(void **state)
{
    struct agent_fixture *f = *state;

    write_config(f, "{}\n");
    reload(f);
    assert_int_equal(login(f, UID_BIN), GATE_ALLOW);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_int_equal(login(f, UID_BIN), GATE_ALLOW);
    /* not without having read what it would stop; not by anybody */
    assert_string_equal(leave(f, 0, "sshd"), "io.assent.NotAllowed");
    assert_non_null(leave(f, UID_MAN, "sshd"));
    read_decisions(f);
    assert_string_equal(leave(f, 0, "sudo"), "io.assent.Invalid");
    assert_null(leave(f, 0, "sshd"));
    assert_int_equal(login(f, UID_BIN), GATE_DENY);
    assert_int_equal(audit_count(f, "enforced"), 1);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_int_equal(login(f, UID_BIN), GATE_DENY);
}

static void test_not_while_the_file_says_so(void **state)
{
    struct agent_fixture *f = *state;

    read_decisions(f);
    assert_string_equal(leave(f, 0, "sshd"), "io.assent.Invalid");
    assert_int_equal(login(f, UID_BIN), GATE_ALLOW);
}

static void test_a_rule(void **state)
{
    struct agent_fixture *f = *state;

    assert_int_equal(login(f, UID_MAN), GATE_ALLOW);
    agent_fixture_policy(f, rules_enforced);
    reload(f);
    assert_int_equal(login(f, UID_MAN), GATE_ALLOW);
    assert_int_equal(read_decisions(f), 2);
    assert_null(leave(f, 0, "rule:no-man"));
    assert_int_equal(login(f, UID_MAN), GATE_DENY);
}

/* The people's word binds no more than the rules do. */
static void test_a_request_stops_nobody(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, ID_LOGIN);
    struct gate_result wait;

    read_decisions(f);
    write_config(f, "{}\n");
    reload(f);
    assert_null(leave(f, 0, "sshd"));
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    write_config(f, "monitor: sshd\n");
    reload(f);
    assert_int_equal(login(f, UID_DAEMON), GATE_ALLOW);
    json_decref(agent_call(f, UID_GAMES, "io.assent.DenyRequest",
        json_pack("{s:s, s:s}", "id", wait.request, "reason", "no"), &(const char *){NULL}));
    assert_int_equal(audit_count(f, "refusal"), 1);
    assert_int_equal(login(f, UID_DAEMON), GATE_ALLOW);
}

static void break_ledger(const struct agent_fixture *f, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 20000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Nor does a disk, in any phase; and where it is enforced, nothing that is not recorded goes. */
static void test_a_broken_disk_stops_nobody(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_BIN, ID_LOGIN), sudo;
    struct gate_result result;

    break_ledger(f, "CREATE TRIGGER broken BEFORE INSERT ON audit "
                    "BEGIN SELECT RAISE(ABORT, 'broken'); END;");
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_ALLOW);
    ask.phase = GATE_PHASE_SESSION;
    ask.tie = result.tie;
    ask.session = "4";
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    /* a rule that allows it may not be recorded either */
    assert_int_equal(login(f, UID_MAN), GATE_ALLOW);
    sudo = ask_sudo(UID_MAN, "/usr/bin/true", sizeof("/usr/bin/true"));
    assert_int_not_equal(gate_once(f, &sudo).kind, GATE_ALLOW);
    break_ledger(f, "DROP TRIGGER broken");
}

/* Reading nothing is no reading. */
static void test_the_report_is_of_a_day_at_least(void **state)
{
    struct agent_fixture *f = *state;

    write_config(f, "{}\n");
    reload(f);
    read_decisions_since(f, "2100-01-01T00:00:00Z");
    assert_string_equal(leave(f, 0, "sshd"), "io.assent.NotAllowed");
    read_decisions_since(f, "2020-01-01T00:00:00Z");
    assert_null(leave(f, 0, "sshd"));
}

/* As many rules as there may be: nobody waits for them, at the door or for the status. */
static void test_many_rules(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder text = {0};
    AUTO_FREE char *many = NULL;
    uint64_t begun;
    json_t *reply;
    const char *error;

    for (unsigned i = 0; i < 10000; i++)
        str_appendf(&text,
            "  - { id: no-%u, who: { user: man }, what: { command: /usr/bin/%u }, decision: deny, "
            "monitor: yes }\n",
            i, i);
    many = str_builder_take(&text);
    agent_fixture_policy(f, many);
    reload(f);
    begun = clock_boottime_us();
    reply = agent_call(f, UID_MAN, "io.assent.GetStatus", NULL, &error);
    assert_int_equal(json_array_size(json_object_get(reply, "monitor")), 100);
    assert_int_equal(json_integer_value(json_object_get(reply, "monitor_more")), 9900);
    json_decref(reply);
    assert_true(clock_boottime_us() - begun < 5 * USEC_PER_SEC);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_policy(f, rules_enforced);
    agent_fixture_start(f);
    /* all of them are gone, and with them their being watched */
    reply = agent_call(f, UID_MAN, "io.assent.GetStatus", NULL, &error);
    assert_int_equal(json_array_size(json_object_get(reply, "monitor")), 0);
    json_decref(reply);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_door, setup_door),
        TEST(test_every_door, setup_all),
        TEST(test_it_lasts_until_it_is_left, setup_door),
        TEST(test_not_while_the_file_says_so, setup_door),
        TEST(test_a_rule, setup_rule),
        TEST(test_a_request_stops_nobody, setup_door),
        TEST(test_a_broken_disk_stops_nobody, setup_door),
        TEST(test_the_report_is_of_a_day_at_least, setup_door),
        TEST(test_many_rules, setup_rule),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
