#include "policy.h"

#include "../../common/str.h"
#include "evidence.h"
#include "identities.h"
#include "index.h"
#include "model.h"
#include "owners.h"

struct policy *policy_ref(struct policy *policy)
{
    policy->references++;
    return policy;
}

bool policy_is_shared(const struct policy *policy)
{
    return policy->references > 0;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    if (policy->references > 0) {
        policy->references--;
        return;
    }
    index_done(&policy->index);
    owners_forget(policy);
    identities_forget(policy);
    names_done(&policy->user_names);
    names_done(&policy->group_names);
    names_done(&policy->people_names);
    names_done(&policy->group_services);
    names_done(&policy->zones);
    names_done(&policy->entitlement_names);
    names_done(&policy->identity_names);
    names_done(&policy->rule_ids);
    names_done(&policy->team_names);
    names_done(&policy->files);
    evidence_done(policy);
    free(policy->entitlements);
    free(policy->identities);
    free(policy->users);
    free(policy->groups);
    free(policy->people);
    arena_done(&policy->arena);
    arena_done(&policy->name_texts);
    free(policy);
}

size_t policy_user_count(const struct policy *policy)
{
    return policy->user_names.count;
}

const char *policy_user_name(const struct policy *policy, size_t index)
{
    return index < policy->user_names.count ? policy->user_names.texts[index] : NULL;
}

/* What was built on the ids told before no longer holds. */
static void forget_ids(struct policy *policy)
{
    index_done(&policy->index);
    owners_forget(policy);
    identities_forget(policy);
}

void policy_resolve_user(struct policy *policy, size_t index, bool exists, uid_t uid)
{
    struct user *user;

    if (index >= policy->user_names.count)
        return;
    user = &policy->users[index];
    exists &= uid != (uid_t)-1; /* the "no change" of chown(2) and setreuid(2): nobody's id */
    if (user->exists == exists && (!exists || user->uid == uid))
        return;
    user->exists = exists;
    user->uid = uid;
    forget_ids(policy);
    if (user->person != PERSON_NONE)
        owners_refresh(policy, user->person);
}

void policy_note_account(struct policy *policy, size_t index, bool locked, uint64_t expires_us)
{
    if (index >= policy->user_names.count)
        return;
    policy->users[index].locked = locked;
    policy->users[index].expires_us = expires_us;
}

size_t policy_group_count(const struct policy *policy)
{
    return policy->group_names.count;
}

const char *policy_group_name(const struct policy *policy, size_t index)
{
    return index < policy->group_names.count ? policy->group_names.texts[index] : NULL;
}

void policy_resolve_group(struct policy *policy, size_t index, bool exists, gid_t gid)
{
    struct group *group;

    if (index >= policy->group_names.count)
        return;
    group = &policy->groups[index];
    exists &= gid != (gid_t)-1;
    if (group->exists == exists && (!exists || group->gid == gid))
        return;
    group->exists = exists;
    group->gid = gid;
    forget_ids(policy);
}

bool policy_user_id(const struct policy *policy, size_t index, uid_t *ret_uid)
{
    if (index >= policy->user_names.count || !policy->users[index].exists)
        return false;
    *ret_uid = policy->users[index].uid;
    return true;
}

bool policy_group_id(const struct policy *policy, size_t index, gid_t *ret_gid)
{
    if (index >= policy->group_names.count || !policy->groups[index].exists)
        return false;
    *ret_gid = policy->groups[index].gid;
    return true;
}

void policy_ready(struct policy *policy)
{
    index_build(policy);
    owners_index(policy);
    identities_index(policy);
}

size_t policy_zone_count(const struct policy *policy)
{
    return policy->zones.count;
}

const char *policy_zone_name(const struct policy *policy, size_t index)
{
    return index < policy->zones.count ? policy->zones.texts[index] : NULL;
}

const char *policy_digest(const struct policy *policy)
{
    return policy->digest;
}

size_t policy_rule_count(const struct policy *policy)
{
    return policy->rule_count;
}

size_t policy_person_count(const struct policy *policy)
{
    return policy->people_names.count;
}

const struct person *policy_person(const struct policy *policy, uint32_t index)
{
    return index < policy->people_names.count ? &policy->people[index].person : NULL;
}

int64_t policy_person_of(const struct policy *policy, uid_t uid)
{
    return owners_find(policy, uid);
}

static bool stage_asks(const struct stage *stage, uint32_t person)
{
    for (size_t i = 0; stage && i < stage->people_count; i++)
        if (stage->people[i] == person)
            return true;
    return false;
}

static const struct rule *find_granting(const struct policy *policy, const char *id)
{
    int64_t at = policy_find_rule(policy, id);
    const struct rule *rule = at < 0 ? NULL : &policy->rules[at];

    return rule && !rule->disabled && !rule->monitored && rule->decision != DECISION_DENY ? rule
                                                                                          : NULL;
}

bool policy_rule_grants(const struct policy *policy, const char *rule)
{
    return find_granting(policy, rule) != NULL;
}

bool policy_rule_asks(const struct policy *policy, const char *rule, uint32_t person)
{
    const struct rule *found = find_granting(policy, rule);

    return found && stage_asks(found->stage, person);
}

static void each_command(
    const struct what *what, void (*visit)(const char *pattern, void *userdata), void *userdata)
{
    for (size_t i = 0; i < what->command_count; i++)
        if (!what->commands[i].any)
            visit(what->commands[i].words.items[0], userdata);
}

void policy_each_command(
    const struct policy *policy, void (*visit)(const char *pattern, void *userdata), void *userdata)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        each_command(&policy->rules[i].what, visit, userdata);
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        each_command(&policy->entitlements[i].what, visit, userdata);
}
