/* `assent policy replay`: what would be answered otherwise, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "../../cli/base/cli.h"
#include "../../cli/base/json.h"
#include "../../cli/policy/replay.h"
#include "../../common/clock.h"
#include "../../common/rfc3339.h"
#include "../../common/str.h"
#include "replay_fixture.h"

/* ---- changes --------------------------------------------------------------------------------- */

static void test_changes_are_listed_the_loudest_first(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f, replay_candidate);
    replay_tell(
        &stream, DECIDED("allow", "\"m\"", SUDO("6", "man", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("allow", "\"g\"", SUDO("5", "games", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("allow", "\"s\"", SUDO("3", "sys", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(&stream, DECIDED("deny", "null", SUDO("3", "sys", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("allow", "\"d\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("escalate", "\"d\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/w", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "decisions"), 8);
    assert_int_equal(replay_number(json, "replayed"), 8);
    assert_int_equal(replay_number(json, "changed"), 6);
    assert_int_equal(replay_number(json, "other_rule"), 1);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 7);
    assert_change(json, 0, "newly-allowed", "daemon");
    assert_string_equal(
        replay_text(json_object_get(replay_change(json, 0), "was"), "decision"), "deny");
    assert_change(json, 1, "newly-allowed", "daemon");
    assert_string_equal(
        replay_text(json_object_get(replay_change(json, 1), "was"), "decision"), "escalate");
    assert_change(json, 2, "newly-asked", "sys");
    assert_change(json, 3, "asked-instead", "sys");
    assert_change(json, 4, "more-evidence", "games");
    assert_change(json, 5, "newly-denied", "man");
    assert_change(json, 6, "other-rule", "daemon");
    assert_string_equal(
        replay_text(json_object_get(replay_change(json, 5), "would"), "rule"), "no-man");
    assert_string_equal(
        json_string_value(json_array_get(
            json_object_get(json_object_get(replay_change(json, 4), "would"), "missing"), 0)),
        "ticket");
}

static void test_alike_decisions_are_one_with_a_count(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f, replay_candidate);
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:05"))));
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:01"))));
    replay_tell(
        &stream, DECIDED("deny", "null",
                     SUDO("1", "daemon", "/usr/bin/id", AT("10:00:09") ",\"reason\":\"why\"")));
    replay_tell(
        &stream, DECIDED("deny", "\"other\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:02"))));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "changed"), 4);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 2);
    assert_int_equal(replay_number(replay_change(json, 0), "count"), 3);
    assert_string_equal(replay_text(replay_change(json, 0), "first"), "2026-11-20T10:00:01Z");
    assert_string_equal(replay_text(replay_change(json, 0), "last"), "2026-11-20T10:00:09Z");
    assert_int_equal(replay_number(replay_change(json, 1), "count"), 1);
}

static void test_in_words(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    struct run run;
    char *changes;

    replay_policy(f, replay_candidate);
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:05"))));
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:07"))));
    replay_tell(&stream,
        DECIDED("allow", "\"g\"", SUDO("5", "games", "/usr/bin/\\\\x0aid", AT("10:00:06"))));
    replay_tell(
        &stream, "\"event\":\"decided\",\"decision\":\"deny\",\"rule\":null,\"count\":1500");
    replay_run(&run, f, &stream, NULL, NULL);
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run.err, "");
    assert_non_null(strstr(run.out, "): 3 decisions since "));
    assert_non_null(strstr(run.out, "\n3 would be answered otherwise.\n"));
    changes = strstr(run.out, "\nNEWLY");
    assert_non_null(changes);
    assert_string_equal(changes,
        "\nNEWLY ALLOWED: 2 decisions\n"
        "  daemon: sudo /usr/bin/id -u as root, 2 times\n"
        "      denied, no rule -> allowed by daemon-id\n"
        "      2026-11-20 10:00:07 UTC, the first 2026-11-20 10:00:05 UTC\n"
        "\nMORE EVIDENCE ASKED FOR: 1 decision\n"
        "  games: sudo '/usr/bin/\\x0aid' -u as root\n"
        "      allowed by g -> allowed by games-may once given: ticket\n"
        "      2026-11-20 10:00:06 UTC\n"
        "\nNot replayable: 1,500 decisions\n"
        "  1,500: refused again and again, and only counted\n");
    run_done(&run);
}

