/* What one rule matches, compared with what another matches: condition by condition, subset by
 * subset. Where two patterns or sets cannot be told apart for sure, the answer is no. */
#pragma once

#include "../model.h"

/* Whether the conditions of `wide` hold for all facts for which those of `narrow` do, whichever
 * entitlements they name. Both are rules of `policy`, with ids told. In the terms of decide.c:
 * where `narrow` holds for sure so does `wide`, and where it may hold, as is enough for a deny
 * rule, `wide` may too. What else a rule needs to decide is left to the caller. */
bool cover_rule(const struct policy *policy, const struct rule *wide, const struct rule *narrow);
