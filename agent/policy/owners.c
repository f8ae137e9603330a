#include "owners.h"

#include <string.h>

void owners_refresh(struct policy *policy, uint32_t person)
{
    struct owner *owner = &policy->people[person];

    owner->person.uid_count = 0;
    for (size_t i = 0; i < owner->person.account_count; i++) {
        const struct user *user = &policy->users[owner->users[i]];

        if (user->exists)
            owner->uids[owner->person.uid_count++] = user->uid;
    }
}

static int compare_owned(const void *left, const void *right)
{
    const struct owned_uid *a = left, *b = right;
    int order = (a->uid > b->uid) - (a->uid < b->uid);

    return order != 0 ? order : (a->person > b->person) - (a->person < b->person);
}

void owners_forget(struct policy *policy)
{
    free(policy->owned);
    policy->owned = NULL;
    policy->owned_count = 0;
}

void owners_index(struct policy *policy)
{
    owners_forget(policy);
    policy->owned = calloc((size_t)policy->user_names.count + 1, sizeof(*policy->owned));
    if (!policy->owned)
        return;
    for (uint32_t i = 0; i < policy->user_names.count; i++) {
        const struct user *user = &policy->users[i];

        if (user->exists && user->person != PERSON_NONE)
            policy->owned[policy->owned_count++] =
                (struct owned_uid){.uid = user->uid, .person = user->person};
    }
    qsort(policy->owned, policy->owned_count, sizeof(*policy->owned), compare_owned);
}

/* The first entry for `uid`, or the place where it would stand. */
static size_t lower_bound(const struct policy *policy, uid_t uid)
{
    size_t low = 0, high = policy->owned_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (policy->owned[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t search_people(const struct policy *policy, uid_t uid)
{
    for (uint32_t i = 0; i < policy->people_names.count; i++) {
        const struct person *person = &policy->people[i].person;

        for (size_t j = 0; j < person->uid_count; j++)
            if (person->uids[j] == uid)
                return i;
    }
    return -1;
}

int64_t owners_find(const struct policy *policy, uid_t uid)
{
    size_t at;

    if (!policy->owned)
        return search_people(policy, uid);
    at = lower_bound(policy, uid);
    if (at == policy->owned_count || policy->owned[at].uid != uid)
        return -1;
    return policy->owned[at].person;
}

static bool is_over(const struct user *user, uint64_t now_us)
{
    return user->expires_us != 0 && now_us >= user->expires_us;
}

enum person_state policy_person_state(const struct policy *policy, uint32_t index, uint64_t now_us)
{
    const struct owner *owner = &policy->people[index];
    enum person_state state = PERSON_ABSENT;

    if (!owner->listed && policy->lists_people)
        return PERSON_UNLISTED;
    for (size_t i = 0; i < owner->person.account_count; i++) {
        const struct user *user = &policy->users[owner->users[i]];

        if (!user->exists)
            continue;
        if (!user->locked && !is_over(user, now_us))
            return PERSON_HERE;
        state = user->locked ? PERSON_LOCKED : PERSON_EXPIRED;
    }
    return state;
}

bool owners_are_here(const struct policy *policy, struct numbers people, uint64_t now_us)
{
    for (size_t i = 0; i < people.count; i++)
        if (policy_person_state(policy, people.items[i], now_us) == PERSON_HERE)
            return true;
    return false;
}

uint64_t policy_person_ends(const struct policy *policy, uint32_t index, uint64_t now_us)
{
    const struct owner *owner = &policy->people[index];
    uint64_t last = 0;

    for (size_t i = 0; i < owner->person.account_count; i++) {
        const struct user *user = &policy->users[owner->users[i]];

        if (!user->exists || user->locked || is_over(user, now_us))
            continue;
        if (user->expires_us == 0)
            return 0;
        last = user->expires_us > last ? user->expires_us : last;
    }
    return last;
}

struct people_list policy_people_of(const struct policy *policy, const char *name)
{
    for (uint32_t i = 0; i < policy->team_names.count; i++)
        if (strcmp(policy->team_names.texts[i], name) == 0)
            return (struct people_list){policy->team_people[i].items, policy->team_people[i].count};
    for (uint32_t i = 0; i < policy->people_names.count; i++)
        if (strcmp(policy->people_names.texts[i], name) == 0)
            return (struct people_list){&policy->people[i].number, 1};
    for (uint32_t i = 0; i < policy->user_names.count; i++)
        if (policy->users[i].person != PERSON_NONE &&
            strcmp(policy->user_names.texts[i], name) == 0)
            return (struct people_list){&policy->people[policy->users[i].person].number, 1};
    return (struct people_list){0};
}
