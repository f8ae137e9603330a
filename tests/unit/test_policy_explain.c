/* policy_explain(): of each rule the first thing that stood in its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/facts/cast.h"
#include "../../agent/facts/given.h"
#include "../../agent/facts/zones.h"
#include "../../agent/policy/policy.h"
#include "../../agent/study/finding.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"

static const char rules[] =
    "people: { carol: {}, gone: {} }\n"
    "entitlements:\n"
    "  web: { owner: carol, sensitivity: low, services: [sudo], run_as: [www],\n"
    "    commands: [/bin/web], hosts: [\"web*\"], max_duration: 1h }\n"
    "  db: { owner: carol, sensitivity: low, services: [sudo, sshd], run_as: [root],\n"
    "    commands: [/bin/db, \"/bin/backup *\"], requesters: { group: dba }, max_duration: 1h }\n"
    "rules:\n"
    "  - { id: alone, owner: carol, certified_until: 2099-12-31, who: { user: a },\n"
    "      what: { service: sudo, command: /bin/x }, where: { tty: pty }, decision: allow }\n"
    "  - { id: either, owner: carol, certified_until: 2099-12-31, who: { user: [a, b] },\n"
    "      what: { entitlement: [web, db] }, decision: allow }\n"
    "  - { id: part, owner: carol, certified_until: 2099-12-31, who: { user: [a, b] },\n"
    "      what: { entitlement: db, command: /bin/db }, decision: allow }\n"
    "  - { id: orphan, owner: gone, certified_until: 2099-12-31, what: { service: su },\n"
    "      decision: allow }\n"
    "  - { id: off, disabled: yes, decision: deny }\n"
    "  - { id: denies, who: { group: banned, user: a }, decision: deny }\n"
    "  - { id: late, monitor: yes, who: { user: a }, decision: deny }\n";

struct found {
    struct str_builder text;
    const char *id;
};

static void on_finding(const struct rule_finding *finding, void *userdata)
{
    struct found *found = userdata;
    AUTO_FREE char *condition = finding_condition(finding);

    if (strcmp(finding->rule.id, found->id) == 0)
        str_appendf(&found->text, "%s %s", standing_to_string(finding->standing),
            condition              ? condition
            : finding->entitlement ? finding->entitlement
                                   : "-");
}

/* What is told of one rule, for facts that are written as in a test. */
static void expect_told(const char *id, const char *facts, const char *expected)
{
    struct yaml_errors errors = {0};
    struct policy_file file = {.name = "p", .text = rules, .length = strlen(rules)};
    struct policy *policy = policy_compile(&file, 1, &errors);
    struct zones *zones = zones_new(policy);
    struct yaml_document *document = yaml_parse("facts", facts, strlen(facts), &errors);
    struct cast cast = {0};
    struct arena arena = {0};
    const struct given_world world = {policy, &cast, zones, &arena};
    struct found found = {.id = id};
    AUTO_FREE char *text = NULL;
    struct verdict verdict;
    struct given given;

    assert_non_null(policy);
    assert_non_null(document);
    given_read(&given, yaml_root(document), &world, &errors);
    assert_int_equal(errors.count, 0);
    assert_int_equal(cast_resolve(&cast, policy, &given.changes), 0);
    policy_trust_certificates(policy);
    policy_explain(policy, &given.facts, &verdict, on_finding, &found);
    text = str_builder_take(&found.text);
    assert_string_equal(text, expected);
    yaml_document_free(document);
    arena_done(&arena);
    cast_done(&cast);
    zones_free(zones);
    policy_free(policy);
}

#define NOT_BANNED "groups: [dba]"

static void test_own_conditions(void **state UNUSED)
{
    expect_told("alone", "{ user: b, service: sudo }", "fails who.user");
    expect_told("alone", "{ user: a, service: su, tty: none }", "fails what.service");
    expect_told("alone", "{ user: a, service: sudo, tty: none }", "fails where.tty");
    expect_told("alone", "{ user: a, service: sudo, tty: pty }", "unknown what.command");
    expect_told("alone", "{ user: a, service: sudo, command: /bin/x }", "unknown where.tty");
    expect_told("alone", "{ user: a, service: sudo, command: /bin/y }", "fails what.command");
    expect_told("alone",
        "{ user: a, service: sudo, command: /bin/x, tty: pty, writable: yes,"
        " environment: changed, " NOT_BANNED " }",
        "fails what.writable_command");
    expect_told("alone",
        "{ user: a, service: sudo, command: /bin/x, tty: pty,"
        " environment: changed, " NOT_BANNED " }",
        "fails what.environment");
    expect_told("alone", "{ user: a, service: sudo, command: /bin/x, tty: pty, " NOT_BANNED " }",
        "decides -");
}

