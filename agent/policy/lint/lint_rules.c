/* Findings about single rules, but for their commands, certificates and people. */
#include <string.h>

#include "../../../common/names.h"
#include "../../../common/parse.h"
#include "meet.h"
#include "parts.h"

static void find_no_owner(struct report *report, const struct rule *rule)
{
    if (rule->owner)
        return;
    if (rule->decision == DECISION_ALLOW)
        report_rule(report, NO_OWNER, rule,
            "nobody owns this allow rule, so it counts as absent; say `owner`: a group or person "
            "of this policy");
    else
        report_rule(report, NO_OWNER, rule,
            "nobody answers for this rule; say `owner`: a group or person of this policy");
}

static void find_switches(struct report *report, const struct rule *rule)
{
    if (rule->disabled)
        report_rule(report, DISABLED, rule, "it is switched off and counts as absent");
    if (rule->monitored)
        report_rule(report, MONITOR, rule,
            "it is only watched: what it would decide is recorded, nothing is enforced");
}

static void find_long_duration(struct report *report, const struct rule *rule)
{
    char own[PARSE_DURATION_SIZE], limit[PARSE_DURATION_SIZE];

    for (size_t i = 0; rule->duration_stated && i < rule->entitlements.count; i++) {
        const struct entitlement *entitlement =
            &report->policy->entitlements[rule->entitlements.items[i]];

        if (rule->duration_us <= entitlement->max_duration_us)
            continue;
        format_duration(rule->duration_us, own);
        format_duration(entitlement->max_duration_us, limit);
        report_rule(report, DURATION_OVER_LIMIT, rule,
            "its duration of %s is more than the %s that entitlement '%s' gives at most, and is "
            "cut to that; say `duration: %s` or less",
            own, limit, entitlement->name, limit);
        return;
    }
}

static void find_open_doors(struct report *report, const struct rule *rule)
{
    if (rule->environment_allowed)
        report_rule(report, ENVIRONMENT_OPEN, rule,
            "variables such as LD_PRELOAD or PATH, where sudoers lets them through, make any "
            "command run what the caller likes; leave `environment` out, or ask people instead");
    if (rule->writable_allowed && lint_gives_root(report->policy, rule))
        report_rule(report, WRITABLE_OPEN, rule,
            "whoever can write such a command decides what runs as root; leave "
            "`writable_command` out and give the file to root");
}

static void find_weak_approval(struct report *report, const struct rule *rule)
{
    if (rule->decision == DECISION_ESCALATE && rule->strength < STRENGTH_SIGNED &&
        lint_gives_root(report->policy, rule))
        report_rule(report, WEAK_APPROVAL, rule,
            "it gives root on an approval of strength %s, which root on this host could forge; "
            "signed approvals are not supported yet by this version, so there is nothing better "
            "to write",
            strength_to_string(rule->strength));
}

/* ---- conditions that cannot hold ---------------------------------------------------------- */

static void find_contradiction(struct report *report, const struct rule *rule)
{
    enum condition condition = meet_itself(report->policy, rule);

    if (condition == CONDITION_USER)
        report_rule(report, NEVER_MATCHES, rule,
            "it can never match: everybody of who.user is left out by who.not-user");
    else if (condition == CONDITION_GROUP)
        report_rule(report, NEVER_MATCHES, rule,
            "it can never match: every group of who.group is left out by who.not-group");
    else if (condition == CONDITION_COMMAND)
        report_rule(report, NEVER_MATCHES, rule,
            "it can never match: %s is a login, which has no command; take what.command out, or "
            "name sudo",
            rule->what.services.items[0]);
}

/* A deny rule that names an entitlement still denies what is not known. */
static void find_contradictions(struct report *report, const struct rule *rule)
{
    find_contradiction(report, rule);
    for (size_t i = 0; rule->decision != DECISION_DENY && i < rule->entitlements.count; i++) {
        const struct entitlement *entitlement =
            &report->policy->entitlements[rule->entitlements.items[i]];
        enum condition condition = meet_entitlement(report->policy, rule, entitlement);

        if (condition != CONDITION_NONE)
            report_rule(report, NEVER_MATCHES, rule,
                "by entitlement '%s' it can never match: its %s and what the entitlement says "
                "have nothing in common; correct one of them, or take the entitlement out here",
                entitlement->name, condition_to_string(condition));
    }
}

static bool is_over(const struct moment *moment, uint64_t now_us)
{
    const int64_t minute_us = 60 * INT64_C(1000000), day = 24 * 60;

    if (moment->kind == MOMENT_EXACT)
        return moment->value <= (int64_t)now_us;
    /* By a clock that is not known here: none is more than a day behind. */
    return moment->kind == MOMENT_LOCAL && moment->value + day < (int64_t)now_us / minute_us;
}

static void find_over(struct report *report, const struct rule *rule)
{
    if (is_over(&rule->window.before, report->options->now_us))
        report_rule(report, WINDOW_OVER, rule,
            "when.until is over, so that it will never match again; take the rule out");
}

/* ---- sudo ---------------------------------------------------------------------------------- */

static bool has_su(const struct text_list *services)
{
    for (size_t i = 0; i < services->count; i++)
        if (strcmp(services->items[i], SERVICE_SU) == 0 ||
            strcmp(services->items[i], SERVICE_SU_L) == 0)
            return true;
    return services->count == 0;
}

static void find_denied_su(struct report *report, const struct rule *rule)
{
    if (rule->decision == DECISION_DENY && rule->what.command_count > 0 &&
        rule->entitlements.count == 0 && has_su(&rule->what.services))
        report_rule(report, DENIES_SU, rule,
            "at su the command is never known, and what is not known does not hide a deny: this "
            "denies every su; say `service: sudo` if only sudo is meant");
}

static bool looks_at_command(const struct what *what)
{
    return what->command_count > 0 || what->run_as.count > 0;
}

static bool needs_plugin(const struct policy *policy, const struct rule *rule)
{
    if (!lint_has_sudo(&rule->what.services))
        return false;
    for (size_t i = 0; i < rule->entitlements.count; i++) {
        const struct what *what = &policy->entitlements[rule->entitlements.items[i]].what;

        if (lint_has_sudo(&what->services) &&
            (looks_at_command(what) || looks_at_command(&rule->what)))
            return true;
    }
    return rule->entitlements.count == 0 && looks_at_command(&rule->what);
}

static void find_plugin(struct report *report, const struct rule *rule)
{
    if (needs_plugin(report->policy, rule))
        report_rule(report, NEEDS_PLUGIN, rule,
            "it looks at the command or the account it runs as, which sudo tells to its plugin "
            "alone: without the plugin this %s",
            rule->decision == DECISION_DENY ? "denies all of sudo" : "matches nothing at sudo");
}

void lint_rules(struct report *report)
{
    for (size_t i = 0; i < report->policy->rule_count; i++) {
        const struct rule *rule = &report->policy->rules[i];

        find_switches(report, rule);
        if (rule->disabled)
            continue;
        find_no_owner(report, rule);
        find_long_duration(report, rule);
        find_open_doors(report, rule);
        find_weak_approval(report, rule);
        find_contradictions(report, rule);
        find_over(report, rule);
        find_denied_su(report, rule);
        find_plugin(report, rule);
    }
}
