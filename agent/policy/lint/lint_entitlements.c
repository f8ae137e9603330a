/* Findings about entitlements: how they are reached, and what they ask for. */
#include <string.h>

#include "../../../common/str.h"
#include "../evidence.h"
#include "../lapse.h"
#include "../match.h"
#include "meet.h"
#include "parts.h"

/* What the rules make of an entitlement. */
struct reach {
    bool named;               /* by some rule */
    bool given;               /* by a rule that is in force and can be met */
    bool whole;               /* one of those gives all of it */
    const struct rule *unmet; /* one that gives it but can never be met; or NULL */
    enum condition condition; /* why */
};

static bool is_in_force(const struct report *report, const struct rule *rule)
{
    return rule->decision != DECISION_DENY && !rule->disabled && !rule->monitored &&
           lapse_of(report->policy, rule, report->options->now_us) != LAPSE_OWNER;
}

static void note_rule(
    const struct report *report, const struct rule *rule, uint32_t number, struct reach *reach)
{
    const struct policy *policy = report->policy;
    const struct entitlement *entitlement = &policy->entitlements[number];
    enum condition condition;
    struct match whole;

    reach->named = true;
    if (!is_in_force(report, rule))
        return;
    condition = meet_itself(policy, rule);
    if (condition == CONDITION_NONE)
        condition = meet_entitlement(policy, rule, entitlement);
    if (condition != CONDITION_NONE) {
        reach->unmet = rule;
        reach->condition = condition;
        return;
    }
    whole = match_whole(policy, rule, entitlement);
    reach->given = true;
    reach->whole |= whole.rest == TRUTH_YES && whole.command == TRUTH_YES;
}

static void find_unreached(
    struct report *report, const struct entitlement *entitlement, const struct reach *reach)
{
    if (!reach->named)
        report_entitlement(report, UNUSED_ENTITLEMENT, entitlement,
            "no rule names it, so nobody can get it; write a rule with `what: { entitlement: %s }` "
            "or take it out",
            entitlement->name);
    else if (reach->unmet && !reach->given)
        report_entitlement(report, ENTITLEMENT_UNREACHABLE, entitlement,
            "nobody can get it: rule '%s' gives it, but the rule's %s and what stands here have "
            "nothing in common",
            reach->unmet->id, condition_to_string(reach->condition));
    else if (!reach->given)
        report_entitlement(report, ENTITLEMENT_UNREACHABLE, entitlement,
            "nobody can get it: each rule that names it denies, is switched off, or has no owner");
    else if (!reach->whole)
        report_entitlement(report, ENTITLEMENT_IN_PARTS, entitlement,
            "each rule that names it gives a part only, so that it can be used at a door but "
            "`assent request %s` is refused; for that, a rule without what.service, what.run_as "
            "and what.command is needed",
            entitlement->name);
}

static void find_weak_evidence(struct report *report, const struct entitlement *entitlement)
{
    unsigned missing =
        evidence_of(entitlement->sensitivity) & ~entitlement->evidence->terms.required;
    struct str_builder list = {0};
    AUTO_FREE char *words = NULL;

    for (unsigned i = 0; i < EVIDENCE_COUNT; i++)
        if ((missing >> i & 1) != 0)
            str_appendf(&list, "%s%s", list.length > 0 ? " and " : "", evidence_to_string(1 << i));
    words = str_builder_take(&list);
    report->failed |= !words;
    if (words && missing != 0)
        report_entitlement(report, WEAK_EVIDENCE, entitlement,
            "sensitivity %s asks for %s, which `evidence` takes back; leave that to the "
            "sensitivity, or lower it",
            sensitivity_to_string(entitlement->sensitivity), words);
}

void lint_entitlements(struct report *report)
{
    const struct policy *policy = report->policy;
    uint32_t count = policy->entitlement_names.count;
    AUTO_FREE struct reach *reaches = calloc((size_t)count + 1, sizeof(*reaches));

    if (!reaches) {
        report->failed = true;
        return;
    }
    for (size_t i = 0; i < policy->rule_count; i++)
        for (size_t j = 0; j < policy->rules[i].entitlements.count; j++)
            note_rule(report, &policy->rules[i], policy->rules[i].entitlements.items[j],
                &reaches[policy->rules[i].entitlements.items[j]]);
    for (uint32_t i = 0; i < count; i++) {
        find_unreached(report, &policy->entitlements[i], &reaches[i]);
        find_weak_evidence(report, &policy->entitlements[i]);
    }
}
