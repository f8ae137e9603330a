/* What the ledger keeps about the agent itself: the secret of this host, the counter behind the
 * ids and how far the journal's copy got. Loop thread. */
#pragma once

#include <stdint.h>

#include "../../common/macro.h"

struct agent;
struct ledger_batch;

/* Reads all three; at a first start keys are made and put into `batch`, which the caller
 * submits. Returns 0, -EUCLEAN (not as we wrote it) or -errno. */
MUST_USE int meta_load(struct agent *agent, struct ledger_batch *batch);

/* Reserves more ids once they run short. */
void meta_reserve_ids(struct agent *agent);

/* Remembers up to where the journal has the records, if that has changed. */
void meta_save_cursor(struct agent *agent, uint64_t cursor);
