#include "compare.h"

#include <errno.h>
#include <string.h>

#include "../../../common/str.h"
#include "describe.h"
#include "order.h"
#include "pairs.h"

#define RULES_NAMED 8 /* of those that a changed group or entitlement concerns */

/* Both policies, and one kind of subject in them. */
struct comparing {
    const struct policy *before, *after;
    compare_visit *visit;
    void *userdata;
    const struct kind *kind;
    struct pairs pairs;
    struct moves moves; /* of rules */
    bool failed;
};

/* A kind of subject: how many there are, and what is said of one. */
struct kind {
    enum compare_subject subject;
    uint32_t (*count)(const struct policy *policy);
    pairs_name *name;
    void (*describe)(struct describer *describer, uint32_t number);
    const struct place *(*place)(const struct policy *policy, uint32_t number);
    bool (*names)(const struct policy *policy, const struct rule *rule, uint32_t number);
};

/* ---- what differs in one ------------------------------------------------------------------- */

static bool has_item(const struct description_value *value, const char *item)
{
    for (size_t i = 0; i < value->count; i++)
        if (strcmp(value->items[i], item) == 0)
            return true;
    return false;
}

/* What the one set has and the other has not. NULL: nothing, or it is not known of both. */
static const char *set_without(struct comparing *comparing, struct arena *arena,
    const struct description_value *set, const struct description_value *other)
{
    struct str_builder builder = {0};
    AUTO_FREE char *text = NULL;
    const char *kept;

    if (!set->items || !other->items)
        return NULL;
    for (size_t i = 0; i < set->count; i++)
        if (!has_item(other, set->items[i]))
            str_appendf(&builder, "%s%s", builder.length > 0 ? ", " : "", set->items[i]);
    text = str_builder_take(&builder);
    kept = text ? arena_text(arena, text, strlen(text)) : NULL;
    comparing->failed |= !kept;
    return kept && *kept != '\0' ? kept : NULL;
}

/* The values that differ; all that are said where one of the two is not there. */
static size_t find_fields(struct comparing *comparing, struct arena *arena,
    const struct description *before, const struct description *after, struct compare_field *fields)
{
    size_t total = before->count > after->count ? before->count : after->count, count = 0;
    static const struct description_value nothing;

    for (size_t i = 0; i < total; i++) {
        const struct description_value *a = before->count > 0 ? &before->values[i] : &nothing;
        const struct description_value *b = after->count > 0 ? &after->values[i] : &nothing;

        if (str_equal(a->text, b->text))
            continue;
        fields[count++] = (struct compare_field){
            .key = a->key ? a->key : b->key,
            .before = a->text,
            .after = b->text,
            .gone = set_without(comparing, arena, a, b),
            .more = set_without(comparing, arena, b, a),
        };
    }
    return count;
}

static void describe(struct comparing *comparing, struct arena *arena, const struct policy *policy,
    uint32_t number, struct description *ret_description)
{
    struct describer describer = {.policy = policy, .arena = arena, .description = ret_description};

    ret_description->count = 0;
    if (number != PAIR_NONE)
        comparing->kind->describe(&describer, number);
    comparing->failed |= describer.failed;
}

/* "a, b and 3 more" */
static char *list_rules(struct comparing *comparing, uint32_t number)
{
    const struct policy *after = comparing->after;
    struct str_builder builder = {0};
    size_t count = 0;
    char *text;

    for (size_t i = 0; comparing->kind->names && number != PAIR_NONE && i < after->rule_count;
         i++) {
        if (!comparing->kind->names(after, &after->rules[i], number))
            continue;
        if (count++ < RULES_NAMED)
            str_appendf(&builder, "%s%s", count > 1 ? ", " : "", after->rules[i].id);
    }
    if (count > RULES_NAMED)
        str_appendf(&builder, " and %zu more", count - RULES_NAMED);
    text = str_builder_take(&builder);
    comparing->failed |= !text;
    return text;
}

