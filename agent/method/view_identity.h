/* An identity of the policy in force, in the public form (etc/io.assent.varlink). Loop thread. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct agent;

/* Fresh reference or NULL. */
json_t *view_identity_entry(const struct agent *agent, size_t index);
