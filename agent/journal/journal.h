/* The journal's copy of the audit records. A thread of its own reads the ledger behind a
 * cursor and sends each record to journald with the fields of docs/journal.md; a frozen
 * journald stops this thread and nothing else. At least once: the cursor moves (meta key
 * "journal-cursor") after the record was handed over; a journald that is absent (its socket missing, where
 * sd_journal_send(3) silently drops) is waited for. sd-journal.h appears here only. */
#pragma once

#include <stdint.h>

#include "../../common/macro.h"

struct journal;

/* Starts the thread. `ledger_path` is opened read-only by it on its own connection; a record carries
 * its event name, see journal_catalog.h for MESSAGE_ID and PRIORITY of each. Returns 0 or -errno. */
MUST_USE int journal_start(const char *ledger_path, uint64_t cursor, struct journal **ret_journal);

/* Tells it that records up to `seq` are durable. Loop thread; never blocks. */
void journal_wake(struct journal *journal, uint64_t seq);

/* The last record handed to journald; the loop stores it in the ledger from time to time. Any thread. */
uint64_t journal_cursor(const struct journal *journal);

/* Ends the thread, giving it at most `timeout_us` to catch up. NULL-safe. */
void journal_stop(struct journal *journal, uint64_t timeout_us);
