#include "policy_oracle.h"

#include <stddef.h>

#include "../../common/macro.h"

enum answer { NO, MAYBE, YES };

/* How a rule meets the facts: its conditions on command and run-as account, and all others. */
struct meeting {
    enum answer rest, command;
};

static const struct meeting never = {NO, NO};

static enum answer least(enum answer a, enum answer b)
{
    return a < b ? a : b;
}

static enum answer yes_if(bool value)
{
    return value ? YES : NO;
}

/* ---- conditions --------------------------------------------------------------------------- */

/* D2, D6, U1 */
static enum answer holds(unsigned bits, int value)
{
    if (bits == 0)
        return YES;
    return value == UNKNOWN ? MAYBE : yes_if((bits >> value & 1) != 0);
}

/* D7, U3: the last group does not exist. */
static enum answer is_member(unsigned bits, int groups)
{
    unsigned existing = bits & 0xf;

    if (existing == 0)
        return NO;
    return groups == UNKNOWN ? MAYBE : yes_if((existing & (unsigned)groups) != 0);
}

/* W2, W3; the last user does not exist. */
static enum answer who_holds(const struct world_who *who, const struct world_facts *facts)
{
    unsigned self = 1U << facts->user & 0x1f;
    enum answer member = is_member(who->groups, facts->groups);
    enum answer excluded = is_member(who->not_groups, facts->groups);
    enum answer result = yes_if(who->users == 0 || (who->users & self) != 0);

    result = least(result, yes_if((who->not_users & self) == 0));
    result = least(result, who->groups == 0 ? YES : member);
    result = least(result, excluded == MAYBE ? MAYBE : yes_if(excluded == NO));
    return least(result, holds(who->kinds, facts->kind));
}

/* U3, U4 */
static enum answer run_as_holds(unsigned bits, const struct world_facts *facts)
{
    if (bits == 0)
        return YES;
    if (facts->command == NONE || (bits & 0x1f) == 0)
        return NO;
    return holds(bits & 0x1f, facts->run_as);
}

/* C5, C8, C9 */
static enum answer pattern_holds(
    const struct world_pattern *pattern, const struct world_facts *facts)
{
    bool takes_any = pattern->arguments == UNKNOWN;

    if ((pattern->accepts >> facts->command & 1) == 0)
        return NO;
    if (takes_any)
        return YES;
    return facts->arguments == UNKNOWN ? MAYBE : yes_if(facts->arguments == pattern->arguments);
}

static enum answer command_holds(unsigned bits, const struct world_facts *facts)
{
    enum answer best = NO;

    if (bits == 0)
        return YES;
    if (facts->command < 0)
        return facts->command == NONE ? NO : MAYBE;
    for (unsigned i = 0; i < WORLD_COMMAND_PATTERNS; i++) {
        enum answer one = NO;

        if ((bits >> i & 1) != 0)
            one = pattern_holds(&world_command_patterns[i], facts);
        best = one > best ? one : best;
    }
    return best;
}

/* H1, H2 */
static enum answer hosts_hold(const struct world_hosts *hosts, const struct world_facts *facts)
{
    enum answer label = yes_if(hosts->labels == 0 || (hosts->labels & facts->labels) != 0);
    unsigned accepted = 0;

    for (unsigned i = 0; i < WORLD_HOST_PATTERNS; i++)
        if ((hosts->names >> i & 1) != 0)
            accepted |= world_host_patterns[i].accepts;
    return least(label, holds(accepted, facts->host));
}

/* H3, H4. Addresses: 10.1.2.3, 10.9.9.9, 2001:db8::5, none, 192.0.2.1. */
static enum answer address_holds(unsigned bits, int address)
{
    static const unsigned in[] = {1 | 2, 1, 4, 8, 0};

    if (bits == 0)
        return YES;
    return address == UNKNOWN ? MAYBE : yes_if((in[address] & bits) != 0);
}

/* M1, M2 */
static enum answer week_holds(const struct world_rule *rule, int local)
{
    int length = (rule->to - rule->from + 1440) % 1440, minute = local % 1440;
    int since = (minute - rule->from + 1440) % 1440;
    int began = (local / 1440 + (minute < rule->from ? 6 : 0)) % 7;

    return yes_if(since < length && (rule->days >> began & 1) != 0);
}

/* M4, M5: whether the moment has come. */
static bool has_come(const struct world_moment *moment, bool ends, int utc, int local)
{
    int day = ends && moment->form == MOMENT_DATE ? 1440 : 0;

    return (moment->form == MOMENT_UTC ? utc : local) >= moment->minute + day;
}

