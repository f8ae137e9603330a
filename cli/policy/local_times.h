/* Local times for many moments one after the other. zones.h computes each minute afresh, which is
 * right for one agent and slow for a month of decisions: here an hour is looked at once, and only
 * one in which a clock was changed minute by minute. Uses the environment as zones.h does, and puts
 * TZ back at the end. */
#pragma once

#include <stdint.h>

#include "../../agent/policy/policy.h"

struct local_times;

/* For the zones of a policy. NULL on OOM. */
struct local_times *local_times_new(const struct policy *policy);
void local_times_free(struct local_times *times);

/* policy_zone_count() entries; borrowed until the next call. NULL: the moment is not known (0). */
const struct zone_time *local_times_at(struct local_times *times, uint64_t realtime_us);
