/* The thread that commits. Batches go in from the loop and come out in the order they went in;
 * everything that is queued when a transaction begins is in it, so that the cost of a sync is
 * shared (group commit) and nothing waits for company.
 *
 * Each batch has one owner: the queue, then the thread, then, once counted in
 * ledger_writer_reported(), the loop again. */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "../../common/thread.h"
#include "ledger_ballast.h"
#include "ledger_batch.h"
#include "ledger_commit.h"

struct ledger_writer {
    pthread_t thread;
    struct thread_lock lock;
    int event_fd; /* borrowed; written when `reported` grew */

    struct ledger_batch *first, **last; /* the queue; from here to `health` under the lock */
    bool stopping;
    uint64_t reported;           /* batches with a result, since the start */
    struct ledger_health health; /* the part that the thread knows */

    struct ledger_commit commit; /* from here on the thread's own */
    struct ledger_ballast ballast;

    _Atomic uint64_t durable_seq;
};

/* Starts the thread over an opened database, which stays the caller's to close after
 * ledger_writer_stop(), and an opened ballast, which it takes over. Returns 0 or -errno. */
MUST_USE int ledger_writer_start(
    struct ledger_writer *writer, sqlite3 *db, struct ledger_ballast *ballast, int event_fd);

/* Commits what is queued, ends the thread. Every batch has been reported then. */
void ledger_writer_stop(struct ledger_writer *writer);

void ledger_writer_enqueue(struct ledger_writer *writer, struct ledger_batch *batch);

/* How many batches have a result; they are the ones enqueued first. */
uint64_t ledger_writer_reported(struct ledger_writer *writer);

/* Blocks until that many have a result. */
void ledger_writer_wait_reported(struct ledger_writer *writer, uint64_t count);

/* Fills in last_error, ballast_released, committed, batches. */
void ledger_writer_health(struct ledger_writer *writer, struct ledger_health *ret_health);
