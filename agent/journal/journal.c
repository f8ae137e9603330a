#include "journal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/thread.h"
#include "../ledger/ledger.h"
#include "journal_entry.h"
#include "journal_send.h"

/* Records are copied out of the ledger before the first is sent: a read that stays open while
 * journald hangs would keep the ledger's log from being emptied. */
#define CHUNK_RECORDS 64
#define CHUNK_BYTES (1024 * 1024)

#define BACK_OFF_FIRST_US (100 * USEC_PER_MSEC)
#define BACK_OFF_LAST_US (5 * USEC_PER_SEC)

/* A thread that ends on time still needs a moment to say so. */
#define GRACE_US (200 * USEC_PER_MSEC)

struct journal {
    char *ledger_path;
    char *socket_path;
    journal_send_fn send;
    void *userdata;
    pthread_t thread;
    _Atomic uint64_t cursor;

    struct thread_lock lock; /* guards these */
    uint64_t durable;        /* what journal_wake() told */
    uint64_t stop_at_us;     /* UINT64_MAX: not to be stopped */
    bool finished;           /* the thread is at its end */
    bool abandoned;          /* nobody waits for the thread: it frees */

    struct ledger_reader *reader; /* the thread's */
    uint64_t back_off_us;
};

struct chunk {
    struct journal_record records[CHUNK_RECORDS];
    unsigned count;
    size_t bytes;
};

static void chunk_done(struct chunk *chunk)
{
    for (unsigned i = 0; i < chunk->count; i++)
        journal_record_done(&chunk->records[i]);
    chunk->count = 0;
}

/* ENOBUFS ends the walk when the chunk is full; it is not an error then. */
static int on_record(uint64_t seq, uint64_t realtime_us, const char *chain, const char *event,
    const char *text, void *userdata)
{
    struct chunk *chunk = userdata;
    struct journal_record record = {.seq = seq,
        .realtime_us = realtime_us,
        .chain = strdup(chain),
        .event = strdup(event),
        .text = strdup(text)};

    if (!record.chain || !record.event || !record.text) {
        journal_record_done(&record);
        return -ENOMEM;
    }
    chunk->records[chunk->count++] = record;
    chunk->bytes += strlen(text);
    return chunk->bytes >= CHUNK_BYTES ? -ENOBUFS : 0;
}

/* A reader that failed is opened anew next time. */
static int read_chunk(struct journal *journal, struct chunk *chunk)
{
    int r;

    if (!journal->reader) {
        r = ledger_reader_open(journal->ledger_path, &journal->reader);
        if (r < 0)
            return r;
    }
    r = ledger_reader_each_audit(
        journal->reader, journal_cursor(journal), CHUNK_RECORDS, on_record, chunk);
    if (r == -ENOBUFS)
        return 0;
    if (r < 0) {
        ledger_reader_close(journal->reader);
        journal->reader = NULL;
    }
    return r;
}

static bool is_time_to_stop(const struct journal *journal)
{
    return journal->stop_at_us <= clock_boottime_us();
}

/* Waits before the next attempt, longer each time. False when it is time to stop. */
static bool back_off(struct journal *journal)
{
    uint64_t until;
    bool stop;

    if (journal->back_off_us < BACK_OFF_FIRST_US)
        journal->back_off_us = BACK_OFF_FIRST_US;
    until = clock_deadline(journal->back_off_us);
    journal->back_off_us *= 2;
    if (journal->back_off_us > BACK_OFF_LAST_US)
        journal->back_off_us = BACK_OFF_LAST_US;

    thread_lock(&journal->lock);
    while (!is_time_to_stop(journal) && clock_boottime_us() < until)
        thread_wait(&journal->lock, journal->stop_at_us < until ? journal->stop_at_us : until);
    stop = is_time_to_stop(journal);
    thread_unlock(&journal->lock);
    return !stop;
}

/* sd_journal_sendv(3) answers 0 when there is no socket, so it is looked for on both sides. */
static int send_record(struct journal *journal, const struct journal_record *record)
{
    struct journal_entry entry;
    int r;

    if (access(journal->socket_path, F_OK) < 0)
        return -errno;
    r = journal_entry_build(record, &entry);
    if (r < 0)
        return r;
    r = journal->send(entry.fields, entry.count, journal->userdata);
    journal_entry_done(&entry);
    if (r == 0 && access(journal->socket_path, F_OK) < 0)
        r = -errno;
    return r;
}

static bool must_stop(struct journal *journal)
{
    bool stop;

    thread_lock(&journal->lock);
    stop = is_time_to_stop(journal);
    thread_unlock(&journal->lock);
    return stop;
}

