/* `assent policy check` and `assent policy diff` as a person runs them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cli/base/cli.h"
#include "../../cli/base/json.h"
#include "../../cli/dispatch.h"
#include "../../common/file.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "cli_run.h"

#define GOOD                                                                            \
    "people: { carol: {}, dave: {} }\n"                                                 \
    "groups: { leads: [carol, dave] }\n"                                                \
    "rules:\n"                                                                          \
    "  - { id: a, owner: leads, certified_until: 2027-06-30, what: { service: sshd }, " \
    "decision: allow }\n"
#define WARNED                                                          \
    GOOD "  - { id: b, owner: leads, disabled: yes, decision: deny }\n" \
         "  - { id: c, owner: leads, disabled: yes, decision: deny }\n" \
         "  - { id: d, decision: deny, what: { service: su } }\n"
#define WRONG GOOD "  - { id: b, owner: leads, who: { user: x, not-user: x }, decision: deny }\n"
#define ACCEPTING "accept: { no-owner: we own it all, disabled: for now }\n" WARNED
#define BROKEN "rules:\n  - { id: a, decision: alow }\n  - { id: B, decision: deny }\n"

/* Two directories for policies. */
struct world {
    char a[64], b[64];
    char base[48];
};

static void put(const char *directory, const char *name, const char *text)
{
    AUTO_FREE char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), 0);
}

static void clear(const char *directory)
{
    AUTO_FREE char *command = NULL;

    assert_true(asprintf(&command, "rm -rf '%s'/*", directory) > 0);
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    strcpy(world->base, "/tmp/assent-test.XXXXXX");
    assert_non_null(mkdtemp(world->base));
    snprintf(world->a, sizeof(world->a), "%s/a", world->base);
    snprintf(world->b, sizeof(world->b), "%s/b", world->base);
    assert_int_equal(mkdir(world->a, 0700), 0);
    assert_int_equal(mkdir(world->b, 0700), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    clear(world->a);
    clear(world->b);
    assert_int_equal(rmdir(world->a), 0);
    assert_int_equal(rmdir(world->b), 0);
    assert_int_equal(rmdir(world->base), 0);
    free(world);
    return 0;
}

/* No agent is asked unless the steps say so. */
#define NO_STEPS STEPS({0})

static void expect_text(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in\n%s", part, text);
}

/* ---- check --------------------------------------------------------------------------------- */

static void test_check(void **state)
{
    static const struct {
        const char *text;
        int plain, strict;
        const char *last;
    } cases[] = {
        {GOOD, CLI_OK, CLI_OK, "good: 1 rule, 2 people; nothing found\n"},
        {WARNED, CLI_OK, CLI_USAGE, "good: 4 rules, 2 people; 1 warning, 2 notes\n"},
        {ACCEPTING, CLI_OK, CLI_OK, "good: 4 rules, 2 people; 3 accepted\n"},
        {WRONG, CLI_USAGE, CLI_USAGE, "not good: 2 rules, 2 people; 1 error\n"},
        {BROKEN, CLI_USAGE, CLI_USAGE, "a.yaml:2:24: 'alow' is not one of"},
        {BROKEN, CLI_USAGE, CLI_USAGE, "a.yaml:3:11: 'B' is not a rule id"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct run run;

        put(world->a, "a.yaml", cases[i].text);
        run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", world->a));
        assert_int_equal(run.status, cases[i].plain);
        expect_text(run.out, cases[i].last);
        assert_int_equal(run.agent.received_count, 0);
        run_done(&run);
        run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", "--strict", world->a));
        assert_int_equal(run.status, cases[i].strict);
        run_done(&run);
    }
}

static void test_check_shows_one_note_of_a_kind(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", WARNED);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", world->a));
    expect_text(run.out, "a.yaml:5:5: note: rule 'b': ");
    expect_text(run.out, "    and 1 more like this; --all shows it\n");
    assert_null(strstr(run.out, "rule 'c'"));
    expect_text(run.out, "a.yaml:7:5: warning: rule 'd': nobody answers for this rule");
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", "--all", world->a));
    expect_text(run.out, "a.yaml:6:5: note: rule 'c': ");
    run_done(&run);
    put(world->a, "a.yaml", ACCEPTING);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", world->a));
    assert_null(strstr(run.out, "rule 'd'"));
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", "--all", world->a));
    expect_text(run.out, "[no-owner]\n    accepted: we own it all\n");
    run_done(&run);
}

