/* Tests of policies: what is read, what is refused and where, how they go, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/study/suite.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

static const char rules[] =
    "people: { carol: {}, dave: { accounts: [dave, dave-adm] } }\n"
    "groups: { leads: [carol, dave] }\n"
    "entitlements:\n"
    "  db-admin: { owner: leads, sensitivity: high, services: [sudo], run_as: [root],\n"
    "    commands: [\"/usr/bin/pg *\"], max_duration: 1h, evidence: { ticket: \"^INC-[0-9]+$\" } "
    "}\n"
    "rules:\n"
    "  - { id: office, owner: leads, certified_until: 2026-12-31, who: { user: alice },\n"
    "      what: { service: sudo, command: \"/bin/id *\" },\n"
    "      when: { days: mon-fri, hours: \"08:00-18:00\", zone: Europe/Berlin }, decision: allow "
    "}\n"
    "  - { id: no-id, where: { label: frozen }, what: { command: /bin/id }, decision: deny }\n"
    "  - { id: ask, owner: leads, who: { group: dba }, what: { entitlement: db-admin },\n"
    "      decision: escalate, approval: { stages: [ { from: leads, within: 5m } ],\n"
    "      strength: local } }\n"
    "  - { id: carols, owner: carol, certified_until: 2026-12-31, who: { user: bob },\n"
    "      what: { service: su }, decision: allow }\n"
    "  - { id: off, disabled: yes, who: { user: alice }, decision: deny }\n";

struct fixture {
    struct policy *policy;
    struct suite *suite;
    struct yaml_errors errors;
};

static void open_suite(struct fixture *fixture, const char *tests)
{
    AUTO_FREE char *text = NULL;
    struct policy_file file = {.name = "p.yaml"};

    assert_true(asprintf(&text, "%s%s", rules, tests) > 0);
    file.text = text;
    file.length = strlen(text);
    *fixture = (struct fixture){0};
    fixture->policy = policy_compile(&file, 1, &fixture->errors);
    assert_non_null(fixture->policy);
    fixture->suite = suite_read(fixture->policy, &file, 1, &fixture->errors);
    assert_non_null(fixture->suite);
}

static void close_suite(struct fixture *fixture)
{
    suite_free(fixture->suite);
    policy_free(fixture->policy);
    yaml_errors_done(&fixture->errors);
}

/* All findings of the tests, one a line, without the file and with lines counted from `tests:`. */
static char *findings(const struct fixture *fixture)
{
    struct str_builder out = {0};
    unsigned before = 0;

    for (const char *p = rules; *p != '\0'; p++)
        before += *p == '\n';
    for (size_t i = 0; i < fixture->errors.count; i++)
        str_appendf(&out, "%u:%u: %s\n", fixture->errors.items[i].line - before,
            fixture->errors.items[i].column, fixture->errors.items[i].message);
    return str_builder_take(&out);
}

static void expect_findings(const char *tests, const char *expected)
{
    AUTO_FREE char *found = NULL;
    struct fixture fixture;

    open_suite(&fixture, tests);
    found = findings(&fixture);
    assert_string_equal(found, expected);
    close_suite(&fixture);
}

/* Runs the only test, without the index and with it. Gives differences and why, as text. */
static char *go(const char *test)
{
    AUTO_FREE char *tests = NULL;
    struct str_builder out = {0}, indexed = {0};
    AUTO_FREE char *again = NULL;
    struct fixture fixture;
    char *text;

    assert_true(asprintf(&tests, "tests: [ { name: it, %s } ]\n", test) > 0);
    open_suite(&fixture, tests);
    for (size_t i = 0; i < fixture.errors.count; i++)
        print_error("%s\n", fixture.errors.items[i].message);
    assert_int_equal(fixture.errors.count, 0);
    assert_int_equal(suite_count(fixture.suite), 1);
    for (int index = 0; index < 2; index++) {
        struct str_builder *to = index ? &indexed : &out;
        struct suite_result result = {0};

        assert_int_equal(suite_run(fixture.suite, 0, index != 0, &result), 0);
        for (size_t i = 0; i < result.count; i++)
            str_appendf(to, "%s: %s, %s\n", result.differences[i].what,
                result.differences[i].expected, result.differences[i].found);
        str_append(to, result.why);
        suite_result_done(&result);
    }
    close_suite(&fixture);
    text = str_builder_take(&out);
    again = str_builder_take(&indexed);
    assert_string_equal(text, again);
    return text;
}

