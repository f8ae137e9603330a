/* Entitlements and evidence in a whole agent: asked for by name, granted, used at doors. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/ledger/ledger.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define ID_UID "/usr/bin/id\0-u"
#define ID_GID "/usr/bin/id\0-g"
#define UPTIME "/usr/bin/uptime"
#define BIN_TRUE "/usr/bin/true"
#define BIN_FALSE "/usr/bin/false"
#define LENGTH(text) sizeof(text)

#define CERTIFIED "owner: ops, certified_until: 2099-12-31"
#define ASK_LEADS \
    "decision: escalate, approval: { stages: [ { from: leads, within: 5m } ], strength: local }"

#define RULES                                                                                   \
    "  - { id: tools-asks, who: { user: daemon }, what: { entitlement: tools }, duration: 2h, " \
    "      " ASK_LEADS " }\n"                                                                   \
    "  - { id: clock-allow, who: { user: daemon }, what: { entitlement: clock }, decision: "    \
    "allow, " CERTIFIED " }\n"                                                                  \
    "  - { id: buddy-allow, who: { user: daemon }, what: { entitlement: buddy }, decision: "    \
    "allow, " CERTIFIED " }\n"                                                                  \
    "  - { id: door-asks, who: { user: daemon }, what: { service: sshd }, "                     \
    "      evidence: { reason: required }, " ASK_LEADS " }\n"                                   \
    "  - { id: games-in, who: { user: games }, what: { service: sshd }, decision: "             \
    "allow, " CERTIFIED " }\n"

#define CLOCK                                                                            \
    "  clock: { services: sudo, run_as: root, commands: /usr/bin/true, owner: leads,\n"  \
    "    sensitivity: medium, max_duration: 10m, evidence: { reason_length: 6,\n"        \
    "    reason_repeats: 2, ticket: '^INC-[0-9]+$', control: [recorded, watched] } }\n"  \
    "  buddy: { services: sudo, run_as: root, commands: /usr/bin/false, owner: leads,\n" \
    "    sensitivity: low, max_duration: 10m, evidence: { peer: required } }\n"

static const char policy[] = RULES
    "entitlements:\n"
    "  tools: { services: sudo, run_as: root, commands: [/usr/bin/id -u, /usr/bin/uptime],\n"
    "    owner: leads, sensitivity: low, max_duration: 1h, description: Looks around }\n" CLOCK;

/* The same with one command more. */
static const char wider[] =
    RULES "entitlements:\n"
          "  tools: { services: sudo, run_as: root, commands: [/usr/bin/id *, /usr/bin/uptime],\n"
          "    owner: leads, sensitivity: low, max_duration: 1h }\n" CLOCK;

static int setup(void **state)
{
    return agent_fixture_begin(state, policy);
}

static char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? strdup(text) : NULL;
}

/* Asks for an entitlement as daemon. The id of the request, or of the grant with `ret_granted`. */
static char *ask_for(struct agent_fixture *f, json_t *parameters, bool *ret_granted)
{
    json_t *reply = agent_call_good(f, UID_DAEMON, "OpenRequest", parameters);
    const json_t *grant = json_object_get(reply, "grant");
    char *id;

    *ret_granted = json_is_object(grant);
    id = text_of(*ret_granted ? grant : json_object_get(reply, "request"), "id");
    assert_non_null(id);
    json_decref(reply);
    return id;
}

static void approve(struct agent_fixture *f, uid_t uid, const char *id)
{
    json_decref(agent_call_good(f, uid, "ApproveRequest", json_pack("{s:s}", "id", id)));
}

static void grant_tools(struct agent_fixture *f, json_t *more)
{
    json_t *parameters = json_pack("{s:s, s:s}", "entitlement", "tools", "reason", "look around");
    AUTO_FREE char *id = NULL;
    bool granted;

    if (more)
        json_object_update(parameters, more);
    json_decref(more);
    id = ask_for(f, parameters, &granted);
    assert_false(granted);
    approve(f, UID_GAMES, id);
}

static uint64_t run(struct agent_fixture *f, uid_t uid, const char *argv, size_t length)
{
    struct gate_ask ask = ask_sudo(uid, argv, length);

    ask.flags = 0;
    return gate_once(f, &ask).kind;
}

