/* The ledger: what must not be lost. One SQLite file (WAL, synchronous=FULL), written by
 * one thread of its own, so that no disk ever stalls the event loop.
 *
 * The loop hands over a batch (rows to put and audit records to append, all or nothing)
 * and is called back, on the loop, when it is durable or has failed. Whatever waits while a
 * transaction runs shares the next one: one fsync for all. Order is kept: a batch is never
 * durable before one submitted earlier.
 *
 * A failed commit fails every batch in it; nothing of it is in the file. On SQLITE_FULL the
 * ballast file is released once so that refusals and ends can still be recorded
 * (LEDGER_ESSENTIAL batches only), and taken again when there is room.
 *
 * Beside the file stand `path`.ballast and `path`.exists. The latter says that a ledger was
 * made here, so that a ledger that is gone or emptied is never mistaken for a first start; the
 * process that uses the ledger keeps it locked.
 *
 * Tables: state(kind, id, live, body): the newest JSON of each live or ended object;
 * audit(seq, time, chain, event, record): append-only; meta(key, value). Policy versions have
 * tables and functions of their own: ledger_policy.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"

struct ledger;
struct sd_event;

enum ledger_kind {
    LEDGER_REQUEST = 1,
    LEDGER_GRANT = 2,
    LEDGER_TALLY = 3,
    LEDGER_CERTIFICATE = 4,
    LEDGER_NOTICE = 5,
};

struct ledger_options {
    const char *path;       /* the ballast file is `path` with ".ballast" behind it */
    uint64_t ballast_bytes; /* 0: none */
};

enum ledger_outcome {
    LEDGER_E_CORRUPT = 1, /* damaged, not a ledger, or gone though it existed */
    LEDGER_E_NEWER,       /* written by a newer assentd */
};

/* Opens or creates and migrates. Returns 0, -errno (-EBUSY: another process has it), or an
 * outcome above: the caller must say so and not start; the file is left as it is. On every
 * failure `ret_detail` is what happened in words, SQLite's own where it has some (caller frees;
 * NULL on OOM). Loop thread; starts the writer thread. */
MUST_USE int ledger_open(struct sd_event *event, const struct ledger_options *options,
    struct ledger **ret_ledger, char **ret_detail);

/* Commits what was submitted, runs the callbacks still due, ends the thread, closes. What a
 * callback submits meanwhile fails with -ESHUTDOWN. Never from a callback. NULL-safe. */
void ledger_close(struct ledger *ledger);

/* ---- writing -------------------------------------------------------------------------- */

struct ledger_batch;

/* Called on the loop, in the order of submission: 0 when durable, else -errno (-ENOSPC, -EIO,
 * -EUCLEAN damaged, -EBUSY locked by another process, -EAGAIN too many waiting). `first_seq` is
 * the sequence number of the batch's first audit record, 0 if it has none or failed; the
 * others follow it without a gap. */
typedef void (*ledger_done_fn)(int result, uint64_t first_seq, void *userdata);

/* A fresh batch, or NULL on OOM. A batch that ran out of memory inside, or was given a text over
 * LEDGER_TEXT_MAX, remembers it (-ENOMEM, -E2BIG) and fails on submit. */
#define LEDGER_TEXT_MAX (1024 * 1024)
struct ledger_batch *ledger_batch_new(void);
void ledger_batch_free(struct ledger_batch *batch);

/* In all three a `body`, `record` or `value` that is NULL is one that the caller had no memory for:
 * the batch fails. */

/* Puts (inserts or replaces) an object's JSON. `live` false: kept for the record, not
 * loaded at start. Texts are copied. */
void ledger_batch_put(
    struct ledger_batch *batch, enum ledger_kind kind, const char *id, bool live, const char *body);

/* Appends an audit record (a JSON object). `realtime_us` is when it happened; `chain` may be NULL:
 * the event belongs to none. */
void ledger_batch_audit(struct ledger_batch *batch, const char *chain, const char *event,
    uint64_t realtime_us, const char *record);

