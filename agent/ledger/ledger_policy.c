#include "ledger_policy.h"

#include <errno.h>
#include <string.h>

#include "ledger_db.h"
#include "ledger_reader.h"

#define VERSION_COLUMNS                                                                       \
    "SELECT v.digest, v.parts IS NOT NULL, v.loads, f.record, l.record FROM policy_version v" \
    " JOIN policy_load f ON f.number = v.first JOIN policy_load l ON l.number = v.last"

static int each_version(
    struct ledger_reader *reader, sqlite3_stmt *statement, ledger_version_fn row, void *userdata)
{
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        struct ledger_version version = {
            .digest = ledger_reader_text(statement, 0),
            .complete = sqlite3_column_int(statement, 1) != 0,
            .loads = (uint64_t)sqlite3_column_int64(statement, 2),
            .first = ledger_reader_text(statement, 3),
            .last = ledger_reader_text(statement, 4),
        };

        if (!version.digest || !version.first || !version.last)
            return -ENOMEM;
        r = row(&version, userdata);
        if (r < 0)
            return r;
    }
    return r == SQLITE_DONE ? 0 : ledger_db_error(reader->db);
}

int ledger_reader_each_version(
    struct ledger_reader *reader, unsigned limit, ledger_version_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r =
        ledger_db_prepare(reader->db, VERSION_COLUMNS " ORDER BY v.last DESC LIMIT ?1", &statement);

    if (r < 0)
        return r;
    if (sqlite3_bind_int64(statement, 1, limit) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return each_version(reader, statement, row, userdata);
}

int ledger_reader_version(
    struct ledger_reader *reader, const char *digest, ledger_version_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r = ledger_db_prepare(reader->db, VERSION_COLUMNS " WHERE v.digest = ?1", &statement);

    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return each_version(reader, statement, row, userdata);
}

int ledger_reader_newest_loading(struct ledger_reader *reader, char **ret_record)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(
        reader->db, "SELECT record FROM policy_load ORDER BY number DESC LIMIT 1", &statement);
    return r < 0 ? r : ledger_reader_take_text(reader, statement, ret_record);
}

/* Behind every hex digit, so that the bounds hold all that begins with the prefix. */
static const char FIND[] = "SELECT digest FROM policy_version"
                           " WHERE digest >= ?1 AND digest < ?1 || 'g' ORDER BY digest LIMIT 2";

int ledger_reader_find_version(
    struct ledger_reader *reader, const char *prefix, char ret_digest[LEDGER_DIGEST_SIZE])
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    AUTO_FREE char *found = NULL;
    int r;

    r = ledger_db_prepare(reader->db, FIND, &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, prefix, -1, SQLITE_STATIC) != SQLITE_OK)
        return ledger_db_error(reader->db);
    r = ledger_reader_take_text(reader, statement, &found);
    if (r < 0)
        return r;
    r = sqlite3_step(statement);
    if (r == SQLITE_ROW)
        return -ENOTUNIQ;
    if (r != SQLITE_DONE)
        return ledger_db_error(reader->db);
    if (strlen(found) >= LEDGER_DIGEST_SIZE)
        return -EUCLEAN;
    memcpy(ret_digest, found, strlen(found) + 1);
    return 0;
}

/* The end is what the version's row says: parts of an attempt that a crash ended do not count. */
static const char TEXT[] = "SELECT t.file, c.hash, c.text FROM policy_version v"
                           " JOIN policy_text t ON t.digest = v.digest AND t.part < v.parts"
                           " JOIN policy_chunk c ON c.hash = t.chunk"
                           " WHERE v.digest = ?1 AND t.part >= ?2 ORDER BY t.part LIMIT ?3";

/* How many parts the whole text has. */
static int count_parts(struct ledger_reader *reader, const char *digest, uint64_t *ret_count)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(reader->db,
        "SELECT parts FROM policy_version WHERE digest = ?1 AND parts IS NOT NULL", &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC) != SQLITE_OK)
        return ledger_db_error(reader->db);
    r = sqlite3_step(statement);
    if (r != SQLITE_ROW)
        return r == SQLITE_DONE ? -ENOENT : ledger_db_error(reader->db);
    *ret_count = (uint64_t)sqlite3_column_int64(statement, 0);
    return 0;
}

static int each_part(struct ledger_reader *reader, sqlite3_stmt *statement, uint64_t expected,
    ledger_text_fn row, void *userdata)
{
    uint64_t count = 0;
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct ledger_part part = {
            .file = ledger_reader_text(statement, 0),
            .hash = ledger_reader_text(statement, 1),
            .text = ledger_reader_text(statement, 2),
        };

        if (!part.file || !part.hash || !part.text)
            return -ENOMEM;
        r = row(&part, userdata);
        if (r < 0)
            return r;
        count++;
    }
    if (r != SQLITE_DONE)
        return ledger_db_error(reader->db);
    return count == expected ? 0 : -EUCLEAN;
}

int ledger_reader_each_text(struct ledger_reader *reader, const char *digest,
    struct ledger_range range, ledger_text_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    uint64_t parts = 0, expected;
    int r = count_parts(reader, digest, &parts);

    if (r == 0)
        r = ledger_db_prepare(reader->db, TEXT, &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, digest, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)range.from) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)range.limit) != SQLITE_OK)
        return ledger_db_error(reader->db);
    expected = parts > range.from ? parts - range.from : 0;
    return each_part(
        reader, statement, expected < range.limit ? expected : range.limit, row, userdata);
}

int ledger_reader_has_chunk(struct ledger_reader *reader, const char *hash)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r;

    r = ledger_db_prepare(reader->db, "SELECT 1 FROM policy_chunk WHERE hash = ?1", &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, hash, -1, SQLITE_STATIC) != SQLITE_OK)
        return ledger_db_error(reader->db);
    r = sqlite3_step(statement);
    if (r != SQLITE_ROW && r != SQLITE_DONE)
        return ledger_db_error(reader->db);
    return r == SQLITE_ROW;
}
