/* `assent policy replay`: what would be answered otherwise, in which order, and what is not
 * replayed and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../agent/facts/zones.h"
#include "../../cli/cli.h"
#include "../../cli/json.h"
#include "../../cli/local_times.h"
#include "../../cli/replay.h"
#include "../../common/clock.h"
#include "../../common/rfc3339.h"
#include "../../common/str.h"
#include "cli_run.h"

/* Accounts that every Debian has: daemon 1, bin 2, sys 3, games 5, man 6. */
static const char head[] = "people: { carol: { accounts: [bin] } }\n"
                           "groups: { leads: [carol] }\n"
                           "rules:\n";

#define ALLOW "owner: leads, certified_until: 2026-11-30, decision: allow"
#define ASK                                                                      \
    "decision: escalate, approval: { strength: local, stages: [ { from: leads, " \
    "within: 5m } ] }"

struct fixture {
    char directory[64], path[96];
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.directory = "/tmp/assent-replay-XXXXXX"};
    assert_non_null(mkdtemp(fixture.directory));
    snprintf(fixture.path, sizeof(fixture.path), "%s/10-test.yaml", fixture.directory);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    return rmdir(f->directory);
}

static void write_policy(const struct fixture *f, const char *rules)
{
    FILE *file = fopen(f->path, "we");

    assert_non_null(file);
    assert_true(fputs(head, file) >= 0 && fputs(rules, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, 0644), 0);
}

/* ---- a stream of decisions ------------------------------------------------------------------- */

/* What sudo asked for `user` on the 20th of November at that time. */
#define AT(time) "\"at\":\"2026-11-20T" time "Z\""
#define SUDO(uid, user, command, rest)                                                        \
    "{\"uid\":" uid ",\"user\":\"" user                                                       \
    "\",\"kind\":\"human\",\"groups\":[],\"service\":\"sudo\",\"host\":\"db1\",\"run_as\":0," \
    "\"rhost\":\"local\",\"command\":\"" command "\",\"argv\":[\"x\",\"-u\"]," rest "}"
#define DECIDED(decision, rule, facts)                                                           \
    "\"event\":\"decided\",\"decision\":\"" decision "\",\"rule\":" rule ",\"run_as\":\"root\"," \
    "\"facts\":" facts

/* Adds a reply with one decision. */
static void add(struct str_builder *stream, const char *members)
{
    static int seq;

    str_appendf(stream,
        "{\"parameters\":{\"decision\":{\"seq\":%d,\"time\":\"2026-11-20T10:00:00Z\",%s}},"
        "\"continues\":true}",
        ++seq, members);
    str_append_n(stream, "", 1);
}

#define END "{\"parameters\":{}}"
#define NO_CERTIFICATES "{\"parameters\":{\"rules\":[],\"next\":null}}"

/* Replays the stream against the policy with more words on the command line (up to two). */
static void replay(struct run *run, const struct fixture *f, struct str_builder *stream,
    const char *word, const char *more)
{
    const char *words[] = {"policy", "replay", f->directory, word, word ? more : NULL, NULL};
    size_t length;
    AUTO_FREE char *bytes = NULL;

    str_append_n(stream, END, sizeof(END));
    length = stream->length;
    bytes = str_builder_take(stream);
    run_assent(
        run, (const struct fake_step[]){{NO_CERTIFICATES, 0, 0}, {bytes, length, 0}, {0}}, words);
}

static json_t *replay_json(const struct fixture *f, struct str_builder *stream)
{
    struct run run;
    json_t *json;

    replay(&run, f, stream, "--json", NULL);
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run.err, "");
    json = json_loads(run.out, 0, NULL);
    assert_non_null(json);
    run_done(&run);
    return json;
}

static int64_t number(const json_t *json, const char *key)
{
    assert_true(json_is_integer(json_object_get(json, key)));
    return json_integer_value(json_object_get(json, key));
}

static const char *text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static const json_t *change(const json_t *json, size_t index)
{
    const json_t *one = json_array_get(json_object_get(json, "changes"), index);

    assert_non_null(one);
    return one;
}

static void assert_change(const json_t *json, size_t index, const char *kind, const char *subject)
{
    assert_string_equal(text(change(json, index), "change"), kind);
    assert_string_equal(text(change(json, index), "subject"), subject);
}

