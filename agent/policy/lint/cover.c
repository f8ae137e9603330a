#include "cover.h"

#include <string.h>

#include "../glob.h"
#include "../match.h"
#include "pieces.h"
#include "sets.h"

/* What a rule matches by one of its entitlements, or by none. Facts meet it only if they meet
 * both. */
struct side {
    const struct rule *rule;
    const struct entitlement *entitlement; /* or NULL */
};

/* ---- who ------------------------------------------------------------------------------- */

static bool excludes_user(const struct policy *policy, const struct who *who, uint32_t user)
{
    const struct numbers one = {&user, 1};

    return set_has(&who->not_users, user) ||
           (who->users.count > 0 && !set_users_meet(policy, &who->users, &one));
}

/* Nobody of `not_users` can match the narrow side. */
static bool covers_not_users(
    const struct policy *policy, const struct numbers *not_users, const struct side *narrow)
{
    for (size_t i = 0; i < not_users->count; i++)
        if (!excludes_user(policy, &narrow->rule->who, not_users->items[i]) &&
            !(narrow->entitlement &&
                excludes_user(policy, &narrow->entitlement->who, not_users->items[i])))
            return false;
    return true;
}

static bool covers_not_groups(const struct numbers *not_groups, const struct side *narrow)
{
    for (size_t i = 0; i < not_groups->count; i++)
        if (!set_has(&narrow->rule->who.not_groups, not_groups->items[i]) &&
            !(narrow->entitlement &&
                set_has(&narrow->entitlement->who.not_groups, not_groups->items[i])))
            return false;
    return true;
}

static bool covers_each_of_who(
    const struct policy *policy, const struct who *wide, const struct side *narrow)
{
    const struct who *own = &narrow->rule->who;
    const struct who *more = narrow->entitlement ? &narrow->entitlement->who : own;

    return (set_covers_mask(wide->kinds, own->kinds) ||
               set_covers_mask(wide->kinds, more->kinds)) &&
           (set_covers_users(policy, &wide->users, &own->users) ||
               set_covers_users(policy, &wide->users, &more->users)) &&
           (set_covers(&wide->groups, &own->groups) || set_covers(&wide->groups, &more->groups));
}

static bool covers_who(
    const struct policy *policy, const struct who *wide, const struct side *narrow)
{
    return covers_each_of_who(policy, wide, narrow) &&
           covers_not_users(policy, &wide->not_users, narrow) &&
           covers_not_groups(&wide->not_groups, narrow);
}

/* ---- what ------------------------------------------------------------------------------ */

/* An argument that climbs out of a pattern's directory makes its word "not known"; so a word that
 * matches it for sure is covered only by one that does too. */
static bool covers_word(const char *wide, const char *narrow)
{
    char text[256];

    if (strcmp(wide, "*") == 0 || strcmp(wide, narrow) == 0)
        return true;
    if (strcmp(narrow, "*") == 0)
        return false;
    if (glob_is_wild(narrow))
        return pattern_covers(wide, narrow, 0);
    if (strlen(narrow) >= sizeof(text))
        return false;
    glob_unescape(narrow, text);
    return command_match_argument(wide, text) == TRUTH_YES;
}

static bool covers_path(const struct command *wide, const struct command *narrow)
{
    if (wide->path && narrow->path)
        return strcmp(wide->path, narrow->path) == 0;
    return !wide->path && pattern_covers(wide->words.items[0], narrow->words.items[0], GLOB_PATH);
}

static bool covers_command(const struct command *wide, const struct command *narrow)
{
    size_t wide_fixed = wide->words.count - (wide->rest ? 1 : 0);
    size_t narrow_fixed = narrow->words.count - (narrow->rest ? 1 : 0);

    if (wide->any || narrow->any)
        return wide->any;
    if (narrow_fixed < wide_fixed || (!wide->rest && (narrow->rest || narrow_fixed > wide_fixed)))
        return false;
    if (!covers_path(wide, narrow))
        return false;
    for (size_t i = 1; i < wide_fixed; i++)
        if (!covers_word(wide->words.items[i], narrow->words.items[i]))
            return false;
    return true;
}

static bool covers_commands(const struct what *wide, const struct what *narrow)
{
    if (wide->command_count == 0)
        return true;
    for (size_t i = 0; i < narrow->command_count; i++) {
        bool covered = false;

        for (size_t j = 0; j < wide->command_count && !covered; j++)
            covered = covers_command(&wide->commands[j], &narrow->commands[i]);
        if (!covered)
            return false;
    }
    return narrow->command_count > 0;
}

/* An entitlement's accounts and commands do not bind a login, so that they narrow nothing down
 * unless the rule itself asks for a command. */
static bool covers_what(
    const struct policy *policy, const struct what *wide, const struct side *narrow)
{
    const struct what *own = &narrow->rule->what;
    const struct what *more = narrow->entitlement ? &narrow->entitlement->what : own;
    const struct what *bound = own->command_count > 0 ? more : own;

    return (set_covers_texts(&wide->services, &own->services) ||
               set_covers_texts(&wide->services, &more->services)) &&
           (set_covers_users(policy, &wide->run_as, &own->run_as) ||
               set_covers_users(policy, &wide->run_as, &bound->run_as)) &&
           (covers_commands(wide, own) || covers_commands(wide, bound));
}

