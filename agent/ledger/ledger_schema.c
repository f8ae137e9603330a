#include "ledger_schema.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ledger.h"
#include "ledger_db.h"

/* "ASNT", in the header of the file, so that another program's database is not taken for ours. */
#define APPLICATION_ID 0x41534e54

/* Up to this size every page is looked at (some 0.1 s); a larger file would make the start,
 * and with it every door, wait for seconds. Of it the header, the schema and the newest rows
 * are read; damage elsewhere shows when it is met, as an error of that read. */
#define QUICK_CHECK_MAX (64 * 1024 * 1024)

/* MIGRATIONS[n] leads from version n to n + 1. Released entries never change.
 *
 * `number` keeps the order of creation, so that new objects, whose ids are random, share the
 * last pages of the table instead of dirtying a page each. */
static const char *const MIGRATIONS[] = {
    "CREATE TABLE state("
    "    number INTEGER PRIMARY KEY,"
    "    kind INTEGER NOT NULL,"
    "    id TEXT NOT NULL,"
    "    live INTEGER NOT NULL,"
    "    body TEXT NOT NULL,"
    "    UNIQUE(kind, id));"
    "CREATE INDEX state_live ON state(kind, live);"
    "CREATE TABLE audit("
    "    seq INTEGER PRIMARY KEY,"
    "    time INTEGER NOT NULL," /* microseconds since the epoch */
    "    chain TEXT NOT NULL,"
    "    event TEXT NOT NULL,"
    "    record TEXT NOT NULL);"
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
    "    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    "    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",

    /* Who asks for the records of a time, or for all of some rare kind, does not read them all. */
    "CREATE INDEX audit_event_time ON audit(event, time);",
    /* Policy versions, see ledger_policy.h. `parts` is NULL until the text is complete. */
    "CREATE TABLE policy_load("
    "    number INTEGER PRIMARY KEY,"
    "    digest TEXT NOT NULL,"
    "    record TEXT NOT NULL);"
    "CREATE TRIGGER policy_load_no_update BEFORE UPDATE ON policy_load"
    "    BEGIN SELECT RAISE(ABORT, 'loadings are append-only'); END;"
    "CREATE TRIGGER policy_load_no_delete BEFORE DELETE ON policy_load"
    "    BEGIN SELECT RAISE(ABORT, 'loadings are append-only'); END;"
    "CREATE TABLE policy_version("
    "    digest TEXT PRIMARY KEY,"
    "    parts INTEGER,"
    "    first INTEGER NOT NULL REFERENCES policy_load(number),"
    "    last INTEGER NOT NULL REFERENCES policy_load(number),"
    "    loads INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX policy_version_last ON policy_version(last);"
    "CREATE TABLE policy_chunk("
    "    number INTEGER PRIMARY KEY,"
    "    hash TEXT NOT NULL UNIQUE,"
    "    text TEXT NOT NULL);"
    "CREATE TABLE policy_text("
    "    digest TEXT NOT NULL,"
    "    part INTEGER NOT NULL,"
    "    file TEXT NOT NULL,"
    "    chunk TEXT NOT NULL REFERENCES policy_chunk(hash),"
    "    PRIMARY KEY(digest, part)) WITHOUT ROWID;",
};
#define NEWEST ((unsigned)ARRAY_SIZE(MIGRATIONS))

static int say(int result, char **ret_detail, sqlite3 *db, const char *what)
{
    if (asprintf(ret_detail, "%s: %s", sqlite3_db_filename(db, "main"), what) < 0)
        *ret_detail = NULL;
    return result;
}

static int say_error(int r, char **ret_detail, sqlite3 *db)
{
    return say(r == -EUCLEAN ? LEDGER_E_CORRUPT : r, ret_detail, db, sqlite3_errmsg(db));
}

/* Runs over all rows, so that their pages are read. */
static int read_rows(sqlite3 *db, const char *sql)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(db, sql, &statement);
    if (r < 0)
        return r;
    do
        r = sqlite3_step(statement);
    while (r == SQLITE_ROW);
    return r == SQLITE_DONE ? 0 : ledger_db_error(db);
}

