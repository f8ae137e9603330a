#include "ledger_decisions.h"

#include <errno.h>
#include <limits.h>

#include "ledger_db.h"
#include "ledger_reader.h"

#define DECISIONS "('decided', 'request-opened')"

/* A larger one was not written by us. */
#define RECORD_MAX "500000"

/* SQLite takes the members out of the record: it is faster at that than anything that builds a
 * tree, and what it gives is JSON whatever was in the record. */
#define MEMBER(name) "'" name "', json_extract(record, '$." name "')"
#define BARE                                                                            \
    "'seq', seq, 'time', strftime('%Y-%m-%dT%H:%M:%SZ', time / 1000000, 'unixepoch'), " \
    "'event', event"
#define ANSWER MEMBER("decision") ", " MEMBER("rule") ", " MEMBER("policy") ", " MEMBER("run_as")
#define WITH_FACTS BARE ", " ANSWER ", " MEMBER("facts")
#define WITHOUT_FACTS \
    BARE ", " ANSWER ", " MEMBER("count") ", " MEMBER("facts_left_out") ", " MEMBER("selftest")
/* Where the door's no was not policy's, what policy said is the decision. */
#define POLICYS                                                                               \
    "'decision', coalesce(json_extract(record, '$.verdict'), "                                \
    "json_extract(record, '$.decision')), " MEMBER("rule") ", " MEMBER("policy") ", " MEMBER( \
        "run_as")
#define WITH_ALL                                                                              \
    BARE ", " POLICYS                                                                         \
         ", " MEMBER("count") ", " MEMBER("facts_left_out") ", " MEMBER("facts") ", " MEMBER( \
             "selftest") ", " MEMBER("missing") ", " MEMBER("would") ", " MEMBER("would_rule")

/* The signs in front of columns keep SQLite from the index: the table is walked in order. */
static const char WALK[] =
    "SELECT CASE WHEN length(record) > " RECORD_MAX " OR NOT json_valid(record)"
    " THEN json_object(" BARE ") WHEN instr(record, '\"would\":') > 0"
    " OR instr(record, '\"verdict\":') > 0 THEN json_object(" WITH_ALL
    ") WHEN json_type(record, '$.facts') = 'object'"
    " THEN json_object(" WITH_FACTS ") ELSE json_object(" WITHOUT_FACTS ") END"
    " FROM audit WHERE seq > ?1 AND seq <= ?2 AND +event IN " DECISIONS " AND +time >= ?3"
    " ORDER BY seq";

static const char SEEK[] =
    "SELECT coalesce(min(seq), 0) FROM audit WHERE event IN " DECISIONS " AND time >= ?1";

static int64_t to_signed(uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

/* The index holds event and time, so that only a minute's openings are looked at. */
static const char OPENING[] = "SELECT record FROM audit WHERE event = 'request-opened'"
                              " AND time BETWEEN ?2 - 60000000 AND ?2 + 60000000 AND chain = ?1"
                              " LIMIT 1";

int ledger_reader_opening(
    struct ledger_reader *reader, const char *request, uint64_t near_us, char **ret_record)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r = ledger_db_prepare(reader->db, OPENING, &statement);

    if (r < 0)
        return r;
    if (sqlite3_bind_text(statement, 1, request, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, to_signed(near_us)) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return ledger_reader_take_text(reader, statement, ret_record);
}

int ledger_reader_seek_decision(struct ledger_reader *reader, struct ledger_range *range)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    uint64_t first;
    int r;

    r = ledger_db_prepare(reader->db, SEEK, &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_int64(statement, 1, to_signed(range->since_us)) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        return ledger_db_error(reader->db);
    first = (uint64_t)sqlite3_column_int64(statement, 0);
    if (first == 0)
        range->after = range->through;
    else if (first > range->after)
        range->after = first - 1;
    return 0;
}

static int each_decision(
    struct ledger_reader *reader, sqlite3_stmt *statement, ledger_decision_fn row, void *userdata)
{
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *json = (const char *)sqlite3_column_text(statement, 0);

        if (!json)
            return -ENOMEM;
        r = row(json, userdata);
        if (r < 0)
            return r;
    }
    return r == SQLITE_DONE ? 0 : ledger_db_error(reader->db);
}

int ledger_reader_each_decision(struct ledger_reader *reader, struct ledger_range *range,
    unsigned limit, ledger_decision_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    uint64_t left = range->through > range->after ? range->through - range->after : 0;
    uint64_t end = range->after + (left < limit ? left : limit);
    int r;

    r = ledger_db_prepare(reader->db, WALK, &statement);
    if (r < 0)
        return r;
    if (sqlite3_bind_int64(statement, 1, to_signed(range->after)) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, to_signed(end)) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 3, to_signed(range->since_us)) != SQLITE_OK)
        return ledger_db_error(reader->db);
    r = each_decision(reader, statement, row, userdata);
    if (r == 0)
        range->after = end;
    return r;
}

/* Most records have none, which is seen without taking them apart. */
static const char REASONS[] =
    "SELECT json_extract(record, '$.subject_uid'), json_extract(record, '$.reason'), time"
    " FROM audit WHERE seq > (SELECT coalesce(max(seq), 0) FROM audit) - ?1 AND +time >= ?2"
    " AND +event = 'decided' AND CASE WHEN length(record) > " RECORD_MAX
    " OR instr(record, '\"reason\":') = 0 OR NOT json_valid(record) THEN 0"
    " ELSE json_extract(record, '$.decision') = 'allow'"
    " AND json_type(record, '$.reason') = 'text'"
    " AND json_type(record, '$.subject_uid') = 'integer'"
    " AND json_extract(record, '$.subject_uid') BETWEEN 0 AND 4294967294 END"
    " ORDER BY seq DESC";

static int each_reason(
    struct ledger_reader *reader, sqlite3_stmt *statement, ledger_reason_fn row, void *userdata)
{
    int r;

    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *reason = (const char *)sqlite3_column_text(statement, 1);

        if (!reason)
            return -ENOMEM;
        r = row((uint32_t)sqlite3_column_int64(statement, 0), reason,
            (uint64_t)sqlite3_column_int64(statement, 2), userdata);
        if (r < 0)
            return r;
    }
    return r == SQLITE_DONE ? 0 : ledger_db_error(reader->db);
}

int ledger_reader_each_reason(struct ledger_reader *reader, uint64_t since_us, unsigned limit,
    ledger_reason_fn row, void *userdata)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int r = ledger_db_prepare(reader->db, REASONS, &statement);

    if (r < 0)
        return r;
    if (sqlite3_bind_int64(statement, 1, limit) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, to_signed(since_us)) != SQLITE_OK)
        return ledger_db_error(reader->db);
    return each_reason(reader, statement, row, userdata);
}
