#include "roster.h"

#include <errno.h>
#include <string.h>

#include "../evidence.h"

/* A group, or a person by their name or by that of an account. */
struct roster_entry {
    const char *name;
    uint32_t team; /* NAMES_NONE: a person */
    uint32_t person;
};

static int compare_entries(const void *left, const void *right)
{
    const struct roster_entry *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    if (order != 0)
        return order;
    /* In this order a name is looked up: groups, people, accounts. */
    return (a->team == NAMES_NONE) - (b->team == NAMES_NONE);
}

static void fill(struct roster *roster, const struct policy *policy)
{
    for (uint32_t i = 0; i < policy->team_names.count; i++)
        roster->entries[roster->count++] =
            (struct roster_entry){policy->team_names.texts[i], i, PERSON_NONE};
    for (uint32_t i = 0; i < policy->people_names.count; i++)
        roster->entries[roster->count++] =
            (struct roster_entry){policy->people_names.texts[i], NAMES_NONE, i};
    for (uint32_t i = 0; i < policy->user_names.count; i++)
        if (policy->users[i].person != PERSON_NONE)
            roster->entries[roster->count++] = (struct roster_entry){
                policy->user_names.texts[i], NAMES_NONE, policy->users[i].person};
    qsort(roster->entries, roster->count, sizeof(*roster->entries), compare_entries);
}

/* The first of that name, or NULL. Of all that begin with it, it would stand first itself. */
static const struct roster_entry *find(const struct roster *roster, const char *name, size_t length)
{
    size_t low = 0, high = roster->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strncmp(roster->entries[middle].name, name, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < roster->count && strncmp(roster->entries[low].name, name, length) == 0 &&
                   roster->entries[low].name[length] == '\0'
               ? &roster->entries[low]
               : NULL;
}

static void use(struct roster *roster, const char *name, size_t length)
{
    const struct roster_entry *entry = find(roster, name, length);

    if (entry && entry->team != NAMES_NONE)
        roster->used[entry->team] = true;
}

/* "dba-leads, carol": names have no commas. */
static void use_list(struct roster *roster, const char *names)
{
    while (names && *names != '\0') {
        size_t length = strcspn(names, ",");

        use(roster, names, length);
        names += length;
        names += strspn(names, ", ");
    }
}

static void use_evidence(struct roster *roster, const struct evidence_rule *evidence)
{
    if (evidence)
        use_list(roster, evidence->terms.peers_text);
}

static void note_used(struct roster *roster, const struct policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];

        use_list(roster, rule->owner);
        use_list(roster, rule->stage ? rule->stage->from_text : NULL);
        use_evidence(roster, rule->evidence);
    }
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++) {
        use_list(roster, policy->entitlements[i].owner);
        use_evidence(roster, policy->entitlements[i].evidence);
    }
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        use_list(roster, policy->identities[i].owner);
}

int roster_build(struct roster *roster, const struct policy *policy)
{
    size_t names =
        (size_t)policy->team_names.count + policy->people_names.count + policy->user_names.count;

    roster->policy = policy;
    roster->entries = calloc(names + 1, sizeof(*roster->entries));
    roster->used = calloc((size_t)policy->team_names.count + 1, sizeof(*roster->used));
    if (!roster->entries || !roster->used)
        return -ENOMEM;
    fill(roster, policy);
    note_used(roster, policy);
    return 0;
}

void roster_done(struct roster *roster)
{
    free(roster->entries);
    free(roster->used);
    *roster = (struct roster){0};
}

struct people_list roster_people(const struct roster *roster, const char *name)
{
    const struct policy *policy = roster->policy;
    const struct roster_entry *entry = find(roster, name, strlen(name));

    if (!entry)
        return (struct people_list){0};
    if (entry->team != NAMES_NONE)
        return (struct people_list){
            policy->team_people[entry->team].items, policy->team_people[entry->team].count};
    return (struct people_list){&policy->people[entry->person].number, 1};
}
