/* The questions that people answer: from "escalate" to a grant's use, a request that is
 * opened or joined, and the wait for it. Part of door.c's work, split by concept. */
#pragma once

#include <stdbool.h>

struct agent;
struct inquiry;
struct refusal;

/* The verdict is escalate: look for a grant, else ask people. */
void door_escalate(struct inquiry *inquiry);

/* The longest command line that is put to people, its arguments and changed environment together:
 * nobody can judge more. */
#define DOOR_ASKED_MAX ((size_t)16 * 1024)

/* Why the person may not open another request now, in words for them; NULL: they may. Static. */
const char *door_too_many(const struct inquiry *inquiry);

/* Whether the reason says anything, where the rule wants one. */
bool door_has_reason(const struct inquiry *inquiry);

/* Leaves the queue of a request; withdraws it if nobody else waits and it must be attended. */
void door_stop_waiting(struct inquiry *inquiry);

/* Writes what was counted in a slot of refusals and clears it. (door.c) */
void door_write_repeats(struct agent *agent, struct refusal *slot);
