#include "versions_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/clock.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)

/* Policies that let in one account each, and nobody else. */
const char games_may[] = "  - { id: games, who: { user: games }, owner: ops, "
                         "certified_until: 2099-12-31, decision: allow }\n";

const char man_may[] = "  - { id: man, who: { user: man }, owner: ops, "
                       "certified_until: 2099-12-31, decision: allow }\n";

const char daemon_asks[] =
    "  - { id: asks, who: { user: daemon }, owner: ops, decision: escalate, approval: { keep: yes, "
    "strength: local, stages: [ { from: leads, within: 1h } ] } }\n";

int versions_setup(void **state)
{
    return agent_fixture_begin(state, games_may);
}

json_t *versions_policy(struct agent_fixture *f)
{
    json_t *status = agent_call_good(f, 0, "GetStatus", NULL);
    json_t *policy = json_incref(json_object_get(status, "policy"));

    json_decref(status);
    return policy;
}

struct digest versions_digest(const json_t *policy)
{
    struct digest digest;

    snprintf(digest.text, sizeof(digest.text), "%s",
        json_string_value(json_object_get(policy, "digest")));
    return digest;
}

struct digest versions_in_force(struct agent_fixture *f)
{
    json_t *policy = versions_policy(f);
    struct digest digest = versions_digest(policy);

    json_decref(policy);
    return digest;
}

struct digest versions_reload(struct agent_fixture *f, const char *rules)
{
    json_t *reply;
    struct digest digest;

    agent_fixture_policy(f, rules);
    reply = agent_call_good(f, 0, "Reload", NULL);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reply, "policy"), "errors")), 0);
    digest = versions_digest(json_object_get(reply, "policy"));
    json_decref(reply);
    return digest;
}

json_t *versions_find(struct agent_fixture *f, const char *digest)
{
    json_t *reply = agent_call_good(f, 0, "ListVersions", NULL), *version, *found = NULL;
    size_t index;

    json_array_foreach(json_object_get(reply, "versions"), index, version)
    {
        if (strcmp(versions_digest(version).text, digest) == 0)
            found = json_incref(version);
    }
    json_decref(reply);
    return found;
}

bool versions_is_kept(struct agent_fixture *f, const char *digest)
{
    json_t *version = versions_find(f, digest);
    bool kept = json_is_true(json_object_get(version, "kept"));

    json_decref(version);
    return kept;
}

void versions_wait_until_kept(struct agent_fixture *f, const char *digest)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    while (!versions_is_kept(f, digest)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
}

const char *versions_roll_back(struct agent_fixture *f, const char *digest, json_t **ret_policy)
{
    const char *error;
    json_t *reply = agent_call(f, 0, "io.assent.RollbackPolicy",
        json_pack("{s:s, s:s}", "digest", digest, "reason", "the new one is wrong"), &error);

    if (ret_policy)
        *ret_policy = json_incref(json_object_get(reply, "policy"));
    json_decref(reply);
    return error;
}

bool versions_may(struct agent_fixture *f, uid_t uid)
{
    struct gate_ask ask = ask_login(uid, "10.0.0.1");

    return gate_once(f, &ask).kind == GATE_ALLOW;
}

bool versions_has_problem(struct agent_fixture *f, const char *words)
{
    json_t *status = agent_call_good(f, 0, "GetStatus", NULL);
    char *text = json_dumps(json_object_get(status, "problems"), 0);
    bool found = strstr(text, words) != NULL;

    assert_true(!found || json_is_false(json_object_get(status, "healthy")));
    free(text);
    json_decref(status);
    return found;
}

void versions_break_files(const struct agent_fixture *f)
{
    agent_fixture_policy(f, "  - { id: x, whoo: { user: games }, decision: allow }\n");
}

void versions_restart(struct agent_fixture *f, int signal)
{
    agent_fixture_kill(f, signal);
    agent_fixture_start(f);
}

void versions_change_ledger(struct agent_fixture *f, const char *sql, const char *digest)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    agent_fixture_start(f);
}