/* A large file. SQLite has compared its length with its header when it read the version. */
static int check_ends(sqlite3 *db, char **ret_detail)
{
    static const char *const queries[] = {
        "SELECT * FROM audit ORDER BY seq DESC LIMIT 64",
        "SELECT * FROM state ORDER BY number DESC LIMIT 64",
        "SELECT * FROM meta",
    };

    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        int r = read_rows(db, queries[i]);

        if (r < 0)
            return say_error(r, ret_detail, db);
    }
    return 0;
}

/* Every page: SQLite's own check, at most one finding. */
static int check_pages(sqlite3 *db, char **ret_detail)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    const char *finding;
    int r;

    r = ledger_db_prepare(db, "PRAGMA quick_check(1)", &statement);
    if (r < 0)
        return say_error(r, ret_detail, db);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return say_error(ledger_db_error(db), ret_detail, db);
    finding = (const char *)sqlite3_column_text(statement, 0);
    if (!finding)
        return say(-ENOMEM, ret_detail, db, "out of memory");
    if (sqlite3_stricmp(finding, "ok") != 0)
        return say(LEDGER_E_CORRUPT, ret_detail, db, finding);
    return 0;
}

static int check_content(sqlite3 *db, char **ret_detail)
{
    sqlite3_int64 pages, page_size;
    int r;

    r = ledger_db_integer(db, "PRAGMA page_count", &pages);
    if (r == 0)
        r = ledger_db_integer(db, "PRAGMA page_size", &page_size);
    if (r != 0)
        return say_error(r, ret_detail, db);
    return pages > QUICK_CHECK_MAX / page_size ? check_ends(db, ret_detail)
                                               : check_pages(db, ret_detail);
}

/* A file without our version: a first start that got no further, or not ours. */
static int check_unversioned(sqlite3 *db, bool existed, char **ret_detail)
{
    sqlite3_int64 tables;
    int r;

    r = ledger_db_integer(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (r < 0)
        return say_error(r, ret_detail, db);
    if (tables > 0)
        return say(LEDGER_E_CORRUPT, ret_detail, db, "a database, but not a ledger of Assent");
    if (existed)
        return say(LEDGER_E_CORRUPT, ret_detail, db, "has no tables, though a ledger existed here");
    return 0;
}

int ledger_schema_check(sqlite3 *db, bool existed, unsigned *ret_version, char **ret_detail)
{
    sqlite3_int64 version, application;
    int r;

    r = ledger_db_integer(db, "PRAGMA user_version", &version);
    if (r == 0)
        r = ledger_db_integer(db, "PRAGMA application_id", &application);
    if (r != 0)
        return say_error(r, ret_detail, db);
    if (application != APPLICATION_ID && version != 0)
        return say(LEDGER_E_CORRUPT, ret_detail, db, "a database, but not a ledger of Assent");
    if (version < 0 || version > NEWEST)
        return say(LEDGER_E_NEWER, ret_detail, db,
            "written by a newer assentd; install that version again");
    r = version == 0 ? check_unversioned(db, existed, ret_detail) : check_content(db, ret_detail);
    if (r != 0)
        return r;
    *ret_version = (unsigned)version;
    return 0;
}

static int apply(sqlite3 *db, unsigned from)
{
    char versions[96];

    for (unsigned i = from; i < NEWEST; i++) {
        int r = ledger_db_exec(db, MIGRATIONS[i]);

        if (r < 0)
            return r;
    }
    snprintf(versions, sizeof(versions), "PRAGMA application_id = %d; PRAGMA user_version = %u;",
        APPLICATION_ID, NEWEST);
    return ledger_db_exec(db, versions);
}

int ledger_schema_migrate(sqlite3 *db, unsigned from)
{
    int r;

    if (from >= NEWEST)
        return 0;
    r = ledger_db_exec(db, "BEGIN IMMEDIATE");
    if (r < 0)
        return r;
    r = apply(db, from);
    if (r == 0)
        r = ledger_db_exec(db, "COMMIT");
    if (r < 0 && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}