static void expect_outcome(const char *test, const char *expected)
{
    AUTO_FREE char *found = go(test);

    assert_string_equal(found, expected);
}

static void expect_passed(const char *test)
{
    expect_outcome(test, "");
}

static void test_mistakes_have_a_place_and_a_suggestion(void **state UNUSED)
{
    expect_findings(
        "tests:\n"
        "  - name: a\n"
        "    given: { user: a, servise: sudo, kind: humam, tty: [pty], writable: maybe }\n"
        "    expect: { decisoin: allow, rule: offise }\n",
        "3:23: unknown key 'servise', did you mean 'service'?\n"
        "3:44: 'humam' is not one of human, service; did you mean 'human'?\n"
        "3:56: expected a single value, found a list\n"
        "3:73: 'maybe' is neither yes nor no\n"
        "4:15: unknown key 'decisoin', did you mean 'decision'?\n"
        "4:38: this policy has no rule 'offise'; did you mean 'office'?\n");
    expect_findings(
        "tests:\n"
        "  - name: a\n"
        "    given: { user: a, command: id -u, rhost: example.org, at: tomorrow, reason_seen: -1 "
        "}\n"
        "    expect: { duration: 15, uses: many, missing: [tickets], lapse: yes, would: maybe }\n",
        "3:32: a command begins with its absolute path; 'none' is a login, which has none\n"
        "3:46: 'example.org' is neither an IP address nor 'local', which is no remote host\n"
        "3:63: 'tomorrow' is not a time such as 2026-11-20T10:00:00Z\n"
        "3:86: '-1' is not a number from 0 to 1000000\n"
        "4:25: '15' is not a duration such as 90s, 15m or 1h30m\n"
        "4:35: 'many' is not a number from 0 to 1000000\n"
        "4:51: 'tickets' is not one of reason, ticket, peer, control, none; did you mean "
        "'ticket'?\n"
        "4:68: 'yes' is not one of none, never, date\n"
        "4:80: 'maybe' is not one of none, allow, deny, escalate\n");
    expect_findings("tests:\n"
                    "  - name: a\n"
                    "    given: { user: a, entitlement: db-admim, absent: carl, gone: [dav],\n"
                    "             zones: { Europe/Berlim: 2026-01-01 10:00 }, command: 'x \"y' }\n"
                    "    expect: { entitlement: db, denied_by: no-idd, decision: no }\n",
        "3:36: this policy has no entitlement 'db-admim'; did you mean 'db-admin'?\n"
        "3:54: this policy names no account or group 'carl'\n"
        "3:67: this policy names no person 'dav'\n"
        "4:23: unknown key 'Europe/Berlim', did you mean 'Europe/Berlin'?\n"
        "4:67: this is no command: a double quote is not closed\n"
        "5:28: this policy has no entitlement 'db'\n"
        "5:43: this policy has no rule 'no-idd'; did you mean 'no-id'?\n"
        "5:61: 'no' is not one of allow, deny, escalate\n");
}

static void test_a_test_has_name_given_and_expect(void **state UNUSED)
{
    expect_findings("tests:\n"
                    "  - given: { user: a }\n"
                    "    expect: { decision: deny }\n"
                    "  - name: b\n"
                    "  - name: c\n"
                    "    given: {}\n"
                    "    expect: {}\n"
                    "  - name: [d]\n"
                    "    given: { user: a }\n"
                    "    expect: { decision: deny }\n"
                    "    expects: { decision: deny }\n"
                    "  - nothing\n",
        "2:5: a test needs a 'name' that says what is to hold\n"
        "4:5: a test needs 'expect': what is to come of them\n"
        "4:5: a test needs 'given': the facts that are known\n"
        "6:12: 'given' needs a 'user': the account that asks\n"
        "7:13: a test that expects nothing cannot fail; say what it expects\n"
        "8:11: expected a single value, found a list\n"
        "11:5: unknown key 'expects', did you mean 'expect'?\n"
        "12:5: expected a mapping, found a single value\n");
    expect_findings("tests: { name: a }\n", "1:8: expected a list, found a mapping\n");
    expect_findings("tests:\n"
                    "  - { name: same, given: { user: a }, expect: { decision: deny } }\n"
                    "  - { name: same, given: { user: b }, expect: { decision: deny } }\n"
                    "  - { name: ' ', given: { user: b }, expect: { decision: deny } }\n",
        "3:13: there is a test of that name already, in p.yaml:18\n"
        "4:13: the name of a test has 1 to 200 bytes\n");
}

