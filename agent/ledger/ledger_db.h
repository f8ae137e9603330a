/* One connection to the ledger's SQLite file: how it is opened, how its errors become -errno. */
#pragma once

#include <sqlite3.h>

#include "../../common/macro.h"

/* Opens with the settings every connection has. `flags` are those of sqlite3_open_v2(). A
 * connection belongs to one thread. Returns 0 or -errno; on failure `ret_detail`, if given, has
 * SQLite's words (caller frees). */
MUST_USE int ledger_db_open(const char *path, int flags, sqlite3 **ret_db, char **ret_detail);

/* Closes without touching the file: the write-ahead log is not copied back. NULL-safe. */
void ledger_db_abandon(sqlite3 *db);

/* The newest failure on `db` as -errno: -ENOSPC no room, -EUCLEAN damaged or not a database,
 * -EBUSY, -ENOMEM, -EROFS, -EACCES, else -EIO. Never 0. */
int ledger_db_error(sqlite3 *db);

MUST_USE int ledger_db_exec(sqlite3 *db, const char *sql);
MUST_USE int ledger_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement);

/* The first column of the first row; -ENOENT without a row. */
MUST_USE int ledger_db_integer(sqlite3 *db, const char *sql, sqlite3_int64 *ret_value);

static inline void cleanup_statement(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
}
#define AUTO_STATEMENT CLEANUP(cleanup_statement)