static void test_opens_what_it_lists(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask writable = ask_sudo(UID_DAEMON, UPTIME, LENGTH(UPTIME));
    struct gate_ask possible = ask_sudo(UID_DAEMON, NULL, 0);

    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_DENY);
    grant_tools(f, NULL);
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_ALLOW);
    assert_int_equal(run(f, UID_DAEMON, ID_UID, LENGTH(ID_UID)), GATE_ALLOW);
    /* not another argument, command, account or door */
    assert_int_equal(run(f, UID_DAEMON, ID_GID, LENGTH(ID_GID)), GATE_DENY);
    assert_int_equal(run(f, UID_DAEMON, "/usr/bin/sh", sizeof("/usr/bin/sh")), GATE_DENY);
    assert_int_equal(run(f, UID_BIN, UPTIME, LENGTH(UPTIME)), GATE_DENY);
    writable.flags = GATE_FLAG_WRITABLE;
    assert_int_equal(gate_once(f, &writable).kind, GATE_DENY);
    writable.flags = 0;
    writable.run_as = "games";
    writable.run_as_uid = UID_GAMES;
    assert_int_equal(gate_once(f, &writable).kind, GATE_DENY);
    possible.phase = GATE_PHASE_POSSIBLE;
    possible.flags = 0;
    assert_int_equal(gate_once(f, &possible).kind, GATE_ALLOW);
    assert_int_equal(audit_count(f, "used"), 2);
}

static bool is_shown_as_changed(struct agent_fixture *f)
{
    json_t *reply = agent_call_good(f, UID_DAEMON, "ListGrants", NULL);
    json_t *grant = json_array_get(json_object_get(reply, "grants"), 0);
    json_t *changed = json_object_get(grant, "entitlement_changed");
    bool is_true = json_is_true(changed);

    assert_true(json_is_boolean(changed));
    json_decref(reply);
    return is_true;
}

/* What was approved is what it opened then. */
static void test_a_changed_entitlement_opens_nothing(void **state)
{
    struct agent_fixture *f = *state;

    grant_tools(f, NULL);
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_ALLOW);
    agent_fixture_policy(f, wider);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_DENY);
    assert_int_equal(run(f, UID_DAEMON, ID_GID, LENGTH(ID_GID)), GATE_DENY);
    assert_true(is_shown_as_changed(f));
    agent_fixture_policy(f, policy);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_ALLOW);
    assert_false(is_shown_as_changed(f));
}

static void test_bounds(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *id = NULL;
    json_t *reply, *grant;
    bool granted;

    /* the entitlement's longest time, not the rule's */
    grant_tools(f, json_pack("{s:i, s:i}", "uses", 2, "duration", 7000));
    reply = agent_call_good(f, UID_DAEMON, "ListGrants", NULL);
    grant = json_array_get(json_object_get(reply, "grants"), 0);
    assert_int_equal(json_integer_value(json_object_get(grant, "uses_left")), 2);
    assert_string_equal(json_string_value(json_object_get(grant, "entitlement")), "tools");
    assert_int_equal(json_array_size(json_object_get(grant, "opens")), 2);
    json_decref(reply);
    /* asked for again it is there */
    id = ask_for(f, json_pack("{s:s, s:s}", "entitlement", "tools", "reason", "again"), &granted);
    assert_true(granted);
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_ALLOW);
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_ALLOW);
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_DENY);
}

static void test_survives_a_restart(void **state)
{
    struct agent_fixture *f = *state;

    grant_tools(f, NULL);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_int_equal(run(f, UID_DAEMON, UPTIME, LENGTH(UPTIME)), GATE_ALLOW);
    assert_int_equal(run(f, UID_DAEMON, ID_GID, LENGTH(ID_GID)), GATE_DENY);
}

static void expect_refused(struct agent_fixture *f, json_t *parameters)
{
    const char *error;
    json_t *reply = agent_call(f, UID_DAEMON, "io.assent.OpenRequest", parameters, &error);

    if (reply)
        fail_msg("taken");
    assert_string_equal(error, "io.assent.Refused");
}

static json_t *clock_with(const char *reason, const char *ticket, const char *control)
{
    return json_pack("{s:s, s:s?, s:s?, s:s?}", "entitlement", "clock", "reason", reason, "ticket",
        ticket, "control", control);
}

