#include "meet.h"

#include <string.h>

#include "../../../common/names.h"
#include "../glob.h"
#include "../match.h"
#include "pieces.h"
#include "sets.h"

bool meet_has_command(const char *service)
{
    static const char *const services[] = {
        SERVICE_SUDO, SERVICE_SUDO_I, SERVICE_SU, SERVICE_SU_L, SERVICE_DOAS};

    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (strcmp(services[i], service) == 0)
            return true;
    return false;
}

static bool are_logins(const struct text_list *services)
{
    for (size_t i = 0; i < services->count; i++)
        if (meet_has_command(services->items[i]))
            return false;
    return services->count > 0;
}

static bool are_elevations(const struct text_list *services)
{
    for (size_t i = 0; i < services->count; i++)
        if (!meet_has_command(services->items[i]))
            return false;
    return services->count > 0;
}

/* ---- one condition with another of its kind ---------------------------------------------- */

static bool users_apart(
    const struct policy *policy, const struct numbers *a, const struct numbers *b)
{
    return a->count > 0 && b->count > 0 && !set_users_meet(policy, a, b);
}

static bool texts_apart(const struct text_list *a, const struct text_list *b)
{
    return a->count > 0 && b->count > 0 && !set_texts_meet(a, b);
}

static bool masks_apart(unsigned a, unsigned b)
{
    return a != 0 && b != 0 && (a & b) == 0;
}

/* Everybody of the one set is left out by the other. */
static bool users_left_out(
    const struct policy *policy, const struct numbers *users, const struct numbers *not_users)
{
    return users->count > 0 && not_users->count > 0 && set_covers_users(policy, not_users, users);
}

static bool groups_left_out(const struct numbers *groups, const struct numbers *not_groups)
{
    return groups->count > 0 && not_groups->count > 0 && set_covers(not_groups, groups);
}

static bool names_apart(const struct text_list *a, const struct text_list *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (pattern_meets(a->items[i], b->items[j], GLOB_FOLD))
                return false;
    return a->count > 0 && b->count > 0;
}

static bool paths_meet(const struct command *a, const struct command *b)
{
    if (a->path && b->path)
        return strcmp(a->path, b->path) == 0;
    if (a->path)
        return glob_match(b->words.items[0], a->path, GLOB_PATH);
    if (b->path)
        return glob_match(a->words.items[0], b->path, GLOB_PATH);
    return pattern_meets(a->words.items[0], b->words.items[0], GLOB_PATH);
}

static bool command_meets(const struct command *a, const struct command *b)
{
    size_t fixed_a = a->words.count - (a->rest ? 1 : 0);
    size_t fixed_b = b->words.count - (b->rest ? 1 : 0);
    size_t common = fixed_a < fixed_b ? fixed_a : fixed_b;

    if (a->any || b->any)
        return true;
    if ((fixed_a > common && !b->rest) || (fixed_b > common && !a->rest) || !paths_meet(a, b))
        return false;
    for (size_t i = 1; i < common; i++)
        if (!pattern_meets(a->words.items[i], b->words.items[i], 0))
            return false;
    return true;
}

static bool commands_apart(const struct what *a, const struct what *b)
{
    for (size_t i = 0; i < a->command_count; i++)
        for (size_t j = 0; j < b->command_count; j++)
            if (command_meets(&a->commands[i], &b->commands[j]))
                return false;
    return a->command_count > 0 && b->command_count > 0;
}

static bool network_meets(const struct network *a, const struct network *b)
{
    return network_contains(a, &b->address) || network_contains(b, &a->address);
}

static bool rhosts_apart(const struct rule *a, const struct rule *b)
{
    bool of_a = a->network_count > 0 || a->local, of_b = b->network_count > 0 || b->local;

    if (a->local && b->local)
        return false;
    for (size_t i = 0; i < a->network_count; i++)
        for (size_t j = 0; j < b->network_count; j++)
            if (network_meets(&a->networks[i], &b->networks[j]))
                return false;
    return of_a && of_b;
}

/* ---- one with another -------------------------------------------------------------------- */

