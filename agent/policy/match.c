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
static enum truth is_member(
    const struct policy *policy, const struct numbers *groups, const struct facts *facts)
{
    bool some_exist = false;

    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = &policy->groups[groups->items[i]];

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

static enum truth match_users(
    const struct policy *policy, const struct who *who, const struct facts *facts)
{
    return from_bool(who->users.count == 0 || has_uid(policy, &who->users, facts->uid));
}

static enum truth match_not_users(
    const struct policy *policy, const struct who *who, const struct facts *facts)
{
    return from_bool(!has_uid(policy, &who->not_users, facts->uid));
}

static enum truth match_groups(
    const struct policy *policy, const struct who *who, const struct facts *facts)
{
    return who->groups.count == 0 ? TRUTH_YES : is_member(policy, &who->groups, facts);
}

static enum truth match_not_groups(
    const struct policy *policy, const struct who *who, const struct facts *facts)
{
    return truth_not(is_member(policy, &who->not_groups, facts));
}

static bool has_text(const struct text_list *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

static enum truth match_service(const struct what *what, const char *service)
{
    if (what->services.count == 0)
        return TRUTH_YES;
    return service ? from_bool(has_text(&what->services, service)) : TRUTH_UNKNOWN;
}

static enum truth match_names(const struct hosts *hosts, const char *host)
{
    if (hosts->names.count == 0)
        return TRUTH_YES;
    if (!host)
        return TRUTH_UNKNOWN;
    for (size_t i = 0; i < hosts->names.count; i++)
        if (glob_match(hosts->names.items[i], host, GLOB_FOLD))
            return TRUTH_YES;
    return TRUTH_NO;
}

static enum truth match_labels(const struct hosts *hosts, const struct facts *facts)
{
    if (hosts->labels.count == 0)
        return TRUTH_YES;
    for (size_t i = 0; i < facts->label_count; i++)
        if (has_text(&hosts->labels, facts->labels[i]))
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

/* As with groups: an account that does not exist runs nothing. A login becomes nobody else. */
static enum truth match_run_as(
    const struct policy *policy, const struct what *what, const struct facts *facts)
{
    if (what->run_as.count == 0)
        return TRUTH_YES;
    if (facts->command_is_none)
        return TRUTH_NO;
    if (facts->run_as_known)
        return from_bool(has_uid(policy, &what->run_as, facts->run_as));
    for (size_t i = 0; i < what->run_as.count; i++)
        if (policy->users[what->run_as.items[i]].exists)
            return TRUTH_UNKNOWN;
    return TRUTH_NO;
}

static enum truth match_command(const struct what *what, const struct facts *facts)
{
    enum truth best = TRUTH_NO;

    if (what->command_count == 0)
        return TRUTH_YES;
    if (facts->command_is_none)
        return TRUTH_NO;
    for (size_t i = 0; i < what->command_count && best != TRUTH_YES; i++) {
        enum truth one =
            command_match(&what->commands[i], facts->command, facts->argv, facts->argc);

        best = one > best ? one : best;
    }
    return best;
}

static enum truth match_who(
    const struct policy *policy, const struct who *who, const struct facts *facts)
{
    enum truth truth = match_users(policy, who, facts);

    if (truth == TRUTH_YES && who->not_users.count > 0)
        truth = match_not_users(policy, who, facts);
    if (truth == TRUTH_YES)
        truth = match_mask(who->kinds, facts->kind);
    if (truth != TRUTH_NO)
        truth = truth_both(truth, match_groups(policy, who, facts));
    if (truth != TRUTH_NO && who->not_groups.count > 0)
        truth = truth_both(truth, match_not_groups(policy, who, facts));
    return truth;
}

static enum truth match_hosts(const struct hosts *hosts, const struct facts *facts)
{
    enum truth truth = match_labels(hosts, facts);

    return truth == TRUTH_NO ? truth : truth_both(truth, match_names(hosts, facts->host));
}

/* What is asked for as a whole is neither one door nor one command: match_whole(). */
static struct match match_what(
    const struct policy *policy, const struct what *what, const struct facts *facts)
{
    struct match match = {TRUTH_YES, TRUTH_YES};

    if (facts->whole)
        return match;
    match.rest = match_service(what, facts->service);
    if (match.rest != TRUTH_NO)
        match.command = match_run_as(policy, what, facts);
    if (match.rest != TRUTH_NO && match.command != TRUTH_NO)
        match.command = truth_both(match.command, match_command(what, facts));
    return match;
}

struct match match_rule(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    struct match match = {match_who(policy, &rule->who, facts), TRUTH_YES};

    if (match.rest != TRUTH_NO)
        match = match_both(match, match_what(policy, &rule->what, facts));
    if (match.rest != TRUTH_NO && match.command != TRUTH_NO) {
        match.rest = truth_both(match.rest, match_mask(rule->ttys, facts->tty));
        match.rest = truth_both(match.rest, match_hosts(&rule->hosts, facts));
        match.rest = truth_both(match.rest, match_rhost(rule, facts));
        match.rest = truth_both(match.rest, window_match(&rule->window, facts));
    }
    return match;
}

/* A login service that it lists is opened whatever its commands are: a login has none. */
struct match match_entitlement(
    const struct policy *policy, const struct entitlement *entitlement, const struct facts *facts)
{
    struct match match = {match_who(policy, &entitlement->who, facts), TRUTH_YES};
    struct what what = entitlement->what;

    if (facts->command_is_none) {
        what.run_as.count = 0;
        what.command_count = 0;
    }
    if (match.rest != TRUTH_NO)
        match.rest = truth_both(match.rest, match_hosts(&entitlement->hosts, facts));
    if (match.rest != TRUTH_NO)
        match = match_both(match, match_what(policy, &what, facts));
    return match;
}

/* ---- a whole entitlement --------------------------------------------------------------- */

/* How many of `parts` are in `all`, as truth: every one, some, none. */
static enum truth covers_count(size_t found, size_t parts)
{
    if (found == parts && parts > 0)
        return TRUTH_YES;
    return found == 0 && parts > 0 ? TRUTH_NO : TRUTH_UNKNOWN;
}

static enum truth covers_services(const struct what *all, const struct what *part)
{
    size_t found = 0;

    if (all->services.count == 0)
        return TRUTH_YES;
    for (size_t i = 0; i < part->services.count; i++)
        found += has_text(&all->services, part->services.items[i]);
    return covers_count(found, part->services.count);
}

static bool has_number(const struct numbers *numbers, uint32_t number)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (numbers->items[i] == number)
            return true;
    return false;
}

static enum truth covers_run_as(const struct what *all, const struct what *part)
{
    size_t found = 0;

    if (all->run_as.count == 0)
        return TRUTH_YES;
    for (size_t i = 0; i < part->run_as.count; i++)
        found += has_number(&all->run_as, part->run_as.items[i]);
    return covers_count(found, part->run_as.count);
}

static bool is_same_command(const struct command *a, const struct command *b)
{
    if (a->any)
        return true;
    if (b->any || a->words.count != b->words.count || a->rest != b->rest)
        return false;
    for (size_t i = 0; i < a->words.count; i++)
        if (strcmp(a->words.items[i], b->words.items[i]) != 0)
            return false;
    return true;
}

/* Patterns are compared as they are written: two that meet in part cannot be told apart here. */
static enum truth covers_commands(const struct what *all, const struct what *part)
{
    size_t found = 0;

    if (all->command_count == 0)
        return TRUTH_YES;
    for (size_t i = 0; i < part->command_count; i++) {
        bool same = false;

        for (size_t j = 0; j < all->command_count && !same; j++)
            same = is_same_command(&all->commands[j], &part->commands[i]);
        found += same;
    }
    return found == part->command_count && found > 0 ? TRUTH_YES : TRUTH_UNKNOWN;
}

struct match match_whole(
    const struct policy *policy, const struct rule *rule, const struct entitlement *entitlement)
{
    (void)policy;
    return (struct match){
        covers_services(&rule->what, &entitlement->what),
        truth_both(covers_run_as(&rule->what, &entitlement->what),
            covers_commands(&rule->what, &entitlement->what)),
    };
}

/* ---- one condition after another ------------------------------------------------------- */

enum truth match_condition(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, enum condition condition)
{
    switch (condition) {
    case CONDITION_USER:
        return match_users(policy, &rule->who, facts);
    case CONDITION_NOT_USER:
        return match_not_users(policy, &rule->who, facts);
    case CONDITION_KIND:
        return match_mask(rule->who.kinds, facts->kind);
    case CONDITION_GROUP:
        return match_groups(policy, &rule->who, facts);
    case CONDITION_NOT_GROUP:
        return match_not_groups(policy, &rule->who, facts);
    case CONDITION_SERVICE:
        return facts->whole ? TRUTH_YES : match_service(&rule->what, facts->service);
    case CONDITION_HOST:
        return match_names(&rule->hosts, facts->host);
    case CONDITION_LABEL:
        return match_labels(&rule->hosts, facts);
    case CONDITION_RHOST:
        return match_rhost(rule, facts);
    case CONDITION_TTY:
        return match_mask(rule->ttys, facts->tty);
    case CONDITION_WHEN:
        return window_match(&rule->window, facts);
    case CONDITION_RUN_AS:
        return facts->whole ? TRUTH_YES : match_run_as(policy, &rule->what, facts);
    case CONDITION_COMMAND:
        return facts->whole ? TRUTH_YES : match_command(&rule->what, facts);
    default:
        return TRUTH_YES;
    }
}
