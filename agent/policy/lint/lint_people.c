/* Findings about who is asked and who owns, as far as this policy itself tells. */
#include "../../../common/str.h"
#include "parts.h"

#define GONE_SHOWN 8

/* ---- those who ask and those who are asked ----------------------------------------------- */

static bool is_asked(const struct stage *stage, uint32_t person)
{
    for (size_t i = 0; i < stage->people_count; i++)
        if (stage->people[i] == person)
            return true;
    return false;
}

/* How many are left to ask when that person asks. */
static size_t count_left(const struct stage *stage, uint32_t person)
{
    return stage->people_count - (person != PERSON_NONE && is_asked(stage, person) ? 1 : 0);
}

/* The accounts that may ask, when they are listed: by the rule or else by its only entitlement. */
static const struct numbers *listed_requesters(const struct policy *policy, const struct rule *rule)
{
    if (rule->who.users.count > 0)
        return &rule->who.users;
    if (rule->entitlements.count == 1)
        return &policy->entitlements[rule->entitlements.items[0]].who.users;
    return &rule->who.users;
}

static void say_too_few(struct report *report, const struct rule *rule, uint32_t person)
{
    report_rule(report, TOO_FEW_APPROVERS, rule,
        "when %s asks, %zu of the %zu people asked are left and %u must agree, so nobody could "
        "approve it; ask more people, or leave %s out with who.not-user",
        report->policy->people[person].person.name, rule->stage->people_count - 1,
        rule->stage->people_count, rule->stage->need, report->policy->people[person].person.name);
}

static void check_listed(
    struct report *report, const struct rule *rule, const struct numbers *requesters)
{
    const struct policy *policy = report->policy;
    uint32_t stuck = PERSON_NONE;
    size_t stuck_count = 0;

    for (size_t i = 0; i < requesters->count; i++) {
        uint32_t person = policy->users[requesters->items[i]].person;

        if (count_left(rule->stage, person) >= rule->stage->need)
            continue;
        stuck = person;
        stuck_count++;
    }
    if (stuck_count == requesters->count)
        report_rule(report, APPROVERS_ARE_REQUESTERS, rule,
            "nobody could ever approve it: who may ask are the ones who are asked (%s), and nobody "
            "approves their own request; ask somebody else too",
            rule->stage->from_text);
    else if (stuck_count > 0)
        say_too_few(report, rule, stuck);
}

static bool is_left_out(const struct policy *policy, const struct rule *rule, uint32_t person)
{
    const struct owner *owner = &policy->people[person];

    for (size_t i = 0; i < owner->person.account_count; i++) {
        bool found = false;

        for (size_t j = 0; j < rule->who.not_users.count && !found; j++)
            found = rule->who.not_users.items[j] == owner->users[i];
        if (!found)
            return false;
    }
    return owner->person.account_count > 0;
}

/* Whoever is asked may be among those who ask, for all that is known here. */
static void check_anybody(struct report *report, const struct rule *rule)
{
    const struct stage *stage = rule->stage;

    if (rule->who.kinds == 1U << SUBJECT_SERVICE || stage->people_count > stage->need)
        return;
    for (size_t i = 0; i < stage->people_count; i++) {
        if (is_left_out(report->policy, rule, stage->people[i]))
            continue;
        say_too_few(report, rule, stage->people[i]);
        return;
    }
}

static void check_requesters(struct report *report, const struct rule *rule)
{
    const struct numbers *requesters = listed_requesters(report->policy, rule);

    if (rule->disabled || rule->decision != DECISION_ESCALATE || !rule->stage)
        return;
    if (requesters->count > 0)
        check_listed(report, rule, requesters);
    else
        check_anybody(report, rule);
}

/* ---- who is there ------------------------------------------------------------------------ */

static enum person_state state_of(const struct report *report, uint32_t person)
{
    return policy_person_state(report->policy, person, report->options->now_us);
}

static size_t count_here(const struct report *report, const uint32_t *people, size_t count)
{
    size_t here = 0;

    for (size_t i = 0; i < count; i++)
        here += state_of(report, people[i]) == PERSON_HERE;
    return here;
}