/* The one reason why `count` decisions were not replayed. */
static void assert_left_out(const json_t *json, const char *why, int64_t count)
{
    const json_t *array = json_object_get(json, "not_replayable"), *one;
    size_t index;

    json_array_foreach(array, index, one)
    {
        if (strcmp(text(one, "why"), why) == 0) {
            assert_int_equal(number(one, "count"), count);
            return;
        }
    }
    fail_msg("nothing was left out since %s", why);
}

/* ---- changes --------------------------------------------------------------------------------- */

static const char candidate[] =
    "  - { id: no-man, who: { user: man }, decision: deny }\n"
    "  - { id: daemon-id, who: { user: daemon }, what: { command: /usr/bin/id * }, " ALLOW " }\n"
    "  - { id: games-may, who: { user: games }, what: { command: any }, " ALLOW ",\n"
    "      evidence: { ticket: required } }\n"
    "  - { id: sys-asks, who: { user: sys }, what: { command: any }, " ASK " }\n";

static void test_changes_are_listed_the_loudest_first(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, candidate);
    add(&stream, DECIDED("allow", "\"m\"", SUDO("6", "man", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("allow", "\"g\"", SUDO("5", "games", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("allow", "\"s\"", SUDO("3", "sys", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("deny", "null", SUDO("3", "sys", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("allow", "\"d\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("escalate", "\"d\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/w", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "decisions"), 8);
    assert_int_equal(number(json, "replayed"), 8);
    assert_int_equal(number(json, "changed"), 6);
    assert_int_equal(number(json, "other_rule"), 1);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 7);
    assert_change(json, 0, "newly-allowed", "daemon");
    assert_string_equal(text(json_object_get(change(json, 0), "was"), "decision"), "deny");
    assert_change(json, 1, "newly-allowed", "daemon");
    assert_string_equal(text(json_object_get(change(json, 1), "was"), "decision"), "escalate");
    assert_change(json, 2, "newly-asked", "sys");
    assert_change(json, 3, "asked-instead", "sys");
    assert_change(json, 4, "more-evidence", "games");
    assert_change(json, 5, "newly-denied", "man");
    assert_change(json, 6, "other-rule", "daemon");
    assert_string_equal(text(json_object_get(change(json, 5), "would"), "rule"), "no-man");
    assert_string_equal(
        json_string_value(json_array_get(
            json_object_get(json_object_get(change(json, 4), "would"), "missing"), 0)),
        "ticket");
}

static void test_alike_decisions_are_one_with_a_count(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, candidate);
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:05"))));
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:01"))));
    add(&stream, DECIDED("deny", "null",
                     SUDO("1", "daemon", "/usr/bin/id", AT("10:00:09") ",\"reason\":\"why\"")));
    add(&stream, DECIDED("deny", "\"other\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:02"))));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "changed"), 4);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 2);
    assert_int_equal(number(change(json, 0), "count"), 3);
    assert_string_equal(text(change(json, 0), "first"), "2026-11-20T10:00:01Z");
    assert_string_equal(text(change(json, 0), "last"), "2026-11-20T10:00:09Z");
    assert_int_equal(number(change(json, 1), "count"), 1);
}

static void test_in_words(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    struct run run;
    char *changes;

    write_policy(f, candidate);
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:05"))));
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:07"))));
    add(&stream,
        DECIDED("allow", "\"g\"", SUDO("5", "games", "/usr/bin/\\\\x0aid", AT("10:00:06"))));
    add(&stream, "\"event\":\"decided\",\"decision\":\"deny\",\"rule\":null,\"count\":1500");
    replay(&run, f, &stream, NULL, NULL);
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
    struct fixture *f = *state;

    write_policy(f, candidate);
    for (int rules = 0; rules < 2; rules++) {
        struct str_builder stream = {0};
        struct run run;

        add(&stream, DECIDED("allow", "\"d\"", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:05"))));
        replay(&run, f, &stream, rules ? "--rules" : NULL, NULL);
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
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, "  - { id: by-day, who: { user: daemon }, what: { command: any }, " ALLOW ",\n"
                    "      when: { days: mon-fri, hours: \"08:00-18:00\", zone: UTC } }\n");
    add(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/a", AT("07:59:59.999999"))));
    add(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/b", AT("08:00:00"))));
    add(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/c", AT("17:59:59"))));
    add(&stream, DECIDED("allow", "\"by-day\"", SUDO("1", "daemon", "/d", AT("18:00:00"))));
    add(&stream, DECIDED("allow", "\"by-day\"",
                     SUDO("1", "daemon", "/e", "\"at\":\"2026-11-21T12:00:00Z\"")));
    add(&stream, DECIDED("allow", "\"by-day\"",
                     SUDO("1", "daemon", "/f", "\"at\":\"2026-11-30T12:00:00Z\"")));
    add(&stream, DECIDED("allow", "\"by-day\"",
                     SUDO("1", "daemon", "/g", "\"at\":\"2026-12-01T12:00:00Z\"")));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "changed"), 4);
    assert_change(json, 0, "asked-instead", "daemon");
    assert_true(json_is_true(json_object_get(json_object_get(change(json, 0), "would"), "lapsed")));
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(change(json, 0), "command"), 0)), "/g");
    for (size_t i = 1; i < 4; i++)
        assert_change(json, i, "newly-denied", "daemon");
}

