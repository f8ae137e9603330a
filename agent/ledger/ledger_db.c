#include "ledger_db.h"

#include <errno.h>
#include <stdio.h>

/* Long enough for somebody's backup or a look with the sqlite3 shell, short enough to answer. */
#define BUSY_TIMEOUT_MS 5000

/* No mmap: an I/O error must be an error code, not a SIGBUS. Temporary data stays in memory,
 * since the agent's unit may have no place for files. */
static const char SETTINGS[] = "PRAGMA mmap_size = 0;"
                               "PRAGMA cache_size = -1024;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

static char *copy_detail(sqlite3 *db, const char *path)
{
    AUTO_FREE char *text = NULL;

    if (asprintf(&text, "%s: %s", path, sqlite3_errmsg(db)) < 0)
        return NULL;
    return TAKE_PTR(text);
}

int ledger_db_open(const char *path, int flags, sqlite3 **ret_db, char **ret_detail)
{
    sqlite3 *db = NULL;
    int r;

    r = sqlite3_open_v2(path, &db,
        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE, NULL);
    if (!db)
        return -ENOMEM;
    if (r == SQLITE_OK)
        r = sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    if (r == SQLITE_OK)
        r = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    r = r == SQLITE_OK ? ledger_db_exec(db, SETTINGS) : ledger_db_error(db);
    if (r < 0) {
        if (ret_detail)
            *ret_detail = copy_detail(db, path);
        ledger_db_abandon(db);
        return r;
    }
    *ret_db = db;
    return 0;
}

void ledger_db_abandon(sqlite3 *db)
{
    if (!db)
        return;
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_close_v2(db);
}

static int system_error(sqlite3 *db)
{
    int error = sqlite3_system_errno(db);

    if (error == ENOSPC || error == EDQUOT)
        return -ENOSPC;
    return error == EACCES || error == EROFS || error == ENOENT ? -error : -EIO;
}

int ledger_db_error(sqlite3 *db)
{
    int code = sqlite3_extended_errcode(db);

    /* The shared memory file of the log could not grow: the disk is full. */
    if (code == SQLITE_IOERR_SHMSIZE)
        return -ENOSPC;
    if (code == SQLITE_IOERR_NOMEM)
        return -ENOMEM;
    switch (code & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return system_error(db);
    default:
        return -EIO;
    }
}

int ledger_db_exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : ledger_db_error(db);
}

int ledger_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement)
{
    int r = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL);

    return r == SQLITE_OK ? 0 : ledger_db_error(db);
}

int ledger_db_integer(sqlite3 *db, const char *sql, sqlite3_int64 *ret_value)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(db, sql, &statement);
    if (r < 0)
        return r;
    r = sqlite3_step(statement);
    if (r == SQLITE_DONE)
        return -ENOENT;
    if (r != SQLITE_ROW)
        return ledger_db_error(db);
    *ret_value = sqlite3_column_int64(statement, 0);
    return 0;
}
