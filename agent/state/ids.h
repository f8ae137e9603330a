/* Ids people read aloud: 8 letters of Crockford's alphabet (no I, L, O, U) as "K7QM-2F9X".
 *
 * Unique on the host for ever: a counter, never reused, passed through a keyed permutation
 * of 40 bits, so that ids look alike in nothing and tell no count. The counter is kept in
 * the ledger in blocks: a crash skips what was left of a block. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"

#define IDS_SIZE 10    /* "K7QM-2F9X" and a NUL */
#define IDS_BLOCK 4096 /* ids reserved in the ledger at a time */

struct ids {
    uint32_t keys[4];
    uint64_t next;
    uint64_t reserved; /* ids below this one are reserved in the ledger */
};

/* The permutation for `key`, starting at `next`, with nothing reserved. */
void ids_init(struct ids *ids, const uint8_t key[16], uint64_t next);

/* A new id. -EAGAIN when no reserved one is left: the ledger has not answered yet. */
MUST_USE int ids_new(struct ids *ids, char ret_id[IDS_SIZE]);

/* Whether it is time to reserve up to *ret_limit; and the news that this is durable. */
bool ids_run_short(const struct ids *ids, uint64_t *ret_limit);
void ids_reserved(struct ids *ids, uint64_t limit);

/* The canonical form of what a person typed: lower case, missing dash, O for 0, I and L for 1 are
 * accepted. Returns 0 or -EINVAL. */
MUST_USE int ids_normalise(const char *text, char ret_id[IDS_SIZE]);
