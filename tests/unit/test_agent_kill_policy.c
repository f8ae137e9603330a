/* kill -9 while a policy is rolled back and while one is loaded and its text stored: afterwards it
 * is in force and marked as what it is, or it is not; a version that is listed as kept is whole.
 * See kill_round.h. */
#include <setjmp.h>
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
#include "../../common/str.h"
#include "kill_round.h"

#define ROUNDS_DEFAULT 12
#define TIMEOUT_US (20 * USEC_PER_SEC)
#define PADDING 300000 /* bytes of a policy's text: some parts */

struct digest {
    char text[65];
};

/* In force, and what is held back by a rollback ("": nothing). */
struct standing {
    struct digest digest, held;
};

static void copy_digest(const json_t *object, const char *name, struct digest *digest)
{
    const char *text = json_string_value(json_object_get(object, name));

    snprintf(digest->text, sizeof(digest->text), "%s", text ? text : "");
}

static struct standing standing(struct agent_fixture *f)
{
    AUTO_JSON json_t *status = agent_call_good(f, 0, "GetStatus", NULL);
    const json_t *policy = json_object_get(status, "policy");
    struct standing standing;

    assert_int_equal(json_array_size(json_object_get(policy, "errors")), 0);
    copy_digest(policy, "digest", &standing.digest);
    copy_digest(json_object_get(policy, "rollback"), "from", &standing.held);
    return standing;
}

static bool is_listed_as_kept(struct agent_fixture *f, const char *digest)
{
    AUTO_JSON json_t *reply = agent_call_good(f, 0, "ListVersions", NULL);
    json_t *version;
    size_t index;

    json_array_foreach(json_object_get(reply, "versions"), index, version)
    {
        if (str_equal(json_string_value(json_object_get(version, "digest")), digest))
            return json_is_true(json_object_get(version, "kept"));
    }
    return false;
}

static void wait_until_kept(struct agent_fixture *f, const char *digest)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    while (!is_listed_as_kept(f, digest)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(1000);
    }
}

/* Each loading has its record in the audit log, and nothing else has one. */
static void assert_loadings_are_recorded(const struct agent_fixture *f)
{
    assert_int_equal(ledger_number(f, "SELECT count(*) FROM policy_load", NULL),
        audit_count(f, "policy-loaded"));
    assert_int_equal(
        ledger_number(f,
            "SELECT count(*) FROM policy_load l WHERE NOT EXISTS (SELECT 1 FROM audit WHERE"
            " event = 'policy-loaded' AND json_extract(record, '$.policy') = l.digest)",
            NULL),
        0);
}

static unsigned count_rollbacks(const struct agent_fixture *f)
{
    return ledger_number(f,
        "SELECT count(*) FROM audit WHERE event = 'policy-loaded'"
        " AND json_extract(record, '$.cause') = ?1",
        "rollback");
}

/* ---- rollback ---- */

/* What lets in one account and nobody else. */
static void write_policy(const struct agent_fixture *f, const char *account)
{
    char rules[256];

    snprintf(rules, sizeof(rules),
        "  - { id: in, who: { user: %s }, owner: ops, decision: allow,\n"
        "      certified_until: 2099-12-31 }\n",
        account);
    agent_fixture_policy(f, rules);
}

static void assert_doors(struct agent_fixture *f, bool games)
{
    struct gate_ask of_games = ask_login(UID_GAMES, "10.0.0.1");
    struct gate_ask of_man = ask_login(UID_MAN, "10.0.0.1");

    assert_int_equal(gate_once(f, &of_games).kind, games ? GATE_ALLOW : GATE_DENY);
    assert_int_equal(gate_once(f, &of_man).kind, games ? GATE_DENY : GATE_ALLOW);
}

/* The files say `theirs`: what they say is unmarked, `other` is there by a rollback from it. */
static bool assert_marked(
    struct agent_fixture *f, const struct digest *theirs, const struct digest *other)
{
    struct standing now = standing(f);
    bool rolled_back = str_equal(now.digest.text, other->text);

    assert_string_equal(now.digest.text, rolled_back ? other->text : theirs->text);
    assert_string_equal(now.held.text, rolled_back ? theirs->text : "");
    assert_doors(f, rolled_back);
    assert_loadings_are_recorded(f);
    return rolled_back;
}

static void test_rolled_back_or_not(void **state)
{
    struct agent_fixture fixture;
    struct kill_rounds rounds = {.count = kill_rounds_count(ROUNDS_DEFAULT)};
    struct digest games, man;
    bool rolled_back = false;

    (void)state;
    agent_fixture_init(&fixture, "");
    write_policy(&fixture, "games");
    agent_fixture_start(&fixture);
    games = standing(&fixture).digest;
    write_policy(&fixture, "man");
    json_decref(agent_call_good(&fixture, 0, "Reload", NULL));
    man = standing(&fixture).digest;
    wait_until_kept(&fixture, games.text);
    wait_until_kept(&fixture, man.text);
    for (unsigned i = 0; i < rounds.count; i++) {
        unsigned before = count_rollbacks(&fixture);
        bool answered = kill_rounds_call(&rounds, &fixture, "io.assent.RollbackPolicy",
            json_pack("{s:s, s:s}", "digest", rolled_back ? man.text : games.text, "reason",
                "the other was better"));
        bool was = rolled_back, happened;

        agent_fixture_start(&fixture);
        rolled_back = assert_marked(&fixture, &man, &games);
        happened = rolled_back != was;
        assert_true(happened || !answered);
        rounds.happened += happened;
        assert_int_equal(count_rollbacks(&fixture), before + happened);
    }
    kill_rounds_report(&rounds, "rollback");
    agent_fixture_done(&fixture);
}

