/* The canonical form of a policy: all that has meaning, and nothing of how it was written. */
#pragma once

#include "read.h"

/* Sets policy->digest and those of its entitlements. Returns 0 or -ENOMEM. */
MUST_USE int canonical_digest(const struct reading *reading);

/* The digest of one rule with the entitlements it names, without its certificate. Returns 0 or
 * -ENOMEM. */
MUST_USE int canonical_rule(
    const struct policy *policy, const struct rule *rule, char ret_hex[POLICY_DIGEST_SIZE]);
