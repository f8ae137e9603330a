/* Why each rule did or did not decide. Slow and plain beside decide.c, whose verdict it explains.
 */
#include <string.h>

#include "holds.h"
#include "identities.h"
#include "lapse.h"
#include "policy.h"

static const enum condition rule_conditions[] = {
    CONDITION_USER,
    CONDITION_NOT_USER,
    CONDITION_KIND,
    CONDITION_GROUP,
    CONDITION_NOT_GROUP,
    CONDITION_SERVICE,
    CONDITION_HOST,
    CONDITION_LABEL,
    CONDITION_RHOST,
    CONDITION_TTY,
    CONDITION_WHEN,
    CONDITION_RUN_AS,
    CONDITION_COMMAND,
};

/* The first condition that does not hold for sure; its truth. A condition that fails beats one that
 * is not known: nothing one could learn would change it. */
static enum truth find_condition(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, enum condition *ret_condition)
{
    enum truth worst = TRUTH_YES;

    *ret_condition = CONDITION_NONE;
    for (size_t i = 0; i < ARRAY_SIZE(rule_conditions) && worst != TRUTH_NO; i++) {
        enum truth truth = match_condition(policy, rule, facts, rule_conditions[i]);

        if (truth < worst) {
            worst = truth;
            *ret_condition = rule_conditions[i];
        }
    }
    return worst;
}

/* The entitlement's own conditions, as if they were a rule's. */
static enum truth find_inside(const struct policy *policy, const struct entitlement *entitlement,
    const struct facts *facts, enum condition *ret_condition)
{
    struct rule rule = {
        .who = entitlement->who, .what = entitlement->what, .hosts = entitlement->hosts};

    if (facts->command_is_none) {
        rule.what.run_as.count = 0;
        rule.what.command_count = 0;
    }
    return find_condition(policy, &rule, facts, ret_condition);
}

/* The entitlement that comes nearest, the first of those that come equally near. */
static enum truth find_entitlement(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct rule_finding *finding)
{
    enum truth best = TRUTH_NO;

    for (size_t i = 0; i < rule->entitlements.count; i++) {
        const struct entitlement *entitlement = &policy->entitlements[rule->entitlements.items[i]];
        enum condition inside;
        enum truth truth = find_inside(policy, entitlement, facts, &inside);

        if (i > 0 && truth <= best)
            continue;
        best = truth;
        finding->entitlement = entitlement->name;
        finding->inside = inside;
    }
    return rule->entitlements.count > 0 ? best : TRUTH_YES;
}

/* Its conditions hold; something else keeps it from deciding. */
static enum condition find_obstacle(
    const struct rule *rule, const struct facts *facts, enum lapse lapse)
{
    if (rule->decision == DECISION_DENY)
        return CONDITION_NONE;
    if (lapse == LAPSE_OWNER)
        return CONDITION_OWNER;
    if (facts->command_writable && !rule->writable_allowed)
        return CONDITION_WRITABLE;
    if (facts->environment_changed && !rule->environment_allowed &&
        rule->decision == DECISION_ALLOW && lapse == LAPSE_NONE)
        return CONDITION_ENVIRONMENT;
    return CONDITION_NONE;
}

static bool is_match(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, uint32_t *ret_entitlement)
{
    return !rule->disabled &&
           holds_rule(policy, rule, facts,
               rule->decision == DECISION_DENY ? holds_deny : holds_grant, ret_entitlement);
}

static void fail(struct rule_finding *finding, enum truth truth, enum condition condition)
{
    finding->standing = truth == TRUTH_UNKNOWN ? STANDING_UNKNOWN : STANDING_FAILS;
    finding->condition = condition;
    if (condition != CONDITION_ENTITLEMENT && condition != CONDITION_PART) {
        finding->entitlement = NULL;
        finding->inside = CONDITION_NONE;
    }
}

/* Another entitlement was asked for, or one as a whole of which the rule lets through a part. */
static enum condition find_misfit(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct rule_finding *finding)
{
    for (size_t i = 0; facts->whole && i < rule->entitlements.count; i++) {
        const struct entitlement *entitlement = &policy->entitlements[rule->entitlements.items[i]];

        if (strcmp(entitlement->name, facts->entitlement) == 0) {
            finding->entitlement = entitlement->name;
            return CONDITION_PART;
        }
    }
    return CONDITION_ENTITLEMENT;
}

/* What fails comes before what is not known, the rule's own conditions before its entitlement's.
 * Where all hold and it does not count, it does not fit what was asked for by name. */
static void explain_failure(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct rule_finding *finding)
{
    enum condition condition, obstacle = find_obstacle(rule, facts, finding->lapse);
    enum truth own = find_condition(policy, rule, facts, &condition);
    enum truth inside = find_entitlement(policy, rule, facts, finding);

    if (rule->disabled)
        fail(finding, TRUTH_NO, CONDITION_DISABLED);
    else if (own == TRUTH_NO)
        fail(finding, own, condition);
    else if (inside == TRUTH_NO)
        fail(finding, inside, CONDITION_ENTITLEMENT);
    else if (own == TRUTH_UNKNOWN)
        fail(finding, own, condition);
    else if (inside == TRUTH_UNKNOWN)
        fail(finding, inside, CONDITION_ENTITLEMENT);
    else
        fail(finding, TRUTH_NO,
            obstacle != CONDITION_NONE ? obstacle : find_misfit(policy, rule, facts, finding));
}

static void explain_rule(const struct policy *policy, size_t index, const struct facts *facts,
    enum identity_state state, struct rule_finding *finding)
{
    const struct rule *rule = &policy->rules[index];
    uint32_t entitlement;

    policy_rule(policy, index, &finding->rule);
    finding->lapse = lapse_of(policy, rule, facts->now_us);
    if (!is_match(policy, rule, facts, &entitlement)) {
        explain_failure(policy, rule, facts, finding);
        return;
    }
    if (state != IDENTITY_ALIVE && rule->decision != DECISION_DENY) {
        fail(finding, TRUTH_NO, CONDITION_IDENTITY);
        return;
    }
    finding->standing = STANDING_MATCHES;
    if (entitlement != HOLDS_NO_ENTITLEMENT)
        finding->entitlement = policy->entitlements[entitlement].name;
}

void policy_explain(const struct policy *policy, const struct facts *facts,
    struct verdict *ret_verdict, policy_explain_fn *visit, void *userdata)
{
    struct identified who;
    int64_t decided;

    policy_decide(policy, facts, ret_verdict);
    facts = identities_apply(policy, facts, &who);
    decided = ret_verdict->rule ? policy_find_rule(policy, ret_verdict->rule) : -1;
    for (size_t i = 0; i < policy->rule_count; i++) {
        struct rule_finding finding = {0};

        explain_rule(policy, i, facts, who.state, &finding);
        if ((int64_t)i == decided)
            finding.standing = STANDING_DECIDES;
        visit(&finding, userdata);
    }
}
