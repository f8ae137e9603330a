/* The one place where rules become a verdict. Nothing here allocates, and nothing is kept. */
#include <string.h>

#include "evidence.h"
#include "holds.h"
#include "identities.h"
#include "lapse.h"

static const char no_rule[] = "no rule allows this";
static const char writable_refused[] = "the command, or a directory above it, can be written by "
                                       "others than root, and so it is refused";
static const char environment_refused[] =
    "the caller changed environment variables of the command, and no rule allows that";
static const char owner_refused[] =
    "a rule would allow this, but nobody who owns it is left, so that it counts no more";
static const char owner_advice[] = "Ask whoever keeps the policy to give the rule a new owner.";
static const char environment_advice[] =
    "Run it without them: no NAME=value in front, no sudo -E, and what sudoers keeps unset.";

struct search {
    struct index_query query;
    const struct identified *who;
    holds_test *test;
    bool trial;           /* rules in monitor mode count too */
    uint32_t best;        /* the first rule found so far; rule_count: none */
    uint32_t entitlement; /* by which that matched, or HOLDS_NO_ENTITLEMENT */
};

/* Two values with one hash share a list of the index, so that a list found for a deny may hold
 * other rules: what is looked for is asked of the rule itself. */
static bool is_found(struct search *search, const struct rule *rule)
{
    if ((rule->decision == DECISION_DENY) != search->query.denies || rule->disabled ||
        (rule->monitored && !search->trial))
        return false;
    return holds_rule(
        search->query.policy, rule, search->query.facts, search->test, &search->entitlement);
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
static const struct rule *find_first(struct search *search)
{
    const struct policy *policy = search->query.policy;

    search->best = (uint32_t)policy->rule_count;
    if (policy->index.slots)
        index_find(&search->query, search_list, search);
    else
        search_all(search);
    return search->best == policy->rule_count ? NULL : &policy->rules[search->best];
}

static const struct rule *find_deny(struct search *search)
{
    search->query.denies = true;
    search->test = holds_deny;
    return find_first(search);
}

static const struct rule *find_grant(struct search *search, holds_test *test)
{
    search->query.denies = false;
    search->test = test;
    return find_first(search);
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

static uint64_t shorter(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What the entitlement says beside the rule. */
static const struct evidence_rule *add_entitlement(
    struct verdict *verdict, const struct entitlement *entitlement)
{
    verdict->entitlement = entitlement->name;
    verdict->sensitivity = entitlement->sensitivity;
    verdict->duration_us = shorter(verdict->duration_us, entitlement->max_duration_us);
    return entitlement->evidence;
}

/* Nobody but the named colleague is asked. */
static const struct stage peer_stage = {
    .from_text = "a colleague", .need = 0, .within_us = PEER_WITHIN_US};

static void add_evidence(struct verdict *verdict, const struct policy *policy,
    const struct evidence_rule *evidence, const struct facts *facts)
{
    verdict->evidence = &evidence->terms;
    verdict->missing = evidence_missing(policy, evidence, facts);
    if (verdict->decision != DECISION_ALLOW || (evidence->terms.required & EVIDENCE_PEER) == 0)
        return;
    verdict->decision = DECISION_ESCALATE;
    verdict->reason = "a rule allows this once a colleague confirms it";
    verdict->stages = &peer_stage;
    verdict->stage_count = 1;
}

/* The owner is asked in the rule's stead. */
static void add_lapse(struct verdict *verdict, enum lapse lapse)
{
    verdict->lapse = lapse;
    verdict->decision = DECISION_ESCALATE;
    verdict->reason =
        lapse == LAPSE_NEVER
            ? "the rule that allows this has not been certified, so its owner is asked"
            : "the certificate of the rule that allows this has run out, so its "
              "owner is asked";
}

static void set_verdict(
    struct verdict *verdict, const struct search *search, const struct rule *rule)
{
    const struct policy *policy = search->query.policy;
    const struct facts *facts = search->query.facts;
    const struct evidence_rule *evidence = rule->evidence;
    enum lapse lapse = lapse_of(policy, rule, facts->now_us);

    *verdict = (struct verdict){
        .decision = rule->decision,
        .rule = rule->id,
        .reason = rule->reason ? rule->reason : default_reason(rule->decision),
        .advice = rule->advice,
    };
    if (rule->decision == DECISION_DENY)
        return;
    verdict->duration_us = rule->duration_us;
    verdict->uses = rule->uses;
    verdict->strength = rule->strength;
    verdict->keep = rule->keep;
    verdict->survives_reboot = rule->survives_reboot;
    if (search->entitlement != HOLDS_NO_ENTITLEMENT)
        evidence = add_entitlement(verdict, &policy->entitlements[search->entitlement]);
    if (lapse != LAPSE_NONE)
        add_lapse(verdict, lapse);
    if (!evidence && lapse != LAPSE_NONE)
        evidence = &evidence_reason;
    if (verdict->decision == DECISION_ESCALATE) {
        verdict->stages = rule->stage;
        verdict->stage_count = rule->stage ? 1 : 0;
    }
    if (evidence)
        add_evidence(verdict, policy, evidence, facts);
}

static void set_unowned(struct verdict *verdict)
{
    verdict->reason = owner_refused;
    verdict->advice = owner_advice;
}

/* Nothing grants it: say what stood in the way, if anything but the rules themselves did. */
static void set_refused(struct verdict *verdict, struct search *search)
{
    const struct facts *facts = search->query.facts;

    set_default(verdict, no_rule);
    if (facts->environment_changed && find_grant(search, holds_grant_if_unchanged)) {
        verdict->reason = environment_refused;
        verdict->advice = environment_advice;
    } else if (facts->command_writable && find_grant(search, holds_grant_if_not_writable)) {
        verdict->reason = writable_refused;
    } else if (find_grant(search, holds_grant_if_owned)) {
        set_unowned(verdict);
    }
}

/* Whatever grants it does not count for this identity. */
static void set_lapsed(struct verdict *verdict, const struct search *search)
{
    const struct identified *who = search->who;
    const struct policy *policy = search->query.policy;

    set_default(verdict, policy_identity_reason(policy, (size_t)who->identity, who->state));
    verdict->advice = policy_identity_advice(policy, (size_t)who->identity, who->state);
}

/* Whom the verdict is about, whatever it is. */
static void set_identity(struct verdict *verdict, const struct search *search)
{
    if (search->who->identity == NO_IDENTITY)
        return;
    verdict->identity = search->query.policy->identities[search->who->identity].name;
    verdict->identity_state = search->who->state;
}

static void decide(struct search *search, struct verdict *verdict)
{
    const struct rule *rule = find_deny(search);

    if (!rule && search->who->state == IDENTITY_ALIVE)
        rule = find_grant(search, holds_grant);
    if (rule)
        set_verdict(verdict, search, rule);
    else if (search->who->state != IDENTITY_ALIVE)
        set_lapsed(verdict, search);
    else
        set_refused(verdict, search);
    set_identity(verdict, search);
}

static bool is_same_rule(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

void policy_decide(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict)
{
    struct identified who;
    struct search search = {.query = {.policy = policy}, .who = &who};
    struct verdict trial;

    search.query.facts = identities_apply(policy, facts, &who);
    decide(&search, ret_verdict);
    if (!policy->has_monitored)
        return;
    search.trial = true;
    decide(&search, &trial);
    if (is_same_rule(trial.rule, ret_verdict->rule))
        return;
    ret_verdict->would = trial.decision;
    ret_verdict->would_rule = trial.rule;
}

static void set_possible(struct verdict *verdict, struct search *search)
{
    const struct rule *rule = find_grant(search, holds_grant_of_some_command);

    set_default(verdict, no_rule);
    if (!rule && find_grant(search, holds_grant_of_some_command_if_owned))
        set_unowned(verdict);
    if (rule)
        *verdict = (struct verdict){
            .decision = DECISION_ALLOW,
            .rule = rule->id,
            .reason = "a rule could allow this once the command is known",
        };
}

void policy_possible(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict)
{
    struct identified who;
    struct search search = {
        .query = {.policy = policy, .denies = true, .possible = true},
        .who = &who,
        .test = holds_deny_of_any_command,
    };
    const struct rule *rule;

    search.query.facts = identities_apply(policy, facts, &who);
    rule = find_first(&search);
    if (rule)
        set_verdict(ret_verdict, &search, rule);
    else if (who.state != IDENTITY_ALIVE)
        set_lapsed(ret_verdict, &search);
    else
        set_possible(ret_verdict, &search);
    set_identity(ret_verdict, &search);
}

bool policy_gives_part(const struct policy *policy, const struct facts *facts)
{
    struct facts part = *facts;
    struct identified who;
    struct search search = {
        .query = {.policy = policy},
        .who = &who,
        .test = holds_grant_of_some_use,
        .best = (uint32_t)policy->rule_count,
    };

    part.whole = false;
    search.query.facts = identities_apply(policy, &part, &who);
    if (who.state != IDENTITY_ALIVE)
        return false;
    search_all(&search); /* the index knows no services that are not known */
    return search.best < policy->rule_count;
}

bool policy_denies(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict)
{
    struct identified who;
    struct search search = {.query = {.policy = policy}, .who = &who};
    const struct rule *rule;

    search.query.facts = identities_apply(policy, facts, &who);
    rule = find_deny(&search);
    if (!rule)
        return false;
    set_verdict(ret_verdict, &search, rule);
    set_identity(ret_verdict, &search);
    return true;
}

bool policy_needs_groups(const struct policy *policy, const char *service)
{
    if (policy->every_service_needs_groups)
        return true;
    if (!service)
        return policy->group_services.count > 0;
    return names_find(&policy->group_services, service) != NAMES_NONE;
}
