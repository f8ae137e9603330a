/* Policy versions in a whole agent: kept, listed, rolled back to, and what a start makes of files
 * that do not load. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../agent/state/digest.h"
#include "../../common/clock.h"
#include "agent_fixture.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)

/* Policies that let in one account each, and nobody else. */
static const char games_may[] = "  - { id: games, who: { user: games }, owner: ops, "
                                "certified_until: 2099-12-31, decision: allow }\n";
static const char man_may[] = "  - { id: man, who: { user: man }, owner: ops, "
                              "certified_until: 2099-12-31, decision: allow }\n";
static const char daemon_asks[] =
    "  - { id: asks, who: { user: daemon }, owner: ops, decision: escalate, approval: { keep: yes, "
    "strength: local, stages: [ { from: leads, within: 1h } ] } }\n";

static int setup(void **state)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, games_may);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    agent_fixture_done(*state);
    return 0;
}

/* ---- asking ---- */

static json_t *policy_of(struct agent_fixture *f)
{
    json_t *status = agent_call_good(f, 0, "GetStatus", NULL);
    json_t *policy = json_incref(json_object_get(status, "policy"));

    json_decref(status);
    return policy;
}

struct digest {
    char text[65];
};

static struct digest digest_of(const json_t *policy)
{
    struct digest digest;

    snprintf(digest.text, sizeof(digest.text), "%s",
        json_string_value(json_object_get(policy, "digest")));
    return digest;
}

static struct digest in_force(struct agent_fixture *f)
{
    json_t *policy = policy_of(f);
    struct digest digest = digest_of(policy);

    json_decref(policy);
    return digest;
}

/* Puts the rules in force, which must work. */
static struct digest reload(struct agent_fixture *f, const char *rules)
{
    json_t *reply;
    struct digest digest;

    agent_fixture_policy(f, rules);
    reply = agent_call_good(f, 0, "Reload", NULL);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reply, "policy"), "errors")), 0);
    digest = digest_of(json_object_get(reply, "policy"));
    json_decref(reply);
    return digest;
}

static json_t *version_of(struct agent_fixture *f, const char *digest)
{
    json_t *reply = agent_call_good(f, 0, "ListVersions", NULL), *version, *found = NULL;
    size_t index;

    json_array_foreach(json_object_get(reply, "versions"), index, version)
    {
        if (strcmp(digest_of(version).text, digest) == 0)
            found = json_incref(version);
    }
    json_decref(reply);
    return found;
}

static bool is_kept(struct agent_fixture *f, const char *digest)
{
    json_t *version = version_of(f, digest);
    bool kept = json_is_true(json_object_get(version, "kept"));

    json_decref(version);
    return kept;
}

/* The text is written after the policy took force. */
static void wait_until_kept(struct agent_fixture *f, const char *digest)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    while (!is_kept(f, digest)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
}

/* NULL: done; else the error's name, and its message in `ret_message`. */
static const char *roll_back(struct agent_fixture *f, const char *digest, json_t **ret_policy)
{
    const char *error;
    json_t *reply = agent_call(f, 0, "io.assent.RollbackPolicy",
        json_pack("{s:s, s:s}", "digest", digest, "reason", "the new one is wrong"), &error);

    if (ret_policy)
        *ret_policy = json_incref(json_object_get(reply, "policy"));
    json_decref(reply);
    return error;
}

static bool may(struct agent_fixture *f, uid_t uid)
{
    struct gate_ask ask = ask_login(uid, "10.0.0.1");

    return gate_once(f, &ask).kind == GATE_ALLOW;
}

/* What an administrator is told, in one text. */
static bool has_problem(struct agent_fixture *f, const char *words)
{
    json_t *status = agent_call_good(f, 0, "GetStatus", NULL);
    char *text = json_dumps(json_object_get(status, "problems"), 0);
    bool found = strstr(text, words) != NULL;

    assert_true(!found || json_is_false(json_object_get(status, "healthy")));
    free(text);
    json_decref(status);
    return found;
}

static void break_files(const struct agent_fixture *f)
{
    agent_fixture_policy(f, "  - { id: x, whoo: { user: games }, decision: allow }\n");
}

