/* Rules and entitlements, one by one, as others than decide.c look at them. */
#include <string.h>

#include "../../common/str.h"
#include "canonical.h"
#include "evidence.h"
#include "identities.h"
#include "match.h"
#include "policy.h"

struct place_info policy_place(const struct policy *policy, const struct place *place)
{
    return (struct place_info){
        .file = place->file < policy->files.count ? policy->files.texts[place->file] : "",
        .line = place->line,
        .column = place->column,
    };
}

void policy_rule(const struct policy *policy, size_t index, struct rule_info *ret_info)
{
    const struct rule *rule = &policy->rules[index];

    *ret_info = (struct rule_info){
        .id = rule->id,
        .owner = rule->owner,
        .decision = rule->decision,
        .disabled = rule->disabled,
        .monitored = rule->monitored,
        .certified_us = rule->certified_us,
        .place = policy_place(policy, &rule->place),
    };
}

int64_t policy_find_rule(const struct policy *policy, const char *id)
{
    uint32_t number = id ? names_find(&policy->rule_ids, id) : NAMES_NONE;

    return number == NAMES_NONE ? -1 : (int64_t)number;
}

void policy_watch_rule(struct policy *policy, size_t index, bool watched)
{
    struct rule *rule = &policy->rules[index];

    rule->monitored = (watched && !rule->disabled) || rule->says_monitor;
    policy->has_monitored |= rule->monitored;
}

bool policy_rule_says_monitor(const struct policy *policy, size_t index)
{
    return policy->rules[index].says_monitor;
}

int policy_rule_digest(const struct policy *policy, size_t index, char ret_hex[POLICY_DIGEST_SIZE])
{
    return canonical_rule(policy, &policy->rules[index], ret_hex);
}

void policy_certify(struct policy *policy, size_t index, uint64_t until_us)
{
    struct rule *rule = &policy->rules[index];

    if (rule->decision == DECISION_ALLOW && until_us > rule->certified_us)
        rule->certified_us = until_us;
}

void policy_trust_certificates(struct policy *policy)
{
    policy->trusts_certificates = true;
}

size_t policy_entitlement_count(const struct policy *policy)
{
    return policy->entitlement_names.count;
}

void policy_entitlement(
    const struct policy *policy, size_t index, struct entitlement_info *ret_info)
{
    const struct entitlement *entitlement = &policy->entitlements[index];

    *ret_info = (struct entitlement_info){
        .name = entitlement->name,
        .description = entitlement->description,
        .owner = entitlement->owner,
        .sensitivity = entitlement->sensitivity,
        .max_duration_us = entitlement->max_duration_us,
        .evidence = &entitlement->evidence->terms,
        .digest = entitlement->digest,
        .services = entitlement->what.services.items,
        .service_count = entitlement->what.services.count,
        .groups = entitlement->groups.items,
        .group_count = entitlement->groups.count,
        .run_as_count = entitlement->what.run_as.count,
        .command_count = entitlement->what.command_count,
        .host_count = entitlement->hosts.names.count,
        .label_count = entitlement->hosts.labels.count,
        .place = policy_place(policy, &entitlement->place),
    };
}

int64_t policy_find_entitlement(const struct policy *policy, const char *name)
{
    uint32_t number = name ? names_find(&policy->entitlement_names, name) : NAMES_NONE;

    return number == NAMES_NONE ? -1 : (int64_t)number;
}

const char *policy_entitlement_run_as(const struct policy *policy, size_t index, size_t i)
{
    return policy->user_names.texts[policy->entitlements[index].what.run_as.items[i]];
}

const char *policy_entitlement_host(const struct policy *policy, size_t index, size_t i)
{
    return policy->entitlements[index].hosts.names.items[i];
}

const char *policy_entitlement_label(const struct policy *policy, size_t index, size_t i)
{
    return policy->entitlements[index].hosts.labels.items[i];
}

char *policy_entitlement_command(const struct policy *policy, size_t index, size_t i)
{
    return pattern_join(&policy->entitlements[index].what.commands[i].words);
}

/* Who may ask for it is another question. */
static struct match match_scope(
    const struct policy *policy, size_t index, const struct facts *facts)
{
    struct entitlement entitlement = policy->entitlements[index];

    entitlement.who = (struct who){0};
    return match_entitlement(policy, &entitlement, facts);
}

bool policy_entitlement_opens(const struct policy *policy, size_t index, const struct facts *facts)
{
    struct match match = match_scope(policy, index, facts);

    return match.rest == TRUTH_YES && match.command == TRUTH_YES;
}

bool policy_entitlement_may_open(
    const struct policy *policy, size_t index, const struct facts *facts)
{
    struct match match = match_scope(policy, index, facts);

    return match.rest == TRUTH_YES && match.command != TRUTH_NO;
}

bool policy_entitlement_is_for(const struct policy *policy, size_t index, const struct facts *facts)
{
    struct identified who;
    struct facts whole = *identities_apply(policy, facts, &who);

    whole.whole = true;
    return match_entitlement(policy, &policy->entitlements[index], &whole).rest == TRUTH_YES;
}

const struct stage *policy_rule_stage(const struct policy *policy, size_t index)
{
    return policy->rules[index].stage;
}

bool policy_rule_is_for(const struct policy *policy, size_t index, const struct facts *facts)
{
    const struct rule *rule = &policy->rules[index];
    struct rule who = {.who = rule->who};
    bool found = rule->entitlements.count == 0;
    struct identified identified;

    facts = identities_apply(policy, facts, &identified);
    if (match_rule(policy, &who, facts).rest != TRUTH_YES)
        return false;
    for (size_t i = 0; i < rule->entitlements.count && !found; i++)
        found = policy_entitlement_is_for(policy, rule->entitlements.items[i], facts);
    return found;
}
