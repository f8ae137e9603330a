/* Fields stand in a fixed order: a value as a varint (seven bits a byte, the lowest first, the top
 * bit on all but the last), bytes as their length and themselves, a text as 0 when it is absent,
 * else as its length and one and its bytes; so no two policies of different meaning give the same
 * bytes. Hashing is a good part of loading, and nearly all values are small. Defaults are written
 * out. People and groups, which are sets, stand in the order of their names; rules in file order,
 * since that decides. */
#include "canonical.h"

#include <string.h>

#include "digest.h"
#include "evidence.h"

#define FORM "assent policy 2\n"
#define FORM_RULE "assent rule 1\n"
#define FORM_ENTITLEMENT "assent entitlement 1\n"

static void put_number(struct digest *digest, uint64_t value)
{
    unsigned char bytes[10];
    size_t length = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[length++] = (unsigned char)(value | 0x80);
    bytes[length++] = (unsigned char)value;
    digest_add(digest, bytes, length);
}

static void put_bytes(struct digest *digest, const void *data, size_t length)
{
    put_number(digest, length);
    digest_add(digest, data, length);
}

static void put_text(struct digest *digest, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    put_number(digest, text ? length + 1 : 0);
    if (text)
        digest_add(digest, text, length);
}

static void put_texts(struct digest *digest, const struct text_list *texts)
{
    put_number(digest, texts->count);
    for (size_t i = 0; i < texts->count; i++)
        put_text(digest, texts->items[i]);
}

static void put_names(
    struct digest *digest, const struct names *names, const struct numbers *numbers)
{
    put_number(digest, numbers->count);
    for (size_t i = 0; i < numbers->count; i++)
        put_text(digest, names->texts[numbers->items[i]]);
}

static void put_who(struct digest *digest, const struct policy *policy, const struct who *who)
{
    put_names(digest, &policy->user_names, &who->users);
    put_names(digest, &policy->group_names, &who->groups);
    put_names(digest, &policy->user_names, &who->not_users);
    put_names(digest, &policy->group_names, &who->not_groups);
    put_number(digest, who->kinds);
}

static void put_what(struct digest *digest, const struct policy *policy, const struct what *what)
{
    put_texts(digest, &what->services);
    put_names(digest, &policy->user_names, &what->run_as);
    put_number(digest, what->command_count);
    for (size_t i = 0; i < what->command_count; i++) {
        put_texts(digest, &what->commands[i].words);
        put_number(digest, what->commands[i].any);
        put_number(digest, what->commands[i].rest);
    }
}

static void put_hosts(struct digest *digest, const struct hosts *hosts)
{
    put_texts(digest, &hosts->names);
    put_texts(digest, &hosts->labels);
}

static void put_networks(struct digest *digest, const struct rule *rule)
{
    put_number(digest, rule->network_count);
    for (size_t i = 0; i < rule->network_count; i++) {
        put_bytes(digest, &rule->networks[i].address, sizeof(rule->networks[i].address));
        put_number(digest, rule->networks[i].prefix);
    }
    put_number(digest, rule->local);
}

static void put_moment(struct digest *digest, const struct moment *moment)
{
    put_number(digest, moment->kind);
    put_number(digest, (uint64_t)moment->value);
}

static void put_window(
    struct digest *digest, const struct policy *policy, const struct window *window)
{
    put_number(digest, window->set);
    put_number(digest, window->days);
    put_number(digest, window->from);
    put_number(digest, window->to);
    put_moment(digest, &window->since);
    put_moment(digest, &window->before);
    put_text(digest, policy->zones.texts[window->zone]);
}

static void put_evidence(struct digest *digest, const struct evidence_rule *evidence)
{
    const struct evidence_terms *terms = evidence ? &evidence->terms : NULL;

    put_number(digest, terms != NULL);
    if (!terms)
        return;
    put_number(digest, terms->required);
    put_number(digest, terms->reason_length);
    put_number(digest, terms->reason_repeats);
    put_text(digest, terms->ticket_pattern);
    put_text(digest, terms->peers_text);
    put_number(digest, terms->control_count);
    for (size_t i = 0; i < terms->control_count; i++)
        put_text(digest, terms->controls[i]);
}

/* An allow rule's stage is its owner, which is said already. */
static void put_stage(struct digest *digest, const struct rule *rule)
{
    const struct stage *stage = rule->decision == DECISION_ESCALATE ? rule->stage : NULL;

    put_number(digest, stage != NULL);
    if (!stage)
        return;
    put_text(digest, stage->from_text);
    put_number(digest, stage->need);
    put_number(digest, stage->within_us);
}

static void put_terms(struct digest *digest, const struct rule *rule)
{
    put_number(digest, rule->duration_us);
    put_number(digest, rule->uses);
    put_number(digest, rule->survives_reboot);
    put_number(digest, rule->keep);
    put_text(digest, strength_to_string(rule->strength));
    put_evidence(digest, rule->evidence);
    put_stage(digest, rule);
}

static void put_rule(struct digest *digest, const struct policy *policy, const struct rule *rule)
{
    put_text(digest, rule->id);
    put_text(digest, rule->owner);
    put_text(digest, rule->reason);
    put_text(digest, rule->advice);
    put_text(digest, decision_to_string(rule->decision));
    put_number(digest, rule->disabled);
    put_number(digest, rule->says_monitor);
    put_who(digest, policy, &rule->who);
    put_names(digest, &policy->entitlement_names, &rule->entitlements);
    put_what(digest, policy, &rule->what);
    put_number(digest, rule->writable_allowed);
    put_number(digest, rule->environment_allowed);
    put_hosts(digest, &rule->hosts);
    put_networks(digest, rule);
    put_number(digest, rule->ttys);
    put_window(digest, policy, &rule->window);
    put_terms(digest, rule);
}

