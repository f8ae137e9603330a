#include "ledger_reader.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "ledger_db.h"

int ledger_reader_open(const char *path, struct ledger_reader **ret_reader)
{
    struct ledger_reader *reader = calloc(1, sizeof(*reader));
    int r;

    if (!reader)
        return -ENOMEM;
    r = ledger_db_open(path, SQLITE_OPEN_READONLY, &reader->db, NULL);
    if (r < 0) {
        free(reader);
        return r;
    }
    *ret_reader = reader;
    return 0;
}

void ledger_reader_close(struct ledger_reader *reader)
{
    if (!reader)
        return;
    (void)sqlite3_close_v2(reader->db);
    free(reader);
}

static int each_object(
    struct ledger_reader *reader, sqlite3_stmt *statement, ledger_row_fn row, void *userdata)
{
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *id = ledger_reader_text(statement, 0), *body = ledger_reader_text(statement, 1);

        if (!id || !body)
            return -ENOMEM;
        r = row(id, body, userdata);
        if (r < 0)
            return r;
    }
    return r == SQLITE_DONE ? 0 : ledger_db_error(reader->db);
}

int ledger_reader_each_live(
    struct ledger_reader *reader, enum ledger_kind kind, ledger_row_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(reader->db,
        "SELECT id, body FROM state WHERE kind = ?1 AND live = 1 ORDER BY number", &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_int(statement, 1, (int)kind) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return each_object(reader, statement, row, userdata);
}

/* Two bounded walks down the index, joined; otherwise SQLite would sort all that ever was. */
static const char RECENT[] =
    "SELECT id, body FROM state WHERE number IN ("
    "    SELECT number FROM (SELECT number FROM state WHERE kind = ?1 AND live = 0"
    "                        ORDER BY number DESC LIMIT ?2)"
    "    UNION ALL"
    "    SELECT number FROM (SELECT number FROM state WHERE kind = ?1 AND live = 1"
    "                        ORDER BY number DESC LIMIT ?2)"
    ") ORDER BY number DESC LIMIT ?2";

int ledger_reader_each_recent(struct ledger_reader *reader, enum ledger_kind kind, unsigned limit,
    ledger_row_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(reader->db, RECENT, &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_int(statement, 1, (int)kind) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, limit) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return each_object(reader, statement, row, userdata);
}

int ledger_reader_take_text(struct ledger_reader *reader, sqlite3_stmt *statement, char **ret_text)
{
    const char *value;
    char *copy;
    int r;

    r = sqlite3_step(statement);
    if (r == SQLITE_DONE)
        return -ENOENT;
    if (r != SQLITE_ROW)
        return ledger_db_error(reader->db);
    value = ledger_reader_text(statement, 0);
    copy = value ? strdup(value) : NULL;
    if (!copy)
        return -ENOMEM;
    *ret_text = copy;
    return 0;
}

int ledger_reader_get(
    struct ledger_reader *reader, enum ledger_kind kind, const char *id, char **ret_body)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(
        reader->db, "SELECT body FROM state WHERE kind = ?1 AND id = ?2", &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_int(statement, 1, (int)kind) != SQLITE_OK ||
        sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return ledger_reader_take_text(reader, statement, ret_body);
}

int ledger_reader_meta(struct ledger_reader *reader, const char *key, char **ret_value)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(reader->db, "SELECT value FROM meta WHERE key = ?1", &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return ledger_reader_take_text(reader, statement, ret_value);
}

static int each_record(
    struct ledger_reader *reader, sqlite3_stmt *statement, ledger_audit_fn row, void *userdata)
{
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *chain = ledger_reader_text(statement, 2),
                   *event = ledger_reader_text(statement, 3),
                   *record = ledger_reader_text(statement, 4);

        if (!chain || !event || !record)
            return -ENOMEM;
        r = row((uint64_t)sqlite3_column_int64(statement, 0),
            (uint64_t)sqlite3_column_int64(statement, 1), chain, event, record, userdata);
        if (r < 0)
            return r;
    }
    return r == SQLITE_DONE ? 0 : ledger_db_error(reader->db);
}

int ledger_reader_each_audit(struct ledger_reader *reader, uint64_t after, unsigned limit,
    ledger_audit_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    if (after >= INT64_MAX)
        return 0;
    r = ledger_db_prepare(reader->db,
        "SELECT seq, time, chain, event, record FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_int64(statement, 1, (sqlite3_int64)after) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, limit) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return each_record(reader, statement, row, userdata);
}
