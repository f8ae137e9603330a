#include "entitlement.h"

#include <string.h>

#include "conditions.h"
#include "evidence.h"
#include "people.h"

#define COUNT_MAX 1000 /* each is decided anew to show a person what they may ask for */

static void add_name(struct reading *reading, const struct yaml_node *key, const char *name)
{
    struct policy *policy = reading->policy;
    uint32_t before = policy->entitlement_names.count, number;

    if (!read_grow(reading, &policy->entitlements, &reading->entitlements_size, before,
            sizeof(*policy->entitlements)))
        return;
    number = names_add(&policy->entitlement_names, &policy->arena, name, key);
    if (number == NAMES_NONE) {
        reading->out_of_memory = true;
    } else if (number < before) {
        const struct yaml_node *first = policy->entitlement_names.places[number];

        yaml_error(reading->errors, key, "entitlement '%s' is defined at %s:%u:%u already", name,
            yaml_file(first), yaml_line(first), yaml_column(first));
    } else {
        policy->entitlements[number] = (struct entitlement){
            .name = policy->entitlement_names.texts[number],
            .place = read_place(reading, key),
        };
    }
}

void entitlement_read_keys(struct reading *reading, struct yaml_node *entitlements)
{
    if (!yaml_expect(entitlements, YAML_MAPPING, reading->errors))
        return;
    if (yaml_count(entitlements) + reading->policy->entitlement_names.count > COUNT_MAX) {
        yaml_error(reading->errors, entitlements, "more than %d entitlements", COUNT_MAX);
        return;
    }
    for (size_t i = 0; i < yaml_count(entitlements); i++) {
        const struct yaml_node *key = yaml_key(entitlements, i);
        const char *name = yaml_text(key, reading->errors);

        if (name && read_is_id(name))
            add_name(reading, key, name);
        else if (name)
            yaml_error(reading->errors, key,
                "'%s' is not the name of an entitlement: lower-case letters, digits, and . _ - "
                "behind the first, at most %d",
                name, READ_ID_MAX);
    }
}

static const char *read_group_name(struct reading *reading, const struct yaml_node *node)
{
    const char *name = read_name(reading, node, "group");

    if (name)
        name = arena_text(&reading->policy->arena, name, strlen(name));
    return name;
}

/* What it opens. */
static void read_scope(
    struct reading *reading, struct yaml_node *node, struct entitlement *entitlement)
{
    const struct yaml_node *hosts = yaml_take(node, "hosts"), *labels = yaml_take(node, "labels");
    const struct yaml_node *services = yaml_take(node, "services");
    const struct yaml_node *run_as = yaml_take(node, "run_as");
    const struct yaml_node *commands = yaml_take(node, "commands");
    const struct yaml_node *groups = yaml_take(node, "groups");

    if (hosts)
        conditions_read_hosts(reading, hosts, &entitlement->hosts);
    if (labels)
        conditions_read_labels(reading, labels, &entitlement->hosts);
    if (services)
        conditions_read_services(reading, services, &entitlement->what);
    else
        yaml_error(reading->errors, node, "an entitlement needs 'services': the doors it opens");
    if (run_as)
        read_names(reading, run_as, read_user, &entitlement->what.run_as);
    if (commands)
        conditions_read_commands(reading, commands, &entitlement->what);
    if (groups)
        entitlement->groups = read_texts(reading, groups, read_group_name);
}

static const char *read_owner(struct reading *reading, struct yaml_node *entitlement)
{
    const struct yaml_node *node = yaml_take(entitlement, "owner");

    if (!node)
        yaml_error(reading->errors, entitlement,
            "an entitlement needs an 'owner': the group or person who answers for it");
    return node ? people_read_owner_name(reading, node) : NULL;
}

static enum sensitivity read_sensitivity(struct reading *reading, struct yaml_node *entitlement)
{
    static const char *const words[] = {"low", "medium", "high", "critical"};
    const struct yaml_node *node = yaml_take(entitlement, "sensitivity");
    int choice;

    if (!node) {
        yaml_error(reading->errors, entitlement,
            "an entitlement needs a 'sensitivity': low, medium, high or critical");
        return SENSITIVITY_CRITICAL;
    }
    choice = read_choice(reading, node, (struct words){words, ARRAY_SIZE(words)});
    return choice < 0 ? SENSITIVITY_CRITICAL : (enum sensitivity)choice;
}

static void read_terms(
    struct reading *reading, struct yaml_node *node, struct entitlement *entitlement)
{
    const struct yaml_node *description = yaml_take(node, "description");
    const struct yaml_node *max_duration = yaml_take(node, "max_duration");

    if (description)
        entitlement->description = read_sentence(reading, description);
    if (max_duration)
        entitlement->max_duration_us = read_duration(reading, max_duration);
    else
        yaml_error(reading->errors, node, "an entitlement needs a 'max_duration' such as 1h");
    entitlement->owner = read_owner(reading, node);
    entitlement->sensitivity = read_sensitivity(reading, node);
    entitlement->evidence =
        evidence_read(reading, yaml_take(node, "evidence"), entitlement->sensitivity);
}

static void read_one(
    struct reading *reading, struct yaml_node *node, struct entitlement *entitlement)
{
    struct yaml_node *requesters, *accept;

    if (!yaml_expect(node, YAML_MAPPING, reading->errors))
        return;
    requesters = yaml_take(node, "requesters");
    accept = yaml_take(node, "accept");
    read_scope(reading, node, entitlement);
    read_terms(reading, node, entitlement);
    if (requesters && yaml_expect(requesters, YAML_MAPPING, reading->errors))
        conditions_read_who(reading, requesters, &entitlement->who);
    if (accept)
        read_accepts(reading, accept, &entitlement->accepts);
    yaml_finish(node, reading->errors);
}

void entitlement_read_all(struct reading *reading, struct yaml_node *entitlements)
{
    if (yaml_kind_of(entitlements) != YAML_MAPPING)
        return;
    for (size_t i = 0; i < yaml_count(entitlements); i++) {
        const struct yaml_node *key = yaml_key(entitlements, i);
        const char *name = yaml_text(key, reading->errors);
        uint32_t number = name ? names_find(&reading->policy->entitlement_names, name) : NAMES_NONE;

        if (number != NAMES_NONE)
            read_one(reading, yaml_item(entitlements, i), &reading->policy->entitlements[number]);
    }
}

static void refuse_unknown(struct reading *reading, const struct yaml_node *node, const char *name)
{
    const char *nearest = names_nearest(&reading->policy->entitlement_names, name);

    if (reading->incomplete)
        return;
    if (nearest)
        yaml_error(reading->errors, node, "there is no entitlement '%s', did you mean '%s'?", name,
            nearest);
    else
        yaml_error(reading->errors, node, "there is no entitlement '%s'", name);
}

void entitlement_read_names(
    struct reading *reading, const struct yaml_node *node, struct numbers *ret_numbers)
{
    size_t count = yaml_count(node), used = 0;
    uint32_t *items;

    if (!read_is_list(reading, node))
        return;
    items = arena_alloc(&reading->policy->arena, count * sizeof(*items));
    reading->out_of_memory |= !items;
    for (size_t i = 0; items && i < count; i++) {
        const struct yaml_node *item = yaml_item(node, i);
        const char *name = yaml_text(item, reading->errors);

        items[used] = name ? names_find(&reading->policy->entitlement_names, name) : NAMES_NONE;
        if (name && items[used] == NAMES_NONE)
            refuse_unknown(reading, item, name);
        used += name && items[used] != NAMES_NONE;
    }
    *ret_numbers = (struct numbers){items, used};
}
