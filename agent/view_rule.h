/* A rule of the policy in force with whoever vouches for it, and what has to be looked after, in
 * the public form (etc/io.assent.varlink) and in words. Loop thread. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct agent;
struct public_call;

/* Fresh reference or NULL. */
json_t *view_rule_entry(const struct agent *agent, size_t index);

/* One line for each rule that has lapsed, so that doors work otherwise than it says; of rules that
 * the caller neither owns nor audits, the number alone. Fresh reference or NULL. */
json_t *view_lapsed(const struct agent *agent, const struct public_call *call);

/* Appends one for whatever will need somebody: rules about to lapse; to auditors and root also
 * people gone or leaving, and rules with too few people left. */
void view_lapsing(const struct agent *agent, const struct public_call *call, json_t *warnings);
