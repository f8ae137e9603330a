/* Random policies and random facts: the engine, with its index and without, against an evaluator
 * that knows nothing of YAML, indices or three-valued logic, only the sentences of
 * assent-policy(5). The seed is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "policy_oracle.h"

#define POLICIES 1000
#define FACTS_EACH 1000
#define RULES_FEW 20      /* but WORLD_RULES in every fiftieth policy */
#define EXPLAINED_EACH 16 /* one in so many facts is explained as well */

struct expected {
    struct world_facts facts;
    struct oracle_verdict verdict, watched;
    bool possible;
};

/* What came about, so that no part of the language goes untested by bad luck. */
static struct tally {
    unsigned without_rule, denied, allowed, asked, owner, peer, by_entitlement, whole, missing,
        would, refused[REFUSALS], possible, identities[4], denied_lapsed;
} tally;

static struct policy *compile(const struct world_policy *drawn)
{
    AUTO_FREE char *text = world_print(drawn);
    struct yaml_errors errors = {0};
    struct policy_file file = {.name = "p.yaml", .text = text};
    struct policy *policy;

    assert_non_null(text);
    file.length = strlen(text);
    policy = policy_compile(&file, 1, &errors);
    if (!policy)
        fail_msg("%u: %s in\n%s", errors.items[0].line, errors.items[0].message, text);
    return policy;
}

static void count(const struct expected *expected)
{
    const struct oracle_verdict *verdict = &expected->verdict;

    tally.without_rule += verdict->rule == UNKNOWN;
    tally.denied += verdict->rule != UNKNOWN && verdict->decision == DECISION_DENY;
    tally.allowed += verdict->decision == DECISION_ALLOW;
    tally.asked += verdict->decision == DECISION_ESCALATE;
    tally.owner += verdict->asks_owner;
    tally.peer += verdict->asks_peer;
    tally.by_entitlement += verdict->entitlement != UNKNOWN;
    tally.whole += verdict->rule != UNKNOWN && expected->facts.whole;
    tally.missing += verdict->missing != 0;
    tally.would += expected->watched.rule != verdict->rule;
    tally.refused[verdict->refusal] += verdict->rule == UNKNOWN;
    tally.possible += expected->possible;
    if (verdict->identity == UNKNOWN)
        return;
    tally.identities[verdict->state]++;
    tally.denied_lapsed += verdict->state != IDENTITY_ALIVE && verdict->rule != UNKNOWN;
}

/* The number in a rule's id, or UNKNOWN. */
static int number_of(const char *id)
{
    return id ? atoi(id + 1) : UNKNOWN;
}

static enum refusal refusal_in(const char *reason)
{
    if (strstr(reason, "environment"))
        return REFUSAL_ENVIRONMENT;
    if (strstr(reason, "can be written"))
        return REFUSAL_FILE;
    if (strstr(reason, "identity"))
        return REFUSAL_IDENTITY;
    return strstr(reason, "owns it") ? REFUSAL_OWNER : REFUSAL_RULES;
}

static void check_terms(const struct verdict *verdict, const struct oracle_verdict *expected,
    const struct world_policy *drawn)
{
    const struct world_rule *rule = &drawn->rules[expected->rule];
    const char *from = "left";

    assert_int_equal(verdict->missing, expected->missing);
    assert_int_equal(verdict->lapse, expected->lapse);
    assert_int_equal(verdict->duration_us, (uint64_t)expected->minutes * 60000000);
    assert_int_equal(verdict->stage_count, expected->decision == DECISION_ESCALATE);
    if (verdict->stage_count == 0)
        return;
    if (expected->asks_owner)
        from = world_owners[rule->owner].text;
    else if (expected->asks_peer)
        from = "a colleague";
    assert_string_equal(verdict->stages->from_text, from);
    assert_int_equal(verdict->stages->need, expected->asks_peer ? 0 : 1);
}

static void check_verdict(const struct verdict *verdict, const struct expected *expected,
    const struct world_policy *drawn)
{
    const struct oracle_verdict *plain = &expected->verdict, *watched = &expected->watched;
    bool would = watched->rule != plain->rule;

    assert_int_equal(number_of(verdict->rule), plain->rule);
    assert_int_equal(verdict->decision, plain->decision);
    assert_int_equal(number_of(verdict->identity), plain->identity);
    assert_int_equal(verdict->identity_state, plain->state);
    if (plain->rule == UNKNOWN)
        assert_int_equal(refusal_in(verdict->reason), plain->refusal);
    else if (plain->decision != DECISION_DENY)
        check_terms(verdict, plain, drawn);
    if (plain->decision != DECISION_DENY && plain->entitlement != UNKNOWN)
        assert_int_equal(number_of(verdict->entitlement), plain->entitlement);
    else
        assert_null(verdict->entitlement);
    assert_int_equal(verdict->would, would ? watched->decision : 0);
    assert_int_equal(number_of(verdict->would_rule), would ? watched->rule : UNKNOWN);
}

