/* The time of written facts: `at` and `zones`. For given.c. */
#pragma once

#include "given.h"

void given_read_time(struct given *given, struct yaml_node *node, const struct given_world *world,
    struct yaml_errors *errors);
