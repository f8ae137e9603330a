/* Policy versions in a whole agent: kept, listed, and what a ledger makes of them that was tampered
 * with. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/state/digest.h"
#include "../../common/clock.h"
#include "versions_fixture.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)

/* As an older assentd would have kept it: the version's text reads otherwise now. */
static void put_text(struct agent_fixture *f, const char *digest, const char *text)
{
    char hash[DIGEST_HEX_SIZE], *sql;

    digest_bytes(text, strlen(text), hash);
    sql = sqlite3_mprintf(
        "INSERT INTO policy_chunk(hash, text) SELECT %Q, %Q WHERE ?1 != ''", hash, text);
    versions_change_ledger(f, sql, digest);
    sqlite3_free(sql);
    sql = sqlite3_mprintf("UPDATE policy_text SET chunk = %Q WHERE digest = ?1", hash);
    versions_change_ledger(f, sql, digest);
    sqlite3_free(sql);
}

static void test_versions_are_kept_once(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may), again;
    json_t *reply, *versions, *version;

    again = versions_reload(f, man_may);
    assert_string_equal(two.text, again.text);
    versions_wait_until_kept(f, one.text);
    versions_wait_until_kept(f, two.text);
    reply = agent_call_good(f, 0, "ListVersions", NULL);
    versions = json_object_get(reply, "versions");
    assert_int_equal(json_array_size(versions), 2);
    version = json_array_get(versions, 0);
    assert_string_equal(versions_digest(version).text, two.text);
    assert_int_equal(json_integer_value(json_object_get(version, "loads")), 2);
    assert_string_equal(json_string_value(json_object_get(version, "state")), "in force");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(version, "last"), "by")), "ops");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(version, "last"), "cause")), "reload");
    version = json_array_get(versions, 1);
    assert_string_equal(versions_digest(version).text, one.text);
    assert_true(json_is_null(json_object_get(version, "state")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(version, "first"), "cause")), "start");
    json_decref(reply);
    assert_false(versions_has_problem(f, "rollback"));
}

static void test_comments_make_no_version(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two;
    char commented[512];

    snprintf(commented, sizeof(commented), "# a comment\n\n%s", games_may);
    two = versions_reload(f, commented);
    assert_string_equal(one.text, two.text);
}

#define CHUNKS_OF " hash IN (SELECT chunk FROM policy_text WHERE digest = ?1)"

static void test_text_that_is_not_what_was_loaded(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may);

    versions_wait_until_kept(f, one.text);
    versions_change_ledger(f,
        "UPDATE policy_chunk SET text = replace(text, 'user: games', 'user: man') WHERE" CHUNKS_OF,
        one.text);
    assert_string_equal(versions_roll_back(f, one.text, NULL), "io.assent.Invalid");
    assert_string_equal(versions_in_force(f).text, two.text);
    versions_change_ledger(f, "DELETE FROM policy_chunk WHERE" CHUNKS_OF, one.text);
    assert_string_equal(versions_roll_back(f, one.text, NULL), "io.assent.Invalid");
    versions_change_ledger(f, "DELETE FROM policy_text WHERE digest = ?1", one.text);
    assert_string_equal(versions_roll_back(f, one.text, NULL), "io.assent.Invalid");
    while (audit_count(f, "policy-rejected") < 3) /* recorded behind the answer */
        usleep(1000);
    assert_true(versions_may(f, UID_MAN) && !versions_may(f, UID_GAMES));
    assert_false(versions_has_problem(f, "rollback"));
}

static void test_version_that_does_not_load_any_more(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may);
    const char *error;

    versions_wait_until_kept(f, one.text);
    put_text(f, one.text, "rules:\n  - { id: old, whom: { user: games }, decision: allow }\n");
    assert_null(agent_call(
        f, 0, "io.assent.RollbackPolicy", json_pack("{s:s}", "digest", one.text), &error));
    assert_string_equal(error, "io.assent.Invalid");
    assert_string_equal(versions_in_force(f).text, two.text);
    assert_true(versions_may(f, UID_MAN) && !versions_has_problem(f, "rollback"));
}

/* It is the same text, so it is what was asked for; it goes by the digest it has now. */
static void test_version_of_another_digest(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), now;

    versions_reload(f, man_may);
    versions_wait_until_kept(f, one.text);
    put_text(f, one.text,
        "people:\n  ops: { accounts: [root] }\nrules:\n  - { id: g, who: { user: games }, owner: "
        "ops, certified_until: 2099-12-31, decision: allow }\n");
    assert_null(versions_roll_back(f, one.text, NULL));
    now = versions_in_force(f);
    assert_string_not_equal(now.text, one.text);
    assert_true(versions_may(f, UID_GAMES) && !versions_may(f, UID_MAN) &&
                versions_has_problem(f, "rollback"));
    versions_wait_until_kept(f, now.text);
    versions_restart(f, SIGTERM);
    assert_string_equal(versions_in_force(f).text, now.text);
    assert_true(versions_may(f, UID_GAMES) && !versions_may(f, UID_MAN));
}

#define LARGE_RULES 4000 /* over a megabyte, in more than one part */