/* False when it was time to stop before all were sent. */
static bool send_chunk(struct journal *journal, const struct chunk *chunk)
{
    for (unsigned i = 0; i < chunk->count; i++) {
        if (must_stop(journal))
            return false;
        while (send_record(journal, &chunk->records[i]) < 0)
            if (!back_off(journal))
                return false;
        journal->back_off_us = 0;
        atomic_store(&journal->cursor, chunk->records[i].seq);
    }
    return true;
}

/* All has been sent that was durable when `known` was told; waits for more. False when it is
 * to stop: there is nothing left to catch up with. */
static bool wait_for_more(struct journal *journal, uint64_t known)
{
    bool more;

    thread_lock(&journal->lock);
    while (journal->durable == known && journal->stop_at_us == UINT64_MAX)
        thread_wait(&journal->lock, UINT64_MAX);
    more = journal->durable != known;
    thread_unlock(&journal->lock);
    return more;
}

/* One chunk, or a wait for one. False when the thread is to end. */
static bool copy_some(struct journal *journal)
{
    struct chunk chunk = {0};
    uint64_t known;
    bool go_on;
    int r;

    thread_lock(&journal->lock);
    known = journal->durable;
    thread_unlock(&journal->lock);
    r = read_chunk(journal, &chunk);
    if (r < 0)
        go_on = back_off(journal);
    else if (chunk.count == 0)
        go_on = wait_for_more(journal, known);
    else
        go_on = send_chunk(journal, &chunk);
    chunk_done(&chunk);
    return go_on;
}

static void journal_free(struct journal *journal)
{
    ledger_reader_close(journal->reader);
    thread_lock_done(&journal->lock);
    free(journal->socket_path);
    free(journal->ledger_path);
    free(journal);
}

static void *journal_main(void *userdata)
{
    struct journal *journal = userdata;
    bool abandoned;

    while (copy_some(journal))
        continue;
    thread_lock(&journal->lock);
    journal->finished = true;
    abandoned = journal->abandoned;
    thread_notify(&journal->lock);
    thread_unlock(&journal->lock);
    if (abandoned)
        journal_free(journal);
    return NULL;
}

int journal_start_with(const struct journal_options *options, struct journal **ret_journal)
{
    const char *socket_path = options->socket_path ? options->socket_path : JOURNAL_SOCKET;
    struct journal *journal = calloc(1, sizeof(*journal));
    int r = -ENOMEM;

    if (!journal)
        return -ENOMEM;
    thread_lock_init(&journal->lock);
    journal->ledger_path = strdup(options->ledger_path);
    journal->socket_path = strdup(socket_path);
    journal->send = options->send ? options->send : journal_send;
    journal->userdata = options->userdata;
    journal->stop_at_us = UINT64_MAX;
    atomic_init(&journal->cursor, options->cursor);
    if (journal->ledger_path && journal->socket_path)
        r = thread_start(&journal->thread, "journal", journal_main, journal);
    if (r < 0) {
        journal_free(journal);
        return r;
    }
    *ret_journal = journal;
    return 0;
}

int journal_start(const char *ledger_path, uint64_t cursor, struct journal **ret_journal)
{
    struct journal_options options = {.ledger_path = ledger_path, .cursor = cursor};

    return journal_start_with(&options, ret_journal);
}

void journal_wake(struct journal *journal, uint64_t seq)
{
    thread_lock(&journal->lock);
    if (seq > journal->durable) {
        journal->durable = seq;
        thread_notify(&journal->lock);
    }
    thread_unlock(&journal->lock);
}

uint64_t journal_cursor(const struct journal *journal)
{
    return atomic_load(&journal->cursor);
}

uint64_t journal_stop(struct journal *journal, uint64_t timeout_us)
{
    uint64_t give_up, cursor;
    bool finished;

    if (!journal)
        return 0;
    thread_lock(&journal->lock);
    journal->durable = UINT64_MAX; /* one more look, whatever was told before */
    journal->stop_at_us = clock_deadline(timeout_us);
    give_up =
        clock_deadline(timeout_us > UINT64_MAX - GRACE_US ? UINT64_MAX : timeout_us + GRACE_US);
    thread_notify(&journal->lock);
    while (!journal->finished && clock_boottime_us() < give_up)
        thread_wait(&journal->lock, give_up);
    finished = journal->finished;
    journal->abandoned = !finished;
    cursor = journal_cursor(journal);
    if (!finished)
        (void)pthread_detach(journal->thread);
    thread_unlock(&journal->lock);
    if (finished) {
        (void)pthread_join(journal->thread, NULL);
        journal_free(journal);
    }
    return cursor;
}