/* ---- reload ---- */

/* A policy of its own for each number, most of whose text no other has. */
static char *make_text(unsigned number)
{
    struct str_builder text = {0};
    char *rules;

    str_appendf(&text,
        "  - { id: in-%u, who: { user: games }, owner: ops, decision: allow,\n"
        "      certified_until: 2099-12-31 }\n",
        number);
    while (text.length < PADDING)
        str_appendf(&text, "# %08x%08x%08x%08x %u\n", (unsigned)rand(), (unsigned)rand(),
            (unsigned)rand(), (unsigned)rand(), number);
    rules = str_builder_take(&text);
    assert_non_null(rules);
    return rules;
}

/* What the ledger kept ends as the file does: the fixture writes people and groups before. */
static void assert_whole(const struct agent_fixture *f, const char *digest, const char *rules)
{
    AUTO_FREE char *text = ledger_text(f,
        "SELECT group_concat(text, '') FROM (SELECT c.text FROM policy_version v"
        " JOIN policy_text t ON t.digest = v.digest AND t.part < v.parts"
        " JOIN policy_chunk c ON c.hash = t.chunk WHERE v.digest = ?1 ORDER BY t.part)",
        digest);
    size_t length = strlen(rules);

    assert_non_null(text);
    assert_true(strlen(text) > length);
    assert_string_equal(text + strlen(text) - length, rules);
    assert_int_equal(ledger_number(f,
                         "SELECT v.parts = count(*) FROM policy_version v JOIN policy_text t ON"
                         " t.digest = v.digest AND t.part < v.parts WHERE v.digest = ?1",
                         digest),
        1);
}

static void assert_refused(struct agent_fixture *f, const char *digest)
{
    const char *error;

    assert_null(agent_call(f, 0, "io.assent.RollbackPolicy",
        json_pack("{s:s, s:s}", "digest", digest, "reason", "to try"), &error));
    assert_string_equal(error, "io.assent.Invalid");
}

static unsigned newest_loading(const struct agent_fixture *f)
{
    return ledger_number(f, "SELECT max(number) FROM policy_load", NULL);
}

/* What the loading after that one, which a reload would have made, brought; "": there is none. */
static struct digest reloaded_after(const struct agent_fixture *f, unsigned loading)
{
    char number[16];
    AUTO_FREE char *text = NULL;
    struct digest digest;

    snprintf(number, sizeof(number), "%u", loading);
    text = ledger_text(f,
        "SELECT max(digest) FROM policy_load WHERE number = ?1 + 1"
        " AND json_extract(record, '$.cause') = 'reload'",
        number);
    snprintf(digest.text, sizeof(digest.text), "%s", text ? text : "");
    return digest;
}

/* As if nothing had been cut off: what is left over of it is in nobody's way. */
static void reload_whole(struct agent_fixture *f, const char *rules)
{
    struct digest digest;

    agent_fixture_policy(f, rules);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    digest = standing(f).digest;
    wait_until_kept(f, digest.text);
    assert_whole(f, digest.text, rules);
}

/* How long storing goes on after a reload is answered. */
static void measure(struct agent_fixture *f, struct kill_rounds *rounds)
{
    AUTO_FREE char *rules = make_text(0);
    uint64_t begun, answered;

    agent_fixture_policy(f, rules);
    begun = clock_boottime_us();
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    answered = clock_boottime_us();
    wait_until_kept(f, standing(f).digest.text);
    rounds->takes_us = answered - begun;
    rounds->goes_on_us = clock_boottime_us() - answered;
}

/* The start after the kill finds other files, so that it writes nothing of what was cut off. */
static void reload_round(struct agent_fixture *f, struct kill_rounds *rounds, unsigned number)
{
    AUTO_FREE char *rules = make_text(number);
    unsigned loading = newest_loading(f);
    struct digest digest;
    bool answered;

    agent_fixture_policy(f, rules);
    answered = kill_rounds_call(rounds, f, "io.assent.Reload", NULL);
    write_policy(f, "games");
    agent_fixture_start(f);
    assert_doors(f, true);
    assert_string_equal(standing(f).held.text, "");
    assert_loadings_are_recorded(f);
    digest = reloaded_after(f, loading);
    rounds->happened += digest.text[0] != '\0';
    if (digest.text[0] == '\0')
        assert_false(answered);
    else if (is_listed_as_kept(f, digest.text))
        assert_whole(f, digest.text, rules);
    else
        assert_refused(f, digest.text);
    if (rand() % 4 == 0)
        reload_whole(f, rules);
}

static void test_loaded_and_stored_or_not(void **state)
{
    struct agent_fixture fixture;
    struct kill_rounds rounds = {.count = kill_rounds_count(ROUNDS_DEFAULT)};

    (void)state;
    agent_fixture_init(&fixture, "");
    write_policy(&fixture, "games");
    agent_fixture_start(&fixture);
    measure(&fixture, &rounds);
    for (unsigned i = 1; i <= rounds.count; i++)
        reload_round(&fixture, &rounds, i);
    kill_rounds_report(&rounds, "reload");
    agent_fixture_done(&fixture);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rolled_back_or_not),
        cmocka_unit_test(test_loaded_and_stored_or_not),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