static char *make_rules(unsigned count, const char *first)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    assert_non_null(file);
    fputs(first, file);
    for (unsigned i = 0; i < count; i++)
        fprintf(file,
            "  - { id: rule-%u, who: { user: [games, man] }, what: { service: door-%u }, owner: "
            "ops, "
            "certified_until: 2099-12-31, decision: allow, reason: \"%s %u\" }\n",
            i, i, "Nur für die Bereitschaft, solange der Umzug läuft: Fehler €€€ sind möglich", i);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* What ReadVersion gives, put together. */
static char *read_version(struct agent_fixture *f, const char *digest, unsigned *ret_parts)
{
    char *text = calloc(1, 4 << 20);
    bool more = true;

    for (*ret_parts = 0; more; (*ret_parts)++) {
        json_t *reply = agent_call_good(f, 0, "ReadVersion",
            json_pack("{s:s, s:i}", "digest", digest, "part", (int)*ret_parts + 1));

        strcat(text, json_string_value(json_object_get(reply, "text")));
        more = json_is_true(json_object_get(reply, "more"));
        json_decref(reply);
    }
    return text;
}

static void test_large_policy(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *rules = make_rules(LARGE_RULES, man_may), *text = NULL;
    struct digest large = versions_reload(f, rules);
    unsigned parts;

    assert_true(strlen(rules) > 1024 * 1024 / 2);
    versions_wait_until_kept(f, large.text);
    text = read_version(f, large.text, &parts);
    assert_true(parts > 4);
    assert_string_equal(strstr(text, "rules:\n") + strlen("rules:\n"), rules);
    versions_reload(f, games_may);
    assert_null(versions_roll_back(f, large.text, NULL));
    assert_true(versions_may(f, UID_MAN) && !versions_may(f, UID_GAMES));
}

/* The second signal comes while the first reload is still compiling. */
static void test_signal_during_a_reload_is_not_lost(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *rules = make_rules(LARGE_RULES, games_may);
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    for (unsigned i = 0; i < 3; i++) {
        agent_fixture_policy(f, rules);
        assert_int_equal(kill(f->pid, SIGHUP), 0);
        usleep(i * 5000); /* at different places of it */
        agent_fixture_policy(f, i % 2 == 0 ? man_may : daemon_asks);
        assert_int_equal(kill(f->pid, SIGHUP), 0);
    }
    while (!versions_may(f, UID_MAN)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
    assert_int_equal(strlen(versions_in_force(f).text), 64);
}

static void test_request_keeps_its_version(void **state)
{
    struct agent_fixture *f = *state;
    struct digest asked = versions_reload(f, daemon_asks);
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);
    json_t *reply, *request;
    char *unusual;

    assert_int_equal(wait.kind, GATE_WAIT);
    for (unsigned replaced = 0; replaced < 2; replaced++) {
        reply = agent_call_good(f, 0, "GetRequest", json_pack("{s:s}", "id", wait.request));
        request = json_object_get(reply, "request");
        unusual = json_dumps(json_object_get(request, "unusual"), 0);
        assert_string_equal(json_string_value(json_object_get(request, "policy")), asked.text);
        assert_int_equal(json_is_true(json_object_get(request, "policy_replaced")), replaced);
        assert_int_equal(strstr(unusual, "replaced since") != NULL, replaced);
        free(unusual);
        json_decref(reply);
        versions_reload(f, games_may);
    }
}

/* All of them name their rule and policy, the counted ones too. */
static void test_every_decision_names_its_policy(void **state)
{
    struct agent_fixture *f = *state;
    struct digest digests[2] = {versions_in_force(f), {""}};
    sqlite3_stmt *statement;
    sqlite3 *db;

    for (unsigned i = 0; i < ARRAY_SIZE(digests); i++) {
        for (unsigned k = 0; k < 3; k++)
            assert_false(versions_may(f, UID_DAEMON));
        if (i == 0)
            digests[1] = versions_reload(f, man_may);
    }
    /* the first of each, and what was counted of the first policy's */
    while (audit_count(f, "decided") < 3)
        usleep(1000);
    assert_int_equal(sqlite3_open_v2(f->ledger, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
            "SELECT json_extract(record, '$.policy') FROM audit WHERE event = 'decided'"
            " ORDER BY seq",
            -1, &statement, NULL),
        SQLITE_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_string_equal(sqlite3_column_text(statement, 0), digests[i / 2].text);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* kill -9 wherever the writing of a large text is: what counts is whole. */
static void test_killed_while_a_text_is_written(void **state)
{
    struct agent_fixture *f = *state;

    for (unsigned i = 0; i < 6; i++) {
        AUTO_FREE char *rules = make_rules(LARGE_RULES + i, man_may), *text = NULL;
        struct digest large = versions_reload(f, rules);
        unsigned parts;

        usleep(i * 3000);
        versions_restart(f, SIGKILL);
        assert_string_equal(versions_in_force(f).text, large.text);
        versions_wait_until_kept(f, large.text);
        text = read_version(f, large.text, &parts);
        assert_string_equal(strstr(text, "rules:\n") + strlen("rules:\n"), rules);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, versions_setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_versions_are_kept_once),
        TEST(test_comments_make_no_version),
        TEST(test_text_that_is_not_what_was_loaded),
        TEST(test_version_that_does_not_load_any_more),
        TEST(test_version_of_another_digest),
        TEST(test_large_policy),
        TEST(test_signal_during_a_reload_is_not_lost),
        TEST(test_request_keeps_its_version),
        TEST(test_every_decision_names_its_policy),
        TEST(test_killed_while_a_text_is_written),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