/* Sets a key of meta; an empty value removes it. */
void ledger_batch_meta(struct ledger_batch *batch, const char *key, const char *value);

/* Submits; takes ownership of the batch in every case. `done` (may be NULL) is called
 * later, never from inside this function. Never blocks. With LEDGER_WAITING_MAX batches
 * waiting (a stalled disk) only essential ones are taken. */
#define LEDGER_WAITING_MAX 8192
void ledger_submit(struct ledger *ledger, struct ledger_batch *batch, bool essential,
    ledger_done_fn done, void *userdata);

/* Forgets the callbacks whose userdata is `userdata`: its owner is going away. The batches
 * themselves go on. */
void ledger_forget(struct ledger *ledger, const void *userdata);

/* Waits until what was submitted is durable or has failed, and runs the callbacks. It blocks as
 * long as the disk does: for the end of the program only. Never from a callback. */
void ledger_drain(struct ledger *ledger);

/* ---- reading, on the loop (for start-up and for people's queries) ----------------------
 *
 * Reads see what is durable, never what is only submitted, and do not wait for the writer. */

typedef int (*ledger_row_fn)(const char *id, const char *body, void *userdata);
typedef int (*ledger_audit_fn)(uint64_t seq, uint64_t realtime_us, const char *chain,
    const char *event, const char *record, void *userdata);

/* Calls `row` for every live object of the kind. Returns 0 or -errno (a callback's negative
 * result ends the walk and is returned). */
MUST_USE int ledger_each_live(
    struct ledger *ledger, enum ledger_kind kind, ledger_row_fn row, void *userdata);

/* The body of one object, live or ended; -ENOENT. Caller frees. */
MUST_USE int ledger_get(
    struct ledger *ledger, enum ledger_kind kind, const char *id, char **ret_body);

/* The `limit` objects of the kind, live or ended, that were first put last; newest first. */
MUST_USE int ledger_each_recent(struct ledger *ledger, enum ledger_kind kind, unsigned limit,
    ledger_row_fn row, void *userdata);

/* The value of a key of meta; -ENOENT. Caller frees. */
MUST_USE int ledger_meta(struct ledger *ledger, const char *key, char **ret_value);

/* Audit records with seq > `after` in order, at most `limit`. */
MUST_USE int ledger_each_audit(
    struct ledger *ledger, uint64_t after, unsigned limit, ledger_audit_fn row, void *userdata);

/* The loop's own connection, for the reads of ledger_policy.h and ledger_decisions.h. */
struct ledger_reader;
struct ledger_reader *ledger_own_reader(struct ledger *ledger);

/* ---- reading, from another thread ------------------------------------------------------
 *
 * A read-only connection of its own; one thread at a time. The ledger must have been opened in
 * this process before. Keep walks short: the write-ahead log cannot be emptied meanwhile. */

MUST_USE int ledger_reader_open(const char *path, struct ledger_reader **ret_reader);

/* NULL-safe. */
void ledger_reader_close(struct ledger_reader *reader);

/* As ledger_each_live. */
MUST_USE int ledger_reader_each_live(
    struct ledger_reader *reader, enum ledger_kind kind, ledger_row_fn row, void *userdata);

/* As ledger_meta. */
MUST_USE int ledger_reader_meta(struct ledger_reader *reader, const char *key, char **ret_value);

/* As ledger_each_audit. */
MUST_USE int ledger_reader_each_audit(struct ledger_reader *reader, uint64_t after, unsigned limit,
    ledger_audit_fn row, void *userdata);

/* ---- state of health ------------------------------------------------------------------- */

struct ledger_health {
    bool stalled; /* the oldest batch has waited for over a second */
    uint64_t oldest_wait_us;
    size_t waiting; /* batches not yet durable */
    int last_error; /* 0 or -errno of the newest transaction */
    bool ballast_released;
    uint64_t committed; /* transactions */
    uint64_t batches;
};
void ledger_health(struct ledger *ledger, struct ledger_health *ret_health);

/* The highest audit sequence number known durable. Any thread. */
uint64_t ledger_durable_seq(struct ledger *ledger);