static enum answer moment_holds(
    const struct world_rule *rule, bool ends, const struct world_facts *facts)
{
    const struct world_moment *moment = ends ? &rule->before : &rule->since;

    if (moment->form == MOMENT_UNSAID)
        return YES;
    if (facts->minute == UNKNOWN || (moment->form != MOMENT_UTC && !facts->zone_known[rule->zone]))
        return MAYBE;
    return yes_if(
        has_come(moment, ends, facts->minute, facts->minute + world_ahead[rule->zone]) != ends);
}

/* M3, M8 */
static enum answer time_holds(const struct world_rule *rule, const struct world_facts *facts)
{
    enum answer week = YES;

    if (rule->weekly && (facts->minute == UNKNOWN || !facts->zone_known[rule->zone]))
        week = MAYBE;
    else if (rule->weekly)
        week = week_holds(rule, facts->minute + world_ahead[rule->zone]);
    return least(week, least(moment_holds(rule, false, facts), moment_holds(rule, true, facts)));
}

/* ---- rules -------------------------------------------------------------------------------- */

static struct meeting what_meets(const struct world_what *what, const struct world_facts *facts)
{
    return (struct meeting){
        holds(what->services, facts->service),
        least(run_as_holds(what->run_as, facts), command_holds(what->commands, facts)),
    };
}

/* N2: whether the rule's own conditions let through all that the entitlement lists. */
static bool covers(const struct world_what *rule, const struct world_what *all)
{
    bool services = rule->services == 0 || (all->services & ~rule->services) == 0;
    bool run_as = rule->run_as == 0 || (all->run_as != 0 && (all->run_as & ~rule->run_as) == 0);
    bool any = (rule->commands >> WORLD_ANY & 1) != 0;
    bool commands = rule->commands == 0 ||
                    (all->commands != 0 && (any || (all->commands & ~rule->commands) == 0));

    return services && run_as && commands;
}

static struct meeting both(struct meeting a, struct meeting b)
{
    return (struct meeting){least(a.rest, b.rest), least(a.command, b.command)};
}

/* The rule's own conditions, but for the entitlements it names. */
static struct meeting own_meets(const struct world_rule *rule, const struct world_facts *facts)
{
    struct meeting meeting = {who_holds(&rule->who, facts), YES};

    meeting.rest = least(meeting.rest, holds(rule->ttys, facts->tty));
    meeting.rest = least(meeting.rest, hosts_hold(&rule->hosts, facts));
    meeting.rest = least(meeting.rest, address_holds(rule->networks, facts->address));
    meeting.rest = least(meeting.rest, time_holds(rule, facts));
    return facts->whole ? meeting : both(meeting, what_meets(&rule->what, facts));
}

/* E2, E4, E5 */
static struct meeting entitlement_meets(
    const struct world_entitlement *entitlement, const struct world_facts *facts)
{
    struct meeting meeting = {who_holds(&entitlement->who, facts), YES};
    struct world_what what = entitlement->what;

    if (facts->command == NONE)
        what.run_as = what.commands = 0;
    meeting.rest = least(meeting.rest, hosts_hold(&entitlement->hosts, facts));
    return facts->whole ? meeting : both(meeting, what_meets(&what, facts));
}

/* A rule that names no entitlement: N1, N3, N4. */
static struct meeting alone_meets(const struct world_policy *policy, const struct world_rule *rule,
    const struct world_facts *facts)
{
    if (facts->asked != UNKNOWN && rule->decision != DECISION_DENY)
        return never;
    if (facts->whole && (facts->asked == WORLD_ENTITLEMENTS ||
                            !covers(&rule->what, &policy->entitlements[facts->asked].what)))
        return never;
    return own_meets(rule, facts);
}

/* By one of the entitlements that it names. */
static struct meeting meets_by(const struct world_policy *policy, const struct world_rule *rule,
    int entitlement, const struct world_facts *facts)
{
    const struct world_entitlement *named = &policy->entitlements[entitlement];
    bool is_other = facts->asked != UNKNOWN && facts->asked != entitlement;

    if (is_other && (facts->whole || rule->decision != DECISION_DENY))
        return never;
    if (facts->whole && !covers(&rule->what, &named->what))
        return never;
    return both(own_meets(rule, facts), entitlement_meets(named, facts));
}

/* ---- what allow rules need ---------------------------------------------------------------- */

/* P5: cat has no account, dan's is locked, eve's runs out, fay is not listed. */
static unsigned people_there(const struct world_facts *facts)
{
    bool eve = facts->minute == UNKNOWN || facts->minute < WORLD_DAY_ENDS * 1440;

    return 1U | 2U | (eve ? 16U : 0U);
}

