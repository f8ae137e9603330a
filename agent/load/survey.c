#include "survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"

#define ENDS_SOON_US (30 * USEC_PER_DAY)

static void rule_done(struct survey_rule *rule)
{
    if (rule->has_certificate)
        certificate_done(&rule->certificate);
}

void survey_done(struct survey *survey)
{
    for (size_t i = 0; i < survey->rule_count; i++)
        rule_done(&survey->rules[i]);
    for (size_t i = 0; i < survey->person_count; i++)
        texts_done(&survey->people[i].names);
    free(survey->rules);
    free(survey->identities);
    free(survey->people);
    free(survey->stages);
    *survey = (struct survey){0};
}

/* Room for one more item; NULL on OOM. */
static void *grow(void *items, size_t count, size_t *size, size_t item_size)
{
    size_t bigger = *size > 0 ? 2 * *size : 16;

    if (count < *size)
        return items;
    items = reallocarray(items, bigger, item_size);
    if (items)
        *size = bigger;
    return items;
}

/* ---- rules ------------------------------------------------------------------------------ */

static enum survey_step step_to(uint64_t end_us, uint64_t now_us)
{
    if (now_us >= end_us)
        return SURVEY_LAPSED;
    if (end_us - now_us <= USEC_PER_DAY)
        return SURVEY_DAY;
    if (end_us - now_us <= 7 * USEC_PER_DAY)
        return SURVEY_WEEK;
    return end_us - now_us <= 30 * USEC_PER_DAY ? SURVEY_MONTH : SURVEY_FINE;
}

enum survey_step survey_step_of(const struct survey_rule *rule, uint64_t now_us)
{
    if (rule->disabled)
        return SURVEY_FINE;
    return rule->unowned ? SURVEY_LAPSED : step_to(rule->certified_us, now_us);
}

enum survey_step survey_identity_step(const struct survey_identity *identity, uint64_t now_us)
{
    return identity->unowned ? SURVEY_LAPSED : step_to(identity->expires_us, now_us);
}

