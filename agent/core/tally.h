/* How often each entitlement was asked for, and what came of it: for people who wonder whether it
 * is worth asking, and for owners who wonder whether a rule is missing. Kept in the ledger beside
 * the requests; a count, not evidence. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"

struct ledger;
struct ledger_batch;

enum tally_kind {
    TALLY_ASKED,    /* requests put to people */
    TALLY_APPROVED, /* what became of them */
    TALLY_REFUSED,
    TALLY_EXPIRED,
    TALLY_WITHDRAWN,
    TALLY_ALLOWED, /* granted by a rule, without people */
    TALLY_KINDS,
};

struct tally {
    char *entitlement;
    uint64_t counts[TALLY_KINDS];
    uint64_t since_real_us;
    struct tally *next;
};

/* At most so many are kept: names that policies no longer have are never many. */
#define TALLY_MAX 4096

/* Adds one and puts the new count into the batch. NULL entitlement, or no memory: nothing. */
void tally_note(struct tally **tallies, struct ledger_batch *batch, const char *entitlement,
    enum tally_kind kind);

/* What is known of it, or NULL. */
const struct tally *tally_of(const struct tally *tallies, const char *entitlement);

/* Reads them at start. Rows that cannot be read, or are too many, are left out with a warning.
 * Returns 0 or -errno of the ledger. */
MUST_USE int tally_load(struct ledger *ledger, struct tally **ret_tallies);
void tally_done(struct tally **tallies);