static void test_wrong_tests_are_left_out(void **state UNUSED)
{
    struct fixture fixture;

    open_suite(&fixture,
        "tests:\n"
        "  - { name: good, given: { user: a }, expect: { decision: deny } }\n"
        "  - { name: bad, given: { user: a, groups: [x, y] }, expect: { rule: x } }\n"
        "  - { name: better, given: { user: a }, expect: { rule: none } }\n");
    assert_int_equal(fixture.errors.count, 1);
    assert_int_equal(suite_count(fixture.suite), 2);
    assert_string_equal(suite_name(fixture.suite, 0), "good");
    assert_string_equal(suite_name(fixture.suite, 1), "better");
    assert_int_equal(suite_place(fixture.suite, 1).column, 5);
    assert_string_equal(suite_place(fixture.suite, 1).file, "p.yaml");
    close_suite(&fixture);
}

/* The agent takes no notice: same digest, and no mistake in them matters. */
static void test_tests_are_no_part_of_the_policy(void **state UNUSED)
{
    const char *texts[] = {"", "tests:\n  - { name: a, unknown: {}, given: 3 }\n", "tests: 7\n"};
    char digest[POLICY_DIGEST_SIZE] = "";

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(cleanup_policy) struct policy *policy = NULL;
        AUTO_FREE char *text = NULL;
        struct yaml_errors errors = {0};
        struct policy_file file = {.name = "p.yaml"};

        assert_true(asprintf(&text, "%s%s", rules, texts[i]) > 0);
        file.text = text;
        file.length = strlen(text);
        policy = policy_compile(&file, 1, &errors);
        assert_non_null(policy);
        if (i > 0)
            assert_string_equal(policy_digest(policy), digest);
        strcpy(digest, policy_digest(policy));
    }
}

/* 08:00 in Berlin is 07:00 UTC in winter, 06:00 in summer. */
static void test_zones_know_daylight_saving(void **state UNUSED)
{
    static const char form[] = "given: { user: alice, service: sudo, command: /bin/id, at: %s },"
                               "expect: { rule: %s }";
    static const struct {
        const char *at, *rule;
    } table[] = {
        {"2026-11-20T06:59:59Z", "none"}, {"2026-11-20T07:00:00Z", "office"},
        {"2026-11-20T08:00:00+01:00", "office"}, {"2026-07-20T05:59:59Z", "none"},
        {"2026-07-20T06:00:00Z", "office"}, {"2026-07-20T15:59:00Z", "office"},
        {"2026-07-20T16:00:00Z", "none"},
        {"2026-03-27T06:59:00Z", "none"},   /* Friday before the change */
        {"2026-03-30T06:00:00Z", "office"}, /* Monday behind it */
        {"2026-11-21T10:00:00Z", "none"},   /* a Saturday */
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char test[256];

        snprintf(test, sizeof(test), form, table[i].at, table[i].rule);
        expect_passed(test);
    }
    expect_passed("given: { user: alice, service: sudo, command: /bin/id, "
                  "zones: { Europe/Berlin: 2026-11-20 17:59 } }, expect: { rule: office }");
    expect_passed("given: { user: alice, service: sudo, command: /bin/id, "
                  "zones: { '': 2026-11-20 10:00 } }, expect: { rule: none }");
    expect_passed(
        "given: { user: alice, service: sudo, command: /bin/id, at: 2026-11-20T03:00:00Z, "
        "zones: { Europe/Berlin: 2026-11-20 09:00 } }, expect: { rule: office }");
}

static void test_certificates_count_until_a_time_is_given(void **state UNUSED)
{
    expect_passed("given: { user: bob, service: su }, expect: { decision: allow, lapse: none }");
    expect_passed("given: { user: bob, service: su, at: 2026-12-31T23:59:59Z }, "
                  "expect: { decision: allow }");
    expect_passed("given: { user: bob, service: su, at: 2027-01-01T00:00:00Z }, "
                  "expect: { decision: escalate, rule: carols, lapse: date, from: carol, "
                  "missing: [reason] }");
    expect_outcome(
        "given: { user: bob, service: su, at: 2027-01-01T00:00:00Z, reason: disk full }, "
        "expect: { decision: allow }",
        "decision: allow, escalate\n"
        "rule carols (p.yaml:14) decides\n"
        "policy says: the certificate of the rule that allows this has run out, so its owner is "
        "asked\n"
        "rule carols has lapsed and asks its owner: its certificate has run out\n");
}

