/* A ledger that can be read but holds rows that are not as the agent wrote them: it starts, doors
 * that depended on them stay shut, and it is said. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../cli/base/json.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "agent_fixture.h"

#define INTEGRITY "integrity-failed"
#define TIMEOUT_US (20 * USEC_PER_SEC)

static const char rules[] =
    "  - { id: games-in, who: { user: games }, owner: ops, decision: allow,\n"
    "      certified_until: 2099-12-31 }\n"
    "  - { id: man-in, who: { user: man }, owner: leads, decision: allow }\n"
    "  - { id: ask, who: { user: daemon }, decision: escalate, duration: 1h,\n"
    "      approval: { keep: yes, strength: local,\n"
    "        stages: [ { from: leads, within: 1h } ] } }\n";

static const char other_rules[] =
    "  - { id: other, who: { user: man }, what: { service: su }, decision: deny }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, rules);
}

static struct gate_result login(struct agent_fixture *f, uid_t uid, const char *rhost)
{
    struct gate_ask ask = ask_login(uid, rhost);

    return gate_once(f, &ask);
}

static void approve(struct agent_fixture *f, const char *rhost)
{
    struct gate_result result = login(f, UID_DAEMON, rhost);

    assert_int_equal(result.kind, GATE_WAIT);
    json_decref(
        agent_call_good(f, UID_GAMES, "ApproveRequest", json_pack("{s:s}", "id", result.request)));
    assert_int_equal(login(f, UID_DAEMON, rhost).kind, GATE_ALLOW);
}

static void stop(struct agent_fixture *f)
{
    agent_fixture_kill(f, SIGTERM);
}

/* Both what it serves and what its people are told still work. */
static void assert_serves(struct agent_fixture *f)
{
    assert_int_equal(login(f, UID_GAMES, "10.0.0.9").kind, GATE_ALLOW);
    json_decref(agent_call_good(f, 0, "GetStatus", NULL));
    json_decref(agent_call_good(f, 0, "ListRequests", json_pack("{s:s}", "scope", "all")));
    json_decref(agent_call_good(f, 0, "ListGrants", json_pack("{s:s}", "scope", "all")));
    json_decref(agent_call_good(f, 0, "ListRules", NULL));
    json_decref(agent_call_good(f, UID_MAN, "ListEntitlements", NULL));
}

/* Garbage of each kind of row: SQL expressions for a body. */
static const char *const garbage[] = {
    "''",
    "'no JSON'",
    "'{}'",
    "'null'",
    "'[{}]'",
    "'{\"id\":7}'",
    "'{\"id\":\"A\",\"id\":\"A\"}'",
    "x'fffe00ff'",
    "zeroblob(0)",
    "zeroblob(100000)",
    "printf('%.*c', 100000, '[')",
    "printf('\"%.*c\"', 1000000, 'x')",
    "7",
    "1.5",
};

static void test_rows_of_garbage(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result waiting;

    approve(f, "10.0.0.1");
    waiting = login(f, UID_DAEMON, "10.0.0.2");
    stop(f);
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
        char sql[512];

        snprintf(sql, sizeof(sql),
            "WITH RECURSIVE k(kind) AS (SELECT 1 UNION ALL SELECT kind + 1 FROM k WHERE kind < 6)"
            " INSERT INTO state(kind, id, live, body)"
            " SELECT kind, 'x%zu' || char(10, 27) || '<0>', 1, %s FROM k;",
            i, garbage[i]);
        ledger_execute(f, sql);
    }
    /* under another's key */
    ledger_execute(f, "INSERT INTO state(kind, id, live, body)"
                      " SELECT kind, 'other', live, body FROM state WHERE live = 1 AND kind < 6"
                      " AND id NOT LIKE 'x%' GROUP BY kind;");
    agent_fixture_start(f);
    assert_serves(f);
    assert_int_equal(audit_count(f, INTEGRITY), 2); /* requests and grants */
    assert_int_equal(login(f, UID_DAEMON, "10.0.0.1").kind, GATE_ALLOW);
    assert_string_equal(login(f, UID_DAEMON, "10.0.0.2").request, waiting.request);
}

static size_t count_grants(struct agent_fixture *f)
{
    AUTO_JSON json_t *reply =
        agent_call_good(f, 0, "ListGrants", json_pack("{s:s}", "scope", "all"));

    return json_array_size(json_object_get(reply, "grants"));
}

