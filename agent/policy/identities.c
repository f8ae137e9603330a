#include "identities.h"

#include "owners.h"

static const char timeless_reason[] =
    "what day it is is not known, and so not whether this identity has ended";
static const char unowned_advice[] =
    "Ask whoever keeps the policy to give the identity an owner who is there.";

void identities_forget(struct policy *policy)
{
    free(policy->identity_uids);
    policy->identity_uids = NULL;
    policy->identity_uid_count = 0;
}

static int compare_uids(const void *left, const void *right)
{
    const struct identity_uid *a = left, *b = right;
    int order = (a->uid > b->uid) - (a->uid < b->uid);

    return order != 0 ? order : (a->identity > b->identity) - (a->identity < b->identity);
}

void identities_index(struct policy *policy)
{
    uint32_t count = policy->identity_names.count;

    identities_forget(policy);
    if (count == 0)
        return;
    policy->identity_uids = calloc(count, sizeof(*policy->identity_uids));
    if (!policy->identity_uids)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const struct user *user = &policy->users[policy->identities[i].user];

        if (user->exists)
            policy->identity_uids[policy->identity_uid_count++] =
                (struct identity_uid){.uid = user->uid, .identity = i};
    }
    qsort(policy->identity_uids, policy->identity_uid_count, sizeof(*policy->identity_uids),
        compare_uids);
}

/* The first entry for `uid`, or the place where it would stand. */
static size_t lower_bound(const struct policy *policy, uid_t uid)
{
    size_t low = 0, high = policy->identity_uid_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (policy->identity_uids[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of those with one uid, tried in their order. */
static void choose(const struct policy *policy, uint32_t identity, uint64_t now_us, int64_t *chosen)
{
    if (*chosen >= 0 &&
        identity_state_of(policy, &policy->identities[*chosen], now_us) != IDENTITY_ALIVE)
        return;
    if (*chosen < 0 ||
        identity_state_of(policy, &policy->identities[identity], now_us) != IDENTITY_ALIVE)
        *chosen = identity;
}

static int64_t search_all(const struct policy *policy, uid_t uid, uint64_t now_us)
{
    int64_t chosen = NO_IDENTITY;

    for (uint32_t i = 0; i < policy->identity_names.count; i++) {
        const struct user *user = &policy->users[policy->identities[i].user];

        if (user->exists && user->uid == uid)
            choose(policy, i, now_us, &chosen);
    }
    return chosen;
}

int64_t policy_identity_of(const struct policy *policy, uid_t uid, uint64_t now_us)
{
    int64_t chosen = NO_IDENTITY;

    if (!policy->identity_uids)
        return search_all(policy, uid, now_us);
    for (size_t i = lower_bound(policy, uid);
         i < policy->identity_uid_count && policy->identity_uids[i].uid == uid; i++)
        choose(policy, policy->identity_uids[i].identity, now_us, &chosen);
    return chosen;
}

/* Without an owner first: then nobody is there to renew it. */
enum identity_state identity_state_of(
    const struct policy *policy, const struct identity *identity, uint64_t now_us)
{
    if (!owners_are_here(policy, identity->people, now_us))
        return IDENTITY_UNOWNED;
    if (now_us == 0)
        return policy->trusts_certificates ? IDENTITY_ALIVE : IDENTITY_TIMELESS;
    return now_us >= identity->expires_us ? IDENTITY_ENDED : IDENTITY_ALIVE;
}

const struct facts *identities_apply(
    const struct policy *policy, const struct facts *facts, struct identified *ret_who)
{
    ret_who->identity = NO_IDENTITY;
    ret_who->state = IDENTITY_ALIVE;
    if (policy->identity_names.count == 0)
        return facts;
    ret_who->identity = policy_identity_of(policy, facts->uid, facts->now_us);
    if (ret_who->identity == NO_IDENTITY)
        return facts;
    ret_who->state = policy_identity_state(policy, (size_t)ret_who->identity, facts->now_us);
    ret_who->facts = *facts;
    ret_who->facts.kind = SUBJECT_SERVICE;
    return &ret_who->facts;
}

size_t policy_identity_count(const struct policy *policy)
{
    return policy->identity_names.count;
}

void policy_identity(const struct policy *policy, size_t index, struct identity_info *ret_info)
{
    const struct identity *identity = &policy->identities[index];
    const struct user *user = &policy->users[identity->user];

    *ret_info = (struct identity_info){
        .name = identity->name,
        .account = policy->user_names.texts[identity->user],
        .has_uid = user->exists,
        .uid = user->uid,
        .owner = identity->owner,
        .people = identity->people.items,
        .people_count = identity->people.count,
        .purpose = identity->purpose,
        .expires_us = identity->expires_us,
        .last_day = identity->last_day,
        .place = policy_place(policy, &identity->place),
    };
}

enum identity_state policy_identity_state(
    const struct policy *policy, size_t index, uint64_t now_us)
{
    return identity_state_of(policy, &policy->identities[index], now_us);
}

int64_t policy_find_identity(const struct policy *policy, const char *name)
{
    uint32_t number = name ? names_find(&policy->identity_names, name) : NAMES_NONE;

    return number == NAMES_NONE ? NO_IDENTITY : (int64_t)number;
}

const char *policy_identity_reason(
    const struct policy *policy, size_t index, enum identity_state state)
{
    switch (state) {
    case IDENTITY_ENDED:
        return policy->identities[index].ended_reason;
    case IDENTITY_UNOWNED:
        return policy->identities[index].unowned_reason;
    case IDENTITY_TIMELESS:
        return timeless_reason;
    default:
        return NULL;
    }
}

const char *policy_identity_advice(
    const struct policy *policy, size_t index, enum identity_state state)
{
    switch (state) {
    case IDENTITY_ENDED:
        return policy->identities[index].ended_advice;
    case IDENTITY_UNOWNED:
        return unowned_advice;
    default:
        return NULL;
    }
}
