/* The reads of ledger.h over one connection; the loop has one, the journal's thread another. */
#pragma once

#include <sqlite3.h>

#include "ledger.h"

/* Statements are prepared for each call: a callback may read again, and none of this is on the
 * way to a decision. */
struct ledger_reader {
    sqlite3 *db;
};

MUST_USE int ledger_reader_each_recent(struct ledger_reader *reader, enum ledger_kind kind,
    unsigned limit, ledger_row_fn row, void *userdata);
MUST_USE int ledger_reader_get(
    struct ledger_reader *reader, enum ledger_kind kind, const char *id, char **ret_body);

/* A column that is NOT NULL: NULL here means that SQLite ran out of memory. Borrowed. */
static inline const char *ledger_reader_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

/* The only column of the only row, copied; -ENOENT without a row. Caller frees. */
MUST_USE int ledger_reader_take_text(
    struct ledger_reader *reader, sqlite3_stmt *statement, char **ret_text);