/* Each change could have made more of a grant, or another one of it. */
static void test_damaged_grants_open_nothing(void **state)
{
    struct agent_fixture *f = *state;
    static const char *const bodies[] = {
        "replace(body, '\"expires\":', '\"expires\":9')",
        "replace(body, '\"rhost\":', '\"rhosu\":')",
        "replace(body, '\"state\":', '\"statf\":')",
        "replace(body, '\"active\"', '\"bctive\"')",
        "replace(body, '\"created\":', '\"created\":-')",
        "replace(body, '\"uid\":1', '\"uid\":\"1\"')",
        "replace(body, '{', '{\"only\":\"Mondays\",')",
        "replace(body, '\"id\":\"', '\"id\":\"X')",
        "substr(body, 1, 100)",
    };

    approve(f, "10.0.0.1");
    stop(f);
    ledger_execute(f, "CREATE TABLE spare AS SELECT * FROM state;");
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        char sql[256];

        snprintf(sql, sizeof(sql), "UPDATE state SET body = %s WHERE kind = 2;", bodies[i]);
        ledger_execute(f, sql);
        agent_fixture_start(f);
        assert_int_equal(login(f, UID_DAEMON, "10.0.0.1").kind, GATE_WAIT);
        assert_int_equal(audit_count(f, INTEGRITY), i + 1);
        assert_int_equal(count_grants(f), 0);
        stop(f);
        ledger_execute(f, "DELETE FROM state; INSERT INTO state SELECT * FROM spare;");
    }
    agent_fixture_start(f);
    assert_int_equal(login(f, UID_DAEMON, "10.0.0.1").kind, GATE_ALLOW);
}

/* What only watches is known by name, or it is enforced. */
static void test_damaged_monitor(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask su = ask_login(UID_BIN, "10.0.0.3");

    stop(f);
    ledger_execute(f, "INSERT OR REPLACE INTO meta VALUES('monitor', 'sshd' || char(10) ||"
                      " '../su' || char(10) || CAST(x'ff7375' AS TEXT) || char(10) || 'rule:'"
                      " || char(10) || char(27) || char(10) || 'rule:gone');");
    agent_fixture_start(f);
    assert_serves(f);
    assert_int_equal(audit_count(f, INTEGRITY), 1);
    assert_int_equal(gate_once(f, &su).kind, GATE_ALLOW);
    su.service = "login";
    assert_int_equal(gate_once(f, &su).kind, GATE_DENY);
}

/* Ids that are given out twice, and ties that anybody made, are worse than no agent. */
static void test_damaged_keys(void **state)
{
    struct agent_fixture *f = *state;
    static const char *const damage[] = {
        "UPDATE meta SET value = 'x' || substr(value, 2) WHERE key = 'seal-key'",
        "UPDATE meta SET value = substr(value, 3) WHERE key = 'seal-key'",
        "UPDATE meta SET value = value || '00' WHERE key = 'seal-key'",
        "UPDATE meta SET value = substr(value, 1, 32) WHERE key = 'ids'",
        "UPDATE meta SET value = value || 'x' WHERE key = 'ids'",
        "UPDATE meta SET value = zeroblob(0) WHERE key = 'ids'",
    };

    stop(f);
    ledger_execute(f, "CREATE TABLE spare AS SELECT * FROM meta;");
    for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
        ledger_execute(f, damage[i]);
        agent_fixture_refuse(f);
        ledger_execute(f, "DELETE FROM meta; INSERT INTO meta SELECT * FROM spare;");
    }
    /* how far the journal's copy got is no key */
    ledger_execute(f, "INSERT OR REPLACE INTO meta VALUES('journal-cursor', 'many');"
                      "INSERT OR REPLACE INTO meta VALUES('config', '{ [');");
    agent_fixture_start(f);
    assert_serves(f);
}

/* ---- certificates ---- */