static void restart(struct agent_fixture *f, int signal)
{
    agent_fixture_kill(f, signal);
    agent_fixture_start(f);
}

/* ---- names that cannot be looked up ---- */

/* What the resolver's child, which is this program, does before it answers. */
#define SCRIPT "ASSENT_TEST_RESOLVER"

static void follow_script(void)
{
    const char *path = getenv(SCRIPT);
    char asked[160];

    if (!path)
        return;
    snprintf(asked, sizeof(asked), "%s.asked", path);
    if (access(path, F_OK) == 0)
        close(open(asked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (access(path, F_OK) == 0)
        usleep(1000);
    snprintf(asked, sizeof(asked), "%s.fails", path);
    if (access(asked, F_OK) == 0)
        _exit(1);
}

static int setup_scripted(void **state)
{
    static struct agent_fixture fixture;
    char path[128];

    agent_fixture_init(&fixture, games_may);
    snprintf(path, sizeof(path), "%s/hang", fixture.directory);
    assert_int_equal(setenv(SCRIPT, path, 1), 0);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown_scripted(void **state)
{
    agent_fixture_done(*state);
    return unsetenv(SCRIPT);
}

static const char *script_file(const struct agent_fixture *f, const char *end)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/hang%s", f->directory, end);
    return path;
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

/* Starts a reload that does not get further than its names. */
static void reload_and_hang(struct agent_fixture *f, const char *rules)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    make_file(script_file(f, ""));
    agent_fixture_policy(f, rules);
    assert_int_equal(kill(f->pid, SIGHUP), 0);
    while (access(script_file(f, ".asked"), F_OK) != 0) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(1000);
    }
}

static void test_decisions_go_on_while_a_policy_loads(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f);
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    const char *error;

    reload_and_hang(f, man_may);
    for (unsigned i = 0; i < 10; i++)
        assert_true(may(f, UID_GAMES) && !may(f, UID_MAN));
    assert_string_equal(in_force(f).text, one.text);
    assert_null(agent_call(f, 0, "io.assent.Reload", NULL, &error));
    assert_string_equal(error, "io.assent.Unavailable");
    assert_string_equal(roll_back(f, one.text, NULL), "io.assent.Invalid"); /* is in force */
    /* what is said meanwhile is not lost */
    agent_fixture_policy(f, daemon_asks);
    assert_int_equal(kill(f->pid, SIGHUP), 0);
    assert_true(may(f, UID_GAMES));
    assert_int_equal(unlink(script_file(f, "")), 0);
    while (gate_once(f, &ask).kind != GATE_WAIT) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
    assert_false(may(f, UID_GAMES) || may(f, UID_MAN));
}

static void test_stop_while_a_policy_loads(void **state)
{
    struct agent_fixture *f = *state;

    reload_and_hang(f, man_may);
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(unlink(script_file(f, "")), 0);
    agent_fixture_start(f);
    assert_true(may(f, UID_MAN) && !may(f, UID_GAMES));
}

static void test_names_that_cannot_be_looked_up(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may), refused;
    json_t *reply;

    wait_until_kept(f, one.text);
    make_file(script_file(f, ".fails"));
    agent_fixture_policy(f, daemon_asks);
    reply = agent_call_good(f, 0, "Reload", NULL);
    refused = digest_of(json_object_get(reply, "policy"));
    assert_string_equal(refused.text, two.text);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reply, "policy"), "errors")), 1);
    json_decref(reply);
    assert_string_equal(roll_back(f, one.text, NULL), "io.assent.Invalid");
    assert_true(may(f, UID_MAN) && has_problem(f, "does not load"));
    /* at a start nothing that names people can take force, from wherever it comes */
    restart(f, SIGTERM);
    assert_false(may(f, UID_MAN) || may(f, UID_GAMES));
    assert_true(has_problem(f, "everything is refused"));
    assert_int_equal(unlink(script_file(f, ".fails")), 0);
    assert_string_equal(reload(f, man_may).text, two.text);
    assert_false(has_problem(f, "load"));
    assert_true(may(f, UID_MAN));
}

/* ---- tests ---- */

