/* The key `entitlements:`: access that is named, bounded and owned, for rules to refer to and for
 * people to ask for. */
#pragma once

#include "read.h"

/* In this order, each for all files before the next: a rule may name one out of a later file. */
void entitlement_read_keys(struct reading *reading, struct yaml_node *entitlements);
void entitlement_read_all(struct reading *reading, struct yaml_node *entitlements);

/* `entitlement:` of a rule. */
void entitlement_read_names(
    struct reading *reading, const struct yaml_node *node, struct numbers *ret_numbers);
