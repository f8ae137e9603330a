/* A batch on its way: a list of rows, filled by the loop, read by the writer, answered on the
 * loop. It has one owner at a time, except that the fields of the loop stay the loop's. */
#pragma once

#include "ledger.h"

enum ledger_row_type {
    LEDGER_ROW_STATE,
    LEDGER_ROW_AUDIT,
    LEDGER_ROW_META,
    LEDGER_ROW_LOADING,
    LEDGER_ROW_CHUNK,
    LEDGER_ROW_TEXT,
    LEDGER_ROW_TEXT_END,
};

struct ledger_row {
    struct ledger_row *next;
    enum ledger_row_type type;
    enum ledger_kind kind;
    bool live;
    uint64_t realtime_us;
    uint64_t number;   /* a part of a policy's text, or how many there are */
    const char *key;   /* id, chain, key or digest; these three point into `text` */
    const char *event; /* or the file's name */
    const char *body;
    char text[];
};

struct ledger_batch {
    struct ledger_row *rows;
    struct ledger_row **rows_end;
    bool essential;
    int error; /* why it can never be committed, else 0 */

    struct ledger_batch *next; /* in the writer's queue, then in its transaction */
    int result;                /* set by the writer before it reports the batch */
    uint64_t first_seq;

    struct ledger_batch *next_pending; /* from here on the loop's */
    ledger_done_fn done;
    void *userdata;
    uint64_t submitted_us;
};

/* Makes the batch one that will only be answered with `error`, and frees its rows. */
void ledger_batch_fail(struct ledger_batch *batch, int error);
