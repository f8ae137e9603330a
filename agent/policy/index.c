#include "index.h"

#include "index_keys.h"

/* How often each value occurs, to find the rarest of a rule. */
struct tally_slot {
    uint32_t hash;
    uint32_t seen;
};

struct tally {
    struct tally_slot *slots;
    uint32_t mask;
};

/* A power of two that leaves at least half of the slots free. */
static uint32_t table_size(size_t entries)
{
    uint32_t size = 16;

    while (size < 2 * entries)
        size *= 2;
    return size;
}

static struct tally_slot *find_tally(const struct tally *tally, uint32_t hash)
{
    uint32_t at = hash & tally->mask;

    while (tally->slots[at].seen != 0 && tally->slots[at].hash != hash)
        at = (at + 1) & tally->mask;
    return &tally->slots[at];
}

static void tally_rule(const struct policy *policy, const struct rule *rule, struct tally *tally)
{
    for (enum index_key key = 0; key < INDEX_ALWAYS; key++) {
        for (size_t i = 0; i < index_count_values(policy, rule, key); i++) {
            uint32_t hash = index_hash_value(policy, rule, key, i);
            struct tally_slot *slot = find_tally(tally, hash);

            slot->hash = hash;
            slot->seen += hash != 0;
        }
    }
}

static bool tally_values(const struct policy *policy, struct tally *tally)
{
    size_t total = 0;
    uint32_t size;

    for (size_t i = 0; i < policy->rule_count; i++)
        for (enum index_key key = 0; key < INDEX_ALWAYS; key++)
            total += index_count_values(policy, &policy->rules[i], key);
    size = table_size(total);
    tally->slots = calloc(size, sizeof(*tally->slots));
    tally->mask = size - 1;
    for (size_t i = 0; tally->slots && i < policy->rule_count; i++)
        tally_rule(policy, &policy->rules[i], tally);
    return tally->slots != NULL;
}

/* How many rules share the most common of the rule's values; 0: none of them can be met. */
static uint32_t most_common(const struct policy *policy, const struct rule *rule,
    enum index_key key, const struct tally *tally)
{
    uint32_t most = 0;

    for (size_t i = 0; i < index_count_values(policy, rule, key); i++) {
        uint32_t hash = index_hash_value(policy, rule, key, i);
        uint32_t seen = hash == 0 ? 0 : find_tally(tally, hash)->seen;

        most = seen > most ? seen : most;
    }
    return most;
}

/* The key under which the rule shares its list with fewest. */
static enum index_key choose_key(
    const struct policy *policy, const struct rule *rule, const struct tally *tally)
{
    enum index_key best = INDEX_ALWAYS;
    uint32_t fewest = UINT32_MAX;

    for (enum index_key key = 0; key < INDEX_ALWAYS; key++) {
        uint32_t shared;

        if (index_count_values(policy, rule, key) == 0)
            continue;
        shared = most_common(policy, rule, key, tally);
        if (shared < fewest) {
            fewest = shared;
            best = key;
        }
    }
    return best;
}

static struct index_slot *find_slot(const struct index *index, uint32_t hash)
{
    uint32_t at = hash & index->mask;

    while (index->slots[at].hash != 0 && index->slots[at].hash != hash)
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

/* Goes through the lists that each rule belongs to. First with index->rules NULL, which
 * counts; then, with the starts set and the counts back at zero, to fill them. */
static void file_rules(struct policy *policy, const uint8_t *keys)
{
    struct index *index = &policy->index;

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];
        struct index_list *all = &index->all[keys[i]][rule->decision == DECISION_DENY];

        if (index->rules)
            index->rules[all->start + all->count] = i;
        all->count++;
        for (size_t j = 0; j < index_count_values(policy, rule, keys[i]); j++) {
            uint32_t hash = index_hash_value(policy, rule, keys[i], j);
            struct index_slot *slot = hash == 0 ? NULL : find_slot(index, hash);

            if (!slot)
                continue;
            slot->hash = hash;
            if (index->rules)
                index->rules[slot->list.start + slot->list.count] = i;
            slot->list.count++;
        }
    }
}

