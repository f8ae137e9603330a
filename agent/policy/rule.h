/* One item of `rules:`. Its parts: rule.c the frame, conditions.c who, what, where and when,
 * terms.c what it gives. */
#pragma once

#include "read.h"

/* Reads a rule and adds it to the policy. */
void rule_read(struct reading *reading, struct yaml_node *node);

/* `who`, `what`, `where`, `when`: absent means no condition. */
void rule_read_conditions(struct reading *reading, struct yaml_node *node, struct rule *rule);

/* `duration`, `uses`, `survives_reboot`, `approval`; rule->decision is known by then. */
void rule_read_terms(struct reading *reading, struct yaml_node *node, struct rule *rule);