static void test_check_of_this_host(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml",
        "groups: { g: [assent-ghost] }\nrules:\n  - { id: a, owner: g, certified_until: "
        "2027-06-30, "
        "what: { service: sshd }, decision: allow }\n");
    run_assent(&run, NO_STEPS, WORDS("policy", "check", world->a));
    expect_text(run.out, "no owner is left, so that it counts as absent: assent-ghost has no "
                         "account on this host; give it a new one [owner-gone]");
    assert_int_equal(run.status, CLI_OK);
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", world->a));
    expect_text(run.out, "nothing found");
    run_done(&run);
}

static void test_check_as_json(void **state)
{
    AUTO_JSON json_t *result = NULL;
    const char *name, *level, *file, *subject, *subject_name, *accepted;
    struct world *world = *state;
    struct run run;
    int line, notes;

    put(world->a, "a.yaml", ACCEPTING);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", "--json", world->a));
    result = json_loads(run.out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(result, "findings")), 3);
    assert_int_equal(json_unpack(json_array_get(json_object_get(result, "findings"), 2),
                         "{s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "name", &name, "level", &level,
                         "file", &file, "line", &line, "subject", &subject, "subject_name",
                         &subject_name, "accepted", &accepted),
        0);
    assert_string_equal(name, "no-owner");
    assert_string_equal(level, "warning");
    assert_string_equal(subject, "rule");
    assert_string_equal(subject_name, "d");
    assert_string_equal(accepted, "we own it all");
    assert_int_equal(line, 8);
    assert_int_equal(json_unpack(result, "{s:{s:i}}", "counts", "accepted", &notes), 0);
    assert_int_equal(notes, 3);
    run_done(&run);
}

