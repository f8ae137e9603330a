#include "index_keys.h"

#include <string.h>

#include "glob.h"

#define HOST_SIZE 256

static uint32_t shorten(uint64_t hash)
{
    uint32_t shorter = (uint32_t)(hash ^ hash >> 32);

    return shorter == 0 ? 1 : shorter;
}

static uint64_t seed(enum index_key key, bool denies)
{
    return (uint64_t)key << 1 | (denies ? 1 : 0);
}

uint32_t index_hash_number(uint32_t number, enum index_key key, bool denies)
{
    uint64_t hash = ((uint64_t)number << 8 | seed(key, denies)) * UINT64_C(0x9e3779b97f4a7c15);

    return shorten(hash ^ hash >> 29);
}

uint32_t index_hash_text(const char *text, enum index_key key, bool denies)
{
    return shorten(names_hash(text, seed(key, denies)));
}

uint32_t index_hash_host(const char *host, bool denies)
{
    char folded[HOST_SIZE];
    size_t length = strnlen(host, sizeof(folded));

    if (length == sizeof(folded))
        return 0;
    for (size_t i = 0; i <= length; i++)
        folded[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + ('a' - 'A') : host[i]);
    return index_hash_text(folded, INDEX_HOST, denies);
}

static bool has_only_literal_hosts(const struct rule *rule)
{
    for (size_t i = 0; i < rule->hosts.count; i++)
        if (glob_is_wild(rule->hosts.items[i]))
            return false;
    return true;
}

static bool has_only_literal_commands(const struct rule *rule)
{
    for (size_t i = 0; i < rule->command_count; i++)
        if (!rule->commands[i].path)
            return false;
    return true;
}

size_t index_count_values(const struct rule *rule, enum index_key key)
{
    switch (key) {
    case INDEX_USER:
        return rule->users.count;
    case INDEX_GROUP:
        return rule->groups.count;
    case INDEX_COMMAND:
        return has_only_literal_commands(rule) ? rule->command_count : 0;
    case INDEX_HOST:
        return has_only_literal_hosts(rule) ? rule->hosts.count : 0;
    case INDEX_SERVICE:
        return rule->services.count;
    default:
        return 0;
    }
}

uint32_t index_hash_value(
    const struct policy *policy, const struct rule *rule, enum index_key key, size_t i)
{
    bool denies = rule->decision == DECISION_DENY;
    char host[2 * HOST_SIZE];

    switch (key) {
    case INDEX_USER: {
        const struct user *user = &policy->users[rule->users.items[i]];

        return user->exists ? index_hash_number(user->uid, key, denies) : 0;
    }
    case INDEX_GROUP: {
        const struct group *group = &policy->groups[rule->groups.items[i]];

        return group->exists ? index_hash_number(group->gid, key, denies) : 0;
    }
    case INDEX_COMMAND:
        return index_hash_text(rule->commands[i].path, key, denies);
    case INDEX_HOST:
        glob_unescape(rule->hosts.items[i], host);
        return index_hash_host(host, denies);
    case INDEX_SERVICE:
        return index_hash_text(rule->services.items[i], key, denies);
    default:
        return 0;
    }
}
