#include "holds.h"

#include <string.h>

#include "lapse.h"

static const struct match no_match = {TRUTH_NO, TRUTH_NO};

bool holds_deny(const struct policy *policy, const struct rule *rule, const struct facts *facts,
    struct match match)
{
    (void)policy;
    (void)rule;
    (void)facts;
    return match.rest != TRUTH_NO && match.command != TRUTH_NO;
}

bool holds_deny_of_any_command(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    (void)policy;
    (void)rule;
    (void)facts;
    return match.rest != TRUTH_NO && match.command == TRUTH_YES;
}

static bool accepts_file(const struct rule *rule, const struct facts *facts)
{
    return !facts->command_writable || rule->writable_allowed;
}

/* Whoever is asked sees the variables, and they are part of what is approved. */
static bool accepts_environment(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return !facts->environment_changed || rule->environment_allowed ||
           rule->decision == DECISION_ESCALATE ||
           lapse_of(policy, rule, facts->now_us) != LAPSE_NONE;
}

static bool has_owner(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return lapse_of(policy, rule, facts->now_us) != LAPSE_OWNER;
}

static bool is_certain(struct match match)
{
    return match.rest == TRUTH_YES && match.command == TRUTH_YES;
}

bool holds_grant_if_owned(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    return is_certain(match) && accepts_file(rule, facts) &&
           accepts_environment(policy, rule, facts);
}

bool holds_grant(const struct policy *policy, const struct rule *rule, const struct facts *facts,
    struct match match)
{
    return holds_grant_if_owned(policy, rule, facts, match) && has_owner(policy, rule, facts);
}

bool holds_grant_if_unchanged(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    return is_certain(match) && accepts_file(rule, facts) && has_owner(policy, rule, facts);
}

bool holds_grant_if_not_writable(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    return is_certain(match) && has_owner(policy, rule, facts);
}

bool holds_grant_of_some_command_if_owned(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    if (facts->command && !(accepts_file(rule, facts) && accepts_environment(policy, rule, facts)))
        return false;
    return match.rest == TRUTH_YES && match.command != TRUTH_NO;
}

bool holds_grant_of_some_command(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    return holds_grant_of_some_command_if_owned(policy, rule, facts, match) &&
           has_owner(policy, rule, facts);
}

bool holds_grant_of_some_use(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    return match.rest != TRUTH_NO && match.command != TRUTH_NO && has_owner(policy, rule, facts);
}

/* Of a whole entitlement a rule takes all or nothing: its conditions on single services, accounts
 * or commands, where they let through a part only, wait for each use. */
static struct match narrow_to_whole(
    const struct policy *policy, const struct rule *rule, uint32_t entitlement, struct match match)
{
    struct match whole = match_whole(policy, rule, &policy->entitlements[entitlement]);

    return is_certain(whole) ? match : no_match;
}

/* Who asks for an entitlement by name is answered by rules about that entitlement; only denies
 * without one are about everything, a whole entitlement that is not there being nothing. */
static struct match match_alone(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match)
{
    int64_t asked;

    if (rule->decision != DECISION_DENY)
        return no_match;
    if (!facts->whole)
        return match;
    asked = policy_find_entitlement(policy, facts->entitlement);
    return asked < 0 ? no_match : narrow_to_whole(policy, rule, (uint32_t)asked, match);
}

/* What one asks for by its name is about that entitlement. Of a single command a deny holds by any
 * entitlement all the same: naming another is no way round it. */
static bool is_about_another(
    const struct rule *rule, const struct facts *facts, const struct entitlement *entitlement)
{
    return facts->entitlement && (facts->whole || rule->decision != DECISION_DENY) &&
           strcmp(facts->entitlement, entitlement->name) != 0;
}

struct match holds_match(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, uint32_t entitlement)
{
    struct match match = match_rule(policy, rule, facts);

    if (match.rest == TRUTH_NO || match.command == TRUTH_NO)
        return match;
    if (entitlement == HOLDS_NO_ENTITLEMENT)
        return facts->entitlement ? match_alone(policy, rule, facts, match) : match;
    if (is_about_another(rule, facts, &policy->entitlements[entitlement]))
        return no_match;
    match = match_both(match, match_entitlement(policy, &policy->entitlements[entitlement], facts));
    return facts->whole && match.rest != TRUTH_NO
               ? narrow_to_whole(policy, rule, entitlement, match)
               : match;
}

bool holds_rule(const struct policy *policy, const struct rule *rule, const struct facts *facts,
    holds_test *test, uint32_t *ret_entitlement)
{
    size_t count = rule->entitlements.count;

    if (count == 0) {
        if (!test(policy, rule, facts, holds_match(policy, rule, facts, HOLDS_NO_ENTITLEMENT)))
            return false;
        *ret_entitlement = HOLDS_NO_ENTITLEMENT;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t entitlement = rule->entitlements.items[i];

        if (test(policy, rule, facts, holds_match(policy, rule, facts, entitlement))) {
            *ret_entitlement = entitlement;
            return true;
        }
    }
    return false;
}