static void test_versions_are_kept_once(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may), again;
    json_t *reply, *versions, *version;

    again = reload(f, man_may);
    assert_string_equal(two.text, again.text);
    wait_until_kept(f, one.text);
    wait_until_kept(f, two.text);
    reply = agent_call_good(f, 0, "ListVersions", NULL);
    versions = json_object_get(reply, "versions");
    assert_int_equal(json_array_size(versions), 2);
    version = json_array_get(versions, 0);
    assert_string_equal(digest_of(version).text, two.text);
    assert_int_equal(json_integer_value(json_object_get(version, "loads")), 2);
    assert_string_equal(json_string_value(json_object_get(version, "state")), "in force");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(version, "last"), "by")), "ops");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(version, "last"), "cause")), "reload");
    version = json_array_get(versions, 1);
    assert_string_equal(digest_of(version).text, one.text);
    assert_true(json_is_null(json_object_get(version, "state")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(version, "first"), "cause")), "start");
    json_decref(reply);
    assert_false(has_problem(f, "rollback"));
}

static void test_comments_make_no_version(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two;
    char commented[512];

    snprintf(commented, sizeof(commented), "# a comment\n\n%s", games_may);
    two = reload(f, commented);
    assert_string_equal(one.text, two.text);
}

static void test_rollback_holds(void **state)
{
    struct agent_fixture *f = *state;
    static const int signals[] = {0, SIGTERM, SIGKILL};
    struct digest one = in_force(f), two = reload(f, man_may);
    json_t *policy, *version;
    char prefix[9];

    wait_until_kept(f, one.text);
    assert_true(may(f, UID_MAN) && !may(f, UID_GAMES));
    snprintf(prefix, sizeof(prefix), "%.8s", one.text);
    assert_null(roll_back(f, prefix, &policy));
    assert_string_equal(digest_of(policy).text, one.text);
    json_decref(policy);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (signals[i] != 0)
            restart(f, signals[i]);
        else
            json_decref(agent_call_good(f, 0, "Reload", NULL));
        assert_string_equal(in_force(f).text, one.text);
        assert_true(may(f, UID_GAMES) && !may(f, UID_MAN));
        assert_true(has_problem(f, "rollback"));
        assert_true(has_problem(f, "ops: the new one is wrong"));
        version = version_of(f, two.text);
        assert_string_equal(
            json_string_value(json_object_get(version, "state")), "rolled back from");
        json_decref(version);
    }
    /* files that do not load change nothing, running or at a start */
    break_files(f);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_string_equal(in_force(f).text, one.text);
    restart(f, SIGTERM);
    assert_string_equal(in_force(f).text, one.text);
    assert_true(has_problem(f, "rollback"));
}

static void test_other_files_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may), three;

    wait_until_kept(f, one.text);
    assert_null(roll_back(f, one.text, NULL));
    three = reload(f, daemon_asks);
    assert_string_equal(in_force(f).text, three.text);
    assert_false(has_problem(f, "rollback"));
    /* what was rolled back from is a policy like any other now */
    assert_string_equal(reload(f, man_may).text, two.text);
    restart(f, SIGTERM);
    assert_string_equal(in_force(f).text, two.text);
}

static void test_files_that_agree_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may);

    wait_until_kept(f, one.text);
    assert_null(roll_back(f, one.text, NULL));
    assert_string_equal(reload(f, games_may).text, one.text);
    assert_false(has_problem(f, "rollback"));
    assert_string_equal(reload(f, man_may).text, two.text);
}

static void test_files_changed_before_a_start_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f);

    reload(f, man_may);
    wait_until_kept(f, one.text);
    assert_null(roll_back(f, one.text, NULL));
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_policy(f, daemon_asks);
    agent_fixture_start(f);
    assert_false(may(f, UID_GAMES));
    assert_false(has_problem(f, "rollback"));
}

