/* The canonical form of a policy: all that has meaning, and nothing of how it was written. */
#pragma once

#include "read.h"

/* Sets policy->digest. Returns 0 or -ENOMEM. */
MUST_USE int canonical_digest(const struct reading *reading);
