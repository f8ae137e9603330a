#include "ledger_commit.h"

#include <errno.h>

#include "ledger_batch.h"
#include "ledger_db.h"

/* 4 MiB. A log that is emptied in time is overwritten in place, which syncs faster than growth. */
#define CHECKPOINT_PAGES 1000

/* The pages of a policy's text are all different ones, and new to the file: copying a thousand of
 * them takes as long as ten commits, a few are copied in the time of one. */
#define CHECKPOINT_CHUNK_PAGES 128

static int on_commit(void *userdata, sqlite3 *db UNUSED, const char *name UNUSED, int pages)
{
    struct ledger_commit *commit = userdata;

    if (pages < commit->log_pages) /* it began again from its start */
        commit->checkpoint_at = CHECKPOINT_PAGES;
    commit->log_pages = pages;
    return SQLITE_OK;
}

static int prepare_all(struct ledger_commit *commit)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        /* IMMEDIATE: whoever else writes is met here, not in the middle. */
        {&commit->begin, "BEGIN IMMEDIATE"},
        {&commit->commit, "COMMIT"},
        {&commit->rollback, "ROLLBACK"},
        {&commit->put, "INSERT INTO state(kind, id, live, body) VALUES(?1, ?2, ?3, ?4)"
                       " ON CONFLICT(kind, id)"
                       " DO UPDATE SET live = excluded.live, body = excluded.body"},
        {&commit->audit, "INSERT INTO audit(seq, time, chain, event, record)"
                         " VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&commit->meta_set, "INSERT INTO meta(key, value) VALUES(?1, ?2)"
                            " ON CONFLICT(key) DO UPDATE SET value = excluded.value"},
        {&commit->meta_remove, "DELETE FROM meta WHERE key = ?1"},
        {&commit->loading, "INSERT INTO policy_load(digest, record) VALUES(?1, ?2)"},
        {&commit->version, "INSERT INTO policy_version(digest, first, last, loads)"
                           " VALUES(?1, last_insert_rowid(), last_insert_rowid(), 1)"
                           " ON CONFLICT(digest)"
                           " DO UPDATE SET last = excluded.last, loads = loads + 1"},
        {&commit->chunk, "INSERT INTO policy_chunk(hash, text) VALUES(?1, ?2)"
                         " ON CONFLICT(hash) DO NOTHING"},
        {&commit->text, "INSERT INTO policy_text(digest, part, file, chunk) VALUES(?1, ?2, ?3, ?4)"
                        " ON CONFLICT(digest, part)"
                        " DO UPDATE SET file = excluded.file, chunk = excluded.chunk"},
        {&commit->text_end, "UPDATE policy_version SET parts = ?2 WHERE digest = ?1"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        int r = ledger_db_prepare(commit->db, all[i].sql, all[i].statement);

        if (r < 0)
            return r;
    }
    return 0;
}

int ledger_commit_open(struct ledger_commit *commit, sqlite3 *db)
{
    sqlite3_int64 last;
    int r;

    *commit = (struct ledger_commit){.db = db, .checkpoint_at = CHECKPOINT_PAGES};
    r = ledger_db_integer(db, "SELECT coalesce(max(seq), 0) FROM audit", &last);
    if (r < 0)
        return r;
    commit->last_seq = (uint64_t)last;
    (void)sqlite3_wal_hook(db, on_commit, commit);
    r = prepare_all(commit);
    if (r < 0)
        ledger_commit_close(commit);
    return r;
}

void ledger_commit_close(struct ledger_commit *commit)
{
    sqlite3_stmt *all[] = {commit->begin, commit->commit, commit->rollback, commit->put,
        commit->audit, commit->meta_set, commit->meta_remove, commit->loading, commit->version,
        commit->chunk, commit->text, commit->text_end};

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        (void)sqlite3_finalize(all[i]);
    if (commit->db)
        (void)sqlite3_wal_hook(commit->db, NULL, NULL);
    *commit = (struct ledger_commit){0};
}

/* Runs a prepared statement that answers no rows; its bindings may go away afterwards. */
static int run(struct ledger_commit *commit, sqlite3_stmt *statement)
{
    int r = sqlite3_step(statement) == SQLITE_DONE ? 0 : ledger_db_error(commit->db);

    (void)sqlite3_reset(statement);
    return r;
}

/* The row outlives the statement's run, so SQLite need not copy the text. */
static int bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    return sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static int write_state(struct ledger_commit *commit, const struct ledger_row *row)
{
    sqlite3_stmt *put = commit->put;

    if (sqlite3_bind_int(put, 1, (int)row->kind) != SQLITE_OK ||
        bind_text(put, 2, row->key) != SQLITE_OK ||
        sqlite3_bind_int(put, 3, row->live) != SQLITE_OK ||
        bind_text(put, 4, row->body) != SQLITE_OK)
        return ledger_db_error(commit->db);
    return run(commit, put);
}

static int write_audit(struct ledger_commit *commit, const struct ledger_row *row, uint64_t seq)
{
    sqlite3_stmt *audit = commit->audit;

    if (sqlite3_bind_int64(audit, 1, (sqlite3_int64)seq) != SQLITE_OK ||
        sqlite3_bind_int64(audit, 2, (sqlite3_int64)row->realtime_us) != SQLITE_OK ||
        bind_text(audit, 3, row->key) != SQLITE_OK ||
        bind_text(audit, 4, row->event) != SQLITE_OK || bind_text(audit, 5, row->body) != SQLITE_OK)
        return ledger_db_error(commit->db);
    return run(commit, audit);
}

