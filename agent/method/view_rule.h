/* A rule of the policy in force with whoever vouches for it, in the public form
 * (etc/io.assent.varlink). Loop thread. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "../policy/policy.h"

struct agent;

/* Fresh reference or NULL. */
json_t *view_rule_entry(const struct agent *agent, size_t index);

/* Sets owner and owners, and appends those of them who are gone or leaving to `missing`. */
void view_set_owner(json_t *json, const struct agent *agent, const char *owner,
    struct people_list owners, json_t *missing);
