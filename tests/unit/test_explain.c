/* `assent policy explain` without an agent: facts from options and files, and the answer in words.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cli/base/json.h"
#include "../../cli/policy/explain.h"
#include "../../cli/policy/view_explain.h"
#include "../../cli/verbs.h"
#include "../../common/file.h"

#define VALUES_MAX 32

static const char rules[] =
    "people: { carol: { accounts: games }, dave: { accounts: man } }\n"
    "groups: { leads: [carol, dave] }\n"
    "entitlements:\n"
    "  db: { owner: leads, sensitivity: high, services: [sudo], run_as: [root],\n"
    "    commands: [/usr/bin/id], max_duration: 1h, evidence: { ticket: \"^INC\" } }\n"
    "rules:\n"
    "  - { id: no-ghost, who: { user: ghost-account }, decision: deny }\n"
    "  - { id: of-daemon, owner: leads, certified_until: 2026-12-31, who: { group: daemon },\n"
    "      what: { service: sudo, run_as: root }, when: { hours: \"08:00-18:00\", zone: UTC },\n"
    "      decision: allow, uses: 1 }\n"
    "  - { id: db, owner: leads, who: { user: games }, what: { entitlement: db },\n"
    "      decision: escalate, approval: { stages: [ { from: leads, within: 10m } ],\n"
    "      strength: local } }\n"
    "  - { id: watched, monitor: yes, who: { user: daemon }, decision: deny }\n";

/* ---- options --------------------------------------------------------------------------- */

struct line {
    struct cli_options options;
    const char *values[VALUES_MAX];
};

/* "name", "value"... up to NULL. */
static void set_options(struct line *line, const char *const *words)
{
    char *verb[] = {(char *)"policy", (char *)"explain"};
    int used;

    *line = (struct line){.options = {.verb = verbs_find(verb, 2, &used)}};
    line->options.values = line->values;
    assert_non_null(line->options.verb);
    for (; words && *words; words += 2) {
        const struct cli_option *table = line->options.verb->options;
        size_t i = 0;

        while (table[i].name && strcmp(table[i].name, words[0]) != 0)
            i++;
        assert_non_null(table[i].name);
        assert_true(i < VALUES_MAX);
        line->values[i] = words[1];
    }
}