static void test_people_can_be_gone_or_absent(void **state UNUSED)
{
    expect_passed("given: { user: bob, service: su, gone: carol }, "
                  "expect: { decision: deny, rule: none }");
    expect_passed("given: { user: bob, service: su, absent: [carol] }, "
                  "expect: { decision: deny, rule: none }");
    expect_passed("given: { user: bob, service: su, absent: [bob] }, "
                  "expect: { decision: deny, rule: none }");
    expect_passed("given: { user: erin, groups: [dba], service: sudo, run_as: root, "
                  "command: /usr/bin/pg, absent: dba }, expect: { rule: none }");
    expect_passed("given: { user: erin, groups: [dba], service: sudo, run_as: root, "
                  "command: /usr/bin/pg, absent: root }, expect: { rule: none }");
    expect_outcome("given: { user: bob, service: su, gone: carol }, expect: { rule: carols }",
        "rule: carols, none\n"
        "rule carols (p.yaml:14) does not match: no owner of it is left\n"
        "policy says: a rule would allow this, but nobody who owns it is left, so that it counts "
        "no "
        "more\n");
}

/* The names of one test do not stand for the next. */
static void test_changes_end_with_their_test(void **state UNUSED)
{
    static const bool order[] = {false, true};

    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        struct fixture fixture;

        open_suite(&fixture,
            "tests:\n"
            "  - { name: a, given: { user: bob, service: su }, expect: { decision: allow } }\n"
            "  - { name: b, given: { user: bob, service: su, gone: carol }, expect: { decision: "
            "deny } }\n"
            "  - { name: c, given: { user: bob, service: su }, expect: { decision: allow } }\n"
            "  - { name: d, given: { user: bob, service: su, absent: bob }, expect: { decision: "
            "deny } }\n"
            "  - { name: e, given: { user: bob, service: su, gone: dave }, expect: { decision: "
            "allow } }\n");
        for (size_t j = 0; j < suite_count(fixture.suite); j++) {
            struct suite_result result = {0};

            assert_int_equal(suite_run(fixture.suite, j, order[i], &result), 0);
            assert_int_equal(result.count, 0);
            suite_result_done(&result);
        }
        close_suite(&fixture);
    }
}

static void test_allow_means_that_it_opens(void **state UNUSED)
{
    static const char asked[] = "given: { user: erin, groups: [dba], service: sudo, run_as: root, "
                                "command: /usr/bin/pg x, reason: %s, ticket: %s }, expect: { %s }";
    char test[400];

    snprintf(test, sizeof(test), asked, "disk full", "INC-1", "decision: escalate, missing: []");
    expect_passed(test);
    snprintf(test, sizeof(test), asked, "disk full", "4711", "decision: escalate, missing: ticket");
    expect_passed(test);
    snprintf(test, sizeof(test), asked, "x", "4711",
        "decision: escalate, missing: [ticket, reason], entitlement: db-admin, duration: 15m, "
        "need: 1, from: leads, strength: local, keep: no, survives_reboot: no, uses: 0");
    expect_passed(test);
    snprintf(test, sizeof(test), asked, "disk full", "4711", "missing: none");
    expect_outcome(test, "missing: none, ticket\n"
                         "rule ask (p.yaml:11) decides\n"
                         "policy says: a rule asks for approval\n"
                         "ticket is missing, or not good enough: like ^INC-[0-9]+$\n");
}

