/* Findings about identities: whether they can get anything, and for how long. */
#include "parts.h"

static bool has_number(const struct numbers *numbers, uint32_t number)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (numbers->items[i] == number)
            return true;
    return false;
}

/* In which groups of the system an account is, the files do not tell. */
static bool may_be(const struct who *who, uint32_t user)
{
    return (who->users.count == 0 || has_number(&who->users, user)) &&
           !has_number(&who->not_users, user) &&
           (who->kinds == 0 || (who->kinds >> SUBJECT_SERVICE & 1) != 0);
}

/* By user: some rule could give something to it. */
struct reach {
    const struct policy *policy;
    bool *users;
    bool all; /* nobody is left out */
};

static void reach_user(struct reach *reach, uint32_t user, const struct who *a, const struct who *b)
{
    if (!reach->users[user])
        reach->users[user] = may_be(a, user) && may_be(b, user);
}

/* Whoever is among both. The accounts that are listed, where one lists some, are all there are. */
static void reach_both(struct reach *reach, const struct who *a, const struct who *b)
{
    const struct policy *policy = reach->policy;
    const struct numbers *listed = a->users.count > 0 ? &a->users : &b->users;

    for (size_t i = 0; i < listed->count; i++)
        reach_user(reach, listed->items[i], a, b);
    if (listed->count > 0 || reach->all)
        return;
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        reach_user(reach, policy->identities[i].user, a, b);
    reach->all = a->not_users.count == 0 && b->not_users.count == 0 &&
                 (a->kinds == 0 || (a->kinds >> SUBJECT_SERVICE & 1) != 0) &&
                 (b->kinds == 0 || (b->kinds >> SUBJECT_SERVICE & 1) != 0);
}

static void reach_by(struct reach *reach, const struct rule *rule)
{
    static const struct who anybody;

    if (rule->decision == DECISION_DENY || rule->disabled || rule->monitored)
        return;
    for (size_t i = 0; i < rule->entitlements.count; i++)
        reach_both(
            reach, &rule->who, &reach->policy->entitlements[rule->entitlements.items[i]].who);
    if (rule->entitlements.count == 0)
        reach_both(reach, &rule->who, &anybody);
}

static void find_end(struct report *report, const struct identity *identity)
{
    char last_day[LINT_DAY_SIZE];

    if (report->options->now_us < identity->expires_us)
        return;
    lint_last_day(identity->expires_us, last_day);
    report_identity(report, IDENTITY_OVER, identity,
        "it ended at the end of %s: nothing is allowed to it; set a later `expires`, or take it "
        "out together with its account",
        last_day);
}

static void look_at(
    struct report *report, const struct identity *identity, const struct reach *reach)
{
    find_end(report, identity);
    if (identity->people.count == 0)
        report_identity(report, IDENTITY_WITHOUT_OWNER, identity,
            "its owner '%s' is a group with nobody in it, so that nothing is allowed to it; put "
            "somebody in, or give it another owner",
            identity->owner);
    if (!reach->users[identity->user])
        report_identity(report, IDENTITY_UNUSED, identity,
            "no rule that is in force is for account '%s', so that it can get nothing; write one, "
            "or take the identity out",
            report->policy->user_names.texts[identity->user]);
}

void lint_identities(struct report *report)
{
    const struct policy *policy = report->policy;
    AUTO_FREE bool *users = calloc((size_t)policy->user_names.count + 1, sizeof(*users));
    struct reach reach = {.policy = policy, .users = users};

    if (!users) {
        report->failed = true;
        return;
    }
    for (size_t i = 0; policy->identity_names.count > 0 && i < policy->rule_count; i++)
        reach_by(&reach, &policy->rules[i]);
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        look_at(report, &policy->identities[i], &reach);
}