static void test_the_nearest_entitlement_is_told(void **state UNUSED)
{
    expect_told("either", "{ user: b, service: sudo, run_as: www, command: /bin/web, host: db1 }",
        "fails web: hosts");
    expect_told("either", "{ user: b, service: sudo, run_as: www, command: /bin/web, host: web1 }",
        "decides web");
    expect_told("either", "{ user: b, service: sudo, run_as: root, command: /bin/db, host: db1 }",
        "unknown db: requesters");
    expect_told("either",
        "{ user: b, service: sudo, run_as: root, command: /bin/db, host: db1, " NOT_BANNED " }",
        "decides db");
    expect_told("either",
        "{ user: b, service: sudo, run_as: root, command: /bin/db, host: db1, " NOT_BANNED
        ", writable: yes }",
        "fails what.writable_command");
    expect_told(
        "either", "{ user: b, service: sshd, command: none, " NOT_BANNED " }", "decides db");
}

static void test_entitlements_asked_for_by_name(void **state UNUSED)
{
    expect_told("either", "{ user: b, entitlement: db, " NOT_BANNED " }", "decides db");
    expect_told(
        "part", "{ user: b, entitlement: db, " NOT_BANNED " }", "fails what.entitlement (db)");
    expect_told("part",
        "{ user: b, entitlement: web, service: sudo, run_as: root,"
        " command: /bin/db, " NOT_BANNED " }",
        "fails what.entitlement (db)");
    expect_told("alone",
        "{ user: a, entitlement: db, service: sudo, command: /bin/x, tty: pty, "
        "run_as: root, " NOT_BANNED " }",
        "fails what.entitlement");
}

static void test_what_else_stands_in_the_way(void **state UNUSED)
{
    expect_told("orphan", "{ user: b, service: su }", "decides -");
    expect_told("orphan", "{ user: b, service: su, gone: gone }", "fails owner");
    expect_told("off", "{ user: b, service: su }", "fails disabled");
    expect_told("late", "{ user: a, service: su }", "matches -");
}

static void test_denies(void **state UNUSED)
{
    expect_told("denies", "{ user: a, service: su }", "decides -");
    expect_told("denies", "{ user: a, service: su, groups: [banned] }", "decides -");
    expect_told("denies", "{ user: a, service: su, groups: [] }", "fails who.group");
    expect_told("orphan", "{ user: a, service: su, groups: [banned] }", "matches -");
}

/* Uid 1 is given one command of it, uid 2 too but by nobody who is there, uid 3 what has nothing to
 * do with it; for uid 4 it is another host's. */
static void test_a_part_of_what_was_refused_whole(void **state)
{
    static const char text[] =
        "people: { carol: {}, gone: {} }\n"
        "entitlements:\n"
        "  db: { owner: carol, sensitivity: low, services: [sudo, su], run_as: [root],\n"
        "    commands: [/bin/db, /bin/backup], max_duration: 1h }\n"
        "rules:\n"
        "  - { id: a, owner: carol, certified_until: 2099-12-31, who: { user: u1 },\n"
        "      what: { service: sudo, entitlement: db, command: /bin/db }, decision: allow }\n"
        "  - { id: b, owner: gone, certified_until: 2099-12-31, who: { user: u2 },\n"
        "      what: { entitlement: db, command: /bin/db }, decision: allow }\n"
        "  - { id: c, owner: carol, certified_until: 2099-12-31, who: { user: u3 },\n"
        "      what: { service: sudo, command: /bin/db }, decision: allow }\n"
        "  - { id: d, owner: carol, certified_until: 2099-12-31, who: { user: u4 },\n"
        "      what: { entitlement: db, command: /bin/db }, where: { host: other },\n"
        "      decision: allow }\n";
    struct policy_file file = {.name = "p", .text = text, .length = strlen(text)};
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(&file, 1, &errors);

    (void)state;
    assert_non_null(policy);
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const char *name = policy_user_name(policy, i);

        policy_resolve_user(policy, i, strcmp(name, "gone") != 0,
            name[0] == 'u' ? (uid_t)(name[1] - '0') : (uid_t)(100 + i));
    }
    policy_ready(policy);
    for (uid_t uid = 1; uid <= 5; uid++) {
        struct facts facts = {
            .uid = uid, .host = "here", .now_us = 1, .entitlement = "db", .whole = true};
        struct verdict verdict;

        policy_decide(policy, &facts, &verdict);
        assert_int_equal(verdict.decision, DECISION_DENY);
        assert_int_equal(policy_gives_part(policy, &facts), uid == 1);
    }
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_conditions),
        cmocka_unit_test(test_the_nearest_entitlement_is_told),
        cmocka_unit_test(test_entitlements_asked_for_by_name),
        cmocka_unit_test(test_what_else_stands_in_the_way),
        cmocka_unit_test(test_denies),
        cmocka_unit_test(test_a_part_of_what_was_refused_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