/* "dave has no account on this host, erin is locked" */
static char *list_gone(struct report *report, const uint32_t *people, size_t count)
{
    struct str_builder text = {0};
    size_t gone = 0;
    char *taken;

    for (size_t i = 0; i < count; i++) {
        enum person_state state = state_of(report, people[i]);

        if (state != PERSON_HERE && gone++ < GONE_SHOWN)
            str_appendf(&text, "%s%s %s", text.length > 0 ? ", " : "",
                report->policy->people[people[i]].person.name, person_state_to_string(state));
    }
    if (gone > GONE_SHOWN)
        str_appendf(&text, " and %zu more", gone - GONE_SHOWN);
    taken = str_builder_take(&text);
    report->failed |= !taken;
    return taken;
}

/* Whoever cannot be asked because of the files alone is another matter than who is gone here. */
static void check_stage(struct report *report, const struct rule *rule)
{
    const struct stage *stage = rule->stage;
    AUTO_FREE char *gone = NULL;
    size_t here;

    if (rule->disabled || rule->decision != DECISION_ESCALATE || !stage)
        return;
    here = count_here(report, stage->people, stage->people_count);
    if (here == stage->people_count)
        return;
    gone = list_gone(report, stage->people, stage->people_count);
    if (gone && here < stage->need)
        report_rule(report, APPROVERS_UNKNOWN, rule,
            "%zu of the %zu people asked are here and %u must agree, so nobody could approve it "
            "on this host: %s",
            here, stage->people_count, stage->need, gone);
    else if (gone)
        report_rule(report, APPROVER_GONE, rule, "not all who are asked are left: %s", gone);
}

static void check_owner_here(struct report *report, const struct roster *roster, const char *owner,
    const struct rule *rule, const struct entitlement *entitlement)
{
    struct people_list people = owner ? roster_people(roster, owner) : (struct people_list){0};
    AUTO_FREE char *gone = NULL;

    if (people.count == 0 || count_here(report, people.items, people.count) > 0)
        return;
    gone = list_gone(report, people.items, people.count);
    if (gone && rule)
        report_rule(report, OWNER_GONE, rule, "no owner is left%s: %s; give it a new one",
            rule->decision == DECISION_ALLOW ? ", so that it counts as absent" : "", gone);
    else if (gone && entitlement)
        report_entitlement(
            report, OWNER_GONE, entitlement, "no owner is left: %s; give it a new one", gone);
}

static void check_identity(struct report *report, const struct identity *identity)
{
    const struct numbers *people = &identity->people;
    AUTO_FREE char *gone = NULL;

    if (people->count == 0 || count_here(report, people->items, people->count) > 0)
        return;
    gone = list_gone(report, people->items, people->count);
    if (gone)
        report_identity(report, OWNER_GONE, identity,
            "no owner is left, so that nothing is allowed to it: %s; give it a new one", gone);
}

/* ---- groups ------------------------------------------------------------------------------ */

static void check_members(struct report *report, uint32_t team)
{
    const struct policy *policy = report->policy;
    const struct numbers *people = &policy->team_people[team];

    for (size_t i = 0; i < people->count; i++)
        if (state_of(report, people->items[i]) == PERSON_UNLISTED)
            report_team(report, NOT_IN_PEOPLE, team,
                "%s is not in people:, which this policy has, and so counts as gone; write them "
                "there with their accounts, or take them out here",
                policy->people[people->items[i]].person.name);
}

static void check_teams(struct report *report, const struct roster *roster)
{
    for (uint32_t i = 0; i < report->policy->team_names.count; i++) {
        check_members(report, i);
        if (!roster->used[i])
            report_team(report, UNUSED_GROUP, i, "it owns nothing and is never asked");
    }
}

static void check_empty_owner(
    struct report *report, const struct roster *roster, const struct rule *rule)
{
    if (rule->disabled || rule->decision != DECISION_ALLOW || !rule->owner)
        return;
    if (roster_people(roster, rule->owner).count == 0)
        report_rule(report, APPROVERS_EMPTY, rule,
            "its owner '%s' is a group with nobody in it, so that it counts as absent; put "
            "somebody in, or give it another owner",
            rule->owner);
}

void lint_people(struct report *report, const struct roster *roster)
{
    const struct policy *policy = report->policy;

    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];

        check_requesters(report, rule);
        check_empty_owner(report, roster, rule);
        check_stage(report, rule);
        if (!rule->disabled)
            check_owner_here(report, roster, rule->owner, rule, NULL);
    }
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        check_owner_here(
            report, roster, policy->entitlements[i].owner, NULL, &policy->entitlements[i]);
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        check_identity(report, &policy->identities[i]);
    check_teams(report, roster);
}