static struct place_info find_place(
    const struct comparing *comparing, const struct policy *policy, uint32_t number)
{
    if (number == PAIR_NONE || !comparing->kind->place)
        return (struct place_info){0};
    return policy_place(policy, comparing->kind->place(policy, number));
}

static bool has_moved(const struct comparing *comparing, uint32_t a, uint32_t b)
{
    return comparing->kind->subject == COMPARE_RULE && a != PAIR_NONE && b != PAIR_NONE &&
           comparing->moves.past[b] != PAIR_NONE;
}

static enum compare_kind kind_of(uint32_t a, uint32_t b, bool moved)
{
    if (a == PAIR_NONE)
        return COMPARE_ADDED;
    if (b == PAIR_NONE)
        return COMPARE_REMOVED;
    return moved ? COMPARE_MOVED : COMPARE_CHANGED;
}

/* One subject: its number in either policy, or PAIR_NONE. */
static void compare_one(struct comparing *comparing, uint32_t a, uint32_t b)
{
    struct compare_field fields[DESCRIBE_KEYS_MAX];
    struct description before, after;
    CLEANUP(arena_done) struct arena arena = {0};
    AUTO_FREE char *rules = NULL;
    bool moved = has_moved(comparing, a, b);
    struct compare_change change = {
        .kind = kind_of(a, b, moved),
        .subject = comparing->kind->subject,
        .name = b != PAIR_NONE ? comparing->kind->name(comparing->after, b)
                               : comparing->kind->name(comparing->before, a),
        .before = find_place(comparing, comparing->before, a),
        .after = find_place(comparing, comparing->after, b),
        .fields = fields,
    };

    describe(comparing, &arena, comparing->before, a, &before);
    describe(comparing, &arena, comparing->after, b, &after);
    change.field_count = find_fields(comparing, &arena, &before, &after, fields);
    if (comparing->failed || (change.kind == COMPARE_CHANGED && change.field_count == 0))
        return;
    rules = list_rules(comparing, b);
    change.rules = rules && *rules != '\0' ? rules : NULL;
    if (moved) {
        change.past = comparing->after->rules[comparing->moves.past[b]].id;
        change.now_first = comparing->moves.now_first[b];
    }
    comparing->visit(&change, comparing->userdata);
}

static void compare_all(struct comparing *comparing, const struct kind *kind)
{
    const struct pairs_list before = {
        comparing->before, kind->count(comparing->before), kind->name};
    const struct pairs_list after = {comparing->after, kind->count(comparing->after), kind->name};

    comparing->kind = kind;
    comparing->failed |= pairs_build(&comparing->pairs, &before, &after) < 0;
    if (kind->subject == COMPARE_RULE && !comparing->failed)
        comparing->failed |= order_find(&comparing->moves, comparing->after, &comparing->pairs) < 0;
    for (uint32_t i = 0; i < before.count && !comparing->failed; i++)
        if (kind->name(comparing->before, i) && comparing->pairs.after_of[i] == PAIR_NONE)
            compare_one(comparing, i, PAIR_NONE);
    for (uint32_t i = 0; i < after.count && !comparing->failed; i++)
        if (kind->name(comparing->after, i))
            compare_one(comparing, comparing->pairs.before_of[i], i);
    pairs_done(&comparing->pairs);
}

/* ---- the kinds --------------------------------------------------------------------------- */

static uint32_t count_rules(const struct policy *policy)
{
    return (uint32_t)policy->rule_count;
}

static const char *name_rule(const void *policy, uint32_t number)
{
    return ((const struct policy *)policy)->rules[number].id;
}

static void describe_one_rule(struct describer *describer, uint32_t number)
{
    describe_rule(describer, &describer->policy->rules[number]);
}

static const struct place *place_rule(const struct policy *policy, uint32_t number)
{
    return &policy->rules[number].place;
}

static uint32_t count_entitlements(const struct policy *policy)
{
    return policy->entitlement_names.count;
}

static const char *name_entitlement(const void *policy, uint32_t number)
{
    return ((const struct policy *)policy)->entitlements[number].name;
}

static void describe_one_entitlement(struct describer *describer, uint32_t number)
{
    describe_entitlement(describer, &describer->policy->entitlements[number]);
}