static void expect_facts(const char *const *words, char **command, const char *expected)
{
    CLEANUP(explain_facts_done) struct explain_facts facts = {0};
    struct line line;
    int argc = 0;

    set_options(&line, words);
    while (command && command[argc])
        argc++;
    assert_int_equal(explain_facts_from_options(&line.options, argc, command, &facts), CLI_OK);
    assert_string_equal(facts.text, expected);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_options_become_facts(void **state UNUSED)
{
    char *id[] = {(char *)"/usr/bin/id", (char *)"-u", (char *)"a b", NULL};

    expect_facts(WORDS("service", "sshd"), NULL, "{\"service\":\"sshd\",\"command\":\"none\"}");
    expect_facts(WORDS("service", "sudo"), NULL,
        "{\"service\":\"sudo\",\"rhost\":\"local\",\"run_as\":\"root\"}");
    expect_facts(WORDS("service", "su", "run-as", "bin"), NULL,
        "{\"service\":\"su\",\"run_as\":\"bin\",\"rhost\":\"local\"}");
    expect_facts(NULL, id,
        "{\"command\":[\"/usr/bin/id\",\"-u\",\"a b\"],\"service\":\"sudo\",\"rhost\":\"local\","
        "\"run_as\":\"root\"}");
    expect_facts(WORDS("command", "/usr/bin/id -u \"a b\"", "rhost", "192.0.2.1"), NULL,
        "{\"command\":\"/usr/bin/id -u \\\"a b\\\"\",\"rhost\":\"192.0.2.1\",\"service\":\"sudo\","
        "\"run_as\":\"root\"}");
    expect_facts(WORDS("entitlement", "db", "group", "a,b,c", "label", ""), NULL,
        "{\"groups\":[\"a\",\"b\",\"c\"],\"labels\":[],\"entitlement\":\"db\"}");
    expect_facts(WORDS("user", "x", "kind", "human", "host", "h", "tty", "pty", "at", "t", "reason",
                     "r", "ticket", "k", "peer", "p", "control", "c"),
        NULL,
        "{\"user\":\"x\",\"kind\":\"human\",\"host\":\"h\",\"tty\":\"pty\",\"at\":\"t\","
        "\"reason\":\"r\",\"ticket\":\"k\",\"peer\":\"p\",\"control\":\"c\"}");
}

/* ---- files ----------------------------------------------------------------------------- */

struct directory {
    char path[64], policy[96], facts[96];
};

static void make_directory(struct directory *directory, const char *facts)
{
    char file[128];

    strcpy(directory->path, "/tmp/assent-test.XXXXXX");
    assert_non_null(mkdtemp(directory->path));
    snprintf(directory->policy, sizeof(directory->policy), "%s/p", directory->path);
    snprintf(directory->facts, sizeof(directory->facts), "%s/facts", directory->path);
    snprintf(file, sizeof(file), "%s/10.yaml", directory->policy);
    assert_int_equal(mkdir(directory->policy, 0700), 0);
    assert_int_equal(file_write_atomic(file, rules, strlen(rules), 0600), 0);
    assert_int_equal(file_write_atomic(directory->facts, facts, strlen(facts), 0600), 0);
}

static void remove_directory(const struct directory *directory)
{
    char file[128];

    snprintf(file, sizeof(file), "%s/10.yaml", directory->policy);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(unlink(directory->facts), 0);
    assert_int_equal(rmdir(directory->policy), 0);
    assert_int_equal(rmdir(directory->path), 0);
}

/* Its exit status, and the explanation or NULL. */
static int explain_file(const char *text, const char *const *words, json_t **ret_explanation)
{
    CLEANUP(explain_facts_done) struct explain_facts facts = {0};
    struct directory directory;
    struct line line;
    int r;

    *ret_explanation = NULL;
    make_directory(&directory, text);
    set_options(&line, words);
    r = explain_facts_read(&line.options, directory.facts, &facts);
    if (r == CLI_OK)
        r = explain_facts_here(&line.options, directory.policy, &facts, ret_explanation);
    remove_directory(&directory);
    return r;
}

static json_t *explain_well(const char *text)
{
    json_t *explanation;

    assert_int_equal(explain_file(text, NULL, &explanation), CLI_OK);
    assert_non_null(explanation);
    return explanation;
}

static const char *text_in(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

static void test_names_are_those_of_this_host(void **state UNUSED)
{
    AUTO_JSON json_t *why =
        explain_well("{\"user\": \"daemon\", \"service\": \"sudo\", \"run_as\": \"root\","
                     " \"at\": \"2026-11-20T10:00:00Z\"}");
    const json_t *facts = json_object_get(why, "facts");

    assert_string_equal(text_in(why, "decision"), "allow");
    assert_string_equal(text_in(why, "rule"), "of-daemon");
    assert_string_equal(text_in(why, "would"), "deny");
    assert_string_equal(text_in(why, "would_rule"), "watched");
    assert_int_equal(json_integer_value(json_object_get(facts, "uid")), 1);
    assert_true(json_array_size(json_object_get(facts, "groups")) >= 1);
    assert_int_equal(json_array_size(json_object_get(why, "made_up")), 1);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(why, "made_up"), 0)), "ghost-account");
}

static void test_unknown_names_are_taken_as_existing(void **state UNUSED)
{
    AUTO_JSON json_t *ghost = explain_well("{ user: ghost-account, service: su }\n");
    AUTO_JSON json_t *absent =
        explain_well("{ user: ghost-account, service: su, absent: ghost-account }\n");
    AUTO_JSON json_t *other = explain_well("{ user: other-ghost, groups: [daemon], service: sudo,"
                                           " run_as: root, at: 2026-11-20T19:00:00Z }");

    assert_string_equal(text_in(ghost, "rule"), "no-ghost");
    assert_string_equal(text_in(absent, "rule"), "(none)");
    assert_string_equal(text_in(other, "rule"), "(none)");
    assert_int_equal(json_array_size(json_object_get(other, "made_up")), 2);
}