/* What a rule gave without asking anybody lives on as well. */
static void test_given_by_a_rule_survives_a_restart(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *id = NULL;
    bool granted;

    id = ask_for(f, clock_with("too late", "INC-1", "watched"), &granted);
    assert_true(granted);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_int_equal(run(f, UID_DAEMON, BIN_TRUE, LENGTH(BIN_TRUE)), GATE_ALLOW);
}

/* A rule allows it, but not without the evidence. */
static void test_evidence_binds_an_allow(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, BIN_TRUE, LENGTH(BIN_TRUE));
    AUTO_FREE char *id = NULL;
    struct gate_result result;
    bool granted;

    ask.flags = 0;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "assent request"));
    expect_refused(f, clock_with(NULL, "INC-1", "watched"));
    expect_refused(f, clock_with("tick", "INC-1", "watched"));
    expect_refused(f, clock_with("too late", "INC-x", "watched"));
    expect_refused(f, clock_with("too late", "INC-1", "seen"));
    expect_refused(f, clock_with("too late", NULL, NULL));
    assert_int_equal(audit_count(f, "granted"), 0);
    assert_int_equal(audit_count(f, "decided"), 1); /* turned away at the door */
    id = ask_for(f, clock_with("too late", "INC-1", "watched"), &granted);
    assert_true(granted);
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(audit_count(f, "granted"), 1);
    assert_int_equal(audit_count(f, "used"), 1);
}

/* At a door that can ask, piece by piece; then the rule allows it. */
static void test_evidence_is_asked_for(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, BIN_TRUE, LENGTH(BIN_TRUE));
    struct gate_result result;

    ask.flags = GATE_FLAG_PROMPT | GATE_FLAG_WAIT;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_NEED);
    assert_non_null(strstr(result.text, "clock"));
    ask.reason = "is it late?";
    assert_int_equal(gate_once(f, &ask).kind, GATE_NEED);
    ask.ticket = "INC-7";
    assert_int_equal(gate_once(f, &ask).kind, GATE_NEED);
    ask.control = "recorded";
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    /* the same words a third time say nothing any more */
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_NEED);
    assert_int_equal(audit_count(f, "decided"), 2);
}

/* Nobody but the colleague who was named, and not oneself. */
static void test_peer(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *id = NULL;
    const char *error;
    bool granted;

    expect_refused(f, json_pack("{s:s}", "entitlement", "buddy"));
    expect_refused(f, json_pack("{s:s, s:s}", "entitlement", "buddy", "peer", "nobody"));
    id = ask_for(f, json_pack("{s:s, s:s}", "entitlement", "buddy", "peer", "carol"), &granted);
    assert_false(granted);
    assert_null(
        agent_call(f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", id), &error));
    assert_string_equal(error, "io.assent.NotAllowed");
    assert_int_equal(run(f, UID_DAEMON, BIN_FALSE, LENGTH(BIN_FALSE)), GATE_DENY);
    approve(f, UID_BIN, id);
    assert_int_equal(run(f, UID_DAEMON, BIN_FALSE, LENGTH(BIN_FALSE)), GATE_ALLOW);
}

/* At a door the colleague is asked for until one is named who may confirm, and then waited for. */
static void test_a_peer_is_asked_for_again(void **state)
{
    static const struct {
        const char *peer, *words;
    } tries[] = {
        {NULL, "a colleague has to confirm it (request "},
        {"zoe", "called \"zoe\".\nColleague who confirms: "},
        {"d\nve", "called \"d\\x0ave\".\nColleague who confirms: "},
    };
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, BIN_FALSE, LENGTH(BIN_FALSE));
    struct gate_result result;

    ask.flags = GATE_FLAG_PROMPT | GATE_FLAG_WAIT;
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        ask.peer = tries[i].peer;
        result = gate_once(f, &ask);
        assert_int_equal(result.kind, GATE_NEED);
        assert_non_null(strstr(result.text, tries[i].words));
    }
    assert_int_equal(audit_count(f, "request-opened"), 0);
    ask.peer = "carol";
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_WAIT);
    assert_non_null(strstr(result.text, "carol"));
}

struct search {
    const char *event, *part;
    unsigned count;
};

static int look(uint64_t seq, uint64_t realtime_us, const char *chain, const char *event,
    const char *record, void *userdata)
{
    struct search *search = userdata;

    (void)seq;
    (void)realtime_us;
    (void)chain;
    search->count += strcmp(event, search->event) == 0 && strstr(record, search->part);
    return 0;
}

