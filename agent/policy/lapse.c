#include "lapse.h"

#include "owners.h"

static bool has_owner(const struct policy *policy, const struct rule *rule, uint64_t now_us)
{
    const struct stage *owner = rule->stage;

    return owner &&
           owners_are_here(policy, (struct numbers){owner->people, owner->people_count}, now_us);
}

enum lapse lapse_of(const struct policy *policy, const struct rule *rule, uint64_t now_us)
{
    if (rule->decision != DECISION_ALLOW)
        return LAPSE_NONE;
    if (!has_owner(policy, rule, now_us))
        return LAPSE_OWNER;
    if (rule->certified_us == 0)
        return LAPSE_NEVER;
    if (now_us == 0)
        return policy->trusts_certificates ? LAPSE_NONE : LAPSE_DATE;
    return now_us >= rule->certified_us ? LAPSE_DATE : LAPSE_NONE;
}

enum lapse policy_rule_lapse(const struct policy *policy, size_t index, uint64_t now_us)
{
    return lapse_of(policy, &policy->rules[index], now_us);
}