/* What it opens: a grant of it lives as long as this stays the same. */
static void put_scope(
    struct digest *digest, const struct policy *policy, const struct entitlement *entitlement)
{
    put_text(digest, entitlement->name);
    put_what(digest, policy, &entitlement->what);
    put_hosts(digest, &entitlement->hosts);
    put_texts(digest, &entitlement->groups);
}

static void put_entitlement(
    struct digest *digest, const struct policy *policy, const struct entitlement *entitlement)
{
    put_scope(digest, policy, entitlement);
    put_text(digest, entitlement->description);
    put_text(digest, entitlement->owner);
    put_who(digest, policy, &entitlement->who);
    put_number(digest, entitlement->max_duration_us);
    put_text(digest, sensitivity_to_string(entitlement->sensitivity));
    put_evidence(digest, entitlement->evidence);
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;

    return strcmp(*a, *b);
}

/* The names in their own order; NULL without memory. */
static const char **sort_names(const struct names *names)
{
    const char **sorted = calloc((size_t)names->count + 1, sizeof(*sorted));

    if (!sorted)
        return NULL;
    for (uint32_t i = 0; i < names->count; i++)
        sorted[i] = names->texts[i];
    qsort(sorted, names->count, sizeof(*sorted), compare_texts);
    return sorted;
}

static bool put_people(struct digest *digest, const struct policy *policy)
{
    AUTO_FREE const char **sorted = sort_names(&policy->people_names);

    put_number(digest, policy->people_names.count);
    for (uint32_t i = 0; sorted && i < policy->people_names.count; i++) {
        uint32_t number = names_find(&policy->people_names, sorted[i]);
        const struct person *person = &policy->people[number].person;

        put_text(digest, person->name);
        put_text(digest, person->mail);
        put_number(digest, person->account_count);
        for (size_t j = 0; j < person->account_count; j++)
            put_text(digest, person->accounts[j]);
    }
    return sorted != NULL;
}

static bool put_teams(struct digest *digest, const struct reading *reading)
{
    AUTO_FREE const char **sorted = sort_names(&reading->policy->team_names);

    put_number(digest, reading->policy->team_names.count);
    for (uint32_t i = 0; sorted && i < reading->policy->team_names.count; i++) {
        uint32_t team = names_find(&reading->policy->team_names, sorted[i]);

        put_text(digest, sorted[i]);
        put_names(digest, &reading->policy->people_names, &reading->policy->team_people[team]);
    }
    return sorted != NULL;
}

static bool put_entitlements(struct digest *digest, const struct policy *policy)
{
    const struct names *names = &policy->entitlement_names;
    AUTO_FREE const char **sorted = sort_names(names);

    put_number(digest, names->count);
    for (uint32_t i = 0; sorted && i < names->count; i++)
        put_entitlement(digest, policy, &policy->entitlements[names_find(names, sorted[i])]);
    return sorted != NULL;
}

/* Behind all else and only where there are any: a policy without them keeps its digest. */
static bool put_identities(struct digest *digest, const struct policy *policy)
{
    const struct names *names = &policy->identity_names;
    AUTO_FREE const char **sorted = sort_names(names);

    if (names->count > 0)
        put_number(digest, names->count);
    for (uint32_t i = 0; sorted && i < names->count; i++) {
        const struct identity *identity = &policy->identities[names_find(names, sorted[i])];

        put_text(digest, identity->name);
        put_text(digest, policy->user_names.texts[identity->user]);
        put_text(digest, identity->owner);
        put_text(digest, identity->purpose);
        put_number(digest, identity->expires_us);
    }
    return sorted != NULL;
}

static int digest_scopes(struct policy *policy)
{
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++) {
        struct entitlement *entitlement = &policy->entitlements[i];
        struct digest digest;
        int r;

        digest_start(&digest);
        digest_add(&digest, FORM_ENTITLEMENT, strlen(FORM_ENTITLEMENT));
        put_scope(&digest, policy, entitlement);
        r = digest_finish(&digest, entitlement->digest);
        if (r < 0)
            return r;
    }
    return 0;
}

int canonical_digest(const struct reading *reading)
{
    struct policy *policy = reading->policy;
    struct digest digest;
    int r = digest_scopes(policy);

    if (r < 0)
        return r;
    digest_start(&digest);
    digest_add(&digest, FORM, strlen(FORM));
    digest.failed |= !put_people(&digest, policy) || !put_teams(&digest, reading) ||
                     !put_entitlements(&digest, policy);
    put_number(&digest, policy->rule_count);
    for (size_t i = 0; i < policy->rule_count; i++) {
        put_rule(&digest, policy, &policy->rules[i]);
        put_number(&digest, policy->rules[i].certified_file_us);
    }
    digest.failed |= !put_identities(&digest, policy);
    return digest_finish(&digest, policy->digest);
}

int canonical_rule(
    const struct policy *policy, const struct rule *rule, char ret_hex[POLICY_DIGEST_SIZE])
{
    struct digest digest;

    digest_start(&digest);
    digest_add(&digest, FORM_RULE, strlen(FORM_RULE));
    put_rule(&digest, policy, rule);
    for (size_t i = 0; i < rule->entitlements.count; i++)
        put_entitlement(&digest, policy, &policy->entitlements[rule->entitlements.items[i]]);
    return digest_finish(&digest, ret_hex);
}