/* ---- where and when -------------------------------------------------------------------- */

static bool covers_names(const struct text_list *wide, const struct text_list *narrow)
{
    for (size_t i = 0; i < narrow->count; i++) {
        bool covered = false;

        for (size_t j = 0; j < wide->count && !covered; j++)
            covered = pattern_covers(wide->items[j], narrow->items[i], GLOB_FOLD);
        if (!covered)
            return false;
    }
    return narrow->count > 0;
}

static bool covers_hosts(const struct hosts *wide, const struct side *narrow)
{
    const struct hosts *own = &narrow->rule->hosts;
    const struct hosts *more = narrow->entitlement ? &narrow->entitlement->hosts : own;

    return (set_covers_texts(&wide->labels, &own->labels) ||
               set_covers_texts(&wide->labels, &more->labels)) &&
           (wide->names.count == 0 || covers_names(&wide->names, &own->names) ||
               covers_names(&wide->names, &more->names));
}

static bool covers_network(const struct rule *wide, const struct network *network)
{
    for (size_t i = 0; i < wide->network_count; i++)
        if (wide->networks[i].prefix <= network->prefix &&
            network_contains(&wide->networks[i], &network->address))
            return true;
    return false;
}

static bool covers_rhost(const struct rule *wide, const struct rule *narrow)
{
    if (wide->network_count == 0 && !wide->local)
        return true;
    if (narrow->local && !wide->local)
        return false;
    for (size_t i = 0; i < narrow->network_count; i++)
        if (!covers_network(wide, &narrow->networks[i]))
            return false;
    return narrow->local || narrow->network_count > 0;
}

/* ---- together -------------------------------------------------------------------------- */

/* What the wide rule asks by itself, cheapest first. */
static bool covers_own(
    const struct policy *policy, const struct rule *wide, const struct side *narrow)
{
    return covers_who(policy, &wide->who, narrow) &&
           set_covers_mask(wide->ttys, narrow->rule->ttys) && covers_rhost(wide, narrow->rule) &&
           covers_hosts(&wide->hosts, narrow) && covers_what(policy, &wide->what, narrow) &&
           set_covers_window(&wide->window, &narrow->rule->window);
}

/* What an entitlement asks, as if it were a rule's own. */
static bool covers_entitlement(
    const struct policy *policy, const struct entitlement *wide, const struct side *narrow)
{
    return covers_who(policy, &wide->who, narrow) && covers_hosts(&wide->hosts, narrow) &&
           covers_what(policy, &wide->what, narrow);
}

static bool is_certain(struct match match)
{
    return match.rest == TRUTH_YES && match.command == TRUTH_YES;
}

/* Of those who ask for the whole entitlement. */
static bool covers_whole(const struct policy *policy, const struct rule *wide,
    const struct rule *narrow, const struct entitlement *entitlement)
{
    return is_certain(match_whole(policy, wide, entitlement)) ||
           !is_certain(match_whole(policy, narrow, entitlement));
}

/* Facts that name no entitlement: any one that the wide rule names will do. */
static bool covers_without(
    const struct policy *policy, const struct rule *wide, const struct side *narrow)
{
    for (size_t i = 0; i < wide->entitlements.count; i++)
        if (covers_entitlement(policy, &policy->entitlements[wide->entitlements.items[i]], narrow))
            return true;
    return false;
}

/* Who asks for an entitlement by name is answered by rules about it; only a deny rule that names
 * none is about all of them. */
static bool covers_by(const struct policy *policy, const struct rule *wide,
    const struct rule *narrow, uint32_t entitlement)
{
    const struct side side = {narrow, &policy->entitlements[entitlement]};
    bool about = wide->entitlements.count > 0
                     ? set_has(&wide->entitlements, entitlement)
                     : wide->decision == DECISION_DENY && narrow->decision != DECISION_DENY;

    return about && covers_whole(policy, wide, narrow, side.entitlement) &&
           covers_own(policy, wide, &side);
}

/* A deny without an entitlement holds for those who ask for one as a whole, too, if it takes in all
 * that it gives; and so must the wide one then, by the comparison used there. */
static bool covers_any_whole(const struct rule *wide, const struct rule *narrow)
{
    return narrow->decision != DECISION_DENY ||
           (set_covers(&wide->what.run_as, &narrow->what.run_as) &&
               set_same_commands(&wide->what, &narrow->what));
}

bool cover_rule(const struct policy *policy, const struct rule *wide, const struct rule *narrow)
{
    const struct side alone = {.rule = narrow};

    if (narrow->entitlements.count == 0 && wide->entitlements.count == 0)
        return covers_own(policy, wide, &alone) && covers_any_whole(wide, narrow);
    if (narrow->entitlements.count == 0)
        return narrow->decision != DECISION_DENY && covers_own(policy, wide, &alone) &&
               covers_without(policy, wide, &alone);
    for (size_t i = 0; i < narrow->entitlements.count; i++)
        if (!covers_by(policy, wide, narrow, narrow->entitlements.items[i]))
            return false;
    return true;
}
