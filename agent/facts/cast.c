#include "cast.h"

#include <errno.h>
#include <string.h>

#include "../policy/policy.h"

/* Above every range that systems, directories and containers give ids from. */
#define MADE_UP_FIRST UINT32_C(0xf0000000)

static bool is_root(const struct cast *cast, const char *name)
{
    return !cast->find && strcmp(name, "root") == 0;
}

int cast_id(struct cast *cast, enum cast_kind kind, const char *name, uint32_t *ret_id)
{
    uint32_t number;

    if (is_root(cast, name)) {
        *ret_id = 0;
        return 0;
    }
    if (cast->find && cast->find(kind, name, ret_id, cast->userdata))
        return 0;
    number = names_add(&cast->made_up[kind], &cast->arena, name, NULL);
    if (number == NAMES_NONE)
        return -ENOMEM;
    *ret_id = MADE_UP_FIRST + number;
    return 0;
}

bool cast_made_up(uint32_t id)
{
    return id >= MADE_UP_FIRST && id < UINT32_MAX;
}

void cast_done(struct cast *cast)
{
    for (size_t i = 0; i < CAST_KINDS; i++)
        names_done(&cast->made_up[i]);
    arena_done(&cast->arena);
}

static bool contains(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return true;
    return false;
}

static bool is_absent(const struct cast_changes *changes, const char *name)
{
    return contains(changes->absent, changes->absent_count, name);
}

/* The account belongs to one of the people who are gone. */
static bool is_locked(
    const struct policy *policy, const struct cast_changes *changes, const char *account)
{
    for (uint32_t i = 0; changes->gone_count > 0 && i < policy_person_count(policy); i++) {
        const struct person *person = policy_person(policy, i);

        if (contains(person->accounts, person->account_count, account) &&
            contains(changes->gone, changes->gone_count, person->name))
            return true;
    }
    return false;
}

int cast_resolve(struct cast *cast, struct policy *policy, const struct cast_changes *changes)
{
    uint32_t id;

    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const char *name = policy_user_name(policy, i);

        if (cast_id(cast, CAST_USER, name, &id) < 0)
            return -ENOMEM;
        policy_resolve_user(policy, i, !is_absent(changes, name), id);
        policy_note_account(policy, i, is_locked(policy, changes, name), 0);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++) {
        const char *name = policy_group_name(policy, i);

        if (cast_id(cast, CAST_GROUP, name, &id) < 0)
            return -ENOMEM;
        policy_resolve_group(policy, i, !is_absent(changes, name), id);
    }
    return 0;
}

bool cast_find_in_policy(
    enum cast_kind kind, const char *name, uint32_t *ret_id, const void *userdata)
{
    const struct policy *policy = userdata;
    size_t count = kind == CAST_USER ? policy_user_count(policy) : policy_group_count(policy);

    for (size_t i = 0; i < count; i++) {
        const char *other =
            kind == CAST_USER ? policy_user_name(policy, i) : policy_group_name(policy, i);

        if (strcmp(other, name) == 0)
            return kind == CAST_USER ? policy_user_id(policy, i, ret_id)
                                     : policy_group_id(policy, i, ret_id);
    }
    return false;
}