/* A rollback behind a rollback: the files are still those of the first. */
static void test_rollbacks_in_a_row(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may), three = reload(f, daemon_asks);

    wait_until_kept(f, one.text);
    wait_until_kept(f, two.text);
    wait_until_kept(f, three.text);
    assert_null(roll_back(f, two.text, NULL));
    assert_null(roll_back(f, one.text, NULL));
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_string_equal(in_force(f).text, one.text);
    /* back to what the files say: none any more */
    assert_null(roll_back(f, three.text, NULL));
    assert_false(has_problem(f, "rollback"));
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_string_equal(in_force(f).text, three.text);
}

static void test_rollbacks_that_are_refused(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f);
    const char *error;

    reload(f, man_may);
    assert_string_equal(roll_back(f, "0123456789", NULL), "io.assent.NotFound");
    assert_string_equal(roll_back(f, "abc", NULL), "io.assent.Invalid");
    assert_string_equal(roll_back(f, "", NULL), "io.assent.Invalid");
    assert_string_equal(roll_back(f, "xxxxxxxxxx", NULL), "io.assent.Invalid");
    assert_string_equal(roll_back(f, "aaaaaaaa' OR 1=1", NULL), "io.assent.Invalid");
    assert_string_equal(roll_back(f, in_force(f).text, NULL), "io.assent.Invalid");
    assert_null(agent_call(
        f, UID_GAMES, "io.assent.RollbackPolicy", json_pack("{s:s}", "digest", one.text), &error));
    assert_string_equal(error, "org.varlink.service.PermissionDenied");
    assert_null(agent_call(f, UID_GAMES, "io.assent.ListVersions", NULL, &error));
    assert_string_equal(error, "org.varlink.service.PermissionDenied");
    assert_true(may(f, UID_MAN));
    assert_false(has_problem(f, "rollback"));
}

/* Changes the text of a version in the ledger's file while nobody serves. */
static void change_ledger(struct agent_fixture *f, const char *sql, const char *digest)
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

#define CHUNKS_OF " hash IN (SELECT chunk FROM policy_text WHERE digest = ?1)"

static void test_text_that_is_not_what_was_loaded(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may);

    wait_until_kept(f, one.text);
    change_ledger(f,
        "UPDATE policy_chunk SET text = replace(text, 'user: games', 'user: man') WHERE" CHUNKS_OF,
        one.text);
    assert_string_equal(roll_back(f, one.text, NULL), "io.assent.Invalid");
    assert_string_equal(in_force(f).text, two.text);
    change_ledger(f, "DELETE FROM policy_chunk WHERE" CHUNKS_OF, one.text);
    assert_string_equal(roll_back(f, one.text, NULL), "io.assent.Invalid");
    change_ledger(f, "DELETE FROM policy_text WHERE digest = ?1", one.text);
    assert_string_equal(roll_back(f, one.text, NULL), "io.assent.Invalid");
    while (audit_count(f, "policy-rejected") < 3) /* recorded behind the answer */
        usleep(1000);
    assert_true(may(f, UID_MAN) && !may(f, UID_GAMES));
    assert_false(has_problem(f, "rollback"));
}

/* As an older assentd would have kept it: the version's text reads otherwise now. */
static void put_text(struct agent_fixture *f, const char *digest, const char *text)
{
    char hash[DIGEST_HEX_SIZE], *sql;

    digest_bytes(text, strlen(text), hash);
    sql = sqlite3_mprintf(
        "INSERT INTO policy_chunk(hash, text) SELECT %Q, %Q WHERE ?1 != ''", hash, text);
    change_ledger(f, sql, digest);
    sqlite3_free(sql);
    sql = sqlite3_mprintf("UPDATE policy_text SET chunk = %Q WHERE digest = ?1", hash);
    change_ledger(f, sql, digest);
    sqlite3_free(sql);
}

static void test_version_that_does_not_load_any_more(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may);
    const char *error;

    wait_until_kept(f, one.text);
    put_text(f, one.text, "rules:\n  - { id: old, whom: { user: games }, decision: allow }\n");
    assert_null(agent_call(
        f, 0, "io.assent.RollbackPolicy", json_pack("{s:s}", "digest", one.text), &error));
    assert_string_equal(error, "io.assent.Invalid");
    assert_string_equal(in_force(f).text, two.text);
    assert_true(may(f, UID_MAN) && !has_problem(f, "rollback"));
}