/* The rule's digest, as the agent would name it. */
static void digest_of(const struct fixture *f, char ret_hex[POLICY_DIGEST_SIZE])
{
    CLEANUP(policy_dir_done) struct policy_dir dir = {0};

    assert_int_equal(policy_dir_load(&dir, f->directory), CLI_OK);
    assert_int_equal(policy_rule_digest(dir.policy, 0, ret_hex), 0);
}

/* Told in two pages; only the rule that it was given to has it. */
static void test_certificates_of_the_ledger_count(void **state)
{
    static const char first[] = "{\"parameters\":{\"rules\":[{\"certificate\":null}],\"next\":2}}";
    struct fixture *f = *state;
    char digest[POLICY_DIGEST_SIZE], second[256];

    write_policy(f, "  - { id: by-ledger, who: { user: daemon }, what: { command: any },\n"
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
        add(&stream, DECIDED("allow", "\"by-ledger\"",
                         SUDO("1", "daemon", "/a", "\"at\":\"2026-11-25T23:59:59Z\"")));
        add(&stream, DECIDED("allow", "\"by-ledger\"",
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
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, candidate);
    add(&stream, DECIDED("would-deny", "\"no-man\"", SUDO("6", "man", "/a", AT("10:00:00"))));
    add(&stream, DECIDED("would-escalate", "\"sys-asks\"", SUDO("3", "sys", "/a", AT("10:00:00"))));
    /* an allow that lacks evidence was called a refusal */
    add(&stream, DECIDED("would-deny", "\"games-may\"", SUDO("5", "games", "/a", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "replayed"), 3);
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
    struct fixture *f = *state;

    for (size_t written = 0; written < 2; written++) {
        struct str_builder stream = {0};
        AUTO_JSON json_t *json = NULL;

        write_policy(f, rules[written]);
        add(&stream, opened);
        json = replay_json(f, &stream);
        assert_int_equal(number(json, "replayed"), 1);
        assert_int_equal(number(json, "changed"), written);
        if (written)
            assert_change(json, 0, "more-evidence", "daemon");
    }
}

static void test_what_a_colleague_confirms_asks_people(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, "  - { id: with-peer, what: { service: sudo }, evidence: { peer: required },\n"
                    "      " ALLOW " }\n");
    add(&stream, DECIDED("escalate", "\"with-peer\"",
                     SUDO("1", "daemon", "/a", AT("10:00:00") ",\"peer\":\"carol\"")));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "replayed"), 1);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 0);
}

/* ---- what is not replayed
 * -------------------------------------------------------------------------- */

static void test_what_was_not_recorded_is_not_guessed(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, candidate);
    add(&stream, "\"event\":\"decided\",\"decision\":\"deny\",\"rule\":null");
    add(&stream, "\"event\":\"request-opened\",\"decision\":null,\"facts_left_out\":\"it rained\"");
    add(&stream, "\"event\":\"decided\",\"decision\":\"deny\",\"rule\":null,\"count\":7");
    add(&stream, "\"event\":\"decided\"");
    add(&stream, DECIDED("maybe", "null", "{\"uid\":1}"));
    add(&stream, DECIDED("deny", "null", "{\"uid\":1,\"mood\":\"good\"}"));
    str_append_n(&stream, "{\"parameters\":{\"decision\":\xff",
        sizeof("{\"parameters\":{\"decision\":\xff"));
    add(&stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/w", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "decisions"), 14);
    assert_int_equal(number(json, "replayed"), 1);
    assert_left_out(json, "recorded without its facts, by an earlier version", 1);
    assert_left_out(json, "it rained", 1);
    assert_left_out(json, "refused again and again, and only counted", 7);
    assert_left_out(json, "its record cannot be read", 3);
    assert_left_out(json, "its facts are not of a form that this version knows", 1);
}

