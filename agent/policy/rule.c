#include "rule.h"

#include <string.h>

#include "people.h"

static const char *keep_id(struct reading *reading, const struct yaml_node *node, const char *id)
{
    uint32_t before = reading->policy->rule_ids.count;
    uint32_t number = names_add(&reading->policy->rule_ids, &reading->policy->arena, id, node);

    if (number == NAMES_NONE) {
        reading->out_of_memory = true;
        return NULL;
    }
    if (number < before) {
        const struct yaml_node *first = reading->policy->rule_ids.places[number];

        yaml_error(reading->errors, node, "rule '%s' is defined at %s:%u:%u already", id,
            yaml_file(first), yaml_line(first), yaml_column(first));
    }
    return reading->policy->rule_ids.texts[number];
}

static const char *read_id(struct reading *reading, struct yaml_node *rule)
{
    const struct yaml_node *node = yaml_take(rule, "id");
    const char *id = node ? yaml_text(node, reading->errors) : NULL;

    if (!node)
        yaml_error(reading->errors, rule, "a rule needs an 'id'");
    if (!id)
        return NULL;
    if (read_is_id(id))
        return keep_id(reading, node, id);
    yaml_error(reading->errors, node,
        "'%s' is not a rule id: lower-case letters, digits, and . _ - behind the first, at most %d",
        id, READ_ID_MAX);
    return NULL;
}

static enum decision read_decision(struct reading *reading, struct yaml_node *rule)
{
    static const char *const words[] = {"allow", "deny", "escalate"};
    static const enum decision decisions[] = {DECISION_ALLOW, DECISION_DENY, DECISION_ESCALATE};
    const struct yaml_node *node = yaml_take(rule, "decision");
    int choice;

    if (!node) {
        yaml_error(reading->errors, rule, "a rule needs a 'decision': allow, deny or escalate");
        return 0;
    }
    choice = read_choice(reading, node, (struct words){words, ARRAY_SIZE(words)});
    return choice < 0 ? 0 : decisions[choice];
}

static const char *read_owner(struct reading *reading, struct yaml_node *rule)
{
    const struct yaml_node *node = yaml_take(rule, "owner");

    return node ? people_read_owner_name(reading, node) : NULL;
}

static const char *read_optional_sentence(
    struct reading *reading, struct yaml_node *rule, const char *key)
{
    const struct yaml_node *node = yaml_take(rule, key);

    return node ? read_sentence(reading, node) : NULL;
}

/* What is not enforced, and what its author has seen and accepts. */
static void read_switches(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *disabled = yaml_take(node, "disabled");
    const struct yaml_node *monitor = yaml_take(node, "monitor");
    struct yaml_node *accept = yaml_take(node, "accept");

    rule->disabled = disabled && read_bool(reading, disabled);
    rule->says_monitor = monitor && read_bool(reading, monitor);
    rule->monitored = rule->says_monitor;
    if (rule->disabled && rule->monitored)
        yaml_error(reading->errors, monitor, "a disabled rule is not watched either; take one out");
    reading->policy->has_monitored |= rule->monitored;
    if (accept)
        read_accepts(reading, accept, &rule->accepts);
}

void rule_read(struct reading *reading, struct yaml_node *node)
{
    struct policy *policy = reading->policy;
    struct rule rule = {0};

    if (!yaml_expect(node, YAML_MAPPING, reading->errors))
        return;
    rule.id = read_id(reading, node);
    rule.owner = read_owner(reading, node);
    rule.decision = read_decision(reading, node);
    rule.place = read_place(reading, node);
    read_switches(reading, node, &rule);
    rule_read_conditions(reading, node, &rule);
    rule_read_terms(reading, node, &rule);
    rule.reason = read_optional_sentence(reading, node, "reason");
    rule.advice = read_optional_sentence(reading, node, "instead");
    yaml_finish(node, reading->errors);
    policy->rules[policy->rule_count++] = rule;
}