/* It is the same text, so it is what was asked for; it goes by the digest it has now. */
static void test_version_of_another_digest(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), now;

    reload(f, man_may);
    wait_until_kept(f, one.text);
    put_text(f, one.text,
        "people:\n  ops: { accounts: [root] }\nrules:\n  - { id: g, who: { user: games }, owner: "
        "ops, certified_until: 2099-12-31, decision: allow }\n");
    assert_null(roll_back(f, one.text, NULL));
    now = in_force(f);
    assert_string_not_equal(now.text, one.text);
    assert_true(may(f, UID_GAMES) && !may(f, UID_MAN) && has_problem(f, "rollback"));
    wait_until_kept(f, now.text);
    restart(f, SIGTERM);
    assert_string_equal(in_force(f).text, now.text);
    assert_true(may(f, UID_GAMES) && !may(f, UID_MAN));
}

static void test_start_with_broken_files(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f), two = reload(f, man_may);

    wait_until_kept(f, two.text);
    break_files(f);
    restart(f, SIGKILL);
    assert_string_equal(in_force(f).text, two.text);
    assert_true(may(f, UID_MAN) && !may(f, UID_GAMES));
    assert_true(has_problem(f, "does not load"));
    /* once more: what came out of the ledger is the newest loading now */
    restart(f, SIGTERM);
    assert_string_equal(in_force(f).text, two.text);
    /* the text of the newest is not complete: a crash came first */
    change_ledger(f, "UPDATE policy_version SET parts = NULL WHERE digest = ?1", two.text);
    assert_string_equal(in_force(f).text, one.text);
    assert_string_equal(reload(f, man_may).text, two.text);
    wait_until_kept(f, two.text);
    assert_false(has_problem(f, "load"));
}

static void test_start_with_unreadable_files(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f);
    char path[128];

    wait_until_kept(f, one.text);
    snprintf(path, sizeof(path), "%s/10-test.yaml", f->policy);
    assert_int_equal(chmod(path, 0666), 0);
    restart(f, SIGTERM);
    assert_string_equal(in_force(f).text, one.text);
    assert_true(may(f, UID_GAMES));
    assert_true(has_problem(f, "does not load"));
}

static void test_first_start_with_broken_files(void **state)
{
    struct agent_fixture *f = *state;
    char path[128];

    agent_fixture_kill(f, SIGTERM);
    snprintf(path, sizeof(path), "rm '%s'*", f->ledger);
    assert_int_equal(system(path), 0);
    break_files(f);
    agent_fixture_start(f);
    assert_false(may(f, UID_GAMES));
    assert_true(has_problem(f, "everything is refused"));
    reload(f, games_may);
    assert_true(may(f, UID_GAMES));
}

/* ---- the configuration ---- */

static const char games_may_on_db9[] =
    "  - { id: games, who: { user: games }, where: { host: db9 }, owner: ops, certified_until: "
    "2099-12-31, decision: allow }\n";