static void test_the_same_by_another_rule_is_listed_on_request(void **state)
{
    struct replay_fixture *f = *state;

    replay_policy(f, replay_candidate);
    for (int rules = 0; rules < 2; rules++) {
        struct str_builder stream = {0};
        struct run run;

        replay_tell(
            &stream, DECIDED("allow", "\"d\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:05"))));
        replay_run(&run, f, &stream, rules ? "--rules" : NULL, NULL);
        assert_int_equal(run.status, CLI_OK);
        assert_non_null(strstr(run.out, "\n0 would be answered otherwise, 1 the same by another"));
        assert_int_equal(
            strstr(run.out, "THE SAME BY ANOTHER RULE: 1 decision\n  daemon: ") != NULL, rules);
        run_done(&run);
    }
}

/* ---- the time of then --------------------------------------------------------------------------
 */

static void test_hours_and_certificates_are_those_of_then(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f, "  - { id: by-day, who: { user: daemon }, what: { command: any }, " ALLOW ",\n"
                     "      when: { days: mon-fri, hours: \"08:00-18:00\", zone: UTC } }\n");
    replay_tell(
        &stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/a", AT("07:59:59.999999"))));
    replay_tell(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/b", AT("08:00:00"))));
    replay_tell(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/c", AT("17:59:59"))));
    replay_tell(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/d", AT("18:00:00"))));
    replay_tell(&stream, DECIDED("allow", "\"by-day\"",
                             SUDO("1", "daemon", "/e", "\"at\":\"2026-11-21T12:00:00Z\"")));
    replay_tell(&stream, DECIDED("allow", "\"by-day\"",
                             SUDO("1", "daemon", "/f", "\"at\":\"2026-11-30T12:00:00Z\"")));
    replay_tell(&stream, DECIDED("allow", "\"by-day\"",
                             SUDO("1", "daemon", "/g", "\"at\":\"2026-12-01T12:00:00Z\"")));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "changed"), 4);
    assert_change(json, 0, "asked-instead", "daemon");
    assert_true(
        json_is_true(json_object_get(json_object_get(replay_change(json, 0), "would"), "lapsed")));
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(replay_change(json, 0), "command"), 0)),
        "/g");
    for (size_t i = 1; i < 4; i++)
        assert_change(json, i, "newly-denied", "daemon");
}

/* The rule's digest, as the agent would name it. */
static void digest_of(const struct replay_fixture *f, char ret_hex[POLICY_DIGEST_SIZE])
{
    CLEANUP(policy_dir_done) struct policy_dir dir = {0};

    assert_int_equal(policy_dir_load(&dir, f->directory), CLI_OK);
    assert_int_equal(policy_rule_digest(dir.policy, 0, ret_hex), 0);
}

/* Told in two pages; only the rule that it was given to has it. */
static void test_certificates_of_the_ledger_count(void **state)
{
    static const char first[] = "{\"parameters\":{\"rules\":[{\"certificate\":null}],\"next\":2}}";
    struct replay_fixture *f = *state;
    char digest[POLICY_DIGEST_SIZE], second[256];

    replay_policy(f, "  - { id: by-ledger, who: { user: daemon }, what: { command: any },\n"
                     "      owner: leads, decision: allow }\n");
    digest_of(f, digest);
    for (int known = 0; known < 2; known++) {
        struct str_builder stream = {0};
        AUTO_FREE char *bytes = NULL;
        struct run run;
        size_t length;

        snprintf(second, sizeof(second),
            "{\"parameters\":{\"rules\":[{\"certificate\":{\"digest\":\"%.63s%c\",\"until\":"
            "\"2026-11-25\"}}],\"next\":null}}",
            digest, known ? digest[63] : 'x');
        replay_tell(&stream, DECIDED("allow", "\"by-ledger\"",
                                 SUDO("1", "daemon", "/a", "\"at\":\"2026-11-25T23:59:59Z\"")));
        replay_tell(&stream, DECIDED("allow", "\"by-ledger\"",
                                 SUDO("1", "daemon", "/a", "\"at\":\"2026-11-26T00:00:00Z\"")));
        str_append_n(&stream, END, sizeof(END));
        length = stream.length;
        bytes = str_builder_take(&stream);
        run_assent(&run,
            (const struct fake_step[]){{first, 0, 0}, {second, 0, 0}, {bytes, length, 0}, {0}},
            (const char *[]){"policy", "replay", f->directory, NULL});
        assert_int_equal(run.status, CLI_OK);
        assert_string_equal(run_sent(&run, 0, "from"), "1");
        assert_string_equal(run_sent(&run, 1, "from"), "2");
        assert_non_null(strstr(run.out, known ? "\n1 would be answered" : "\n2 would be answered"));
        assert_non_null(strstr(run.out, "-> put to people by by-ledger (lapsed)"));
        run_done(&run);
    }
}

