#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#include "../../common/clock.h"
#include "ledger_db.h"
#include "ledger_marker.h"
#include "ledger_policy.h"
#include "ledger_reader.h"
#include "ledger_schema.h"
#include "ledger_writer.h"

#define STALLED_US USEC_PER_SEC

struct ledger {
    struct ledger_writer writer;
    sqlite3 *db; /* used by the writer's thread alone while it runs */
    struct ledger_reader *reader;
    sd_event_source *source;
    int event_fd;
    int marker_fd; /* holds the lock */
    bool started, closing;

    /* Submitted and not yet answered, in order: the loop's own view. */
    struct ledger_batch *pending, **pending_last;
    size_t waiting;
    uint64_t answered;
};

/* SQLite would make the file readable for everybody, and its companions like it. */
static int make_file(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    return fd < 0 && errno != EEXIST ? -errno : 0;
}

/* The settings of the connection that writes. A log that a long read made grow is cut back. */
static int set_up_writing(sqlite3 *db)
{
    AUTO_STATEMENT sqlite3_stmt *mode = NULL;
    int r;

    r = ledger_db_prepare(db, "PRAGMA journal_mode = WAL", &mode);
    if (r < 0)
        return r;
    if (sqlite3_step(mode) != SQLITE_ROW)
        return ledger_db_error(db);
    if (sqlite3_stricmp((const char *)sqlite3_column_text(mode, 0), "wal") != 0)
        return -EOPNOTSUPP; /* a file system without shared memory maps */
    return ledger_db_exec(db, "PRAGMA synchronous = FULL;"
                              "PRAGMA wal_autocheckpoint = 0;"
                              "PRAGMA journal_size_limit = 16777216;");
}

static int open_checked(struct ledger *ledger, char **ret_detail)
{
    unsigned version;
    int r;

    r = ledger_schema_check(ledger->db, ledger->marker_fd >= 0, &version, ret_detail);
    if (r != 0)
        return r;
    r = set_up_writing(ledger->db);
    if (r == 0)
        r = ledger_schema_migrate(ledger->db, version);
    if (r < 0 && asprintf(ret_detail, "%s: cannot be set up for writing: %s",
                     sqlite3_db_filename(ledger->db, "main"), sqlite3_errmsg(ledger->db)) < 0)
        *ret_detail = NULL;
    return r;
}

static int open_database(struct ledger *ledger, const char *path, char **ret_detail)
{
    int r;

    r = ledger_db_open(path, SQLITE_OPEN_READWRITE, &ledger->db, ret_detail);
    if (r == 0)
        r = open_checked(ledger, ret_detail);
    if (r != 0) {
        ledger_db_abandon(TAKE_PTR(ledger->db));
        return r == -EUCLEAN ? LEDGER_E_CORRUPT : r;
    }
    return 0;
}

/* Even opening needs some room (the log's shared memory); on a full disk it comes from the
 * ballast. */
static int open_with_ballast(
    struct ledger *ledger, const char *path, struct ledger_ballast *ballast, char **ret_detail)
{
    int r;

    r = open_database(ledger, path, ret_detail);
    if (r == -ENOSPC && ledger_ballast_release(ballast)) {
        free(TAKE_PTR(*ret_detail));
        r = open_database(ledger, path, ret_detail);
    }
    return r;
}

static int on_wake(sd_event_source *source, int fd, uint32_t events, void *userdata);

static int open_wake(struct ledger *ledger, struct sd_event *event)
{
    ledger->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ledger->event_fd < 0)
        return -errno;
    return sd_event_add_io(event, &ledger->source, ledger->event_fd, EPOLLIN, on_wake, ledger);
}

static int start(
    struct ledger *ledger, struct sd_event *event, const char *path, struct ledger_ballast *ballast)
{
    int r;

    if (ledger->marker_fd < 0) {
        r = ledger_marker_create(path, &ledger->marker_fd);
        if (r < 0)
            return r;
    }
    r = ledger_reader_open(path, &ledger->reader);
    if (r == 0)
        r = open_wake(ledger, event);
    if (r < 0)
        return r;
    r = ledger_writer_start(&ledger->writer, ledger->db, ballast, ledger->event_fd);
    ledger->started = r == 0;
    return r;
}

static int open_all(struct ledger *ledger, struct sd_event *event,
    const struct ledger_options *options, char **ret_detail)
{
    struct ledger_ballast ballast;
    int r;

    r = ledger_marker_check(options->path, &ledger->marker_fd, ret_detail);
    if (r != 0)
        return r;
    r = ledger_ballast_open(&ballast, options->path, options->ballast_bytes);
    if (r == 0)
        r = make_file(options->path);
    if (r == 0)
        r = open_with_ballast(ledger, options->path, &ballast, ret_detail);
    if (r == 0)
        r = start(ledger, event, options->path, &ballast);
    ledger_ballast_close(&ballast);
    return r;
}

