/* A thread that reads recorded decisions back out of the ledger, a piece at a time, while the loop
 * and its doors go on. It is started when first asked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "../ledger/ledger_decisions.h"

struct recall;
struct sd_event;

/* A piece: replies of ListDecisions, ready to be sent (public_reply_texts). About RECALL_BYTES, or
 * what RECALL_RECORDS of the log hold: less than that only at the end. */
#define RECALL_BYTES ((size_t)64 * 1024)
#define RECALL_RECORDS 4096
struct recall_piece {
    char *texts; /* taken by the callback, which frees it */
    size_t length;
    struct ledger_range left; /* what has not been read yet */
};

/* On the loop: 0 and the piece, or -errno and NULL. */
typedef void (*recall_done_fn)(int result, struct recall_piece *piece, void *userdata);

/* For the ledger at `path`. Returns NULL on OOM; the thread is not started yet. */
struct recall *recall_new(struct sd_event *event, const char *path);

/* Waits for the piece that is being read, no more. NULL-safe. */
void recall_free(struct recall *recall);

/* Asks for the next piece of `range`; `seek`: its beginning is to be found by time first. Returns 0
 * when `done` will be called, never from inside; else -errno. Pieces come in turn. */
MUST_USE int recall_ask(struct recall *recall, const struct ledger_range *range, bool seek,
    recall_done_fn done, void *userdata);

/* Forgets what was asked with that userdata. */
void recall_forget(struct recall *recall, const void *userdata);
