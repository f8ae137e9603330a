#include <string.h>

#include "evidence.h"
#include "people.h"
#include "rule.h"

static const char unsigned_only[] =
    "signatures are not supported yet by this version; only `strength: local` loads";

/* Keys that mean nothing in this kind of rule are refused: their author expects something. */
static void refuse_key(
    struct reading *reading, struct yaml_node *rule, const char *key, const char *why)
{
    const struct yaml_node *node = yaml_take(rule, key);

    if (node)
        yaml_error(reading->errors, node, "'%s' %s", key, why);
}

static void read_need(struct reading *reading, struct yaml_node *node, struct stage *stage)
{
    const struct yaml_node *need = yaml_take(node, "need");

    stage->need = need ? read_number(reading, need, UINT16_MAX) : 1;
    if (stage->people_count > 0 && stage->need > stage->people_count)
        yaml_error(reading->errors, need ? need : node,
            "%u people are needed, but only %zu can be asked", stage->need, stage->people_count);
}

static void read_stage(struct reading *reading, struct yaml_node *node, struct stage *stage)
{
    const struct yaml_node *from, *within;

    if (!yaml_expect(node, YAML_MAPPING, reading->errors))
        return;
    from = yaml_take(node, "from");
    within = yaml_take(node, "within");
    if (from)
        people_read_from(reading, from, stage);
    else
        yaml_error(reading->errors, node, "a stage needs 'from': the groups or people to ask");
    if (within)
        stage->within_us = read_duration(reading, within);
    else
        yaml_error(reading->errors, node, "a stage needs 'within': how long they are waited for");
    read_need(reading, node, stage);
    yaml_finish(node, reading->errors);
}

static void read_stages(struct reading *reading, struct yaml_node *approval, struct rule *rule)
{
    const struct yaml_node *stages = yaml_take(approval, "stages");
    struct stage *stage;

    if (!stages) {
        yaml_error(reading->errors, approval, "an approval needs 'stages': who is asked");
        return;
    }
    if (!yaml_expect(stages, YAML_SEQUENCE, reading->errors))
        return;
    if (yaml_count(stages) != 1) {
        yaml_error(reading->errors, stages, "this version takes exactly one stage, found %zu",
            yaml_count(stages));
        return;
    }
    stage = arena_alloc(&reading->policy->arena, sizeof(*stage));
    if (stage)
        read_stage(reading, yaml_item(stages, 0), stage);
    reading->out_of_memory |= !stage;
    rule->stage = stage;
}

static void read_strength(struct reading *reading, struct yaml_node *approval, struct rule *rule)
{
    static const char *const words[] = {"local", "signed", "hardware"};
    const struct yaml_node *node = yaml_take(approval, "strength");
    int choice;

    rule->strength = STRENGTH_LOCAL;
    if (!node) {
        yaml_error(reading->errors, approval, "%s", unsigned_only);
        return;
    }
    choice = read_choice(reading, node, (struct words){words, ARRAY_SIZE(words)});
    if (choice > 0)
        yaml_error(reading->errors, node, "%s", unsigned_only);
}

static void read_approval(struct reading *reading, struct yaml_node *approval, struct rule *rule)
{
    const struct yaml_node *keep, *reason;

    if (!yaml_expect(approval, YAML_MAPPING, reading->errors))
        return;
    read_stages(reading, approval, rule);
    read_strength(reading, approval, rule);
    keep = yaml_take(approval, "keep");
    reason = yaml_take(approval, "reason");
    rule->keep = keep && read_bool(reading, keep);
    if (reason)
        yaml_error(reading->errors, reason,
            "whether a reason is needed stands in the rule: evidence: { reason: optional }");
    yaml_finish(approval, reading->errors);
}

/* The certificate in the file, and who is asked once it has run out. */
static void read_certified(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *until = yaml_take(node, "certified_until");
    const char *text = until ? yaml_text(until, reading->errors) : NULL;
    struct stage *stage;

    if (text && !moment_parse_end_of_day(text, &rule->certified_file_us))
        yaml_error(reading->errors, until, "'%s' is not a day such as 2027-02-01", text);
    rule->certified_us = rule->certified_file_us;
    if (!rule->owner)
        return;
    stage = arena_alloc(&reading->policy->arena, sizeof(*stage));
    reading->out_of_memory |= !stage;
    if (!stage)
        return;
    people_read_owner(reading, rule->owner, stage);
    stage->need = 1;
    stage->within_us = OWNER_WITHIN_US;
    rule->stage = stage;
}

static void read_evidence(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    struct yaml_node *evidence = yaml_take(node, "evidence");
    bool asks = rule->decision == DECISION_ESCALATE;

    if (evidence && rule->entitlements.count > 0)
        yaml_error(reading->errors, evidence,
            "the entitlement says what evidence is needed; take it out here");
    else if (evidence)
        rule->evidence = evidence_read_rule(reading, evidence, asks ? EVIDENCE_REASON : 0);
    else if (asks && rule->entitlements.count == 0)
        rule->evidence = &evidence_reason;
}

static void read_grant(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *duration = yaml_take(node, "duration");
    const struct yaml_node *uses = yaml_take(node, "uses");
    const struct yaml_node *survives = yaml_take(node, "survives_reboot");

    rule->duration_us = duration ? read_duration(reading, duration) : DURATION_DEFAULT_US;
    rule->duration_stated = duration != NULL;
    rule->uses = uses ? read_number(reading, uses, USES_MAX) : 0;
    rule->survives_reboot = survives && read_bool(reading, survives);
}

void rule_read_terms(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    static const char gives_nothing[] = "has no meaning in a deny rule: it gives nothing";
    struct yaml_node *approval;

    if (rule->decision == DECISION_DENY) {
        refuse_key(reading, node, "duration", gives_nothing);
        refuse_key(reading, node, "uses", gives_nothing);
        refuse_key(reading, node, "survives_reboot", gives_nothing);
        refuse_key(reading, node, "evidence", gives_nothing);
    } else {
        read_grant(reading, node, rule);
        read_evidence(reading, node, rule);
    }
    if (rule->decision == DECISION_ALLOW)
        read_certified(reading, node, rule);
    else if (rule->decision != 0)
        refuse_key(reading, node, "certified_until", "belongs to `decision: allow` alone");
    else
        (void)yaml_take(node, "certified_until"); /* which keys belong to it is not known */
    if (rule->decision == DECISION_ALLOW || rule->decision == DECISION_DENY) {
        refuse_key(reading, node, "approval", "belongs to `decision: escalate` alone");
        return;
    }
    approval = yaml_take(node, "approval");
    if (approval)
        read_approval(reading, approval, rule);
    else if (rule->decision == DECISION_ESCALATE)
        yaml_error(reading->errors, node, "an escalate rule needs 'approval': who is asked");
}
