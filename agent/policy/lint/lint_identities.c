/* Findings about identities: whether they can get anything, and for how long. */
#include "parts.h"

static bool has_number(const struct numbers *numbers, uint32_t number)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (numbers->items[i] == number)
            return true;
    return false;
}

static bool takes_services(const struct who *who)
{
    return who->kinds == 0 || (who->kinds >> SUBJECT_SERVICE & 1) != 0;
}

/* In which groups of the system an account is, the files do not tell. */
static bool may_be(const struct who *who, uint32_t user)
{
    return (who->users.count == 0 || has_number(&who->users, user)) &&
           !has_number(&who->not_users, user);
}

/* Which accounts of identities some rule could give something to. */
struct reach {
    const struct policy *policy;
    bool *users;    /* by user */
    uint32_t *left; /* those that no rule reached so far, and maybe some that one did */
    size_t left_count;
};

/* Whoever is among both. The accounts that are listed, where one lists some, are all there are;
 * where none does nearly everybody is, so that few are left to be looked at for the next rule. */
static void reach_both(struct reach *reach, const struct who *a, const struct who *b)
{
    const struct numbers *listed = a->users.count > 0 ? &a->users : &b->users;
    size_t left = 0;

    if (!takes_services(a) || !takes_services(b))
        return;
    for (size_t i = 0; i < listed->count; i++)
        reach->users[listed->items[i]] |=
            may_be(a, listed->items[i]) && may_be(b, listed->items[i]);
    for (size_t i = 0; listed->count == 0 && i < reach->left_count; i++) {
        uint32_t user = reach->left[i];

        reach->users[user] |= may_be(a, user) && may_be(b, user);
        if (!reach->users[user])
            reach->left[left++] = user;
    }
    if (listed->count == 0)
        reach->left_count = left;
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
    uint32_t count = policy->identity_names.count;
    AUTO_FREE bool *users = calloc((size_t)policy->user_names.count + 1, sizeof(*users));
    AUTO_FREE uint32_t *left = calloc((size_t)count + 1, sizeof(*left));
    struct reach reach = {.policy = policy, .users = users, .left = left, .left_count = count};

    if (!users || !left) {
        report->failed = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        left[i] = policy->identities[i].user;
    for (size_t i = 0; count > 0 && i < policy->rule_count; i++)
        reach_by(&reach, &policy->rules[i]);
    for (uint32_t i = 0; i < count; i++)
        look_at(report, &policy->identities[i], &reach);
}
