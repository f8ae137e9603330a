#include "survey_say.h"

#include <stdio.h>

#include "../../common/str.h"

#define OWNERS_MAX 8

/* "carol is locked, dave has no account on this host" */
static void put_owners(
    struct str_builder *builder, const struct policy *policy, const char *owner, uint64_t now_us)
{
    struct people_list people = policy_people_of(policy, owner);

    for (size_t i = 0; i < people.count && i < OWNERS_MAX; i++)
        str_appendf(builder, "%s%s %s", i > 0 ? ", " : "",
            policy_person(policy, people.items[i])->name,
            person_state_to_string(policy_person_state(policy, people.items[i], now_us)));
    if (people.count > OWNERS_MAX)
        str_append(builder, ", ...");
}

static void put_nobody(
    struct str_builder *builder, const struct policy *policy, const char *owner, uint64_t now_us)
{
    str_appendf(builder, "nobody of its owner %s is left (", owner);
    put_owners(builder, policy, owner, now_us);
    str_append(builder, "); the policy must name another");
}

static void put_unowned(struct str_builder *builder, const struct policy *policy,
    const struct rule_info *rule, uint64_t now_us)
{
    str_appendf(builder, "rule %s counts no more: ", rule->id);
    if (rule->owner)
        put_nobody(builder, policy, rule->owner, now_us);
    else
        str_append(builder, "it has no owner");
}

static void put_end(struct str_builder *builder, const struct rule_info *rule, uint64_t now_us)
{
    char day[CERTIFICATE_DAY_SIZE];

    certificate_last_day(rule->certified_us, day);
    if (rule->certified_us == 0)
        str_appendf(builder, "rule %s has never been certified as it stands, so it asks %s",
            rule->id, rule->owner);
    else if (now_us >= rule->certified_us)
        str_appendf(builder, "rule %s was certified up to %s, so it now asks %s", rule->id, day,
            rule->owner);
    else
        str_appendf(builder, "rule %s is certified up to %s only, then it asks %s", rule->id, day,
            rule->owner);
    str_appendf(builder, ": assent policy recertify %s --until DATE --reason TEXT", rule->id);
}

char *survey_say_rule(const struct policy *policy, size_t index, uint64_t now_us)
{
    struct str_builder builder = {0};
    struct rule_info rule;

    policy_rule(policy, index, &rule);
    if (policy_rule_lapse(policy, index, now_us) == LAPSE_OWNER)
        put_unowned(&builder, policy, &rule, now_us);
    else
        put_end(&builder, &rule, now_us);
    return str_builder_take(&builder);
}

char *survey_say_identity(const struct policy *policy, size_t index, uint64_t now_us)
{
    struct str_builder builder = {0};
    struct identity_info identity;

    policy_identity(policy, index, &identity);
    str_appendf(&builder, "identity %s ", identity.name);
    if (policy_identity_state(policy, index, now_us) == IDENTITY_UNOWNED) {
        str_append(&builder, "gets nothing: ");
        put_nobody(&builder, policy, identity.owner, now_us);
        return str_builder_take(&builder);
    }
    str_appendf(&builder,
        now_us >= identity.expires_us ? "ended on %s, so it gets nothing"
                                      : "ends on %s, then it gets nothing",
        identity.last_day);
    str_appendf(
        &builder, ": %s sets a later `expires` in the policy, or has it taken out", identity.owner);
    return str_builder_take(&builder);
}

char *survey_say_missing(
    const struct policy *policy, const struct survey_person *person, uint64_t now_us)
{
    enum person_state state = policy_person_state(policy, person->person, now_us);
    const char *name = policy_person(policy, person->person)->name;
    struct str_builder builder = {0};
    char ends[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(person->ends_us, ends);
    if (state == PERSON_HERE)
        str_appendf(&builder, "%s's account ends on %.10s", name, ends);
    else
        str_appendf(&builder, "%s %s", name, person_state_to_string(state));
    return str_builder_take(&builder);
}

char *survey_say_person(
    const struct policy *policy, const struct survey_person *person, uint64_t now_us)
{
    AUTO_FREE char *why = survey_say_missing(policy, person, now_us);
    AUTO_FREE char *names = texts_join(&person->names, ", ");
    struct str_builder builder = {0};

    if (!why || !names)
        return NULL;
    str_appendf(&builder, "%s; needed by %s", why, names);
    if (person->needed > SURVEY_NAMES_MAX)
        str_appendf(&builder, " and %zu more", person->needed - SURVEY_NAMES_MAX);
    return str_builder_take(&builder);
}

char *survey_say_stage(const struct policy *policy, const struct survey_stage *stage)
{
    const struct stage *asked = policy_rule_stage(policy, stage->index);
    struct str_builder builder = {0};
    struct rule_info rule;

    policy_rule(policy, stage->index, &rule);
    str_appendf(&builder, "rule %s needs %u of %s, and %u %s left: nobody can get it approved",
        rule.id, asked->need, asked->from_text, stage->left, stage->left == 1 ? "is" : "are");
    return str_builder_take(&builder);
}