/* A name out of the files reaches the terminal escaped. */
static void test_hostile_names(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a\033[2J.yaml", WARNED);
    run_assent(&run, NO_STEPS, WORDS("policy", "check", "--no-accounts", world->a));
    assert_null(strchr(run.out, '\033'));
    expect_text(run.out, "a\\x1b[2J.yaml:7:5: warning");
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", world->b, world->a));
    assert_null(strchr(run.out, '\033'));
    expect_text(run.out, "+ d added");
    run_done(&run);
}

/* ---- diff ---------------------------------------------------------------------------------- */

static void test_diff_of_directories(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", GOOD);
    put(world->b, "other.yaml", "# reviewed\n" GOOD);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", "--fail-on-change", world->a, world->b));
    assert_int_equal(run.status, CLI_OK);
    expect_text(run.out, "\nBoth mean the same.\n");
    run_done(&run);
    put(world->b, "other.yaml", WARNED);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", world->a, world->b));
    assert_int_equal(run.status, CLI_OK);
    expect_text(run.out, "\n3 rules added.\n");
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", "--fail-on-change", world->a, world->b));
    assert_int_equal(run.status, CLI_USAGE);
    run_done(&run);
    put(world->b, "other.yaml", BROKEN);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", world->a, world->b));
    assert_int_equal(run.status, CLI_USAGE);
    expect_text(run.err, "other.yaml:2:24: 'alow' is not one of");
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", world->a, "/nonexistent"));
    assert_int_equal(run.status, CLI_USAGE);
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", world->a));
    assert_int_equal(run.status, CLI_USAGE);
    run_done(&run);
}

static void test_diff_of_every_subject(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", "people: { carol: {} }\n");
    put(world->b, "a.yaml",
        "people: { carol: {}, dave: {} }\ngroups: { leads: [carol] }\n"
        "identities: { ci: { user: ci, owner: leads, purpose: p, expires: 2027-06-30 } }\n"
        "entitlements: { e: { owner: leads, sensitivity: low, services: sudo, max_duration: 1h } "
        "}\nrules: [{ id: a, decision: deny }]\n");
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", world->a, world->b));
    assert_int_equal(run.status, CLI_OK);
    expect_text(run.out, "\nRULES\n  + a added (");
    expect_text(run.out, "\nENTITLEMENTS\n  + e added (");
    expect_text(run.out, "\nIDENTITIES\n  + ci added (");
    expect_text(run.out, "\n      expires: 2027-06-30\n");
    expect_text(run.out, "\nGROUPS\n  + leads added (");
    expect_text(run.out, "\nPEOPLE\n  + dave added\n");
    expect_text(run.out, "1 identity added");
    run_done(&run);
}

static void test_diff_as_json(void **state)
{
    AUTO_JSON json_t *result = NULL;
    const char *change, *key, *before, *after;
    struct world *world = *state;
    struct run run;
    int same;

    put(world->a, "a.yaml", GOOD);
    put(world->b, "a.yaml",
        "people: { carol: {}, dave: {} }\ngroups: { leads: [carol, dave] }\nrules:\n"
        "  - { id: a, owner: dave, certified_until: 2027-06-30, what: { service: sshd }, "
        "decision: allow }\n");
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", "--json", world->a, world->b));
    result = json_loads(run.out, 0, NULL);
    assert_int_equal(json_unpack(result, "{s:b, s:[{s:s, s:[{s:s, s:s, s:s}]}], s:n}", "same",
                         &same, "changes", "change", &change, "fields", "key", &key, "before",
                         &before, "after", &after, "decisions"),
        0);
    assert_false(same);
    assert_string_equal(change, "changed");
    assert_string_equal(key, "owner");
    assert_string_equal(before, "leads");
    assert_string_equal(after, "dave");
    run_done(&run);
}

#define STATUS                                                                           \
    "{\"parameters\":{\"policy\":{\"digest\":\"0123456789abcdef0123456789abcdef01234567" \
    "89abcdef0123456789abcdef\"}}}"
#define PART(file, text, more)                                                                \
    "{\"parameters\":{\"digest\":\"0123456789abcdef\",\"file\":\"" file "\",\"text\":\"" text \
    "\",\"more\":" more "}}"

/* A file comes in two parts, cut anywhere, and another one behind it. */
static void test_diff_of_what_runs(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", GOOD);
    run_assent(&run,
        STEPS(SAY(STATUS), SAY(PART("/etc/p/a.yaml", "people: { carol: {}, da", "true")),
            SAY(PART("/etc/p/a.yaml", "ve: {} }\\n", "true")),
            SAY(PART("/etc/p/b.yaml", "groups: { leads: [carol, dave] }\\n", "false"))),
        WORDS("policy", "diff", "running", world->a));
    assert_int_equal(run.status, CLI_OK);
    expect_text(run.out, "- running (digest ");
    expect_text(run.out, "\n1 rule added.\n");
    assert_int_equal(run.agent.received_count, 4);
    assert_string_equal(run_sent(&run, 0, "method"), "\"io.assent.GetStatus\"");
    assert_string_equal(run_sent(&run, 1, "method"), "\"io.assent.ReadVersion\"");
    assert_string_equal(run_sent(&run, 1, "part"), "1");
    assert_string_equal(run_sent(&run, 3, "part"), "3");
    run_done(&run);
}

static void test_diff_of_a_version(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", GOOD);
    run_assent(&run, STEPS(SAY(PART("a.yaml", "rules: []\\n", "false"))),
        WORDS("policy", "diff", world->a, "0123456789ab"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "digest"), "\"0123456789ab\"");
    expect_text(run.out, "1 rule removed");
    run_done(&run);
    run_assent(&run, STEPS(SAY(PART("a.yaml", "rules: [{}]\\n", "false"))),
        WORDS("policy", "diff", world->a, "0123456789ab"));
    assert_int_equal(run.status, CLI_USAGE);
    expect_text(run.err, "a.yaml:1:9: a rule needs an 'id'");
    run_done(&run);
    run_assent(&run,
        STEPS(SAY("{\"error\":\"io.assent.NotFound\",\"parameters\":{\"id\":\"0123456789ab\"}}")),
        WORDS("policy", "diff", world->a, "0123456789ab"));
    assert_int_equal(run.status, CLI_FAILED);
    expect_text(run.err, "no policy whose digest begins with '0123456789ab' is kept");
    run_done(&run);
    run_assent(&run,
        STEPS(SAY("{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}")),
        WORDS("policy", "diff", world->a, "0123456789ab"));
    assert_int_equal(run.status, CLI_REFUSED);
    assert_string_equal(run.err,
        "assent: only root may do this; root and auditors where it only shows something\n");
    run_done(&run);
}

/* There is no file whose line and column would help. */
static void test_explain_options(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", GOOD);
    run_assent(&run, STEPS({0}),
        WORDS("policy", "explain", "--policy", world->a, "--user", "daemon", "--service", "sshd",
            "--tty", "glass"));
    assert_int_equal(run.status, CLI_USAGE);
    assert_string_equal(run.err, "assent: 'glass' is not one of none, pty, console\n");
    run_done(&run);
}

/* Nobody but the colleague is asked, so nobody is counted. */
static void test_explain_a_colleague(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml",
        "people: { carol: {} }\n"
        "rules:\n"
        "  - { id: a, owner: carol, certified_until: 2099-12-31, what: { service: sshd },\n"
        "      evidence: { peer: required }, decision: allow }\n");
    run_assent(&run, STEPS({0}),
        WORDS("policy", "explain", "--policy", world->a, "--user", "daemon", "--service", "sshd"));
    assert_int_equal(run.status, CLI_OK);
    expect_text(
        run.out, "  Asked        only the colleague who is named (within 1 h, strength local)\n");
    run_done(&run);
}