/* ---- what a door makes of it
 * --------------------------------------------------------------------- */

static void test_what_a_monitored_door_let_through_was_refused(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f, replay_candidate);
    replay_tell(
        &stream, DECIDED("would-deny", "\"no-man\"", SUDO("6", "man", "/a", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("would-escalate", "\"sys-asks\"", SUDO("3", "sys", "/a", AT("10:00:00"))));
    /* an allow that lacks evidence was called a refusal */
    replay_tell(
        &stream, DECIDED("would-deny", "\"games-may\"", SUDO("5", "games", "/a", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "replayed"), 3);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 0);
}

/* As the doors take it (escalation.c): a login by key alone cannot be asked for a reason. */
static void test_a_login_is_asked_for_no_reason(void **state)
{
    static const char opened[] =
        "\"event\":\"request-opened\",\"decision\":null,\"rule\":\"in\",\"facts\":"
        "{\"uid\":1,\"user\":\"daemon\",\"service\":\"sshd\",\"command\":null,"
        "\"rhost\":\"10.0.0.1\"," AT("10:00:00") "}";
    static const char *const rules[] = {
        "  - { id: in, what: { service: sshd }, " ASK " }\n",
        "  - { id: in, what: { service: sshd }, evidence: { reason: required }, " ASK " }\n",
    };
    struct replay_fixture *f = *state;

    for (size_t written = 0; written < 2; written++) {
        struct str_builder stream = {0};
        AUTO_JSON json_t *json = NULL;

        replay_policy(f, rules[written]);
        replay_tell(&stream, opened);
        json = replay_json(f, &stream);
        assert_int_equal(replay_number(json, "replayed"), 1);
        assert_int_equal(replay_number(json, "changed"), written);
        if (written)
            assert_change(json, 0, "more-evidence", "daemon");
    }
}

static void test_what_a_colleague_confirms_asks_people(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f, "  - { id: with-peer, what: { service: sudo }, evidence: { peer: required },\n"
                     "      " ALLOW " }\n");
    replay_tell(&stream, DECIDED("escalate", "\"with-peer\"",
                             SUDO("1", "daemon", "/a", AT("10:00:00") ",\"peer\":\"carol\"")));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "replayed"), 1);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 0);
}

/* ---- exit status, the command line
 * --------------------------------------------------------------- */

static void test_a_change_fails_on_request(void **state)
{
    struct replay_fixture *f = *state;

    replay_policy(f, replay_candidate);
    for (int changed = 0; changed < 2; changed++) {
        struct str_builder stream = {0};
        struct run run;

        /* by another rule is no change */
        replay_tell(&stream,
            DECIDED("deny", "\"else\"", SUDO("1", "daemon", "/usr/bin/w", AT("10:00:00"))));
        if (changed)
            replay_tell(&stream,
                DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
        replay_run(&run, f, &stream, "--fail-on-change", NULL);
        assert_int_equal(run.status, changed ? CLI_USAGE : CLI_OK);
        run_done(&run);
    }
}

static void test_since(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    struct run run;

    replay_policy(f, replay_candidate);
    replay_run(&run, f, &stream, "--since", "2026-11-01");
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 1, "method"), "\"io.assent.ListDecisions\"");
    assert_string_equal(run_sent(&run, 1, "since"), "\"2026-11-01T00:00:00.000000Z\"");
    run_done(&run);
    replay_run(&run, f, &stream, "--since=2026-11-01T12:00:00+02:00", NULL);
    assert_string_equal(run_sent(&run, 1, "since"), "\"2026-11-01T10:00:00.000000Z\"");
    run_done(&run);
    replay_run(&run, f, &stream, NULL, NULL);
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "): 0 decisions since "));
    run_done(&run);
}

