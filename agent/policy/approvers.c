/* Names that stand for people in rules: `owner:` and `from:`. */
#include <string.h>

#include "../../common/str.h"
#include "people.h"

/* The people behind one name; a person is a set of one, kept at `person`. */
static struct numbers find_set(const struct reading *reading, const char *name, uint32_t *person)
{
    uint32_t team = names_find(&reading->policy->team_names, name);

    if (team != NAMES_NONE)
        return reading->policy->team_people ? reading->policy->team_people[team]
                                            : (struct numbers){0};
    *person = people_find_named(reading, name);
    return (struct numbers){person, *person == PERSON_NONE ? 0 : 1};
}

static void refuse_unknown(struct reading *reading, const struct yaml_node *node, const char *name)
{
    const char *nearest = names_nearest(&reading->policy->team_names, name);

    if (!nearest)
        nearest = names_nearest(&reading->policy->people_names, name);
    if (nearest)
        yaml_error(reading->errors, node,
            "'%s' is neither in groups: nor in people:, did you mean '%s'?", name, nearest);
    else
        yaml_error(reading->errors, node, "'%s' is neither in groups: nor in people:", name);
}

static bool check_known(struct reading *reading, const struct yaml_node *node, const char *name)
{
    if (names_find(&reading->policy->team_names, name) != NAMES_NONE ||
        people_find_named(reading, name) != PERSON_NONE)
        return true;
    if (!reading->incomplete)
        refuse_unknown(reading, node, name);
    return false;
}

const char *people_read_owner_name(struct reading *reading, const struct yaml_node *node)
{
    const char *name = read_name(reading, node, "group or person");

    if (!name || !check_known(reading, node, name))
        return NULL;
    name = arena_text(&reading->policy->arena, name, strlen(name));
    reading->out_of_memory |= !name;
    return name;
}

static int compare_numbers(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* Sorts and keeps each number once; the new count. */
static size_t make_distinct(uint32_t *numbers, size_t count)
{
    size_t used = 0;

    if (count > 0)
        qsort(numbers, count, sizeof(*numbers), compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (used == 0 || numbers[used - 1] != numbers[i])
            numbers[used++] = numbers[i];
    return used;
}

static bool append(uint32_t **numbers, size_t count, struct numbers more)
{
    uint32_t *bigger = reallocarray(*numbers, count + more.count + 1, sizeof(*bigger));

    if (!bigger)
        return false;
    *numbers = bigger;
    if (more.count > 0)
        memcpy(bigger + count, more.items, more.count * sizeof(*bigger));
    return true;
}

static struct numbers collect_people(struct reading *reading, const struct yaml_node *from)
{
    AUTO_FREE uint32_t *numbers = NULL;
    struct numbers people = {0};
    size_t count = 0;

    for (size_t i = 0; i < yaml_count(from); i++) {
        const struct yaml_node *item = yaml_item(from, i);
        const char *name = read_name(reading, item, "group or person");
        uint32_t person = PERSON_NONE;
        struct numbers set;

        if (!name || !check_known(reading, item, name))
            continue;
        set = find_set(reading, name, &person);
        if (set.count == 0)
            yaml_error(
                reading->errors, item, "nobody is in group '%s', so nobody could approve", name);
        if (!append(&numbers, count, set)) {
            reading->out_of_memory = true;
            return people;
        }
        count += set.count;
    }
    count = make_distinct(numbers, count);
    people.items = arena_copy(&reading->policy->arena, numbers, count, sizeof(*numbers));
    people.count = people.items ? count : 0;
    reading->out_of_memory |= !people.items;
    return people;
}

static char *join_names(struct reading *reading, const struct yaml_node *from)
{
    struct str_builder builder = {0};
    char *joined;

    for (size_t i = 0; i < yaml_count(from); i++) {
        const struct yaml_node *item = yaml_item(from, i);

        str_append(&builder, i > 0 ? ", " : "");
        if (yaml_kind_of(item) == YAML_SCALAR && yaml_text(item, reading->errors))
            str_append(&builder, yaml_text(item, reading->errors));
    }
    joined = str_builder_take(&builder);
    reading->out_of_memory |= !joined;
    return joined;
}

/* A policy names the same few sets in many rules: each is collected once. */
static bool keep_set(
    struct reading *reading, const struct yaml_node *from, const char *joined, uint32_t *ret_set)
{
    uint32_t before = reading->from_texts.count, set;

    if (!read_grow(reading, &reading->from_people, &reading->from_size, before,
            sizeof(*reading->from_people)))
        return false;
    set = names_add(&reading->from_texts, &reading->policy->arena, joined, from);
    reading->out_of_memory |= set == NAMES_NONE;
    if (set == NAMES_NONE)
        return false;
    if (set == before)
        reading->from_people[set] = collect_people(reading, from);
    *ret_set = set;
    return true;
}

void people_read_from(
    struct reading *reading, const struct yaml_node *from, struct stage *ret_stage)
{
    AUTO_FREE char *joined = NULL;
    uint32_t set;

    if (!read_is_list(reading, from))
        return;
    joined = join_names(reading, from);
    if (!joined || !keep_set(reading, from, joined, &set))
        return;
    ret_stage->from_text = reading->from_texts.texts[set];
    ret_stage->people = reading->from_people[set].items;
    ret_stage->people_count = reading->from_people[set].count;
}

void people_read_owner(struct reading *reading, const char *owner, struct stage *ret_stage)
{
    uint32_t team = names_find(&reading->policy->team_names, owner);
    uint32_t person = people_find_named(reading, owner);
    struct numbers people = {0};

    if (team != NAMES_NONE && reading->policy->team_people) {
        people = reading->policy->team_people[team];
    } else if (person != PERSON_NONE) {
        people.items = arena_copy(&reading->policy->arena, &person, 1, sizeof(person));
        people.count = 1;
        reading->out_of_memory |= !people.items;
    }
    *ret_stage = (struct stage){
        .from_text = owner,
        .people = people.items,
        .people_count = people.items ? people.count : 0,
    };
}