static const struct place *place_entitlement(const struct policy *policy, uint32_t number)
{
    return &policy->entitlements[number].place;
}

static bool names_entitlement(
    const struct policy *policy UNUSED, const struct rule *rule, uint32_t number)
{
    for (size_t i = 0; i < rule->entitlements.count; i++)
        if (rule->entitlements.items[i] == number)
            return true;
    return false;
}

static uint32_t count_identities(const struct policy *policy)
{
    return policy->identity_names.count;
}

static const char *name_identity(const void *policy, uint32_t number)
{
    return ((const struct policy *)policy)->identities[number].name;
}

static void describe_one_identity(struct describer *describer, uint32_t number)
{
    describe_identity(describer, &describer->policy->identities[number]);
}

static const struct place *place_identity(const struct policy *policy, uint32_t number)
{
    return &policy->identities[number].place;
}

static uint32_t count_groups(const struct policy *policy)
{
    return policy->team_names.count;
}

static const char *name_group(const void *policy, uint32_t number)
{
    return ((const struct policy *)policy)->team_names.texts[number];
}

static const struct place *place_group(const struct policy *policy, uint32_t number)
{
    return &policy->team_places[number];
}

/* Whether "dba-leads, carol" has the name in it. */
static bool has_name(const char *list, const char *name)
{
    size_t length = strlen(name);

    while (list && *list != '\0') {
        size_t word = strcspn(list, ",");

        if (word == length && strncmp(list, name, length) == 0)
            return true;
        list += word;
        list += strspn(list, ", ");
    }
    return false;
}

static bool names_group(const struct policy *policy, const struct rule *rule, uint32_t number)
{
    const char *name = policy->team_names.texts[number];

    return str_equal(rule->owner, name) || (rule->stage && has_name(rule->stage->from_text, name));
}

static uint32_t count_people(const struct policy *policy)
{
    return policy->people_names.count;
}

/* Whoever stands in a group alone is told of with the group. */
static const char *name_person(const void *policy, uint32_t number)
{
    const struct owner *owner = &((const struct policy *)policy)->people[number];

    return owner->listed ? owner->person.name : NULL;
}

static void describe_one_person(struct describer *describer, uint32_t number)
{
    describe_person(describer, &describer->policy->people[number]);
}

static const struct kind kinds[] = {
    {COMPARE_RULE, count_rules, name_rule, describe_one_rule, place_rule, NULL},
    {COMPARE_ENTITLEMENT, count_entitlements, name_entitlement, describe_one_entitlement,
        place_entitlement, names_entitlement},
    {COMPARE_IDENTITY, count_identities, name_identity, describe_one_identity, place_identity,
        NULL},
    {COMPARE_GROUP, count_groups, name_group, describe_group, place_group, names_group},
    {COMPARE_PERSON, count_people, name_person, describe_one_person, NULL, NULL},
};

int policy_compare(
    const struct policy *before, const struct policy *after, compare_visit *visit, void *userdata)
{
    struct comparing comparing = {
        .before = before, .after = after, .visit = visit, .userdata = userdata};

    for (size_t i = 0; i < ARRAY_SIZE(kinds) && !comparing.failed; i++)
        compare_all(&comparing, &kinds[i]);
    order_done(&comparing.moves);
    return comparing.failed ? -ENOMEM : 0;
}

const char *compare_kind_to_string(enum compare_kind kind)
{
    static const char *const words[] = {
        [COMPARE_ADDED] = "added",
        [COMPARE_REMOVED] = "removed",
        [COMPARE_CHANGED] = "changed",
        [COMPARE_MOVED] = "moved",
    };

    return words[kind];
}

const char *compare_subject_to_string(enum compare_subject subject)
{
    static const char *const words[] = {
        [COMPARE_RULE] = "rule",
        [COMPARE_ENTITLEMENT] = "entitlement",
        [COMPARE_GROUP] = "group",
        [COMPARE_PERSON] = "person",
        [COMPARE_IDENTITY] = "identity",
    };

    return words[subject];
}