/* L1 to L3, L5 */
static enum lapse lapse_of(const struct world_rule *rule, const struct world_facts *facts)
{
    int last = rule->certified > rule->certified_too ? rule->certified : rule->certified_too;

    if (rule->decision != DECISION_ALLOW)
        return LAPSE_NONE;
    if ((world_owners[rule->owner].people & people_there(facts)) == 0)
        return LAPSE_OWNER;
    if (last == UNKNOWN)
        return LAPSE_NEVER;
    return facts->minute == UNKNOWN || facts->minute >= (last + 1) * 1440 ? LAPSE_DATE : LAPSE_NONE;
}

/* D9 */
static bool takes_file(const struct world_rule *rule, const struct world_facts *facts)
{
    return !facts->writable || rule->writable;
}

/* D10 */
static bool takes_environment(const struct world_rule *rule, const struct world_facts *facts)
{
    return !facts->changed || rule->environment || rule->decision == DECISION_ESCALATE ||
           lapse_of(rule, facts) != LAPSE_NONE;
}

static bool has_owner(const struct world_rule *rule, const struct world_facts *facts)
{
    return lapse_of(rule, facts) != LAPSE_OWNER;
}

/* ---- evidence ----------------------------------------------------------------------------- */

static unsigned asked_by(const struct world_evidence *evidence, unsigned before)
{
    static const struct {
        enum evidence kind;
        size_t offset;
    } said[] = {
        {EVIDENCE_REASON, offsetof(struct world_evidence, reason)},
        {EVIDENCE_TICKET, offsetof(struct world_evidence, ticket)},
        {EVIDENCE_PEER, offsetof(struct world_evidence, peer)},
    };
    unsigned asked = before;

    for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
        enum world_word word = *(const enum world_word *)((const char *)evidence + said[i].offset);

        if (word == REQUIRED || word == LISTED)
            asked |= said[i].kind;
        if (word == OPTIONAL)
            asked &= ~(unsigned)said[i].kind;
    }
    if (evidence->length != 0 || evidence->repeats != 0)
        asked |= EVIDENCE_REASON;
    return evidence->controls != 0 ? asked | EVIDENCE_CONTROL : asked;
}

/* V3 */
static bool has_reason(
    const struct world_evidence *evidence, bool strict, const struct world_facts *facts)
{
    unsigned length = evidence->length != 0 ? evidence->length : strict ? 8 : 3;
    unsigned repeats = evidence->repeats != 0 ? evidence->repeats : strict ? 3 : 1000;

    return world_reasons[facts->reason].length >= length && facts->seen < repeats;
}

/* V4 */
static bool has_ticket(const struct world_evidence *evidence, const struct world_facts *facts)
{
    const struct world_ticket *ticket = &world_tickets[facts->ticket];

    return ticket->fits && facts->ticket_state != TICKET_REJECTED &&
           (evidence->ticket != LISTED || (ticket->matches >> evidence->pattern & 1) != 0);
}

/* V8: u0 and u1 are ann's, u2 is ben's. */
static bool has_peer(const struct world_evidence *evidence, const struct world_facts *facts)
{
    unsigned self = facts->user <= 1 ? 1 : facts->user == 2 ? 2 : 0, peer = 0;
    unsigned accepted = evidence->peer == LISTED ? world_peers[evidence->peers].people : ~0U;

    if (facts->peer >= 0)
        peer = 1U << facts->peer;
    return (peer & accepted & people_there(facts) & ~self) != 0;
}

static unsigned missing(
    const struct world_evidence *evidence, bool strict, const struct world_facts *facts)
{
    bool control = facts->control >= 0 && (evidence->controls >> facts->control & 1) != 0;

    return (has_reason(evidence, strict, facts) ? 0U : (unsigned)EVIDENCE_REASON) |
           (has_ticket(evidence, facts) ? 0U : (unsigned)EVIDENCE_TICKET) |
           (has_peer(evidence, facts) ? 0U : (unsigned)EVIDENCE_PEER) |
           (control ? 0U : (unsigned)EVIDENCE_CONTROL);
}