static void test_what_goes_wrong(void **state)
{
    static const char denied[] =
        "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}";
    static const char half[] = "{\"parameters\":{\"decision\":{\"seq\":1}},\"continues\":true}";
    struct replay_fixture *f = *state;
    const char *words[] = {"policy", "replay", f->directory, NULL};
    const char *bad_since[] = {"policy", "replay", f->directory, "--since=soon", NULL};
    const char *nowhere[] = {"policy", "replay", "/nonexistent", NULL};
    struct run run;

    replay_policy(f, replay_candidate);
    run_assent(&run, (const struct fake_step[]){{denied, 0, 0}, {0}}, words);
    assert_int_equal(run.status, CLI_REFUSED);
    run_done(&run);
    run_assent(&run, (const struct fake_step[]){{NO_CERTIFICATES, 0, 0}, {half, 0, 1}, {0}}, words);
    assert_int_equal(run.status, CLI_FAILED);
    assert_string_equal(run.out, "");
    run_done(&run);
    run_assent(&run, (const struct fake_step[]){{0}}, bad_since);
    assert_int_equal(run.status, CLI_USAGE);
    run_done(&run);
    run_assent(&run, (const struct fake_step[]){{0}}, nowhere);
    assert_int_equal(run.status, CLI_USAGE);
    assert_int_equal(run.agent.received_count, 0);
    run_done(&run);
    replay_policy(f, "  - { id: a, decision: perhaps }\n");
    run_assent(&run, (const struct fake_step[]){{0}}, words);
    assert_int_equal(run.status, CLI_USAGE);
    assert_non_null(strstr(run.err, "10-test.yaml:4:"));
    assert_int_equal(run.agent.received_count, 0);
    run_done(&run);
}

/* ---- two policies
 * ---------------------------------------------------------------------------------- */

static void load(struct policy_dir *dir, const struct replay_fixture *f, const char *rules)
{
    replay_policy(f, rules);
    assert_int_equal(policy_dir_load(dir, f->directory), CLI_OK);
}

static void test_the_answer_of_then_can_be_another_policys(void **state)
{
    struct replay_fixture *f = *state;
    CLEANUP(policy_dir_done) struct policy_dir before = {0}, after = {0};
    struct replay run = {.policy = &after, .before = &before};
    AUTO_JSON json_t *decision = json_loads(
        "{\"seq\":1," DECIDED("allow", "\"z\"", SUDO("1", "daemon", "/a", AT("10:00:00"))) "}", 0,
        NULL);

    load(&before, f,
        "  - { id: a, who: { user: daemon }, what: { command: any }, " ALLOW ",\n"
        "      evidence: { ticket: required } }\n");
    load(&after, f, "  - { id: a, who: { user: daemon }, what: { command: any }, " ALLOW " }\n");
    assert_int_equal(replay_add(&run, decision), 0);
    assert_int_equal(replay_add(&run, NULL), 0);
    replay_end(&run);
    assert_int_equal(run.seen, 2);
    assert_int_equal(run.replayed, 1);
    assert_int_equal(run.group_count, 1);
    assert_int_equal(run.groups[0]->change, REPLAY_LESS_EVIDENCE);
    assert_int_equal(run.groups[0]->was.missing, EVIDENCE_TICKET);
    assert_int_equal(run.groups[0]->would.missing, 0);
    replay_done(&run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, replay_setup, replay_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changes_are_listed_the_loudest_first),
        TEST(test_alike_decisions_are_one_with_a_count),
        TEST(test_in_words),
        TEST(test_the_same_by_another_rule_is_listed_on_request),
        TEST(test_hours_and_certificates_are_those_of_then),
        TEST(test_certificates_of_the_ledger_count),
        TEST(test_what_a_monitored_door_let_through_was_refused),
        TEST(test_a_login_is_asked_for_no_reason),
        TEST(test_what_a_colleague_confirms_asks_people),
        TEST(test_a_change_fails_on_request),
        TEST(test_since),
        TEST(test_what_goes_wrong),
        TEST(test_the_answer_of_then_can_be_another_policys),
    };

    return replay_main(argc, argv, tests, ARRAY_SIZE(tests));
}
