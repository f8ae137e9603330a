/* What is done once a day: whenever the wall clock's day (UTC) is another than it was the last
 * time, because midnight has passed, the host slept over it, or somebody set the clock, back or
 * ahead. Looked at every minute of the boot clock, which nobody can set; a jump within a day
 * changes nothing that goes by days. The day of the start counts as done: whoever needs to look at
 * things then does that when it loads. Belongs to the loop's thread. */
#pragma once

#include <stdint.h>

#include "../../common/macro.h"

struct daily;
struct sd_event;

#define DAILY_LOOK_US (60 * UINT64_C(1000000)) /* how often the clock is looked at */

/* Must not take long and must not mind being called twice for one day (the clock may be set to
 * and fro). May not add or free. */
typedef void (*daily_fn)(void *userdata);

/* `look_us` is DAILY_LOOK_US but in tests. Returns 0 or -errno. */
MUST_USE int daily_new(struct sd_event *event, uint64_t look_us, struct daily **ret_daily);
void daily_free(struct daily *daily);

/* Functions are called in the order in which they were added. Returns 0 or -ENOSPC. */
#define DAILY_MAX 8
MUST_USE int daily_add(struct daily *daily, daily_fn function, void *userdata);

/* What the timer does: calls them all if `realtime_us` lies on another day than the last one. */
void daily_look(struct daily *daily, uint64_t realtime_us);
