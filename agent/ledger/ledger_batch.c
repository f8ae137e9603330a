#include "ledger_batch.h"

#include <errno.h>
#include <string.h>

#include "ledger_policy.h"

struct ledger_batch *ledger_batch_new(void)
{
    struct ledger_batch *batch = calloc(1, sizeof(*batch));

    if (batch)
        batch->rows_end = &batch->rows;
    return batch;
}

static void free_rows(struct ledger_batch *batch)
{
    while (batch->rows) {
        struct ledger_row *row = batch->rows;

        batch->rows = row->next;
        free(row);
    }
    batch->rows_end = &batch->rows;
}

void ledger_batch_free(struct ledger_batch *batch)
{
    if (!batch)
        return;
    free_rows(batch);
    free(batch);
}

void ledger_batch_fail(struct ledger_batch *batch, int error)
{
    free_rows(batch);
    batch->error = error;
}

static const char *put_text(char **position, const char *text, size_t length)
{
    char *start = *position;

    memcpy(start, text, length);
    start[length] = '\0';
    *position = start + length + 1;
    return start;
}

/* One allocation holds the row and its texts. Returns NULL when the batch has failed. */
static struct ledger_row *add_row(
    struct ledger_batch *batch, const char *key, const char *event, const char *body)
{
    size_t key_length, event_length, body_length;
    struct ledger_row *row;
    char *position;

    if (batch->error < 0)
        return NULL;
    if (!body) {
        ledger_batch_fail(batch, -ENOMEM);
        return NULL;
    }
    key_length = strlen(key);
    event_length = strlen(event);
    body_length = strlen(body);
    if (key_length > LEDGER_TEXT_MAX || event_length > LEDGER_TEXT_MAX ||
        body_length > LEDGER_TEXT_MAX) {
        ledger_batch_fail(batch, -E2BIG);
        return NULL;
    }
    row = calloc(1, sizeof(*row) + key_length + event_length + body_length + 3);
    if (!row) {
        ledger_batch_fail(batch, -ENOMEM);
        return NULL;
    }
    position = row->text;
    row->key = put_text(&position, key, key_length);
    row->event = put_text(&position, event, event_length);
    row->body = put_text(&position, body, body_length);
    *batch->rows_end = row;
    batch->rows_end = &row->next;
    return row;
}

void ledger_batch_put(
    struct ledger_batch *batch, enum ledger_kind kind, const char *id, bool live, const char *body)
{
    struct ledger_row *row = add_row(batch, id, "", body);

    if (!row)
        return;
    row->type = LEDGER_ROW_STATE;
    row->kind = kind;
    row->live = live;
}

void ledger_batch_audit(struct ledger_batch *batch, const char *chain, const char *event,
    uint64_t realtime_us, const char *record)
{
    struct ledger_row *row = add_row(batch, chain ? chain : "", event, record);

    if (!row)
        return;
    row->type = LEDGER_ROW_AUDIT;
    row->realtime_us = realtime_us;
}

void ledger_batch_meta(struct ledger_batch *batch, const char *key, const char *value)
{
    struct ledger_row *row = add_row(batch, key, "", value);

    if (row)
        row->type = LEDGER_ROW_META;
}

void ledger_batch_loading(struct ledger_batch *batch, const char *digest, const char *record)
{
    struct ledger_row *row = add_row(batch, digest, "", record);

    if (row)
        row->type = LEDGER_ROW_LOADING;
}

void ledger_batch_chunk(struct ledger_batch *batch, const char *hash, const char *text)
{
    struct ledger_row *row = add_row(batch, hash, "", text);

    if (row)
        row->type = LEDGER_ROW_CHUNK;
}

void ledger_batch_text(struct ledger_batch *batch, const char *digest, uint64_t part,
    const char *file, const char *hash)
{
    struct ledger_row *row = add_row(batch, digest, file, hash);

    if (!row)
        return;
    row->type = LEDGER_ROW_TEXT;
    row->number = part;
}

void ledger_batch_text_end(struct ledger_batch *batch, const char *digest, uint64_t parts)
{
    struct ledger_row *row = add_row(batch, digest, "", "");

    if (!row)
        return;
    row->type = LEDGER_ROW_TEXT_END;
    row->number = parts;
}
