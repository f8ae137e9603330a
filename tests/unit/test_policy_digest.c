/* The digests of single rules and of what entitlements open: certificates and grants hold for
 * them, so each must change with all that it stands for, and with nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

/* The policy that is changed, with a place for each change. */
static const char *const parts[] = {
    "people: { carol: {}, dave: {}, erin: {} }\n",
    "groups: { leads: [carol, dave] }\n",
    "entitlements:\n  db:\n    owner: leads\n",
    "    sensitivity: high\n",
    "    services: [sudo]\n",
    "    run_as: [root]\n",
    "    commands: [\"/usr/bin/psql *\"]\n",
    "    hosts: [\"db*\"]\n",
    "    labels: [pg]\n",
    "    groups: [dba]\n",
    "    requesters: { group: dba }\n",
    "    max_duration: 1h\n",
    "    description: Databases\n",
    "    evidence: { ticket: INC }\n",
    "rules:\n  - id: r\n    owner: leads\n    decision: allow\n    what: { entitlement: db }\n",
    "    certified_until: 2027-01-01\n",
    "    duration: 10m\n",
    "    when: { hours: \"08:00-18:00\" }\n",
    "    reason: By day\n",
    "  - { id: other, decision: deny, who: { user: mallory } }\n",
};

/* One part written otherwise, and what that changes. */
static const struct change {
    size_t part;
    const char *text;
    bool rule, scope;
} changes[] = {
    {1, "groups: { leads: [carol, erin] }\n", false, false},
    {2, "entitlements:\n  db:\n    owner: carol\n", true, false},
    {3, "    sensitivity: critical\n", true, false},
    {4, "    services: [sudo, sshd]\n", true, true},
    {5, "    run_as: [root, postgres]\n", true, true},
    {5, "", true, true},
    {6, "    commands: [\"/usr/bin/psql  *\"]\n", false, false},
    {6, "    commands: [/usr/bin/psql]\n", true, true},
    {6, "    commands: any\n", true, true},
    {7, "    hosts: [\"*\"]\n", true, true},
    {8, "    labels: [pg, spare]\n", true, true},
    {9, "    groups: [dba, wheel]\n", true, true},
    {10, "    requesters: { group: dba, not-user: eve }\n", true, false},
    {11, "    max_duration: 2h\n", true, false},
    {12, "    description: All databases\n", true, false},
    {13, "    evidence: { ticket: CHG }\n", true, false},
    {13, "    evidence: { ticket: INC }\n    accept: { some-finding: it is meant }\n", false,
        false},
    {14,
        "rules:\n  - id: r\n    owner: carol\n    decision: allow\n    what: { entitlement: db }\n",
        true, false},
    {15, "    certified_until: 2028-01-01\n", false, false},
    {15, "", false, false},
    {16, "    duration: 11m\n", true, false},
    {16, "    duration: 600s  # ten minutes\n", false, false},
    {17, "    when: { hours: \"08:00-18:00\", until: 2027-01-01 }\n", true, false},
    {17, "    when: { hours: \"08:00-18:00\", zone: UTC }\n", true, false},
    {18, "    reason: By day only\n", true, false},
    {18, "    reason: By day\n    monitor: yes\n", true, false},
    {18, "    reason: By day\n    accept: { some-finding: it is meant }\n", false, false},
    {19, "  - { id: other, decision: deny, who: { user: trudy } }\n", false, false},
};

struct digests {
    char rule[POLICY_DIGEST_SIZE], scope[POLICY_DIGEST_SIZE];
};

static struct digests digests_of(const struct change *change)
{
    struct entitlement_info info;
    struct yaml_errors errors = {0};
    struct policy_file file = {.name = "p.yaml"};
    struct str_builder text = {0};
    AUTO_FREE char *taken = NULL;
    struct policy *policy;
    struct digests digests;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        str_append(&text, change && change->part == i ? change->text : parts[i]);
    taken = str_builder_take(&text);
    assert_non_null(taken);
    file.text = taken;
    file.length = strlen(taken);
    policy = policy_compile(&file, 1, &errors);
    if (!policy)
        fail_msg("%u: %s in\n%s", errors.items[0].line, errors.items[0].message, taken);
    assert_int_equal(policy_rule_digest(policy, 0, digests.rule), 0);
    policy_entitlement(policy, 0, &info);
    strcpy(digests.scope, info.digest);
    policy_free(policy);
    return digests;
}

static void test_what_changes_them(void **state)
{
    const struct digests before = digests_of(NULL), again = digests_of(NULL);

    (void)state;
    assert_memory_equal(&before, &again, sizeof(before));
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct digests after = digests_of(&changes[i]);
        bool rule = strcmp(before.rule, after.rule) != 0;
        bool scope = strcmp(before.scope, after.scope) != 0;

        if (rule != changes[i].rule || scope != changes[i].scope)
            fail_msg(
                "with '%s' the rule's changed: %d, the scope's: %d", changes[i].text, rule, scope);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_changes_them)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