static void test_accounts_that_are_not_what_they_were(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    write_policy(f, "  - { id: a, who: { user: [daemon, left-long-ago] }, what: { command: any },\n"
                    "      " ALLOW " }\n");
    add(&stream, DECIDED("allow", "\"a\"", SUDO("4711", "left-long-ago", "/a", AT("10:00:00"))));
    add(&stream, DECIDED("allow", "\"a\"", SUDO("4711", "daemon", "/a", AT("10:00:00"))));
    add(&stream, DECIDED("allow", "\"a\"", SUDO("4711", "nobody-names-me", "/a", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(number(json, "replayed"), 1);
    assert_left_out(json, "its account is not on this host any more, and the policy names it", 1);
    assert_left_out(json, "its account has another uid now, and the policy names it", 1);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json, "unknown_names"), 0)),
        "left-long-ago");
}

#define LOGIN(user, uid)                                                            \
    "{\"uid\":" uid ",\"user\":\"" user "\",\"service\":\"sshd\",\"command\":null," \
    "\"rhost\":\"10.0.0.1\"," AT("10:00:00") "}"

/* A rule before the one that decides: by group, by the lack of one, and by both. */
static void test_groups_that_were_not_asked_for(void **state)
{
    static const struct {
        const char *rule;
        bool matters;
    } cases[] = {
        {"who: { group: daemon }, what: { service: sshd }", true},
        {"who: { not-group: daemon }, what: { service: sshd }", true},
        {"who: { group: [daemon, sys], not-group: daemon }, what: { service: sshd }", true},
        {"who: { group: daemon, user: bin }, what: { service: sshd }", false},
        {"who: { group: daemon, not-group: daemon }, what: { service: sshd }", false},
        {"who: { group: no-such-group }, what: { service: sshd }", false},
        {"who: { group: daemon }, what: { service: su }", false},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str_builder stream = {0};
        AUTO_JSON json_t *json = NULL;
        AUTO_FREE char *rules = NULL;

        assert_true(asprintf(&rules,
                        "  - { id: a, %s, " ASK " }\n"
                        "  - { id: b, what: { service: sshd }, " ALLOW " }\n",
                        cases[i].rule) > 0);
        write_policy(f, rules);
        add(&stream, DECIDED("allow", "\"b\"", LOGIN("games", "5")));
        json = replay_json(f, &stream);
        assert_int_equal(number(json, "replayed"), cases[i].matters ? 0 : 1);
        assert_int_equal(number(json, "changed"), 0);
        if (cases[i].matters)
            assert_left_out(
                json, "its groups were not asked for then, and the policy looks at them", 1);
    }
}

/* ---- exit status, the command line
 * --------------------------------------------------------------- */

static void test_a_change_fails_on_request(void **state)
{
    struct fixture *f = *state;

    write_policy(f, candidate);
    for (int changed = 0; changed < 2; changed++) {
        struct str_builder stream = {0};
        struct run run;

        /* by another rule is no change */
        add(&stream,
            DECIDED("deny", "\"else\"", SUDO("1", "daemon", "/usr/bin/w", AT("10:00:00"))));
        if (changed)
            add(&stream,
                DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/id", AT("10:00:00"))));
        replay(&run, f, &stream, "--fail-on-change", NULL);
        assert_int_equal(run.status, changed ? CLI_USAGE : CLI_OK);
        run_done(&run);
    }
}

static void test_since(void **state)
{
    struct fixture *f = *state;
    struct str_builder stream = {0};
    struct run run;

    write_policy(f, candidate);
    replay(&run, f, &stream, "--since", "2026-11-01");
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 1, "method"), "\"io.assent.ListDecisions\"");
    assert_string_equal(run_sent(&run, 1, "since"), "\"2026-11-01T00:00:00.000000Z\"");
    run_done(&run);
    replay(&run, f, &stream, "--since=2026-11-01T12:00:00+02:00", NULL);
    assert_string_equal(run_sent(&run, 1, "since"), "\"2026-11-01T10:00:00.000000Z\"");
    run_done(&run);
    replay(&run, f, &stream, NULL, NULL);
    assert_int_equal(run.status, CLI_OK);
    assert_non_null(strstr(run.out, "): 0 decisions since "));
    run_done(&run);
}