static int write_meta(struct ledger_commit *commit, const struct ledger_row *row)
{
    bool set = row->body[0] != '\0';
    sqlite3_stmt *statement = set ? commit->meta_set : commit->meta_remove;

    if (bind_text(statement, 1, row->key) != SQLITE_OK ||
        (set && bind_text(statement, 2, row->body) != SQLITE_OK))
        return ledger_db_error(commit->db);
    return run(commit, statement);
}

/* The loading and, by the number it got, its version. */
static int write_loading(struct ledger_commit *commit, const struct ledger_row *row)
{
    int r;

    if (bind_text(commit->loading, 1, row->key) != SQLITE_OK ||
        bind_text(commit->loading, 2, row->body) != SQLITE_OK)
        return ledger_db_error(commit->db);
    r = run(commit, commit->loading);
    if (r < 0)
        return r;
    if (bind_text(commit->version, 1, row->key) != SQLITE_OK)
        return ledger_db_error(commit->db);
    return run(commit, commit->version);
}

static int write_text(struct ledger_commit *commit, const struct ledger_row *row)
{
    sqlite3_stmt *text = commit->text;

    if (bind_text(text, 1, row->key) != SQLITE_OK ||
        sqlite3_bind_int64(text, 2, (sqlite3_int64)row->number) != SQLITE_OK ||
        bind_text(text, 3, row->event) != SQLITE_OK || bind_text(text, 4, row->body) != SQLITE_OK)
        return ledger_db_error(commit->db);
    return run(commit, text);
}

static int write_chunk(struct ledger_commit *commit, const struct ledger_row *row)
{
    int r;

    if (bind_text(commit->chunk, 1, row->key) != SQLITE_OK ||
        bind_text(commit->chunk, 2, row->body) != SQLITE_OK)
        return ledger_db_error(commit->db);
    r = run(commit, commit->chunk);
    commit->has_chunks |= r == 0 && sqlite3_changes(commit->db) > 0;
    return r;
}

static int write_text_end(struct ledger_commit *commit, const struct ledger_row *row)
{
    if (bind_text(commit->text_end, 1, row->key) != SQLITE_OK ||
        sqlite3_bind_int64(commit->text_end, 2, (sqlite3_int64)row->number) != SQLITE_OK)
        return ledger_db_error(commit->db);
    return run(commit, commit->text_end);
}

/* `seq` is the number of the row if it is an audit record. */
static int write_row(struct ledger_commit *commit, const struct ledger_row *row, uint64_t seq)
{
    switch (row->type) {
    case LEDGER_ROW_STATE:
        return write_state(commit, row);
    case LEDGER_ROW_META:
        return write_meta(commit, row);
    case LEDGER_ROW_AUDIT:
        return write_audit(commit, row, seq);
    case LEDGER_ROW_LOADING:
        return write_loading(commit, row);
    case LEDGER_ROW_CHUNK:
        return write_chunk(commit, row);
    case LEDGER_ROW_TEXT:
        return write_text(commit, row);
    case LEDGER_ROW_TEXT_END:
        return write_text_end(commit, row);
    }
    return -EINVAL;
}

/* `seq` is the last number given out in this transaction. */
static int write_batch(struct ledger_commit *commit, struct ledger_batch *batch, uint64_t *seq)
{
    batch->first_seq = 0;
    for (const struct ledger_row *row = batch->rows; row; row = row->next) {
        int r;

        *seq += row->type == LEDGER_ROW_AUDIT;
        r = write_row(commit, row, *seq);
        if (r < 0)
            return r;
        if (row->type == LEDGER_ROW_AUDIT && batch->first_seq == 0)
            batch->first_seq = *seq;
    }
    return 0;
}

static bool is_chosen(const struct ledger_batch *batch, bool essential_only)
{
    return batch->error == 0 && (batch->essential || !essential_only);
}

static int write_all(struct ledger_commit *commit, struct ledger_batch *first, bool essential_only)
{
    uint64_t seq = commit->last_seq;
    int r;

    r = run(commit, commit->begin);
    for (struct ledger_batch *batch = first; r == 0 && batch; batch = batch->next)
        if (is_chosen(batch, essential_only))
            r = write_batch(commit, batch, &seq);
    if (r == 0)
        r = run(commit, commit->commit);
    if (r == 0)
        commit->last_seq = seq;
    else if (!sqlite3_get_autocommit(commit->db))
        (void)run(commit, commit->rollback);
    return r;
}

static int result_of(const struct ledger_batch *batch, bool essential_only, int r)
{
    if (batch->error < 0)
        return batch->error;
    return is_chosen(batch, essential_only) ? r : -ENOSPC;
}

int ledger_commit_run(struct ledger_commit *commit, struct ledger_batch *first, bool essential_only)
{
    bool any = false, left_out = false;
    int r = 0;

    for (struct ledger_batch *batch = first; batch; batch = batch->next) {
        any = any || is_chosen(batch, essential_only);
        left_out = left_out || result_of(batch, essential_only, 0) == -ENOSPC;
    }
    if (any)
        r = write_all(commit, first, essential_only);
    else if (left_out)
        r = -ENOSPC;
    for (struct ledger_batch *batch = first; batch; batch = batch->next) {
        batch->result = result_of(batch, essential_only, r);
        if (batch->result < 0)
            batch->first_seq = 0;
    }
    return r;
}

void ledger_commit_checkpoint(struct ledger_commit *commit)
{
    if (commit->log_pages < (commit->has_chunks ? CHECKPOINT_CHUNK_PAGES : commit->checkpoint_at))
        return;
    commit->has_chunks = false;
    /* PASSIVE waits for no reader; what one still holds is left for the next time, which is
     * a whole stretch later, lest every commit pay for somebody's long read. */
    if (sqlite3_wal_checkpoint_v2(commit->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
        SQLITE_OK)
        commit->checkpoint_at = commit->log_pages + CHECKPOINT_PAGES;
}
