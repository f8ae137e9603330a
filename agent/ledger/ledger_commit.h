/* One transaction: a list of batches into the file, all or none of them. Belongs to the writer
 * thread. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"

struct ledger_batch;

struct ledger_commit {
    sqlite3 *db; /* borrowed */
    sqlite3_stmt *begin, *commit, *rollback;
    sqlite3_stmt *put, *audit, *meta_set, *meta_remove;
    sqlite3_stmt *loading, *version, *chunk, *text, *text_end;
    uint64_t last_seq; /* newest audit record in the file; counted on only by a commit */
    int log_pages;     /* of the write-ahead log, after the newest commit */
    int checkpoint_at;
    bool has_chunks; /* new ones, since the newest checkpoint */
};

/* Prepares the statements and finds the last sequence number. Returns 0 or -errno. */
MUST_USE int ledger_commit_open(struct ledger_commit *commit, sqlite3 *db);
void ledger_commit_close(struct ledger_commit *commit);

/* Commits the list and sets `result` and `first_seq` of each batch. With `essential_only` the
 * others get -ENOSPC and are left out; so do batches that failed before. Returns 0 or what the
 * batches of the transaction failed with. A failed write or sync leaves nothing that a later
 * transaction could carry along; only a crash right then may bring the batches back, though
 * they were reported as failed. */
int ledger_commit_run(
    struct ledger_commit *commit, struct ledger_batch *first, bool essential_only);

/* Copies the write-ahead log back into the file once it is long. It takes milliseconds, so it
 * is done after the batches were reported, never inside COMMIT. A failure (a full disk) loses
 * nothing: the log goes on growing and the next call tries again. */
void ledger_commit_checkpoint(struct ledger_commit *commit);
