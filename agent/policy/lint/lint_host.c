/* Findings about names and paths that this host does not know. */
#include "../../../common/str.h"
#include "parts.h"

/* Names that were told of already. */
struct seen {
    struct report *report;
    bool *users, *groups;
};

static void look_at_users(
    struct seen *seen, const struct rule *rule, const struct numbers *users, const char *key)
{
    const struct policy *policy = seen->report->policy;

    for (size_t i = 0; i < users->count; i++) {
        uint32_t number = users->items[i];

        if (policy->users[number].exists || seen->users[number])
            continue;
        seen->users[number] = true;
        report_rule(seen->report, UNKNOWN_ACCOUNT, rule,
            "account '%s' of %s does not exist on this host and matches nobody, here and wherever "
            "else it stands",
            policy->user_names.texts[number], key);
    }
}

static void look_at_groups(
    struct seen *seen, const struct rule *rule, const struct numbers *groups, const char *key)
{
    const struct policy *policy = seen->report->policy;

    for (size_t i = 0; i < groups->count; i++) {
        uint32_t number = groups->items[i];

        if (policy->groups[number].exists || seen->groups[number])
            continue;
        seen->groups[number] = true;
        report_rule(seen->report, UNKNOWN_GROUP, rule,
            "group '%s' of %s does not exist on this host and matches nobody, here and wherever "
            "else it stands",
            policy->group_names.texts[number], key);
    }
}

static void look_at_rule(struct seen *seen, const struct rule *rule)
{
    look_at_users(seen, rule, &rule->who.users, "who.user");
    look_at_users(seen, rule, &rule->who.not_users, "who.not-user");
    look_at_users(seen, rule, &rule->what.run_as, "what.run_as");
    look_at_groups(seen, rule, &rule->who.groups, "who.group");
    look_at_groups(seen, rule, &rule->who.not_groups, "who.not-group");
}

static void look_at_entitlement(struct seen *seen, const struct entitlement *entitlement)
{
    const struct policy *policy = seen->report->policy;
    const struct numbers *lists[] = {
        &entitlement->who.users, &entitlement->who.not_users, &entitlement->what.run_as};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (size_t j = 0; j < lists[i]->count; j++)
            if (!policy->users[lists[i]->items[j]].exists)
                report_entitlement(seen->report, UNKNOWN_ACCOUNT, entitlement,
                    "account '%s' does not exist on this host and matches nobody",
                    policy->user_names.texts[lists[i]->items[j]]);
    for (size_t j = 0; j < entitlement->who.groups.count; j++)
        if (!policy->groups[entitlement->who.groups.items[j]].exists)
            report_entitlement(seen->report, UNKNOWN_GROUP, entitlement,
                "group '%s' does not exist on this host and matches nobody",
                policy->group_names.texts[entitlement->who.groups.items[j]]);
}

static void look_at_identity(struct report *report, const struct identity *identity)
{
    const struct policy *policy = report->policy;

    if (!policy->users[identity->user].exists)
        report_identity(report, UNKNOWN_ACCOUNT, identity,
            "its account '%s' does not exist on this host, so that nothing here is this identity",
            policy->user_names.texts[identity->user]);
}

/* What is wrong with the first command that lies below a link; fresh text, or NULL. */
static char *find_dead(struct report *report, const struct what *what)
{
    struct str_builder text = {0};
    char *taken;

    for (size_t i = 0; i < what->command_count; i++) {
        const struct text_list path = {what->commands[i].words.items, 1};
        AUTO_FREE char *line = NULL;
        AUTO_FREE char *real =
            what->commands[i].any
                ? NULL
                : report->options->real_directory(path.items[0], report->options->userdata);

        if (!real)
            continue;
        line = pattern_join(&path);
        str_appendf(&text,
            "'%s' lies below a directory that is only a link here, so that it matches no command; "
            "the real one is %s",
            line ? line : "", real);
        taken = str_builder_take(&text);
        report->failed |= !taken || !line;
        return taken;
    }
    return NULL;
}

static void look_at_paths(struct report *report)
{
    const struct policy *policy = report->policy;

    for (size_t i = 0; i < policy->rule_count; i++) {
        AUTO_FREE char *dead = find_dead(report, &policy->rules[i].what);

        if (dead)
            report_rule(report, DEAD_PATH, &policy->rules[i], "%s", dead);
    }
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++) {
        AUTO_FREE char *dead = find_dead(report, &policy->entitlements[i].what);

        if (dead)
            report_entitlement(report, DEAD_PATH, &policy->entitlements[i], "%s", dead);
    }
}

void lint_host(struct report *report)
{
    const struct policy *policy = report->policy;
    AUTO_FREE bool *users = calloc((size_t)policy->user_names.count + 1, sizeof(*users));
    AUTO_FREE bool *groups = calloc((size_t)policy->group_names.count + 1, sizeof(*groups));
    struct seen seen = {report, users, groups};

    if (!report->options->host)
        return;
    if (!users || !groups) {
        report->failed = true;
        return;
    }
    for (size_t i = 0; i < policy->rule_count; i++)
        look_at_rule(&seen, &policy->rules[i]);
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        look_at_entitlement(&seen, &policy->entitlements[i]);
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        look_at_identity(report, &policy->identities[i]);
    if (report->options->real_directory)
        look_at_paths(report);
}