static unsigned count_records(const struct agent_fixture *f, const char *event, const char *part)
{
    struct search search = {event, part, 0};
    struct ledger_reader *reader;

    assert_int_equal(ledger_reader_open(f->ledger, &reader), 0);
    assert_int_equal(ledger_reader_each_audit(reader, 0, 1000, look, &search), 0);
    ledger_reader_close(reader);
    return search.count;
}

/* What a decision rested on stands in its record, and nothing that was not asked for. */
static void test_evidence_is_recorded(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, BIN_TRUE, LENGTH(BIN_TRUE));

    ask.reason = "is it late?";
    ask.ticket = "INC-7";
    ask.control = "recorded";
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(
        count_records(f, "decided", "\"ticket\":\"INC-7\",\"control\":\"recorded\""), 1);
    ask = ask_login(UID_GAMES, "10.0.0.1");
    ask.ticket = "INC-8\n";
    ask.control = "a prayer";
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(count_records(f, "decided", "\"ticket\":\"INC-8\\\\x0a\",\"facts\""), 1);
}

/* Where nobody can be asked: all that is missing, and nothing is opened. */
static void test_a_refusal_names_what_is_missing(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, BIN_FALSE, LENGTH(BIN_FALSE));
    struct gate_result result;

    ask.flags = 0;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_DENY);
    assert_string_equal(result.text,
        "Refused: a colleague who confirms is needed (buddy, sensitivity low).\n"
        "Ask first: assent request --service sudo --peer PERSON --wait -- /usr/bin/false");
    ask = ask_sudo(UID_DAEMON, UPTIME, LENGTH(UPTIME));
    ask.flags = 0;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "leads"));
    assert_non_null(strstr(result.text, "Ask first: assent request --service sudo"));
    assert_int_equal(audit_count(f, "request-opened"), 0);
}

/* A login by key alone cannot be asked: where policy writes that a reason is needed, that is no. */
static void test_login_without_a_prompt(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result result;

    ask.flags = 0;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "reason"));
    assert_int_equal(audit_count(f, "request-opened"), 0);
    ask.reason = "to see the door";
    assert_int_equal(gate_once(f, &ask).kind, GATE_WAIT);
}

static void test_list(void **state)
{
    struct agent_fixture *f = *state;
    json_t *reply, *list, *tools, *history;
    AUTO_FREE char *id = NULL;
    bool granted;

    id = ask_for(f, json_pack("{s:s, s:s}", "entitlement", "tools", "reason", "one"), &granted);
    json_decref(agent_call_good(
        f, UID_GAMES, "DenyRequest", json_pack("{s:s, s:s}", "id", id, "reason", "no")));
    grant_tools(f, NULL);
    reply = agent_call_good(f, UID_DAEMON, "ListEntitlements", NULL);
    list = json_object_get(reply, "entitlements");
    assert_int_equal(json_array_size(list), 3);
    tools = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(tools, "name")), "tools");
    assert_string_equal(json_string_value(json_object_get(tools, "asked")), "leads");
    assert_int_equal(json_integer_value(json_object_get(tools, "duration")), 3600);
    history = json_object_get(tools, "history");
    assert_int_equal(json_integer_value(json_object_get(history, "asked")), 2);
    assert_int_equal(json_integer_value(json_object_get(history, "approved")), 1);
    assert_int_equal(json_integer_value(json_object_get(history, "refused")), 1);
    json_decref(reply);
    /* nothing here is for man */
    reply = agent_call_good(f, UID_MAN, "ListEntitlements", NULL);
    assert_int_equal(json_array_size(json_object_get(reply, "entitlements")), 0);
    json_decref(reply);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_opens_what_it_lists),
        TEST(test_a_changed_entitlement_opens_nothing),
        TEST(test_bounds),
        TEST(test_survives_a_restart),
        TEST(test_given_by_a_rule_survives_a_restart),
        TEST(test_evidence_binds_an_allow),
        TEST(test_evidence_is_asked_for),
        TEST(test_peer),
        TEST(test_a_peer_is_asked_for_again),
        TEST(test_evidence_is_recorded),
        TEST(test_a_refusal_names_what_is_missing),
        TEST(test_login_without_a_prompt),
        TEST(test_list),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