static void test_the_time_is_now_unless_given(void **state UNUSED)
{
    AUTO_JSON json_t *now = explain_well("{\"user\":\"daemon\",\"service\":\"su\"}");
    AUTO_JSON json_t *then =
        explain_well("{\"user\":\"daemon\",\"service\":\"su\",\"at\":\"2027-01-01T12:00:00Z\"}");

    assert_non_null(json_object_get(json_object_get(now, "facts"), "at"));
    assert_string_equal(
        text_in(json_object_get(then, "facts"), "at"), "2027-01-01T12:00:00.000000Z");
}

static void test_wrong_files(void **state UNUSED)
{
    static const char *const wrong[] = {"", "[]", "{\"usr\": \"a\"}", "{\"user\": [\"a\"]}",
        "{\"user\": \"a\"", "{\"user\": \"\\u0000\"}", "\x80", "{\"user\": \"a\", \"user\": \"b\"}",
        "{\"at\": \"never\"}", "user: *a", "{user: *a}", "root:*:1"};
    int out = dup(STDERR_FILENO);

    assert_non_null(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        json_t *explanation;
        int r = explain_file(wrong[i], NULL, &explanation);

        assert_int_equal(r, CLI_USAGE);
        json_decref(explanation);
    }
    fflush(stderr);
    assert_true(dup2(out, STDERR_FILENO) >= 0);
    close(out);
}

/* JSON writes U+1F600 as two halves. */
static void test_halves_are_joined(void **state UNUSED)
{
    AUTO_JSON json_t *why = explain_well(
        "{\"user\":\"daemon\",\"reason\":\"\\ud83d\\ude00 \\\\ud83d\\\\ude00 \\u00e9\"}");

    assert_string_equal(text_in(json_object_get(why, "facts"), "reason"),
        "\xf0\x9f\x98\x80 \\\\ud83d\\\\ude00 \xc3\xa9");
}

/* ---- words ----------------------------------------------------------------------------- */

static void test_words(void **state UNUSED)
{
    AUTO_JSON json_t *why = explain_well("{\"user\": \"games\", \"groups\": [], \"host\": \"db1\","
                                         " \"entitlement\": \"db\", \"service\": \"sudo\","
                                         " \"run_as\": \"root\", \"command\": [\"/usr/bin/id\"],"
                                         " \"reason\": \"disk is full\", \"ticket\": \"4711\","
                                         " \"at\": \"2026-11-20T10:00:00Z\"}");
    const struct cli_options options = {0};
    const struct view view = {
        .options = &options, .now_us = UINT64_C(1795168800000000), .uid = 1000};
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    view_show_explanation(&out, &view, why);
    text = str_builder_take(&out);
    assert_string_equal(text,
        "escalate by rule db, but evidence is missing\n"
        "  a rule asks for approval\n"
        "\n"
        "  Who          games (uid 5, in 0 groups)\n"
        "  What         by db, sudo /usr/bin/id as root\n"
        "  Host         db1\n"
        "  At           just now (2026-11-20 10:00:00 UTC)\n"
        "  Unknown      kind, rhost, tty\n"
        "  Not here     ghost-account: taken as if they existed\n"
        "  Entitlement  db\n"
        "  For          15 min, any number of uses\n"
        "  Evidence     reason (8 characters at least): given\n"
        "               ticket (like ^INC): missing\n"
        "  Asked        dave (1 needed, of leads, within 10 min, strength local)\n"
        "\n"
        "    RULE       SAYS      HERE\n"
        "    no-ghost   deny      who.user does not hold\n"
        "    of-daemon  allow     who.group does not hold\n"
        "->  db         escalate  decides by db\n"
        "    watched    deny      who.user does not hold; only watched\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_become_facts),
        cmocka_unit_test(test_names_are_those_of_this_host),
        cmocka_unit_test(test_unknown_names_are_taken_as_existing),
        cmocka_unit_test(test_the_time_is_now_unless_given),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_halves_are_joined),
        cmocka_unit_test(test_words),
    };

    (void)setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
