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

/* A rule that names one entitlement matches only what that matches too: where the rule itself
 * does not say, it can be filed by what the entitlement says. */
static const struct entitlement *only_entitlement(
    const struct policy *policy, const struct rule *rule)
{
    return rule->entitlements.count == 1 ? &policy->entitlements[rule->entitlements.items[0]]
                                         : NULL;
}

static const struct who *find_who(
    const struct policy *policy, const struct rule *rule, enum index_key key)
{
    const struct entitlement *entitlement = only_entitlement(policy, rule);
    bool has_own = key == INDEX_USER ? rule->who.users.count > 0 : rule->who.groups.count > 0;

    return has_own || !entitlement ? &rule->who : &entitlement->who;
}

/* The run-as accounts and commands of an entitlement do not hold for a login that it opens. */
static const struct what *find_what(
    const struct policy *policy, const struct rule *rule, enum index_key key)
{
    const struct entitlement *entitlement = only_entitlement(policy, rule);
    bool has_own = key == INDEX_SERVICE && rule->what.services.count > 0;

    return has_own || key == INDEX_COMMAND || !entitlement ? &rule->what : &entitlement->what;
}

static const struct text_list *find_hosts(const struct policy *policy, const struct rule *rule)
{
    const struct entitlement *entitlement = only_entitlement(policy, rule);

    return rule->hosts.names.count > 0 || !entitlement ? &rule->hosts.names
                                                       : &entitlement->hosts.names;
}

static bool are_literal_hosts(const struct text_list *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (glob_is_wild(hosts->items[i]))
            return false;
    return true;
}

static bool are_literal_commands(const struct what *what)
{
    for (size_t i = 0; i < what->command_count; i++)
        if (!what->commands[i].path)
            return false;
    return true;
}

size_t index_count_values(const struct policy *policy, const struct rule *rule, enum index_key key)
{
    switch (key) {
    case INDEX_USER:
        return find_who(policy, rule, key)->users.count;
    case INDEX_GROUP:
        return find_who(policy, rule, key)->groups.count;
    case INDEX_COMMAND:
        return are_literal_commands(&rule->what) ? rule->what.command_count : 0;
    case INDEX_HOST:
        return are_literal_hosts(find_hosts(policy, rule)) ? find_hosts(policy, rule)->count : 0;
    case INDEX_SERVICE:
        return find_what(policy, rule, key)->services.count;
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
        const struct user *user = &policy->users[find_who(policy, rule, key)->users.items[i]];

        return user->exists ? index_hash_number(user->uid, key, denies) : 0;
    }
    case INDEX_GROUP: {
        const struct group *group = &policy->groups[find_who(policy, rule, key)->groups.items[i]];

        return group->exists ? index_hash_number(group->gid, key, denies) : 0;
    }
    case INDEX_COMMAND:
        return index_hash_text(rule->what.commands[i].path, key, denies);
    case INDEX_HOST:
        glob_unescape(find_hosts(policy, rule)->items[i], host);
        return index_hash_host(host, denies);
    case INDEX_SERVICE:
        return index_hash_text(find_what(policy, rule, key)->services.items[i], key, denies);
    default:
        return 0;
    }
}
