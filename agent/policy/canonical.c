/* Fields stand in a fixed order, each as its length (u32) or value (u64) in little-endian and its
 * bytes, so that no two policies of different meaning give the same bytes. Defaults are written
 * out. People and groups, which are sets, stand in the order of their names; rules in file order,
 * since that decides. */
#include "canonical.h"

#include <endian.h>
#include <string.h>

#include "digest.h"

#define FORM "assent policy 1\n"

static void put_number(struct digest *digest, uint64_t value)
{
    uint64_t bytes = htole64(value);

    digest_add(digest, &bytes, sizeof(bytes));
}

static void put_bytes(struct digest *digest, const void *data, size_t length)
{
    uint32_t bytes = htole32((uint32_t)length);

    digest_add(digest, &bytes, sizeof(bytes));
    digest_add(digest, data, length);
}

/* An absent text differs from an empty one. */
static void put_text(struct digest *digest, const char *text)
{
    put_number(digest, text != NULL);
    if (text)
        put_bytes(digest, text, strlen(text));
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

static void put_commands(struct digest *digest, const struct rule *rule)
{
    put_number(digest, rule->command_count);
    for (size_t i = 0; i < rule->command_count; i++)
        put_texts(digest, &rule->commands[i].words);
    put_number(digest, rule->writable_allowed);
    put_number(digest, rule->environment_allowed);
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

static void put_window(
    struct digest *digest, const struct policy *policy, const struct window *window)
{
    put_number(digest, window->set);
    put_number(digest, window->days);
    put_number(digest, window->from);
    put_number(digest, window->to);
    put_text(digest, policy->zones.texts[window->zone]);
}

static void put_terms(struct digest *digest, const struct rule *rule)
{
    put_number(digest, rule->duration_us);
    put_number(digest, rule->uses);
    put_number(digest, rule->survives_reboot);
    put_number(digest, rule->keep);
    put_number(digest, rule->reason_required);
    put_text(digest, strength_to_string(rule->strength));
    put_number(digest, rule->stage != NULL);
    if (!rule->stage)
        return;
    put_text(digest, rule->stage->from_text);
    put_number(digest, rule->stage->need);
    put_number(digest, rule->stage->within_us);
}

static void put_rule(struct digest *digest, const struct policy *policy, const struct rule *rule)
{
    put_text(digest, rule->id);
    put_text(digest, rule->owner);
    put_text(digest, rule->reason);
    put_text(digest, rule->advice);
    put_text(digest, decision_to_string(rule->decision));
    put_names(digest, &policy->user_names, &rule->users);
    put_names(digest, &policy->group_names, &rule->groups);
    put_number(digest, rule->kinds);
    put_texts(digest, &rule->services);
    put_names(digest, &policy->user_names, &rule->run_as);
    put_commands(digest, rule);
    put_texts(digest, &rule->hosts);
    put_networks(digest, rule);
    put_number(digest, rule->ttys);
    put_window(digest, policy, &rule->window);
    put_terms(digest, rule);
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
    AUTO_FREE const char **sorted = sort_names(&reading->teams);

    put_number(digest, reading->teams.count);
    for (uint32_t i = 0; sorted && i < reading->teams.count; i++) {
        uint32_t team = names_find(&reading->teams, sorted[i]);

        put_text(digest, sorted[i]);
        put_names(digest, &reading->policy->people_names, &reading->team_people[team]);
    }
    return sorted != NULL;
}

int canonical_digest(const struct reading *reading)
{
    struct policy *policy = reading->policy;
    struct digest digest;

    digest_start(&digest);
    digest_add(&digest, FORM, strlen(FORM));
    digest.failed |= !put_people(&digest, policy) || !put_teams(&digest, reading);
    put_number(&digest, policy->rule_count);
    for (size_t i = 0; i < policy->rule_count; i++)
        put_rule(&digest, policy, &policy->rules[i]);
    return digest_finish(&digest, policy->digest);
}