/* V1, V2, L2: what is asked for by rule and entitlement. */
static unsigned required(
    const struct world_rule *rule, const struct world_entitlement *entitlement, enum lapse lapse)
{
    static const unsigned by_sensitivity[] = {0, EVIDENCE_REASON, EVIDENCE_REASON | EVIDENCE_TICKET,
        EVIDENCE_REASON | EVIDENCE_TICKET | EVIDENCE_PEER};
    bool asks = rule->decision == DECISION_ESCALATE;

    if (entitlement)
        return asked_by(&entitlement->evidence, by_sensitivity[entitlement->sensitivity]);
    if (!rule->evidence.said && lapse != LAPSE_NONE)
        return EVIDENCE_REASON;
    return asked_by(&rule->evidence, asks ? EVIDENCE_REASON : 0);
}

/* ---- verdicts ----------------------------------------------------------------------------- */

/* What to look for: a deny, or a grant that only this stands in the way of. */
enum quest { DENIES, GRANTS, GRANTS_UNCHANGED, GRANTS_FILE, GRANTS_OWNED, DENIES_ALL, GRANTS_SOME };

static bool grants(const struct world_rule *rule, const struct world_facts *facts, enum quest quest)
{
    bool file = quest == GRANTS_FILE || takes_file(rule, facts);
    bool environment =
        quest == GRANTS_FILE || quest == GRANTS_UNCHANGED || takes_environment(rule, facts);

    if (quest == GRANTS_SOME && facts->command < 0)
        file = environment = true;
    return file && environment && (quest == GRANTS_OWNED || has_owner(rule, facts));
}

static bool passes(struct meeting meeting, enum quest quest)
{
    switch (quest) {
    case DENIES:
        return meeting.rest != NO && meeting.command != NO;
    case DENIES_ALL:
        return meeting.rest != NO && meeting.command == YES;
    case GRANTS_SOME:
        return meeting.rest == YES && meeting.command != NO;
    default:
        return meeting.rest == YES && meeting.command == YES;
    }
}

/* E3 */
static bool rule_passes(const struct world_policy *policy, const struct world_rule *rule,
    const struct world_facts *facts, enum quest quest, int *ret_entitlement)
{
    *ret_entitlement = UNKNOWN;
    if (quest != DENIES && quest != DENIES_ALL && !grants(rule, facts, quest))
        return false;
    if (rule->entitlements == 0)
        return passes(alone_meets(policy, rule, facts), quest);
    for (int i = 0; i < WORLD_ENTITLEMENTS; i++) {
        if ((rule->entitlements >> i & 1) == 0 || !passes(meets_by(policy, rule, i, facts), quest))
            continue;
        *ret_entitlement = i;
        return true;
    }
    return false;
}

/* D3, D4, X1, X2: the number of the first rule that passes, or UNKNOWN. */
static int find(const struct world_policy *policy, const struct world_facts *facts,
    enum quest quest, bool watched, int *ret_entitlement)
{
    bool denies = quest == DENIES || quest == DENIES_ALL;

    for (unsigned i = 0; i < policy->rule_count; i++) {
        const struct world_rule *rule = &policy->rules[i];

        if ((rule->decision == DECISION_DENY) != denies || rule->disabled ||
            (rule->monitored && !watched))
            continue;
        if (rule_passes(policy, rule, facts, quest, ret_entitlement))
            return (int)i;
    }
    return UNKNOWN;
}

/* D11 */
static enum refusal refusal_of(
    const struct world_policy *policy, const struct world_facts *facts, bool watched)
{
    int entitlement;

    if (facts->changed && find(policy, facts, GRANTS_UNCHANGED, watched, &entitlement) != UNKNOWN)
        return REFUSAL_ENVIRONMENT;
    if (facts->writable && find(policy, facts, GRANTS_FILE, watched, &entitlement) != UNKNOWN)
        return REFUSAL_FILE;
    if (find(policy, facts, GRANTS_OWNED, watched, &entitlement) != UNKNOWN)
        return REFUSAL_OWNER;
    return REFUSAL_RULES;
}

static void add_terms(const struct world_policy *policy, const struct world_facts *facts,
    struct oracle_verdict *verdict)
{
    const struct world_rule *rule = &policy->rules[verdict->rule];
    const struct world_entitlement *entitlement =
        verdict->entitlement == UNKNOWN ? NULL : &policy->entitlements[verdict->entitlement];
    const struct world_evidence *evidence = entitlement ? &entitlement->evidence : &rule->evidence;
    bool strict = entitlement && entitlement->sensitivity != SENSITIVITY_LOW;
    unsigned asked;

