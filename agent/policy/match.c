#include "match.h"

#include <string.h>

#include "glob.h"

static enum truth from_bool(bool value)
{
    return value ? TRUTH_YES : TRUTH_NO;
}

static bool has_uid(const struct policy *policy, const struct numbers *users, uid_t uid)
{
    for (size_t i = 0; i < users->count; i++) {
        const struct user *user = &policy->users[users->items[i]];

        if (user->exists && user->uid == uid)
            return true;
    }
    return false;
}

static bool has_gid(const struct facts *facts, gid_t gid)
{
    for (size_t i = 0; i < facts->group_count; i++)
        if (facts->groups[i] == gid)
            return true;
    return false;
}

/* A group that does not exist has no members, whether the subject's groups are known or not. */
static enum truth match_groups(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    bool some_exist = false;

    if (rule->groups.count == 0)
        return TRUTH_YES;
    for (size_t i = 0; i < rule->groups.count; i++) {
        const struct group *group = &policy->groups[rule->groups.items[i]];

        some_exist |= group->exists;
        if (group->exists && facts->groups_known && has_gid(facts, group->gid))
            return TRUTH_YES;
    }
    return some_exist && !facts->groups_known ? TRUTH_UNKNOWN : TRUTH_NO;
}

/* `mask` has a bit for each accepted value of an enum whose 0 means unknown. */
static enum truth match_mask(unsigned mask, unsigned value)
{
    if (mask == 0)
        return TRUTH_YES;
    if (value == 0)
        return TRUTH_UNKNOWN;
    return from_bool(value < 32 && (mask >> value & 1) != 0);
}

static enum truth match_service(const struct rule *rule, const char *service)
{
    if (rule->services.count == 0)
        return TRUTH_YES;
    if (!service)
        return TRUTH_UNKNOWN;
    for (size_t i = 0; i < rule->services.count; i++)
        if (strcmp(rule->services.items[i], service) == 0)
            return TRUTH_YES;
    return TRUTH_NO;
}

static enum truth match_host(const struct rule *rule, const char *host)
{
    if (rule->hosts.count == 0)
        return TRUTH_YES;
    if (!host)
        return TRUTH_UNKNOWN;
    for (size_t i = 0; i < rule->hosts.count; i++)
        if (glob_match(rule->hosts.items[i], host, GLOB_FOLD))
            return TRUTH_YES;
    return TRUTH_NO;
}

static enum truth match_rhost(const struct rule *rule, const struct facts *facts)
{
    if (rule->network_count == 0 && !rule->local)
        return TRUTH_YES;
    if (facts->rhost_is_none)
        return from_bool(rule->local);
    if (!facts->rhost_known)
        return TRUTH_UNKNOWN;
    for (size_t i = 0; i < rule->network_count; i++)
        if (network_contains(&rule->networks[i], &facts->rhost))
            return TRUTH_YES;
    return TRUTH_NO;
}

static enum truth both(enum truth a, enum truth b)
{
    return a < b ? a : b;
}

enum truth match_rest(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    enum truth truth = TRUTH_YES;

    if (rule->users.count > 0 && !has_uid(policy, &rule->users, facts->uid))
        return TRUTH_NO;
    truth = both(truth, match_service(rule, facts->service));
    truth = both(truth, match_mask(rule->kinds, facts->kind));
    truth = both(truth, match_mask(rule->ttys, facts->tty));
    if (truth != TRUTH_NO)
        truth = both(truth, match_groups(policy, rule, facts));
    if (truth != TRUTH_NO)
        truth = both(truth, match_host(rule, facts->host));
    if (truth != TRUTH_NO)
        truth = both(truth, match_rhost(rule, facts));
    if (truth != TRUTH_NO)
        truth = both(truth, window_match(&rule->window, facts->zones));
    return truth;
}

/* As with groups: an account that does not exist runs nothing. */
static enum truth match_run_as(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    if (rule->run_as.count == 0)
        return TRUTH_YES;
    if (facts->run_as_known)
        return from_bool(has_uid(policy, &rule->run_as, facts->run_as));
    for (size_t i = 0; i < rule->run_as.count; i++)
        if (policy->users[rule->run_as.items[i]].exists)
            return TRUTH_UNKNOWN;
    return TRUTH_NO;
}

enum truth match_command(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    enum truth run_as = match_run_as(policy, rule, facts), best = TRUTH_NO;

    if (rule->command_count == 0 || run_as == TRUTH_NO)
        return run_as;
    if (facts->command_is_none)
        return TRUTH_NO;
    for (size_t i = 0; i < rule->command_count && best != TRUTH_YES; i++) {
        enum truth one =
            command_match(&rule->commands[i], facts->command, facts->argv, facts->argc);

        best = one > best ? one : best;
    }
    return both(run_as, best);
}