static void test_what_goes_wrong(void **state)
{
    static const char denied[] =
        "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}";
    static const char half[] = "{\"parameters\":{\"decision\":{\"seq\":1}},\"continues\":true}";
    struct fixture *f = *state;
    const char *words[] = {"policy", "replay", f->directory, NULL};
    const char *bad_since[] = {"policy", "replay", f->directory, "--since=soon", NULL};
    const char *nowhere[] = {"policy", "replay", "/nonexistent", NULL};
    struct run run;

    write_policy(f, candidate);
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
    write_policy(f, "  - { id: a, decision: perhaps }\n");
    run_assent(&run, (const struct fake_step[]){{0}}, words);
    assert_int_equal(run.status, CLI_USAGE);
    assert_non_null(strstr(run.err, "10-test.yaml:4:"));
    assert_int_equal(run.agent.received_count, 0);
    run_done(&run);
}

/* ---- two policies
 * ---------------------------------------------------------------------------------- */

static void load(struct policy_dir *dir, const struct fixture *f, const char *rules)
{
    write_policy(f, rules);
    assert_int_equal(policy_dir_load(dir, f->directory), CLI_OK);
}

static void test_the_answer_of_then_can_be_another_policys(void **state)
{
    struct fixture *f = *state;
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

/* ---- local times
 * ------------------------------------------------------------------------------------ */

static void assert_same_times(struct local_times *times, struct zones *zones, uint64_t seconds)
{
    uint64_t now_us = seconds * USEC_PER_SEC + 1;
    const struct zone_time *quick = local_times_at(times, now_us);
    const struct zone_time *exact = zones_at(zones, now_us);

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(quick[i].known, exact[i].known);
        assert_int_equal(quick[i].weekday, exact[i].weekday);
        assert_int_equal(quick[i].minute, exact[i].minute);
        assert_int_equal(quick[i].day, exact[i].day);
    }
}

/* Through a year, and around the moments when clocks change: by an hour, by half an hour. Zones
 * that are not whole hours from UTC among them. */
static void test_local_times_are_those_of_zones(void **state)
{
    static const char *const changes[] = {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z",
        "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"};
    struct fixture *f = *state;
    CLEANUP(policy_dir_done) struct policy_dir dir = {0};
    struct local_times *times;
    struct zones *zones;
    uint64_t change_us;

    load(&dir, f,
        "  - { id: a, when: { hours: \"08:00-18:00\", zone: Europe/Berlin }, decision: deny }\n"
        "  - { id: b, when: { hours: \"08:00-18:00\", zone: Australia/Lord_Howe },\n"
        "      decision: deny }\n"
        "  - { id: c, when: { hours: \"08:00-18:00\", zone: Asia/Kathmandu }, decision: deny }\n");
    times = local_times_new(dir.policy);
    zones = zones_new(dir.policy);
    assert_non_null(times);
    assert_non_null(zones);
    assert_int_equal(policy_zone_count(dir.policy), 4);
    assert_null(local_times_at(times, 0));
    for (uint64_t hour = 0; hour < 24 * 365; hour += 11)
        assert_same_times(times, zones, UINT64_C(1767225600) + hour * 3600 + hour % 60 * 60);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        assert_int_equal(rfc3339_parse(changes[i], &change_us), 0);
        for (uint64_t minute = 0; minute < 240; minute += 5)
            assert_same_times(times, zones, change_us / USEC_PER_SEC - 7200 + minute * 60);
    }
    zones_free(zones);
    local_times_free(times);
    assert_string_equal(getenv("TZ"), "UTC");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(test_what_was_not_recorded_is_not_guessed),
        TEST(test_accounts_that_are_not_what_they_were),
        TEST(test_groups_that_were_not_asked_for),
        TEST(test_a_change_fails_on_request),
        TEST(test_since),
        TEST(test_what_goes_wrong),
        TEST(test_the_answer_of_then_can_be_another_policys),
        TEST(test_local_times_are_those_of_zones),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8") || setenv("TZ", "UTC", 1) < 0)
        return 1;
    if (strcmp(argv[0], "assent") == 0)
        return cli_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