static enum condition find_in_who(
    const struct policy *policy, const struct who *a, const struct who *b)
{
    if (users_apart(policy, &a->users, &b->users) ||
        users_left_out(policy, &a->users, &b->not_users))
        return CONDITION_USER;
    if (users_left_out(policy, &b->users, &a->not_users))
        return CONDITION_NOT_USER;
    if (masks_apart(a->kinds, b->kinds))
        return CONDITION_KIND;
    if (groups_left_out(&a->groups, &b->not_groups))
        return CONDITION_GROUP;
    return groups_left_out(&b->groups, &a->not_groups) ? CONDITION_NOT_GROUP : CONDITION_NONE;
}

/* `a` is a rule's. What an entitlement says of accounts and commands holds for elevations. */
static enum condition find_in_what(
    const struct policy *policy, const struct what *a, const struct what *b, bool elevates)
{
    if (texts_apart(&a->services, &b->services))
        return CONDITION_SERVICE;
    if (elevates && users_apart(policy, &a->run_as, &b->run_as))
        return CONDITION_RUN_AS;
    return elevates && commands_apart(a, b) ? CONDITION_COMMAND : CONDITION_NONE;
}

enum condition meet_itself(const struct policy *policy, const struct rule *rule)
{
    if (users_left_out(policy, &rule->who.users, &rule->who.not_users))
        return CONDITION_USER;
    if (rule->decision == DECISION_DENY)
        return CONDITION_NONE;
    if (groups_left_out(&rule->who.groups, &rule->who.not_groups))
        return CONDITION_GROUP;
    return rule->entitlements.count == 0 && rule->what.command_count > 0 &&
                   are_logins(&rule->what.services)
               ? CONDITION_COMMAND
               : CONDITION_NONE;
}

/* At a login the rule's command is not there; but who asks for the whole entitlement is asked for
 * no command. */
static bool wants_command_of_login(
    const struct policy *policy, const struct rule *rule, const struct entitlement *entitlement)
{
    const struct match whole = match_whole(policy, rule, entitlement);

    return rule->what.command_count > 0 &&
           (are_logins(&rule->what.services) || are_logins(&entitlement->what.services)) &&
           (whole.rest != TRUTH_YES || whole.command != TRUTH_YES);
}

enum condition meet_entitlement(
    const struct policy *policy, const struct rule *rule, const struct entitlement *entitlement)
{
    enum condition condition = find_in_who(policy, &rule->who, &entitlement->who);
    bool elevates = rule->what.command_count > 0 || are_elevations(&rule->what.services) ||
                    are_elevations(&entitlement->what.services);

    if (condition == CONDITION_NONE && wants_command_of_login(policy, rule, entitlement))
        condition = CONDITION_COMMAND;
    if (condition == CONDITION_NONE)
        condition = find_in_what(policy, &rule->what, &entitlement->what, elevates);
    if (condition == CONDITION_NONE && names_apart(&rule->hosts.names, &entitlement->hosts.names))
        condition = CONDITION_HOST;
    return condition;
}

/* What the rules themselves look at, whatever entitlements they name. */
static bool rules_apart(const struct policy *policy, const struct rule *a, const struct rule *b)
{
    return find_in_who(policy, &a->who, &b->who) != CONDITION_NONE ||
           find_in_what(policy, &a->what, &b->what, true) != CONDITION_NONE ||
           masks_apart(a->ttys, b->ttys) || rhosts_apart(a, b) ||
           names_apart(&a->hosts.names, &b->hosts.names) ||
           !set_windows_meet(&a->window, &b->window);
}

/* By one of its entitlements a rule meets the other rule, by which it may be too. */
static bool meets_by(const struct policy *policy, const struct rule *rule, const struct rule *other)
{
    for (size_t i = 0; i < rule->entitlements.count; i++)
        if (meet_entitlement(policy, other, &policy->entitlements[rule->entitlements.items[i]]) ==
            CONDITION_NONE)
            return true;
    return rule->entitlements.count == 0;
}

bool meet_rules(const struct policy *policy, const struct rule *a, const struct rule *b)
{
    return !rules_apart(policy, a, b) && meets_by(policy, a, b) && meets_by(policy, b, a);
}