int ledger_open(struct sd_event *event, const struct ledger_options *options,
    struct ledger **ret_ledger, char **ret_detail)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    char *detail = NULL;
    int r;

    *ret_detail = NULL;
    if (!ledger)
        return -ENOMEM;
    ledger->event_fd = ledger->marker_fd = -1;
    ledger->pending_last = &ledger->pending;
    r = open_all(ledger, event, options, &detail);
    if (r != 0) {
        if (!detail && asprintf(&detail, "%s: %s", options->path, strerror(-r)) < 0)
            detail = NULL;
        *ret_detail = detail;
        ledger_close(ledger);
        return r;
    }
    *ret_ledger = ledger;
    return 0;
}

static void answer(struct ledger *ledger, uint64_t reported);

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger->closing = true;
    if (ledger->started) {
        ledger_writer_stop(&ledger->writer);
        answer(ledger, UINT64_MAX);
    }
    ledger->source = sd_event_source_disable_unref(ledger->source);
    ledger_reader_close(ledger->reader);
    (void)sqlite3_close_v2(ledger->db);
    cleanup_close(&ledger->event_fd);
    cleanup_close(&ledger->marker_fd);
    free(ledger);
}

static struct ledger_batch *pop_pending(struct ledger *ledger)
{
    struct ledger_batch *batch = ledger->pending;

    ledger->pending = batch->next_pending;
    if (!ledger->pending)
        ledger->pending_last = &ledger->pending;
    ledger->waiting--;
    ledger->answered++;
    return batch;
}

/* A callback may submit and forget; both only touch what is still pending. */
static void answer(struct ledger *ledger, uint64_t reported)
{
    while (ledger->pending && ledger->answered < reported) {
        struct ledger_batch *batch = pop_pending(ledger);

        if (batch->done)
            batch->done(batch->result, batch->first_seq, batch->userdata);
        ledger_batch_free(batch);
    }
}

static int on_wake(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct ledger *ledger = userdata;
    uint64_t count;

    (void)!read(fd, &count, sizeof(count));
    answer(ledger, ledger_writer_reported(&ledger->writer));
    return 0;
}

void ledger_submit(struct ledger *ledger, struct ledger_batch *batch, bool essential,
    ledger_done_fn done, void *userdata)
{
    batch->essential = essential;
    batch->done = done;
    batch->userdata = userdata;
    batch->submitted_us = clock_boottime_us();
    batch->next_pending = NULL;
    if (ledger->waiting >= LEDGER_WAITING_MAX && !essential)
        ledger_batch_fail(batch, -EAGAIN);
    *ledger->pending_last = batch;
    ledger->pending_last = &batch->next_pending;
    ledger->waiting++;
    if (ledger->closing)
        batch->result = -ESHUTDOWN;
    else
        ledger_writer_enqueue(&ledger->writer, batch);
}

void ledger_drain(struct ledger *ledger)
{
    while (ledger->pending) {
        uint64_t submitted = ledger->answered + ledger->waiting;

        ledger_writer_wait_reported(&ledger->writer, submitted);
        answer(ledger, submitted);
    }
}

void ledger_forget(struct ledger *ledger, const void *userdata)
{
    for (struct ledger_batch *batch = ledger->pending; batch; batch = batch->next_pending)
        if (batch->userdata == userdata)
            batch->done = NULL;
}

int ledger_each_live(
    struct ledger *ledger, enum ledger_kind kind, ledger_row_fn row, void *userdata)
{
    return ledger_reader_each_live(ledger->reader, kind, row, userdata);
}

int ledger_get(struct ledger *ledger, enum ledger_kind kind, const char *id, char **ret_body)
{
    return ledger_reader_get(ledger->reader, kind, id, ret_body);
}

int ledger_each_recent(
    struct ledger *ledger, enum ledger_kind kind, unsigned limit, ledger_row_fn row, void *userdata)
{
    return ledger_reader_each_recent(ledger->reader, kind, limit, row, userdata);
}

int ledger_meta(struct ledger *ledger, const char *key, char **ret_value)
{
    return ledger_reader_meta(ledger->reader, key, ret_value);
}

int ledger_each_audit(
    struct ledger *ledger, uint64_t after, unsigned limit, ledger_audit_fn row, void *userdata)
{
    return ledger_reader_each_audit(ledger->reader, after, limit, row, userdata);
}

struct ledger_reader *ledger_own_reader(struct ledger *ledger)
{
    return ledger->reader;
}

void ledger_health(struct ledger *ledger, struct ledger_health *ret_health)
{
    uint64_t now = clock_boottime_us();

    ledger_writer_health(&ledger->writer, ret_health);
    ret_health->waiting = ledger->waiting;
    ret_health->oldest_wait_us = ledger->pending ? now - ledger->pending->submitted_us : 0;
    ret_health->stalled = ret_health->oldest_wait_us > STALLED_US;
}

uint64_t ledger_durable_seq(struct ledger *ledger)
{
    return atomic_load_explicit(&ledger->writer.durable_seq, memory_order_acquire);
}
