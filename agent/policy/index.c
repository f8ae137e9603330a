#include "index.h"

#include "index_keys.h"

/* Who asks has one user id and one host, but is in about so many groups, the rules of each of which
 * are looked at. */
#define GROUPS_USUAL 16

/* The values of every rule under every key, hashed once. */
struct values {
    uint32_t *hashes;
    size_t count, size;
    size_t *starts; /* of each rule's keys, one after the other, and the end */
};

/* How often each value occurs, to find the rarest of a rule. Values may share a count: then a rule
 * is filed under another key than the best, and nothing else. */
struct tally {
    uint32_t *seen;
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

static void values_done(struct values *values)
{
    free(values->hashes);
    free(values->starts);
}

static bool make_room(struct values *values, size_t more)
{
    size_t size = values->size ? values->size : 1024;
    uint32_t *hashes;

    while (size - values->count < more)
        size *= 2;
    if (size == values->size)
        return true;
    hashes = reallocarray(values->hashes, size, sizeof(*hashes));
    if (!hashes)
        return false;
    values->hashes = hashes;
    values->size = size;
    return true;
}

static bool gather(struct values *values, const struct policy *policy, size_t rule)
{
    for (enum index_key key = 0; key < INDEX_ALWAYS; key++) {
        size_t count = index_count_values(policy, &policy->rules[rule], key);

        if (!make_room(values, count))
            return false;
        for (size_t i = 0; i < count; i++)
            values->hashes[values->count++] =
                index_hash_value(policy, &policy->rules[rule], key, i);
        values->starts[rule * INDEX_ALWAYS + key + 1] = values->count;
    }
    return true;
}

static bool gather_all(struct values *values, const struct policy *policy)
{
    values->starts = calloc(policy->rule_count * INDEX_ALWAYS + 1, sizeof(*values->starts));
    if (!values->starts)
        return false;
    for (size_t i = 0; i < policy->rule_count; i++)
        if (!gather(values, policy, i))
            return false;
    return true;
}

struct span {
    const uint32_t *hashes;
    size_t count;
};

/* Of a key that is INDEX_ALWAYS: none. */
static struct span values_of(const struct values *values, size_t rule, enum index_key key)
{
    const size_t *start = &values->starts[rule * INDEX_ALWAYS + key];

