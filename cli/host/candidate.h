/* The stacks as they will be, in a private directory that libpam can be pointed at. */
#pragma once

#include <limits.h>

#include "../../common/macro.h"
#include "setup_plan.h"

struct candidate {
    char directory[PATH_MAX - 64]; /* owned: removed by candidate_done */
};

/* Below it: `now` the service files as they are; `up` as they will be; `down` the same with
 * the agent's socket led to nowhere; `ours` our own lines of `down` alone, for phases that do
 * more than ask (a session is opened for real). */
#define CANDIDATE_NOW "now"
#define CANDIDATE_UP "up"
#define CANDIDATE_DOWN "down"
#define CANDIDATE_OURS "ours"
#define CANDIDATE_NO_GATE "/run/assent/no-such-gate"

/* Writes them; removes those of earlier runs that were killed, so the caller must hold setup's
 * lock. Returns 0 or -errno. candidate_done() in any case. */
MUST_USE int candidate_write(const struct setup_plan *plan, struct candidate *candidate);
void candidate_done(struct candidate *candidate);

/* DIRECTORY/NAME; caller frees. */
char *candidate_path(const struct candidate *candidate, const char *name);

/* `text` with gate= of our lines set to CANDIDATE_NO_GATE; with `ours_only`, all else left
 * out. Pure. Caller frees; NULL on OOM or when a line cannot be read. */
char *candidate_without_agent(const char *text, bool ours_only);