static void test_damaged_certificates(void **state)
{
    struct agent_fixture *f = *state;
    static const char *const bodies[] = {
        "replace(body, '\"until\":', '\"until\":9')",
        "replace(body, '\"by\":', '\"bx\":')",
        "replace(body, '{', '{\"only\":\"Mondays\",')",
        "substr(body, 2)",
    };
    char day[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(clock_realtime_us() + 10 * USEC_PER_DAY, day);
    day[strlen("2026-11-20")] = '\0';
    json_decref(agent_call_good(f, UID_GAMES, "RecertifyRule",
        json_pack("{s:s, s:s, s:s}", "rule", "man-in", "until", day, "reason", "needed")));
    assert_int_equal(login(f, UID_MAN, "10.0.0.1").kind, GATE_ALLOW);
    stop(f);
    ledger_execute(f, "CREATE TABLE spare AS SELECT * FROM state;");
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        char sql[256];

        snprintf(sql, sizeof(sql), "UPDATE state SET body = %s WHERE kind = 4;", bodies[i]);
        ledger_execute(f, sql);
        agent_fixture_start(f);
        assert_int_equal(login(f, UID_MAN, "10.0.0.1").kind, GATE_WAIT);
        stop(f);
        ledger_execute(f, "DELETE FROM state; INSERT INTO state SELECT * FROM spare;");
    }
    agent_fixture_start(f);
    assert_int_equal(login(f, UID_MAN, "10.0.0.1").kind, GATE_ALLOW);
}

/* ---- how the policy took force ---- */

static json_t *policy_of(struct agent_fixture *f)
{
    AUTO_JSON json_t *status = agent_call_good(f, 0, "GetStatus", NULL);

    return json_incref(json_object_get(status, "policy"));
}

static void damage_loadings(struct agent_fixture *f)
{
    stop(f);
    ledger_execute(f, "DROP TRIGGER policy_load_no_update;"
                      "UPDATE policy_load SET record = '{\"digest\":7}';");
    agent_fixture_start(f);
}

static void assert_versions(struct agent_fixture *f, size_t count)
{
    AUTO_JSON json_t *reply = agent_call_good(f, 0, "ListVersions", NULL);

    assert_int_equal(json_array_size(json_object_get(reply, "versions")), count);
}

static void test_damaged_loadings(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *policy = NULL;

    damage_loadings(f);
    assert_serves(f);
    assert_int_equal(audit_count(f, INTEGRITY), 1);
    policy = policy_of(f);
    assert_true(json_is_null(json_object_get(policy, "rollback")));
    assert_versions(f, 1);
}

static bool is_kept(struct agent_fixture *f, const char *digest)
{
    AUTO_JSON json_t *reply = agent_call_good(f, 0, "ListVersions", NULL);
    json_t *version;
    size_t index;

    json_array_foreach(json_object_get(reply, "versions"), index, version)
    {
        if (strcmp(json_string_value(json_object_get(version, "digest")), digest) == 0)
            return json_is_true(json_object_get(version, "kept"));
    }
    return false;
}

/* What was rolled back from does not come back by it, until the files say something new. */
static void test_damaged_rollback(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *first = policy_of(f), *after = NULL, *last = NULL;
    const char *digest = json_string_value(json_object_get(first, "digest"));
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    while (!is_kept(f, digest)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
    agent_fixture_policy(f, other_rules);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_int_equal(login(f, UID_GAMES, "10.0.0.9").kind, GATE_DENY);
    json_decref(agent_call_good(f, 0, "RollbackPolicy",
        json_pack("{s:s, s:s}", "digest", digest, "reason", "the new one is wrong")));
    assert_serves(f);
    damage_loadings(f);
    assert_serves(f);
    assert_versions(f, 2);
    after = policy_of(f);
    assert_true(json_is_object(json_object_get(after, "rollback")));
    assert_string_equal(json_string_value(json_object_get(after, "digest")), digest);
    /* as after any rollback */
    stop(f);
    agent_fixture_start(f);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_serves(f);
    agent_fixture_policy(f, "  - { id: new, who: { user: man }, decision: deny }\n");
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_int_equal(login(f, UID_GAMES, "10.0.0.9").kind, GATE_DENY);
    last = policy_of(f);
    assert_true(json_is_null(json_object_get(last, "rollback")));
    assert_int_equal(audit_count(f, INTEGRITY), 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_of_garbage, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_damaged_grants_open_nothing, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_damaged_monitor, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_damaged_keys, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_damaged_certificates, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_damaged_loadings, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_damaged_rollback, setup, agent_fixture_end),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