static void note_deciding(const struct rule_finding *finding, void *userdata)
{
    int *deciding = userdata;

    if (finding->standing == STANDING_DECIDES)
        *deciding = number_of(finding->rule.id);
}

static void check_explained(
    const struct policy *policy, const struct facts *facts, const struct expected *expected)
{
    struct verdict verdict;
    int deciding = UNKNOWN;

    policy_explain(policy, facts, &verdict, note_deciding, &deciding);
    assert_int_equal(deciding, expected->verdict.rule);
    assert_int_equal(verdict.decision, expected->verdict.decision);
}

/* What grants are held against; in whichever order the policy has its entitlements. */
static void check_scopes(const struct policy *policy, const struct world_policy *drawn,
    const struct world_facts *asked, const struct facts *facts)
{
    for (size_t i = 0; i < policy_entitlement_count(policy); i++) {
        const struct world_entitlement *entitlement;
        struct entitlement_info info;

        policy_entitlement(policy, i, &info);
        entitlement = &drawn->entitlements[number_of(info.name)];
        assert_int_equal(
            policy_entitlement_opens(policy, i, facts), oracle_opens(entitlement, asked));
        assert_int_equal(
            policy_entitlement_may_open(policy, i, facts), oracle_may_open(entitlement, asked));
        assert_int_equal(
            policy_entitlement_is_for(policy, i, facts), oracle_is_for(drawn, entitlement, asked));
    }
}

static void check(const struct policy *policy, const struct world_policy *drawn,
    const struct expected *expected, bool explained)
{
    struct world_memory memory;
    struct facts facts = world_make_facts(policy, &expected->facts, &memory);
    bool denied = expected->verdict.rule != UNKNOWN && expected->verdict.decision == DECISION_DENY;
    struct verdict verdict;

    policy_decide(policy, &facts, &verdict);
    check_verdict(&verdict, expected, drawn);
    assert_int_equal(policy_denies(policy, &facts, &verdict), denied);
    policy_possible(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, expected->possible ? DECISION_ALLOW : DECISION_DENY);
    if (!explained)
        return;
    check_explained(policy, &facts, expected);
    check_scopes(policy, drawn, &expected->facts, &facts);
}

static void check_policy(unsigned rules)
{
    static struct world_policy drawn;
    static struct expected expected[FACTS_EACH];
    struct policy *policy;

    world_draw_policy(&drawn, rules);
    policy = compile(&drawn);
    world_resolve(policy, &drawn);
    for (unsigned i = 0; i < FACTS_EACH; i++) {
        world_draw_facts(&expected[i].facts);
        expected[i].verdict = oracle_decide(&drawn, &expected[i].facts, false);
        expected[i].watched = oracle_decide(&drawn, &expected[i].facts, true);
        expected[i].possible = oracle_is_possible(&drawn, &expected[i].facts);
        count(&expected[i]);
    }
    for (unsigned i = 0; i < FACTS_EACH; i++)
        check(policy, &drawn, &expected[i], i % EXPLAINED_EACH == 0);
    policy_ready(policy);
    for (unsigned i = 0; i < FACTS_EACH; i++)
        check(policy, &drawn, &expected[i], false);
    policy_free(policy);
}

static void test_against_oracle(void **state)
{
    const unsigned *counts = (const unsigned *)&tally;

    (void)state;
    world_seed(UINT64_C(0x9e3779b97f4a7c15));
    for (unsigned i = 0; i < POLICIES; i++)
        check_policy(i % 50 == 0 ? WORLD_RULES : world_draw(RULES_FEW) + 1);
    print_message("%u without a rule, %u denied, %u allowed, %u asked; %u by entitlements, %u of "
                  "them whole; %u would be otherwise\n",
        tally.without_rule, tally.denied, tally.allowed, tally.asked, tally.by_entitlement,
        tally.whole, tally.would);
    assert_true(tally.without_rule + tally.denied + tally.allowed + tally.asked >= 1000000);
    for (size_t i = 0; i < sizeof(tally) / sizeof(*counts); i++)
        if (counts[i] < 1000)
            fail_msg("number %zu came about %u times only", i, counts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_oracle)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