/* It names the entitlement that is asked for: what does not hold is that it is asked for whole. */
static void test_explain_a_part(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml",
        "people: { carol: {} }\n"
        "entitlements:\n"
        "  db: { owner: carol, sensitivity: low, services: [sudo], run_as: [root],\n"
        "    commands: [/usr/bin/id, /usr/bin/uptime], max_duration: 1h }\n"
        "rules:\n"
        "  - { id: a, owner: carol, certified_until: 2099-12-31,\n"
        "      what: { entitlement: db, command: /usr/bin/id }, decision: allow }\n");
    run_assent(&run, STEPS({0}),
        WORDS(
            "policy", "explain", "--policy", world->a, "--user", "daemon", "--entitlement", "db"));
    assert_int_equal(run.status, CLI_OK);
    expect_text(run.out, "it gives a part of db only: ask for one command of that\n");
    run_done(&run);
    run_assent(&run, STEPS({0}),
        WORDS("policy", "explain", "--policy", world->a, "--user", "daemon", "--command",
            "/usr/bin/who"));
    expect_text(run.out, "what.command does not hold\n");
    run_done(&run);
}

/* An answer that never ends, or none at all. */
static void test_diff_without_an_answer(void **state)
{
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", GOOD);
    run_assent(&run, STEPS({NULL, 0, 1}), WORDS("policy", "diff", world->a, "running"));
    assert_int_equal(run.status, CLI_FAILED);
    assert_string_equal(run.out, "");
    run_done(&run);
}

#define DECISION                                                                            \
    "{\"parameters\":{\"decision\":{\"seq\":1,\"time\":\"2026-11-20T10:00:00Z\",\"event\":" \
    "\"decided\",\"decision\":\"allow\",\"rule\":\"x\",\"facts\":{\"uid\":1000,\"user\":"   \
    "\"erin\",\"service\":\"sshd\",\"command\":null,\"at\":\"2026-11-20T10:00:00Z\"}}},"    \
    "\"continues\":true}"
#define NO_RULES "{\"parameters\":{\"all\":true,\"policy\":\"x\",\"rules\":[],\"next\":null}}"
#define NO_MORE "{\"parameters\":{\"decision\":null}}"

static void test_diff_of_decisions(void **state)
{
    static const char both[] = DECISION "\0" NO_MORE;
    struct world *world = *state;
    struct run run;

    put(world->a, "a.yaml", "rules:\n  - { id: a, what: { service: sshd }, decision: deny }\n");
    put(world->b, "a.yaml",
        "groups: { g: [root] }\nrules:\n  - { id: b, what: { service: sshd }, decision: escalate, "
        "approval: { strength: local, stages: [{ from: g, within: 1m }] } }\n");
    run_assent(&run, STEPS(SAY(NO_RULES), SAY(NO_RULES), {both, sizeof(both), 0}),
        WORDS("policy", "diff", "--since", "30d", world->a, world->b));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 2, "method"), "\"io.assent.ListDecisions\"");
    expect_text(run.out, "1 rule added, 1 rule removed, 1 group added.\n");
    expect_text(run.out, "Decisions of this host, by the first -> by the second:\n");
    expect_text(run.out, "denied by a -> put to people by b");
    run_done(&run);
    run_assent(
        &run, STEPS({NULL, 0, 1}), WORDS("policy", "diff", "--since", "30d", world->a, world->b));
    assert_int_equal(run.status, CLI_FAILED);
    expect_text(run.out, "1 rule added, 1 rule removed, 1 group added.\n");
    expect_text(run.err, "the recorded decisions were not looked at");
    run_done(&run);
    run_assent(&run, NO_STEPS, WORDS("policy", "diff", "--since", "ever", world->a, world->b));
    assert_int_equal(run.status, CLI_USAGE);
    run_done(&run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_check),
        TEST(test_check_shows_one_note_of_a_kind),
        TEST(test_check_of_this_host),
        TEST(test_check_as_json),
        TEST(test_hostile_names),
        TEST(test_diff_of_directories),
        TEST(test_diff_of_every_subject),
        TEST(test_diff_as_json),
        TEST(test_diff_of_what_runs),
        TEST(test_diff_of_a_version),
        TEST(test_diff_without_an_answer),
        TEST(test_explain_options),
        TEST(test_explain_a_colleague),
        TEST(test_explain_a_part),
        TEST(test_diff_of_decisions),
    };

    if (argc > 0 && strcmp(argv[0], "assent") == 0)
        return dispatch_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
