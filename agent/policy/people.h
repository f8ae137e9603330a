/* The keys `people:` and `groups:`: who there is, which accounts are theirs, and the groups that
 * own rules and approve requests. */
#pragma once

#include "read.h"

/* In this order, each for all files before the next. */
void people_read(struct reading *reading, struct yaml_node *people);
void people_check_names(struct reading *reading); /* once: no account is named like somebody else */
void people_read_team_names(struct reading *reading, struct yaml_node *teams);
void people_read_teams(struct reading *reading, struct yaml_node *teams);

/* The person of that name or with an account of that name, or PERSON_NONE. */
uint32_t people_find_named(const struct reading *reading, const char *name);

/* The name of a group, person or account, in the arena; else NULL and an error. */
const char *people_read_owner_name(struct reading *reading, const struct yaml_node *node);

/* Fills in the distinct people of `from:`; an error when a name is unknown or a group empty. */
void people_read_from(
    struct reading *reading, const struct yaml_node *from, struct stage *ret_stage);

/* The people behind the owner of a rule, whose name has been checked; none when it is unknown. */
void people_read_owner(struct reading *reading, const char *owner, struct stage *ret_stage);
