/* Equal refusals in a row become one record with a count: a retry loop shall not fill the
 * disk. The first is recorded at once; what repeats within REFUSALS_WINDOW_US is counted and
 * recorded when the window closes. One slot per subject and scope (hashed; a slot taken by another
 * closes early). Of a subject whose refusals all differ, REFUSALS_OF_ONE are recorded in a window
 * and the rest counted in one slot of its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/clock.h"
#include "../policy/policy.h"
#include "scope.h"

#define REFUSALS_SLOTS 256
#define REFUSALS_OF_ONE 30
#define REFUSALS_SHARES 64 /* subjects that are counted at once */
#define REFUSALS_WINDOW_US (UINT64_C(60) * USEC_PER_SEC)

struct refusal {
    char scope[DIGEST_HEX_SIZE];
    uint32_t uid;
    char *rule;                      /* NULL: no rule matched */
    char policy[POLICY_DIGEST_SIZE]; /* that refused; what another refuses is counted anew */
    uint64_t until_us;
    unsigned repeats; /* not yet recorded */
    char *record;     /* what to say of the repeats: name of subject and scope line */
    char *service;
};

struct refusal_share {
    uint32_t uid;
    unsigned recorded;
    uint64_t until_us;
};

struct refusals {
    struct refusal slots[REFUSALS_SLOTS];
    struct refusal_share shares[REFUSALS_SHARES];
};

void refusals_done(struct refusals *refusals);

/* `scope` is a scope's id, "" for the slot of all else.
 *
 * The slot of this subject and scope if the same refusal is counted there now, else NULL. */
struct refusal *refusals_find(
    struct refusals *refusals, uint32_t uid, const char *scope, const char *rule, uint64_t now_us);

/* The slot to use for a new one; whoever was in it must be written first if it has repeats. */
struct refusal *refusals_slot(struct refusals *refusals, uint32_t uid, const char *scope);

/* Takes one of the subject's records in this window. False: it has had them all. */
bool refusals_take_share(struct refusals *refusals, uint32_t uid, uint64_t now_us);

/* Starts counting in a slot; `scope` NULL: whatever this subject is refused. On OOM the slot stays
 * empty: the next one is recorded again. */
void refusals_start(struct refusal *slot, uint32_t uid, const struct scope *scope, const char *name,
    const char *rule, uint64_t now_us);
void refusals_clear(struct refusal *slot);