/* Gives the list its place and sets it back to be filled. */
static void place_list(struct index_list *list, uint32_t *start)
{
    uint32_t count = list->count;

    *list = (struct index_list){.start = *start};
    *start += count;
}

static bool place_lists(struct index *index)
{
    uint32_t start = 0;

    for (size_t i = 0; i < INDEX_KEYS; i++) {
        place_list(&index->all[i][0], &start);
        place_list(&index->all[i][1], &start);
    }
    for (size_t i = 0; i <= index->mask; i++)
        place_list(&index->slots[i].list, &start);
    index->rules = calloc((size_t)start + 1, sizeof(*index->rules));
    return index->rules != NULL;
}

static size_t count_filed(const struct policy *policy, const uint8_t *keys)
{
    size_t filed = 0;

    for (size_t i = 0; i < policy->rule_count; i++)
        filed += index_count_values(policy, &policy->rules[i], keys[i]);
    return filed;
}

static uint8_t *choose_keys(const struct policy *policy)
{
    uint8_t *keys = calloc(policy->rule_count + 1, sizeof(*keys));
    struct tally tally;

    if (!keys || !tally_values(policy, &tally)) {
        free(keys);
        return NULL;
    }
    for (size_t i = 0; i < policy->rule_count; i++)
        keys[i] = (uint8_t)choose_key(policy, &policy->rules[i], &tally);
    free(tally.slots);
    return keys;
}

void index_build(struct policy *policy)
{
    AUTO_FREE uint8_t *keys = choose_keys(policy);
    struct index *index = &policy->index;
    uint32_t size;

    index_done(index);
    if (!keys)
        return;
    size = table_size(count_filed(policy, keys));
    index->slots = calloc(size, sizeof(*index->slots));
    index->mask = size - 1;
    if (!index->slots)
        return;
    file_rules(policy, keys);
    if (place_lists(index))
        file_rules(policy, keys);
    else
        index_done(index);
}

void index_done(struct index *index)
{
    free(index->slots);
    free(index->rules);
    *index = (struct index){0};
}

struct visitor {
    const struct index *index;
    index_visit *visit;
    void *data;
};

static void visit_list(const struct visitor *visitor, const struct index_list *list)
{
    if (list->count > 0)
        visitor->visit(visitor->data, visitor->index->rules + list->start, list->count);
}

static void visit_value(const struct visitor *visitor, uint32_t hash)
{
    if (hash != 0)
        visit_list(visitor, &find_slot(visitor->index, hash)->list);
}

/* A text that is not known could be any to a deny rule, and none to another; where there is no
 * command, no condition on it holds. */
static void visit_text(const struct visitor *visitor, const struct index_query *query,
    enum index_key key, const char *text)
{
    bool is_none = key == INDEX_COMMAND && query->facts->command_is_none;
    bool could_be_any = query->denies || (query->possible && key == INDEX_COMMAND) ||
                        (query->facts->whole && key != INDEX_HOST);

    if (is_none)
        return;
    if (!text && could_be_any)
        visit_list(visitor, &visitor->index->all[key][query->denies]);
    else if (text && key == INDEX_HOST)
        visit_value(visitor, index_hash_host(text, query->denies));
    else if (text)
        visit_value(visitor, index_hash_text(text, key, query->denies));
}

void index_find(const struct index_query *query, index_visit *visit, void *data)
{
    const struct facts *facts = query->facts;
    const struct index *index = &query->policy->index;
    const struct visitor visitor = {.index = index, .visit = visit, .data = data};

    visit_list(&visitor, &index->all[INDEX_ALWAYS][query->denies]);
    visit_value(&visitor, index_hash_number(facts->uid, INDEX_USER, query->denies));
    for (size_t i = 0; facts->groups_known && i < facts->group_count; i++)
        visit_value(&visitor, index_hash_number(facts->groups[i], INDEX_GROUP, query->denies));
    if (!facts->groups_known && query->denies)
        visit_list(&visitor, &index->all[INDEX_GROUP][1]);
    visit_text(&visitor, query, INDEX_COMMAND, facts->command);
    visit_text(&visitor, query, INDEX_HOST, facts->host);
    visit_text(&visitor, query, INDEX_SERVICE, facts->service);
}