    if (key == INDEX_ALWAYS)
        return (struct span){0};
    return (struct span){values->hashes + start[0], start[1] - start[0]};
}

static bool tally_values(const struct values *values, struct tally *tally)
{
    uint32_t size = table_size(values->count);

    tally->seen = calloc(size, sizeof(*tally->seen));
    tally->mask = size - 1;
    for (size_t i = 0; tally->seen && i < values->count; i++)
        tally->seen[values->hashes[i] & tally->mask] += values->hashes[i] != 0;
    return tally->seen != NULL;
}

/* How many rules share the most common of the values; 0: none of them can be met. */
static uint32_t most_common(struct span span, const struct tally *tally)
{
    uint32_t most = 0;

    for (size_t i = 0; i < span.count; i++) {
        uint32_t seen = span.hashes[i] == 0 ? 0 : tally->seen[span.hashes[i] & tally->mask];

        most = seen > most ? seen : most;
    }
    return most;
}

/* The key under which the rule is looked at least often. */
static enum index_key choose_key(
    const struct values *values, size_t rule, const struct tally *tally)
{
    enum index_key best = INDEX_ALWAYS;
    uint64_t fewest = UINT64_MAX;

    for (enum index_key key = 0; key < INDEX_ALWAYS; key++) {
        struct span span = values_of(values, rule, key);
        uint64_t shared = most_common(span, tally);

        if (key == INDEX_GROUP)
            shared *= GROUPS_USUAL;
        if (span.count > 0 && shared < fewest) {
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

/* Into the list of that value; 0: nobody can have it. */
static void file_under(struct index *index, uint32_t hash, uint32_t rule)
{
    struct index_slot *slot = hash == 0 ? NULL : find_slot(index, hash);

    if (!slot)
        return;
    slot->hash = hash;
    if (index->rules)
        index->rules[slot->list.start + slot->list.count] = rule;
    slot->list.count++;
}

static void file_by_entitlement(struct policy *policy, uint32_t number)
{
    const struct rule *rule = &policy->rules[number];

    for (size_t i = 0; rule->decision != DECISION_DENY && i < rule->entitlements.count; i++)
        file_under(&policy->index,
            index_hash_text(
                policy->entitlements[rule->entitlements.items[i]].name, INDEX_ENTITLEMENT, false),
            number);
}

/* Goes through the lists that each rule belongs to. First with index->rules NULL, which
 * counts; then, with the starts set and the counts back at zero, to fill them. */
static void file_rules(struct policy *policy, const struct values *values, const uint8_t *keys)
{
    struct index *index = &policy->index;

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        struct index_list *all = &index->all[keys[i]][policy->rules[i].decision == DECISION_DENY];
        struct span span = values_of(values, i, keys[i]);

        if (index->rules)
            index->rules[all->start + all->count] = i;
        all->count++;
        for (size_t j = 0; j < span.count; j++)
            file_under(index, span.hashes[j], i);
        file_by_entitlement(policy, i);
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

static uint8_t *choose_keys(const struct policy *policy, const struct values *values)
{
    uint8_t *keys = calloc(policy->rule_count + 1, sizeof(*keys));
    struct tally tally;

    if (!keys || !tally_values(values, &tally)) {
        free(keys);
        return NULL;
    }
    for (size_t i = 0; i < policy->rule_count; i++)
        keys[i] = (uint8_t)choose_key(values, i, &tally);
    free(tally.seen);
    return keys;
}

static void build(struct policy *policy, const struct values *values, const uint8_t *keys)
{
    struct index *index = &policy->index;
    size_t filed = 0;
    uint32_t size;

    for (size_t i = 0; i < policy->rule_count; i++)
        filed += values_of(values, i, keys[i]).count + policy->rules[i].entitlements.count;
    size = table_size(filed);
    index->slots = calloc(size, sizeof(*index->slots));
    index->mask = size - 1;
    if (!index->slots)
        return;
    file_rules(policy, values, keys);
    if (place_lists(index))
        file_rules(policy, values, keys);
    else
        index_done(index);
}

void index_build(struct policy *policy)
{
    AUTO_FREE uint8_t *keys = NULL;
    struct values values = {0};

    index_done(&policy->index);
    if (gather_all(&values, policy))
        keys = choose_keys(policy, &values);
    if (keys)
        build(policy, &values, keys);
    values_done(&values);
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
    bool could_be_any = query->denies || (query->possible && key == INDEX_COMMAND);

    if (is_none)
        return;
    if (!text && could_be_any)
        visit_list(visitor, &visitor->index->all[key][query->denies]);
    else if (text && key == INDEX_HOST)
        visit_value(visitor, index_hash_host(text, query->denies));
    else if (text)
        visit_value(visitor, index_hash_text(text, key, query->denies));
}

/* A rule on services or commands that lets all of it through lets the first of them through. A
 * pattern is no literal command, so that no rule is filed by it. */
static void visit_whole(const struct visitor *visitor, const struct index_query *query)
{
    int64_t number = policy_find_entitlement(query->policy, query->facts->entitlement);
    const struct what *what = number < 0 ? NULL : &query->policy->entitlements[number].what;

    if (what && what->services.count > 0)
        visit_text(visitor, query, INDEX_SERVICE, what->services.items[0]);
    if (what && what->command_count > 0 && what->commands[0].path)
        visit_text(visitor, query, INDEX_COMMAND, what->commands[0].path);
}

void index_find(const struct index_query *query, index_visit *visit, void *data)
{
    const struct facts *facts = query->facts;
    const struct index *index = &query->policy->index;
    const struct visitor visitor = {.index = index, .visit = visit, .data = data};

    if (facts->entitlement && !query->denies) {
        visit_value(&visitor, index_hash_text(facts->entitlement, INDEX_ENTITLEMENT, false));
        return;
    }
    visit_list(&visitor, &index->all[INDEX_ALWAYS][query->denies]);
    visit_value(&visitor, index_hash_number(facts->uid, INDEX_USER, query->denies));
    for (size_t i = 0; facts->groups_known && i < facts->group_count; i++)
        visit_value(&visitor, index_hash_number(facts->groups[i], INDEX_GROUP, query->denies));
    if (!facts->groups_known && query->denies)
        visit_list(&visitor, &index->all[INDEX_GROUP][1]);
    visit_text(&visitor, query, INDEX_HOST, facts->host);
    if (facts->whole) {
        visit_whole(&visitor, query);
        return;
    }
    visit_text(&visitor, query, INDEX_COMMAND, facts->command);
    visit_text(&visitor, query, INDEX_SERVICE, facts->service);
}