    verdict->lapse = lapse_of(rule, facts);
    asked = required(rule, entitlement, verdict->lapse);
    verdict->missing = asked & missing(evidence, strict, facts);
    verdict->minutes = rule->minutes;
    if (entitlement && entitlement->minutes < rule->minutes)
        verdict->minutes = entitlement->minutes;
    verdict->asks_owner = verdict->lapse != LAPSE_NONE;
    verdict->asks_peer =
        rule->decision == DECISION_ALLOW && !verdict->asks_owner && (asked & EVIDENCE_PEER) != 0;
    if (verdict->asks_owner || verdict->asks_peer)
        verdict->decision = DECISION_ESCALATE;
}

/* I2 */
static enum identity_state identity_state_of(
    const struct world_identity *identity, const struct world_facts *facts)
{
    if ((world_owners[identity->owner].people & people_there(facts)) == 0)
        return IDENTITY_UNOWNED;
    if (facts->minute == UNKNOWN)
        return IDENTITY_TIMELESS;
    return facts->minute >= (identity->last_day + 1) * 1440 ? IDENTITY_ENDED : IDENTITY_ALIVE;
}

/* I1, I6: u3 is that of the first, u4 of the second and the third. */
static int identity_of(const struct world_policy *policy, const struct world_facts *facts)
{
    static const int users[WORLD_IDENTITIES] = {3, 4, 4, NONE};
    int first = UNKNOWN;

    for (int i = 0; i < WORLD_IDENTITIES; i++) {
        if (!policy->identities[i].there || users[i] != facts->user)
            continue;
        if (identity_state_of(&policy->identities[i], facts) != IDENTITY_ALIVE)
            return i;
        first = first == UNKNOWN ? i : first;
    }
    return first;
}

/* I1 */
static struct world_facts see(const struct world_policy *policy, const struct world_facts *facts)
{
    struct world_facts seen = *facts;

    if (identity_of(policy, facts) != UNKNOWN)
        seen.kind = 1;
    return seen;
}

/* I3 */
static enum identity_state state_of(
    const struct world_policy *policy, const struct world_facts *facts)
{
    int identity = identity_of(policy, facts);

    return identity == UNKNOWN ? IDENTITY_ALIVE
                               : identity_state_of(&policy->identities[identity], facts);
}

static void decide(const struct world_policy *policy, const struct world_facts *facts, bool watched,
    struct oracle_verdict *verdict)
{
    verdict->rule = find(policy, facts, DENIES, watched, &verdict->entitlement);
    if (verdict->rule != UNKNOWN)
        return;
    verdict->refusal = REFUSAL_IDENTITY;
    if (verdict->state != IDENTITY_ALIVE)
        return;
    verdict->rule = find(policy, facts, GRANTS, watched, &verdict->entitlement);
    if (verdict->rule == UNKNOWN) {
        verdict->refusal = refusal_of(policy, facts, watched);
        return;
    }
    verdict->decision = policy->rules[verdict->rule].decision;
    add_terms(policy, facts, verdict);
}

struct oracle_verdict oracle_decide(
    const struct world_policy *policy, const struct world_facts *facts, bool watched)
{
    struct world_facts seen = see(policy, facts);
    struct oracle_verdict verdict = {
        .decision = DECISION_DENY,
        .entitlement = UNKNOWN,
        .identity = identity_of(policy, facts),
        .state = state_of(policy, facts),
    };

    decide(policy, &seen, watched, &verdict);
    return verdict;
}

bool oracle_is_possible(const struct world_policy *policy, const struct world_facts *facts)
{
    struct world_facts seen = see(policy, facts);
    int entitlement;

    return find(policy, &seen, DENIES_ALL, false, &entitlement) == UNKNOWN &&
           state_of(policy, facts) == IDENTITY_ALIVE &&
           find(policy, &seen, GRANTS_SOME, false, &entitlement) != UNKNOWN;
}

static struct meeting scope_meets(
    const struct world_entitlement *entitlement, const struct world_facts *facts)
{
    struct world_entitlement for_all = *entitlement;

    for_all.who = (struct world_who){0};
    return entitlement_meets(&for_all, facts);
}

bool oracle_opens(const struct world_entitlement *entitlement, const struct world_facts *facts)
{
    struct meeting meeting = scope_meets(entitlement, facts);

    return meeting.rest == YES && meeting.command == YES;
}

bool oracle_may_open(const struct world_entitlement *entitlement, const struct world_facts *facts)
{
    struct meeting meeting = scope_meets(entitlement, facts);

    return meeting.rest == YES && meeting.command != NO;
}

bool oracle_is_for(const struct world_policy *policy, const struct world_entitlement *entitlement,
    const struct world_facts *facts)
{
    struct world_facts seen = see(policy, facts);

    return least(who_holds(&entitlement->who, &seen), hosts_hold(&entitlement->hosts, &seen)) ==
           YES;
}