/* The place of the rule in the list, or where it would stand. */
static size_t find_place(const struct survey *survey, size_t index)
{
    size_t low = 0, high = survey->rule_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (survey->rules[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct survey_rule *survey_rule_of(const struct survey *survey, size_t index)
{
    size_t at = find_place(survey, index);

    return at < survey->rule_count && survey->rules[at].index == index ? &survey->rules[at] : NULL;
}

/* What there is to know of it but for its digest. */
static struct survey_rule look_at(const struct policy *policy, size_t index, uint64_t now_us)
{
    struct rule_info info;

    policy_rule(policy, index, &info);
    return (struct survey_rule){
        .index = index,
        .certified_us = info.certified_us,
        .disabled = info.disabled,
        .unowned = policy_rule_lapse(policy, index, now_us) == LAPSE_OWNER,
    };
}

/* The rule's entry, made where there is none. NULL on OOM. */
static struct survey_rule *add_rule(struct survey *survey, const struct survey_rule *rule)
{
    size_t at = find_place(survey, rule->index);
    struct survey_rule *rules;

    if (at < survey->rule_count && survey->rules[at].index == rule->index)
        return &survey->rules[at];
    rules = grow(survey->rules, survey->rule_count, &survey->rule_size, sizeof(*rules));
    if (!rules)
        return NULL;
    survey->rules = rules;
    memmove(&rules[at + 1], &rules[at], (survey->rule_count - at) * sizeof(*rules));
    survey->rule_count++;
    rules[at] = *rule;
    return &rules[at];
}

int survey_certify(
    struct survey *survey, struct policy *policy, size_t index, struct certificate *certificate)
{
    struct survey_rule found, *rule;

    policy_certify(policy, index, certificate->until_us);
    found = look_at(policy, index, clock_realtime_us());
    memcpy(found.digest, certificate->digest, sizeof(found.digest));
    rule = add_rule(survey, &found);
    if (rule)
        rule->certified_us = found.certified_us;
    if (!rule || (rule->has_certificate && rule->certificate.until_us > certificate->until_us)) {
        certificate_done(certificate);
        return rule ? 0 : -ENOMEM;
    }
    rule_done(rule);
    rule->certificate = *certificate;
    rule->has_certificate = true;
    *certificate = (struct certificate){0};
    return 0;
}

/* The certificate that is for the rule as it is, or NULL. */
static const struct certificate *find_certificate(
    const struct certificates *certificates, const char *id, const char *digest)
{
    size_t count;
    const struct certificate *items = certificates_of(certificates, id, &count);

    for (size_t i = 0; i < count; i++)
        if (str_equal(items[i].digest, digest))
            return &items[i];
    return NULL;
}

static bool has_certificates(const struct certificates *certificates, const char *id)
{
    size_t count;

    (void)certificates_of(certificates, id, &count);
    return count > 0;
}

static int take_certificate(struct survey *survey, struct policy *policy, size_t index,
    const struct certificate *certificate)
{
    struct certificate copy;
    int r = certificate_copy(certificate, &copy);

    return r < 0 ? r : survey_certify(survey, policy, index, &copy);
}

/* Digests are made for the rules that need one: of ten thousand they take longer than loading. */
static int look_at_rule(struct survey *survey, struct policy *policy, size_t index,
    const struct certificates *certificates, uint64_t now_us)
{
    struct survey_rule found = look_at(policy, index, now_us);
    const struct certificate *certificate;
    struct rule_info info;
    int r;

    policy_rule(policy, index, &info);
    if (info.decision != DECISION_ALLOW ||
        (!has_certificates(certificates, info.id) && survey_step_of(&found, now_us) == SURVEY_FINE))
        return 0;
    r = policy_rule_digest(policy, index, found.digest);
    if (r < 0)
        return r;
    certificate = find_certificate(certificates, info.id, found.digest);
    if (certificate)
        return take_certificate(survey, policy, index, certificate);
    if (survey_step_of(&found, now_us) == SURVEY_FINE)
        return 0;
    return add_rule(survey, &found) ? 0 : -ENOMEM;
}

/* ---- identities ------------------------------------------------------------------------- */

static int look_at_identity(
    struct survey *survey, const struct policy *policy, size_t index, uint64_t now_us)
{
    struct survey_identity found = {
        .index = index,
        .unowned = policy_identity_state(policy, index, now_us) == IDENTITY_UNOWNED,
    };
    struct survey_identity *identities;
    struct identity_info info;

    policy_identity(policy, index, &info);
    found.expires_us = info.expires_us;
    if (survey_identity_step(&found, now_us) == SURVEY_FINE)
        return 0;
    identities = grow(
        survey->identities, survey->identity_count, &survey->identity_size, sizeof(*identities));
    if (!identities)
        return -ENOMEM;
    survey->identities = identities;
    identities[survey->identity_count++] = found;
    return 0;
}

/* ---- people ----------------------------------------------------------------------------- */

/* What is found out about every person once: 0 is well, else the entry they will have. */
struct census {
    const struct policy *policy;
    uint64_t now_us;
    struct survey_person *entries; /* by person; `needed` 0: nobody needs them */
    bool *missed;                  /* by person: gone, or about to be */
    size_t *marks;                 /* by person: the last thing that needs them */
};

static bool is_here(const struct census *census, uint32_t person)
{
    return !census->missed[person] || census->entries[person].ends_us > 0;
}

static void count_person(struct census *census, uint32_t person)
{
    struct survey_person *entry = &census->entries[person];
    uint64_t ends;

    entry->person = person;
    if (policy_person_state(census->policy, person, census->now_us) != PERSON_HERE) {
        census->missed[person] = true;
        return;
    }
    ends = policy_person_ends(census->policy, person, census->now_us);
    if (ends > 0 && ends - census->now_us <= ENDS_SOON_US) {
        census->missed[person] = true;
        entry->ends_us = ends;
    }
}

/* By what `mark` stands for; who owns a rule may be asked by it, too. */
static int note_needed(
    struct census *census, struct people_list people, size_t mark, const char *name)
{
    for (size_t i = 0; i < people.count; i++) {
        uint32_t person = people.items[i];
        struct survey_person *entry = &census->entries[person];

        if (!census->missed[person] || census->marks[person] == mark)
            continue;
        census->marks[person] = mark;
        entry->needed++;
        if (entry->needed <= SURVEY_NAMES_MAX && texts_add(&entry->names, name) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int note_stage(struct survey *survey, const struct census *census, size_t index)
{
    const struct stage *stage = policy_rule_stage(census->policy, index);
    struct survey_stage *stages;
    unsigned left = 0;

    for (size_t i = 0; i < stage->people_count; i++)
        left += is_here(census, stage->people[i]);
    if (left >= stage->need)
        return 0;
    stages = grow(survey->stages, survey->stage_count, &survey->stage_size, sizeof(*stages));
    if (!stages)
        return -ENOMEM;
    survey->stages = stages;
    stages[survey->stage_count++] = (struct survey_stage){index, left};
    return 0;
}

static int count_rule(struct survey *survey, struct census *census, size_t index)
{
    const struct stage *stage = policy_rule_stage(census->policy, index);
    size_t mark = index + 1;
    struct rule_info info;
    int r = 0;

    policy_rule(census->policy, index, &info);
    if (info.disabled)
        return 0;
    if (info.owner)
        r = note_needed(census, policy_people_of(census->policy, info.owner), mark, info.id);
    if (r == 0 && stage && info.decision == DECISION_ESCALATE) {
        r = note_needed(
            census, (struct people_list){stage->people, stage->people_count}, mark, info.id);
        if (r == 0)
            r = note_stage(survey, census, index);
    }
    return r;
}

/* What is owned and no rule. */
static int count_owned(struct census *census, const char *kind, const char *name,
    struct people_list owners, size_t mark)
{
    struct str_builder builder = {0};
    AUTO_FREE char *named = NULL;

    str_appendf(&builder, "%s %s", kind, name);
    named = str_builder_take(&builder);
    return named ? note_needed(census, owners, mark, named) : -ENOMEM;
}

static int count_entitlement(struct census *census, size_t index)
{
    size_t mark = policy_rule_count(census->policy) + index + 1;
    struct entitlement_info info;

    policy_entitlement(census->policy, index, &info);
    return count_owned(
        census, "entitlement", info.name, policy_people_of(census->policy, info.owner), mark);
}

static int count_identity(struct census *census, size_t index)
{
    size_t mark =
        policy_rule_count(census->policy) + policy_entitlement_count(census->policy) + index + 1;
    struct identity_info info;

    policy_identity(census->policy, index, &info);
    return count_owned(
        census, "identity", info.name, (struct people_list){info.people, info.people_count}, mark);
}

/* Those who are missed and needed, in order, to the front. */
static void keep_needed(struct survey *survey, struct census *census, size_t count)
{
    struct survey_person *entries = census->entries;

    for (size_t i = 0; i < count; i++)
        if (entries[i].needed > 0)
            entries[survey->person_count++] = entries[i];
    survey->people = TAKE_PTR(census->entries);
}

static int count_people(struct survey *survey, const struct policy *policy, uint64_t now_us)
{
    size_t count = policy_person_count(policy), rules = policy_rule_count(policy);
    AUTO_FREE bool *missed = calloc(count + 1, sizeof(*missed));
    AUTO_FREE size_t *marks = calloc(count + 1, sizeof(*marks));
    struct census census = {
        .policy = policy,
        .now_us = now_us,
        .entries = calloc(count + 1, sizeof(*census.entries)),
        .missed = missed,
        .marks = marks,
    };
    int r = missed && marks && census.entries ? 0 : -ENOMEM;
    bool any = false;

    for (uint32_t i = 0; r == 0 && i < count; i++) {
        count_person(&census, i);
        any |= missed[i];
    }
    for (size_t i = 0; r == 0 && any && i < rules; i++)
        r = count_rule(survey, &census, i);
    for (size_t i = 0; r == 0 && any && i < policy_entitlement_count(policy); i++)
        r = count_entitlement(&census, i);
    for (size_t i = 0; r == 0 && any && i < policy_identity_count(policy); i++)
        r = count_identity(&census, i);
    if (census.entries)
        keep_needed(survey, &census, count);
    return r;
}

int survey_take(struct policy *policy, const struct certificates *certificates, uint64_t now_us,
    struct survey *ret_survey)
{
    struct survey survey = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < policy_rule_count(policy); i++)
        r = look_at_rule(&survey, policy, i, certificates, now_us);
    for (size_t i = 0; r == 0 && i < policy_identity_count(policy); i++)
        r = look_at_identity(&survey, policy, i, now_us);
    if (r == 0)
        r = count_people(&survey, policy, now_us);
    if (r < 0) {
        survey_done(&survey);
        return r;
    }
    *ret_survey = survey;
    return 0;
}
