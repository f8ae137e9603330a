/* The journal's copy of the audit records. A thread of its own reads the ledger behind a
 * cursor and sends each record to journald with the fields of docs/journal.md; a frozen
 * journald stops this thread and nothing else. At least once: the cursor moves (meta key
 * "journal-cursor") after the record was handed over; a journald that is absent (its socket
 * missing, where sd_journal_send(3) silently drops) is waited for, and so is a ledger that cannot
 * be read. Records go in the order of their sequence numbers. */
#pragma once

#include <stdint.h>
#include <sys/uio.h>

#include "../../common/macro.h"

struct journal;

/* Hands one entry over; `fields` are of the form NAME=value. May block. Returns 0 or -errno,
 * then it is tried again later. Called on the journal's thread. */
typedef int (*journal_send_fn)(const struct iovec *fields, int count, void *userdata);

struct journal_options {
    const char *ledger_path; /* opened read-only on a connection of its own */
    uint64_t cursor;         /* the last record handed over in an earlier life, 0: none */
    const char *socket_path; /* must exist before and after a send; NULL: journald's */
    journal_send_fn send;    /* NULL: journald */
    void *userdata;          /* of `send` */
};

/* Starts the thread; texts are copied. Returns 0 or -errno. */
MUST_USE int journal_start_with(
    const struct journal_options *options, struct journal **ret_journal);

/* The same, to journald. */
MUST_USE int journal_start(const char *ledger_path, uint64_t cursor, struct journal **ret_journal);

/* Tells it that records up to `seq` are durable. Loop thread; never blocks. */
void journal_wake(struct journal *journal, uint64_t seq);

/* The last record handed to journald; the loop stores it in the ledger from time to time. Any
 * thread. */
uint64_t journal_cursor(const struct journal *journal);

/* Ends the thread once it has copied what is durable, giving it at most `timeout_us` for that.
 * One that hangs in a frozen journald is left to itself and frees what is its own if it ever gets
 * out. Returns the cursor, which the caller stores; 0 for NULL. */
uint64_t journal_stop(struct journal *journal, uint64_t timeout_us);