static void test_why_names_what_stood_in_the_way(void **state UNUSED)
{
    expect_outcome(
        "given: { user: alice, service: sudo, command: /bin/id, at: 2026-11-20T20:00:00Z },"
        "expect: { rule: office }",
        "rule: office, none\n"
        "rule office (p.yaml:7) does not match: when does not hold\n"
        "policy says: no rule allows this\n");
    expect_outcome("given: { user: alice, service: sudo, command: /bin/id, labels: [frozen], "
                   "zones: { Europe/Berlin: 2026-11-20 10:00 } }, expect: { rule: office }",
        "rule: office, no-id\n"
        "rule office (p.yaml:7) matches, but rule no-id denies, which beats it\n"
        "rule no-id (p.yaml:10) decides\n"
        "policy says: a rule forbids this\n");
    expect_outcome("given: { user: erin, groups: [dba], service: sudo, run_as: root, "
                   "command: /bin/sh }, expect: { rule: ask }",
        "rule: ask, none\n"
        "rule ask (p.yaml:11) does not match: db-admin: commands do not hold\n"
        "policy says: no rule allows this\n");
    expect_outcome("given: { user: erin, service: sudo, command: /usr/bin/pg x, run_as: root }, "
                   "expect: { decision: escalate }",
        "decision: escalate, deny\n"
        "rule ask (p.yaml:11) does not match: who.group is not known\n"
        "policy says: no rule allows this\n");
    expect_outcome("given: { user: alice, service: sshd, groups: [], command: none, "
                   "at: 2026-11-20T10:00:00Z }, expect: { decision: allow }",
        "decision: allow, deny\n"
        "rule office (p.yaml:7) does not match: what.service does not hold\n"
        "rule ask (p.yaml:11) does not match: who.group does not hold\n"
        "policy says: no rule allows this\n");
    expect_outcome("given: { user: alice, service: ftp }, expect: { rule: off }",
        "rule: off, none\n"
        "rule off (p.yaml:16) does not match: it is disabled\n"
        "policy says: no rule allows this\n");
    expect_outcome("given: { user: bob, service: su, command: /bin/x, writable: yes }, "
                   "expect: { rule: carols }",
        "rule: carols, none\n"
        "rule carols (p.yaml:14) does not match: others than root can write the command, and it "
        "has "
        "no 'writable_command: allowed'\n"
        "policy says: the command, or a directory above it, can be written by others than root, "
        "and "
        "so it is refused\n");
    expect_outcome("given: { user: zoe, groups: [], service: ftp, command: none }, "
                   "expect: { decision: allow }",
        "decision: allow, deny\n"
        "rule ask (p.yaml:11) does not match: who.group does not hold\n"
        "policy says: no rule allows this\n");
}

static void test_an_entitlement_as_a_whole(void **state UNUSED)
{
    expect_passed("given: { user: erin, groups: [dba], entitlement: db-admin }, "
                  "expect: { rule: ask, entitlement: db-admin }");
    expect_passed("given: { user: erin, groups: [dba], entitlement: db-admin, service: sudo-i, "
                  "run_as: root, command: [/usr/bin/pg] }, expect: { rule: ask }");
    expect_passed("given: { user: erin, groups: [dba], entitlement: db-admin, service: sudo, "
                  "run_as: root, command: /bin/sh }, expect: { rule: none }");
}

static void test_cover(void **state UNUSED)
{
    struct fixture fixture;
    bool reached[5];

    open_suite(&fixture,
        "tests:\n"
        "  - { name: a, given: { user: bob, service: su }, expect: { decision: allow } }\n"
        "  - { name: b, given: { user: erin, groups: [dba], entitlement: db-admin },"
        " expect: { rule: ask } }\n");
    assert_false(suite_reached_entitlement(fixture.suite, 0));
    for (size_t i = 0; i < suite_count(fixture.suite); i++) {
        struct suite_result result = {0};

        assert_int_equal(suite_run(fixture.suite, i, true, &result), 0);
        suite_result_done(&result);
    }
    for (size_t i = 0; i < ARRAY_SIZE(reached); i++)
        reached[i] = suite_reached_rule(fixture.suite, i);
    assert_false(reached[0]);
    assert_false(reached[1]);
    assert_true(reached[2]);
    assert_true(reached[3]);
    assert_true(suite_reached_entitlement(fixture.suite, 0));
    close_suite(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes_have_a_place_and_a_suggestion),
        cmocka_unit_test(test_a_test_has_name_given_and_expect),
        cmocka_unit_test(test_wrong_tests_are_left_out),
        cmocka_unit_test(test_tests_are_no_part_of_the_policy),
        cmocka_unit_test(test_zones_know_daylight_saving),
        cmocka_unit_test(test_certificates_count_until_a_time_is_given),
        cmocka_unit_test(test_people_can_be_gone_or_absent),
        cmocka_unit_test(test_changes_end_with_their_test),
        cmocka_unit_test(test_allow_means_that_it_opens),
        cmocka_unit_test(test_why_names_what_stood_in_the_way),
        cmocka_unit_test(test_an_entitlement_as_a_whole),
        cmocka_unit_test(test_cover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