static void configure(const struct agent_fixture *f, const char *text)
{
    FILE *file = fopen(f->config, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_start_with_a_broken_configuration(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one;

    configure(f, "host: db9\n");
    one = reload(f, games_may_on_db9);
    assert_true(may(f, UID_GAMES));
    wait_until_kept(f, one.text);
    configure(f, "hoost: db9\n");
    restart(f, SIGKILL);
    assert_true(may(f, UID_GAMES));
    assert_true(has_problem(f, "does not load"));
    /* once more, and with no file of the policy that loads */
    break_files(f);
    restart(f, SIGTERM);
    assert_true(may(f, UID_GAMES));
    assert_string_equal(in_force(f).text, one.text);
    /* a missing file is a configuration like any other */
    assert_int_equal(unlink(f->config), 0);
    reload(f, games_may_on_db9);
    assert_false(may(f, UID_GAMES));
    configure(f, "hoost: db9\n");
    restart(f, SIGTERM);
    assert_false(may(f, UID_GAMES));
    configure(f, "host: db9\n");
    restart(f, SIGTERM);
    assert_true(may(f, UID_GAMES) && !has_problem(f, "load"));
}

static void test_first_start_with_a_broken_configuration(void **state)
{
    struct agent_fixture *f = *state;
    char command[128];

    agent_fixture_kill(f, SIGTERM);
    snprintf(command, sizeof(command), "rm '%s'*", f->ledger);
    assert_int_equal(system(command), 0);
    configure(f, "hoost: db9\n");
    agent_fixture_start(f);
    assert_false(may(f, UID_GAMES));
    assert_true(has_problem(f, "everything is refused"));
}

static void test_rollback_beside_a_broken_configuration(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = in_force(f);

    reload(f, man_may);
    wait_until_kept(f, one.text);
    configure(f, "hoost: db9\n");
    assert_null(roll_back(f, one.text, NULL));
    assert_true(may(f, UID_GAMES) && !may(f, UID_MAN));
}

/* ---- large policies ---- */

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
    struct digest large = reload(f, rules);
    unsigned parts;

    assert_true(strlen(rules) > 1024 * 1024 / 2);
    wait_until_kept(f, large.text);
    text = read_version(f, large.text, &parts);
    assert_true(parts > 4);
    assert_string_equal(strstr(text, "rules:\n") + strlen("rules:\n"), rules);
    reload(f, games_may);
    assert_null(roll_back(f, large.text, NULL));
    assert_true(may(f, UID_MAN) && !may(f, UID_GAMES));
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
    while (!may(f, UID_MAN)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
    assert_int_equal(strlen(in_force(f).text), 64);
}

static void test_request_keeps_its_version(void **state)
{
    struct agent_fixture *f = *state;
    struct digest asked = reload(f, daemon_asks);
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
        reload(f, games_may);
    }
}

/* All of them name their rule and policy, the counted ones too. */
static void test_every_decision_names_its_policy(void **state)
{
    struct agent_fixture *f = *state;
    struct digest digests[2] = {in_force(f), {""}};
    sqlite3_stmt *statement;
    sqlite3 *db;

    for (unsigned i = 0; i < ARRAY_SIZE(digests); i++) {
        for (unsigned k = 0; k < 3; k++)
            assert_false(may(f, UID_DAEMON));
        if (i == 0)
            digests[1] = reload(f, man_may);
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
        struct digest large = reload(f, rules);
        unsigned parts;

        usleep(i * 3000);
        restart(f, SIGKILL);
        assert_string_equal(in_force(f).text, large.text);
        wait_until_kept(f, large.text);
        text = read_version(f, large.text, &parts);
        assert_string_equal(strstr(text, "rules:\n") + strlen("rules:\n"), rules);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SCRIPTED(name) cmocka_unit_test_setup_teardown(name, setup_scripted, teardown_scripted)
    const struct CMUnitTest tests[] = {
        TEST(test_versions_are_kept_once),
        TEST(test_comments_make_no_version),
        TEST(test_rollback_holds),
        TEST(test_other_files_end_a_rollback),
        TEST(test_files_that_agree_end_a_rollback),
        TEST(test_files_changed_before_a_start_end_a_rollback),
        TEST(test_rollbacks_in_a_row),
        TEST(test_rollbacks_that_are_refused),
        TEST(test_text_that_is_not_what_was_loaded),
        TEST(test_version_that_does_not_load_any_more),
        TEST(test_version_of_another_digest),
        TEST(test_start_with_broken_files),
        TEST(test_start_with_unreadable_files),
        TEST(test_first_start_with_broken_files),
        TEST(test_start_with_a_broken_configuration),
        TEST(test_first_start_with_a_broken_configuration),
        TEST(test_rollback_beside_a_broken_configuration),
        TEST(test_large_policy),
        TEST(test_signal_during_a_reload_is_not_lost),
        TEST(test_request_keeps_its_version),
        TEST(test_every_decision_names_its_policy),
        TEST(test_killed_while_a_text_is_written),
        SCRIPTED(test_decisions_go_on_while_a_policy_loads),
        SCRIPTED(test_stop_while_a_policy_loads),
        SCRIPTED(test_names_that_cannot_be_looked_up),
    };

    if (argc > 1 && strcmp(argv[1], "--resolve") == 0)
        follow_script();
    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
