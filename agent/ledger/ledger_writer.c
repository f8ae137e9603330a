#include "ledger_writer.h"

#include <errno.h>
#include <unistd.h>

#include "../../common/clock.h"

/* Bounds what a transaction holds in the page cache and how long its first batch waits. */
#define BATCHES_PER_TRANSACTION 512

/* While the ballast is out, the thread looks for room even if nobody asks for anything. */
static void wait_changed(struct ledger_writer *writer)
{
    bool released = writer->ballast.released;

    thread_wait(&writer->lock, released ? clock_deadline(LEDGER_BALLAST_INTERVAL_US) : UINT64_MAX);
}

/* Cuts the next transaction's batches off the queue. */
static struct ledger_batch *take_batches(struct ledger_writer *writer)
{
    struct ledger_batch *first = writer->first, *last = first;

    for (unsigned n = 1; last && last->next && n < BATCHES_PER_TRANSACTION; n++)
        last = last->next;
    if (last) {
        writer->first = last->next;
        last->next = NULL;
    }
    if (!writer->first)
        writer->last = &writer->first;
    return first;
}

/* False when it is time to end. `ret_first` is NULL if the wait was cut short to look after
 * the ballast. */
static bool next_batches(struct ledger_writer *writer, struct ledger_batch **ret_first)
{
    bool more;

    thread_lock(&writer->lock);
    if (!writer->first && !writer->stopping)
        wait_changed(writer);
    *ret_first = take_batches(writer);
    more = *ret_first || !writer->stopping;
    thread_unlock(&writer->lock);
    return more;
}

/* The batches belong to the loop as soon as they are counted. */
static void report(struct ledger_writer *writer, const struct ledger_batch *first, int r)
{
    uint64_t count = 0, durable = 0, one = 1;

    for (const struct ledger_batch *batch = first; batch; batch = batch->next) {
        count++;
        durable += batch->result == 0;
    }
    atomic_store_explicit(&writer->durable_seq, writer->commit.last_seq, memory_order_release);
    thread_lock(&writer->lock);
    writer->reported += count;
    writer->health.last_error = r;
    writer->health.ballast_released = writer->ballast.released;
    writer->health.committed += durable > 0;
    writer->health.batches += durable;
    thread_notify(&writer->lock);
    thread_unlock(&writer->lock);
    (void)!write(writer->event_fd, &one, sizeof(one));
}

/* With the ballast out, what room there is belongs to refusals and ends. */
static void commit_batches(struct ledger_writer *writer, struct ledger_batch *first)
{
    int r;

    r = ledger_commit_run(&writer->commit, first, writer->ballast.released);
    if (r == -ENOSPC && ledger_ballast_release(&writer->ballast))
        r = ledger_commit_run(&writer->commit, first, /* essential_only= */ true);
    report(writer, first, r);
    ledger_commit_checkpoint(&writer->commit);
}

static void note_ballast(struct ledger_writer *writer)
{
    if (!writer->ballast.released)
        return;
    ledger_ballast_retake(&writer->ballast);
    thread_lock(&writer->lock);
    writer->health.ballast_released = writer->ballast.released;
    thread_unlock(&writer->lock);
}

static void *writer_main(void *userdata)
{
    struct ledger_writer *writer = userdata;
    struct ledger_batch *first;

    while (next_batches(writer, &first)) {
        note_ballast(writer);
        if (first)
            commit_batches(writer, first);
    }
    return NULL;
}

static void release(struct ledger_writer *writer)
{
    ledger_commit_close(&writer->commit);
    ledger_ballast_close(&writer->ballast);
    thread_lock_done(&writer->lock);
}

int ledger_writer_start(
    struct ledger_writer *writer, sqlite3 *db, struct ledger_ballast *ballast, int event_fd)
{
    int r;

    *writer = (struct ledger_writer){.event_fd = event_fd, .ballast = *ballast};
    ballast->fd = -1;
    writer->last = &writer->first;
    writer->health.ballast_released = writer->ballast.released;
    thread_lock_init(&writer->lock);
    r = ledger_commit_open(&writer->commit, db);
    if (r == 0) {
        atomic_store(&writer->durable_seq, writer->commit.last_seq);
        r = thread_start(&writer->thread, "ledger", writer_main, writer);
    }
    if (r < 0)
        release(writer);
    return r;
}

void ledger_writer_stop(struct ledger_writer *writer)
{
    thread_lock(&writer->lock);
    writer->stopping = true;
    thread_notify(&writer->lock);
    thread_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);
    release(writer);
}

void ledger_writer_enqueue(struct ledger_writer *writer, struct ledger_batch *batch)
{
    batch->next = NULL;
    thread_lock(&writer->lock);
    *writer->last = batch;
    writer->last = &batch->next;
    thread_notify(&writer->lock);
    thread_unlock(&writer->lock);
}

uint64_t ledger_writer_reported(struct ledger_writer *writer)
{
    uint64_t reported;

    thread_lock(&writer->lock);
    reported = writer->reported;
    thread_unlock(&writer->lock);
    return reported;
}

void ledger_writer_wait_reported(struct ledger_writer *writer, uint64_t count)
{
    thread_lock(&writer->lock);
    while (writer->reported < count)
        thread_wait(&writer->lock, UINT64_MAX);
    thread_unlock(&writer->lock);
}

void ledger_writer_health(struct ledger_writer *writer, struct ledger_health *ret_health)
{
    thread_lock(&writer->lock);
    *ret_health = writer->health;
    thread_unlock(&writer->lock);
}
