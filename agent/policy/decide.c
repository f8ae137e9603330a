/* The one place where rules become a verdict. Nothing here allocates, and nothing is kept. */
#include <string.h>

#include "match.h"

static const char no_rule[] = "no rule allows this";
static const char writable_refused[] = "the command, or a directory above it, can be written by "
                                       "others than root, and so it is refused";
static const char environment_refused[] =
    "the caller changed environment variables of the command, and no rule allows that";
static const char environment_advice[] =
    "Run it without them: no NAME=value in front, no sudo -E, and what sudoers keeps unset.";

typedef bool rule_test(
    const struct policy *policy, const struct rule *rule, const struct facts *facts);

/* What is not known does not hide a deny. */
static bool denies(const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return match_rest(policy, rule, facts) != TRUTH_NO &&
           match_command(policy, rule, facts) != TRUTH_NO;
}

/* It denies whatever the command turns out to be. */
static bool denies_any_command(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return match_rest(policy, rule, facts) != TRUTH_NO &&
           match_command(policy, rule, facts) == TRUTH_YES;
}

static bool accepts_file(const struct rule *rule, const struct facts *facts)
{
    return !facts->command_writable || rule->writable_allowed;
}

/* Whoever is asked sees the variables, and they are part of what is approved. */
static bool accepts_environment(const struct rule *rule, const struct facts *facts)
{
    return !facts->environment_changed || rule->environment_allowed ||
           rule->decision == DECISION_ESCALATE;
}

/* What is not known does not allow. */
static bool conditions_hold(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return match_rest(policy, rule, facts) == TRUTH_YES &&
           match_command(policy, rule, facts) == TRUTH_YES;
}

static bool grants_if_unchanged(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return accepts_file(rule, facts) && conditions_hold(policy, rule, facts);
}

static bool grants(const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    return accepts_environment(rule, facts) && grants_if_unchanged(policy, rule, facts);
}

/* Some command would pass. */
static bool could_grant(
    const struct policy *policy, const struct rule *rule, const struct facts *facts)
{
    if (facts->command && !(accepts_file(rule, facts) && accepts_environment(rule, facts)))
        return false;
    return match_rest(policy, rule, facts) == TRUTH_YES &&
           match_command(policy, rule, facts) != TRUTH_NO;
}

struct search {
    struct index_query query;
    rule_test *test;
    uint32_t best; /* the first rule found so far; rule_count: none */
};

/* Two values with one hash share a list of the index, so that a list found for a deny may hold
 * other rules: what is looked for is asked of the rule itself. */
static bool is_found(const struct search *search, const struct rule *rule)
{
    return (rule->decision == DECISION_DENY) == search->query.denies &&
           search->test(search->query.policy, rule, search->query.facts);
}

static void search_list(void *data, const uint32_t *rules, size_t count)
{
    struct search *search = data;

    for (size_t i = 0; i < count && rules[i] < search->best; i++)
        if (is_found(search, &search->query.policy->rules[rules[i]]))
            search->best = rules[i];
}

static void search_all(struct search *search)
{
    for (uint32_t i = 0; i < search->best; i++)
        if (is_found(search, &search->query.policy->rules[i]))
            search->best = i;
}

/* The first rule in file order that passes the test, or NULL. */
static const struct rule *find_first(struct search search)
{
    const struct policy *policy = search.query.policy;

    search.best = (uint32_t)policy->rule_count;
    if (policy->index.slots)
        index_find(&search.query, search_list, &search);
    else
        search_all(&search);
    return search.best == policy->rule_count ? NULL : &policy->rules[search.best];
}

static const struct rule *find_deny(const struct policy *policy, const struct facts *facts)
{
    return find_first((struct search){
        .query = {.policy = policy, .facts = facts, .denies = true},
        .test = denies,
    });
}

static const struct rule *find_grant(
    const struct policy *policy, const struct facts *facts, rule_test *test)
{
    return find_first((struct search){
        .query = {.policy = policy, .facts = facts},
        .test = test,
    });
}

static void set_default(struct verdict *verdict, const char *reason)
{
    *verdict = (struct verdict){.decision = DECISION_DENY, .reason = reason};
}

static const char *default_reason(enum decision decision)
{
    switch (decision) {
    case DECISION_ALLOW:
        return "a rule allows this";
    case DECISION_ESCALATE:
        return "a rule asks for approval";
    default:
        return "a rule forbids this";
    }
}

static void set_verdict(struct verdict *verdict, const struct rule *rule)
{
    *verdict = (struct verdict){
        .decision = rule->decision,
        .rule = rule->id,
        .reason = rule->reason ? rule->reason : default_reason(rule->decision),
        .advice = rule->advice,
        .duration_us = rule->duration_us,
        .uses = rule->uses,
        .stages = rule->stage,
        .stage_count = rule->stage ? 1 : 0,
        .strength = rule->strength,
        .keep = rule->keep,
        .reason_required = rule->reason_required,
        .survives_reboot = rule->survives_reboot,
    };
}

/* Nothing grants it: say what stood in the way, if anything but the rules themselves did. */
static void set_refused(
    struct verdict *verdict, const struct policy *policy, const struct facts *facts)
{
    set_default(verdict, no_rule);
    if (facts->environment_changed && find_grant(policy, facts, grants_if_unchanged)) {
        verdict->reason = environment_refused;
        verdict->advice = environment_advice;
    } else if (facts->command_writable && find_grant(policy, facts, conditions_hold)) {
        verdict->reason = writable_refused;
    }
}

void policy_decide(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict)
{
    const struct rule *rule = find_deny(policy, facts);

    if (!rule)
        rule = find_grant(policy, facts, grants);
    if (rule)
        set_verdict(ret_verdict, rule);
    else
        set_refused(ret_verdict, policy, facts);
}

void policy_possible(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict)
{
    struct search search = {
        .query = {.policy = policy, .facts = facts, .denies = true, .possible = true},
        .test = denies_any_command,
    };
    const struct rule *rule = find_first(search);

    if (rule) {
        set_verdict(ret_verdict, rule);
        return;
    }
    search.query.denies = false;
    search.test = could_grant;
    rule = find_first(search);
    set_default(ret_verdict, no_rule);
    if (rule)
        *ret_verdict = (struct verdict){
            .decision = DECISION_ALLOW,
            .rule = rule->id,
            .reason = "a rule could allow this once the command is known",
        };
}

bool policy_denies(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict)
{
    const struct rule *rule = find_deny(policy, facts);

    if (rule)
        set_verdict(ret_verdict, rule);
    return rule != NULL;
}

bool policy_needs_groups(const struct policy *policy, const char *service)
{
    if (policy->every_service_needs_groups)
        return true;
    if (!service)
        return policy->group_services.count > 0;
    return names_find(&policy->group_services, service) != NAMES_NONE;
}
