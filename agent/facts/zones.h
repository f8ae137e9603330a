/* Local time in named zones, for the facts of a decision. Uses setenv(3) and tzset(3), so loop
 * thread only, and TZ is always set afterwards (to the host's zone): a variable that is only ever
 * replaced, never added or removed, is safe for other threads that read the environment.
 * Remembered for the minute it was computed in. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../policy/policy.h"

struct zones;

/* For the zones of a policy; index 0 is the host's own. NULL on OOM. */
struct zones *zones_new(const struct policy *policy);

/* The same for names from elsewhere; "" is the host's own zone. */
struct zones *zones_new_named(const char *const *names, size_t count);
void zones_free(struct zones *zones);

/* policy_zone_count() entries for that moment. A zone whose file is missing is not known. Borrowed;
 * valid until the next call. */
const struct zone_time *zones_at(struct zones *zones, uint64_t realtime_us);

/* Names the zones that the system does not have, for warnings: the i-th or NULL. */
const char *zones_missing(const struct zones *zones, size_t index);
