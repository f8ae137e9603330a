/* What has to be looked after in the policy in force, in words, for `assent status`. Loop thread.
 */
#pragma once

#include <jansson.h>

struct agent;
struct public_call;

/* One line for each rule and each identity that has lapsed, so that doors work otherwise than the
 * policy says; of those that the caller neither owns nor audits, the number alone. Fresh reference
 * or NULL. */
json_t *view_lapsed(const struct agent *agent, const struct public_call *call);

/* Appends one for whatever will need somebody: rules and identities about to lapse; to auditors and
 * root also people gone or leaving, and rules with too few people left. */
void view_lapsing(const struct agent *agent, const struct public_call *call, json_t *warnings);
