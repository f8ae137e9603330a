/* Rules that never decide, because another one always comes first. As things stand now: which rules
 * have lapsed, and who is gone. */
#include "../lapse.h"
#include "cover.h"
#include "meet.h"
#include "parts.h"
#include "shelf.h"

struct shadow {
    struct report *report;
    uint32_t rule; /* over which one is looked for */
    uint32_t by;   /* the first that lies over it; rule_count: none */
};

static enum lapse lapse_now(const struct report *report, const struct rule *rule)
{
    return lapse_of(report->policy, rule, report->options->now_us);
}

/* A changed environment: an allow rule that stands needs leave for it; people who are asked do not,
 * and so not a lapsed rule, which asks its owner. */
static bool takes_environment(const struct report *report, const struct rule *rule)
{
    return rule->environment_allowed || rule->decision == DECISION_ESCALATE ||
           lapse_now(report, rule) != LAPSE_NONE;
}

/* What an allow or escalate rule needs besides its conditions, `wide` needs no more. */
static bool needs_no_more(
    const struct report *report, const struct rule *wide, const struct rule *narrow)
{
    return lapse_now(report, wide) != LAPSE_OWNER &&
           (wide->writable_allowed || !narrow->writable_allowed) &&
           (takes_environment(report, wide) || !takes_environment(report, narrow));
}

/* Rules in monitor mode are looked at where all are, and there alone. */
static bool counts(const struct rule *wide, const struct rule *narrow)
{
    return !wide->disabled && (!wide->monitored || narrow->monitored);
}

static bool comes_first(const struct policy *policy, uint32_t wide, uint32_t narrow)
{
    bool denies = policy->rules[wide].decision == DECISION_DENY;

    if (denies != (policy->rules[narrow].decision == DECISION_DENY))
        return denies;
    return wide < narrow;
}

static bool try_candidate(uint32_t candidate, void *userdata)
{
    struct shadow *shadow = userdata;
    const struct policy *policy = shadow->report->policy;
    const struct rule *wide = &policy->rules[candidate], *narrow = &policy->rules[shadow->rule];

    if (candidate < shadow->by && comes_first(policy, candidate, shadow->rule) &&
        counts(wide, narrow) && cover_rule(policy, wide, narrow) &&
        (wide->decision == DECISION_DENY || needs_no_more(shadow->report, wide, narrow)))
        shadow->by = candidate;
    return true;
}

static void tell(const struct shadow *shadow)
{
    const struct policy *policy = shadow->report->policy;
    const struct rule *rule = &policy->rules[shadow->rule], *by = &policy->rules[shadow->by];
    struct place_info place = policy_place(policy, &by->place);

    if (by->decision == DECISION_DENY && rule->decision != DECISION_DENY)
        report_rule(shadow->report, SHADOWED, rule,
            "it never decides: the deny rule '%s' (%s:%u) matches everything that this rule does; "
            "narrow the deny, or take this rule out",
            by->id, place.file, place.line);
    else
        report_rule(shadow->report, SHADOWED, rule,
            "it never decides: rule '%s' (%s:%u) comes first and matches everything that this "
            "rule does; move this rule before it, or take it out",
            by->id, place.file, place.line);
}

void lint_shadowed(struct report *report)
{
    CLEANUP(shelf_done) struct shelf shelf = {0};
    struct shadow shadow = {.report = report};
    size_t count = report->policy->rule_count;

    if (shelf_build(&shelf, report->policy) < 0) {
        report->failed = true;
        return;
    }
    for (shadow.rule = 0; shadow.rule < count; shadow.rule++) {
        const struct rule *rule = &report->policy->rules[shadow.rule];

        shadow.by = (uint32_t)count;
        if (rule->disabled || meet_itself(report->policy, rule) != CONDITION_NONE)
            continue;
        shelf_find(&shelf, shadow.rule, try_candidate, &shadow);
        if (shadow.by < count)
            tell(&shadow);
    }
}
