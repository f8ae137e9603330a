#include "shelf.h"

#include <errno.h>

#include "../glob.h"
#include "../model.h"

enum shelf_key {
    SHELF_USER,
    SHELF_GROUP,
    SHELF_SERVICE,
    SHELF_HOST,
    SHELF_COMMAND,
    SHELF_OWN_KEYS,
    SHELF_ENTITLEMENT = SHELF_OWN_KEYS,
    SHELF_OPEN, /* it looks at nothing that has single values */
};

struct shelf_pair {
    uint64_t value;
    uint32_t rule;
};

/* What a rule or an entitlement looks at. */
struct looks {
    const struct who *who;
    const struct what *what;
    const struct hosts *hosts;
};

static uint64_t number_value(enum shelf_key key, uint32_t number)
{
    return ((uint64_t)number << 8 | key) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t host_value(const char *pattern)
{
    char folded[512];
    size_t length = 0;

    for (; pattern[length] != '\0' && length < sizeof(folded) - 1; length++)
        folded[length] =
            (char)(pattern[length] >= 'A' && pattern[length] <= 'Z' ? pattern[length] + ('a' - 'A')
                                                                    : pattern[length]);
    folded[length] = '\0';
    return names_hash(folded, SHELF_HOST);
}

/* How many values there are; none when some are patterns. */
static size_t count_values(const struct looks *looks, enum shelf_key key)
{
    switch (key) {
    case SHELF_USER:
        return looks->who->users.count;
    case SHELF_GROUP:
        return looks->who->groups.count;
    case SHELF_SERVICE:
        return looks->what->services.count;
    case SHELF_HOST:
        for (size_t i = 0; i < looks->hosts->names.count; i++)
            if (glob_is_wild(looks->hosts->names.items[i]))
                return 0;
        return looks->hosts->names.count;
    case SHELF_COMMAND:
        for (size_t i = 0; i < looks->what->command_count; i++)
            if (!looks->what->commands[i].path)
                return 0;
        return looks->what->command_count;
    default:
        return 0;
    }
}

static uint64_t get_value(const struct looks *looks, enum shelf_key key, size_t i)
{
    switch (key) {
    case SHELF_USER:
        return number_value(key, looks->who->users.items[i]);
    case SHELF_GROUP:
        return number_value(key, looks->who->groups.items[i]);
    case SHELF_SERVICE:
        return names_hash(looks->what->services.items[i], key);
    case SHELF_HOST:
        return host_value(looks->hosts->names.items[i]);
    default:
        return names_hash(looks->what->commands[i].path, SHELF_COMMAND);
    }
}

static struct looks looks_of_rule(const struct rule *rule)
{
    return (struct looks){&rule->who, &rule->what, &rule->hosts};
}

static struct looks looks_of_entitlement(const struct entitlement *entitlement)
{
    return (struct looks){&entitlement->who, &entitlement->what, &entitlement->hosts};
}

static int compare_pairs(const void *left, const void *right)
{
    const struct shelf_pair *a = left, *b = right;

    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

/* Where the pairs of that value begin. */
static size_t find_value(const struct shelf *shelf, uint64_t value)
{
    size_t low = 0, high = shelf->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (shelf->pairs[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Pairs with nothing to write to are only counted. */
static void add(struct shelf *shelf, uint64_t value, uint32_t rule)
{
    if (shelf->pairs)
        shelf->pairs[shelf->count] = (struct shelf_pair){value, rule};
    shelf->count++;
}

static void add_values(
    struct shelf *shelf, const struct looks *looks, enum shelf_key key, uint32_t rule)
{
    for (size_t i = 0; i < count_values(looks, key); i++)
        add(shelf, get_value(looks, key, i), rule);
}

static void add_everything(struct shelf *shelf)
{
    for (uint32_t i = 0; i < shelf->policy->rule_count; i++) {
        const struct looks looks = looks_of_rule(&shelf->policy->rules[i]);

        for (enum shelf_key key = 0; key < SHELF_OWN_KEYS; key++)
            add_values(shelf, &looks, key, i);
    }
}

/* How many rules share the most common of its values. */
static size_t count_shared(const struct shelf *tally, const struct looks *looks, enum shelf_key key)
{
    size_t most = 0;

    for (size_t i = 0; i < count_values(looks, key); i++) {
        uint64_t value = get_value(looks, key, i);
        size_t shared = find_value(tally, value + 1) - find_value(tally, value);

        most = shared > most ? shared : most;
    }
    return most;
}

static enum shelf_key choose_key(const struct shelf *tally, const struct looks *looks)
{
    enum shelf_key best = SHELF_OPEN;
    size_t fewest = SIZE_MAX;

    for (enum shelf_key key = 0; key < SHELF_OWN_KEYS; key++) {
        size_t shared = count_shared(tally, looks, key);

        if (shared > 0 && shared < fewest) {
            fewest = shared;
            best = key;
        }
    }
    return best;
}

/* A rule that names entitlements covers rules that name some of the same, and such as keep to what
 * one of them says, its services at least. */
static void put_by_entitlements(struct shelf *shelf, const struct rule *rule, uint32_t number)
{
    for (size_t i = 0; i < rule->entitlements.count; i++) {
        uint32_t entitlement = rule->entitlements.items[i];
        const struct looks looks = looks_of_entitlement(&shelf->policy->entitlements[entitlement]);

        add(shelf, number_value(SHELF_ENTITLEMENT, entitlement), number);
        add_values(shelf, &looks, SHELF_SERVICE, number);
    }
}

static void put_rules(struct shelf *shelf, const struct shelf *tally)
{
    for (uint32_t i = 0; i < shelf->policy->rule_count; i++) {
        const struct rule *rule = &shelf->policy->rules[i];
        const struct looks looks = looks_of_rule(rule);
        enum shelf_key key;

        if (rule->entitlements.count > 0) {
            put_by_entitlements(shelf, rule, i);
            continue;
        }
        key = choose_key(tally, &looks);
        if (key == SHELF_OPEN)
            add(shelf, number_value(SHELF_OPEN, 0), i);
        else
            add_values(shelf, &looks, key, i);
    }
}

static bool make_room(struct shelf *shelf)
{
    shelf->pairs = calloc(shelf->count + 1, sizeof(*shelf->pairs));
    shelf->count = 0;
    return shelf->pairs != NULL;
}

static bool build_tally(struct shelf *tally)
{
    add_everything(tally);
    if (!make_room(tally))
        return false;
    add_everything(tally);
    qsort(tally->pairs, tally->count, sizeof(*tally->pairs), compare_pairs);
    return true;
}

int shelf_build(struct shelf *shelf, const struct policy *policy)
{
    CLEANUP(shelf_done) struct shelf tally = {.policy = policy};

    *shelf = (struct shelf){.policy = policy};
    if (!build_tally(&tally))
        return -ENOMEM;
    put_rules(shelf, &tally);
    if (!make_room(shelf))
        return -ENOMEM;
    put_rules(shelf, &tally);
    qsort(shelf->pairs, shelf->count, sizeof(*shelf->pairs), compare_pairs);
    return 0;
}

void shelf_done(struct shelf *shelf)
{
    free(shelf->pairs);
    *shelf = (struct shelf){0};
}

struct finder {
    const struct shelf *shelf;
    shelf_visit *visit;
    void *userdata;
};

static bool visit_value(const struct finder *finder, uint64_t value)
{
    const struct shelf *shelf = finder->shelf;

    for (size_t i = find_value(shelf, value); i < shelf->count && shelf->pairs[i].value == value;
         i++)
        if (!finder->visit(shelf->pairs[i].rule, finder->userdata))
            return false;
    return true;
}

/* What covers a set holds all of it, so its first value tells. */
static bool visit_looks(const struct finder *finder, const struct looks *looks)
{
    for (enum shelf_key key = 0; key < SHELF_OWN_KEYS; key++)
        if (count_values(looks, key) > 0 && !visit_value(finder, get_value(looks, key, 0)))
            return false;
    return true;
}

void shelf_find(const struct shelf *shelf, uint32_t rule, shelf_visit *visit, void *userdata)
{
    const struct finder finder = {shelf, visit, userdata};
    const struct policy *policy = shelf->policy;
    const struct rule *narrow = &policy->rules[rule];
    const struct looks own = looks_of_rule(narrow);

    if (!visit_value(&finder, number_value(SHELF_OPEN, 0)) || !visit_looks(&finder, &own))
        return;
    if (narrow->entitlements.count > 0) {
        uint32_t first = narrow->entitlements.items[0];
        const struct looks looks = looks_of_entitlement(&policy->entitlements[first]);

        if (visit_value(&finder, number_value(SHELF_ENTITLEMENT, first)))
            (void)visit_looks(&finder, &looks);
    }
}
