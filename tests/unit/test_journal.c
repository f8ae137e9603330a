/* The copy to the journal, with a journald of the test's own: frozen, absent, failing,
 * restarted. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../agent/journal/journal.h"
#include "../../common/clock.h"
#include "../../common/thread.h"
#include "ledger_fixture.h"

#define RECEIVED_MAX 4096
#define PATIENCE_US (20 * USEC_PER_SEC)

struct journald {
    struct thread_lock lock;
    uint64_t received[RECEIVED_MAX]; /* sequence numbers, in order of arrival */
    size_t count;
    unsigned attempts;
    bool frozen;
    bool waiting;       /* somebody hangs in a send */
    int fail_times;     /* answers -ECONNREFUSED that often */
    const char *remove; /* the socket goes away during a send */
};

struct scene {
    struct ledger_fixture ledger;
    char socket[128];
    struct journald *journald;
    struct journal *journal;
};

/* A field's value ends with its length, not with a NUL. */
static uint64_t sequence_of(const struct iovec *fields, int count)
{
    static const char name[] = "ASSENT_AUDIT_SEQ=";
    size_t length = strlen(name);

    for (int i = 0; i < count; i++) {
        char value[24] = "";

        if (fields[i].iov_len <= length || memcmp(fields[i].iov_base, name, length) != 0)
            continue;
        assert_true(fields[i].iov_len - length < sizeof(value));
        memcpy(value, (const char *)fields[i].iov_base + length, fields[i].iov_len - length);
        return strtoull(value, NULL, 10);
    }
    return 0;
}

static int receive(const struct iovec *fields, int count, void *userdata)
{
    struct journald *journald = userdata;
    int r = 0;

    thread_lock(&journald->lock);
    journald->attempts++;
    journald->waiting = true;
    thread_notify(&journald->lock);
    while (journald->frozen)
        thread_wait(&journald->lock, UINT64_MAX);
    journald->waiting = false;
    if (journald->remove)
        (void)unlink(journald->remove);
    if (journald->fail_times > 0 && journald->fail_times--)
        r = -ECONNREFUSED;
    else if (!journald->remove && journald->count < RECEIVED_MAX)
        journald->received[journald->count++] = sequence_of(fields, count);
    journald->remove = NULL;
    thread_notify(&journald->lock);
    thread_unlock(&journald->lock);
    return r;
}

static void make_socket(const struct scene *scene)
{
    AUTO_CLOSE int fd = open(scene->socket, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
}

static int set_up(void **state)
{
    static struct scene scene;

    scene = (struct scene){.journald = calloc(1, sizeof(struct journald))};
    assert_non_null(scene.journald);
    thread_lock_init(&scene.journald->lock);
    ledger_fixture_init(&scene.ledger, "/tmp");
    snprintf(scene.socket, sizeof(scene.socket), "%s/socket", scene.ledger.directory);
    make_socket(&scene);
    ledger_fixture_open(&scene.ledger, 0);
    *state = &scene;
    return 0;
}

static void set_frozen(struct scene *scene, bool frozen)
{
    thread_lock(&scene->journald->lock);
    scene->journald->frozen = frozen;
    thread_notify(&scene->journald->lock);
    thread_unlock(&scene->journald->lock);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    set_frozen(scene, false);
    (void)journal_stop(scene->journal, PATIENCE_US);
    ledger_fixture_done(&scene->ledger);
    thread_lock_done(&scene->journald->lock);
    free(scene->journald);
    return 0;
}

static void start_journal(struct scene *scene, uint64_t cursor)
{
    struct journal_options options = {.ledger_path = scene->ledger.path,
        .cursor = cursor,
        .socket_path = scene->socket,
        .send = receive,
        .userdata = scene->journald};

    assert_int_equal(journal_start_with(&options, &scene->journal), 0);
}

static void stop_journal(struct scene *scene)
{
    (void)journal_stop(scene->journal, PATIENCE_US);
    scene->journal = NULL;
}

/* Commits that many records, and tells the journal's thread as the agent does. */
static void append(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(
            ledger_fixture_commit(&scene->ledger, "chain", "{\"message\":\"m\"}", false), 0);
        if (scene->journal)
            journal_wake(scene->journal, ledger_durable_seq(scene->ledger.ledger));
    }
}

static void wait_for_count(struct scene *scene, size_t count)
{
    struct journald *journald = scene->journald;
    uint64_t deadline = clock_deadline(PATIENCE_US);

    thread_lock(&journald->lock);
    while (journald->count < count && clock_boottime_us() < deadline)
        thread_wait(&journald->lock, deadline);
    thread_unlock(&journald->lock);
    assert_true(journald->count >= count);
}

static void wait_until_waiting(struct scene *scene)
{
    struct journald *journald = scene->journald;
    uint64_t deadline = clock_deadline(PATIENCE_US);

    thread_lock(&journald->lock);
    while (!journald->waiting && clock_boottime_us() < deadline)
        thread_wait(&journald->lock, deadline);
    assert_true(journald->waiting);
    thread_unlock(&journald->lock);
}

/* first, first + 1, ... last and nothing else. */
static void assert_received(struct scene *scene, uint64_t first, uint64_t last)
{
    assert_int_equal(scene->journald->count, last - first + 1);
    for (size_t i = 0; i < scene->journald->count; i++)
        assert_int_equal(scene->journald->received[i], first + i);
}

static void test_every_record_in_order(void **state)
{
    struct scene *scene = *state;

    append(scene, 150);
    start_journal(scene, 0);
    append(scene, 150);
    wait_for_count(scene, 300);
    stop_journal(scene);
    assert_received(scene, 1, 300);
}

/* A frozen journald stops its thread and nothing else; afterwards nothing is missing. */
static void test_frozen_journald(void **state)
{
    struct scene *scene = *state;

    set_frozen(scene, true);
    start_journal(scene, 0);
    append(scene, 1);
    wait_until_waiting(scene);
    append(scene, 200);
    assert_int_equal(journal_cursor(scene->journal), 0);
    set_frozen(scene, false);
    wait_for_count(scene, 201);
    stop_journal(scene);
    assert_received(scene, 1, 201);
}

/* The thread that hangs keeps no read open: the ledger's log can be copied back to its end. */
static void test_frozen_journald_holds_no_snapshot(void **state)
{
    struct scene *scene = *state;
    int in_log = -1, copied = -1;
    sqlite3 *other;

    append(scene, 10);
    set_frozen(scene, true);
    start_journal(scene, 0);
    wait_until_waiting(scene);
    append(scene, 10);
    assert_int_equal(sqlite3_open(scene->ledger.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "SELECT * FROM meta", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(other, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied),
        SQLITE_OK);
    (void)sqlite3_close(other);
    assert_true(in_log > 0);
    assert_int_equal(copied, in_log);
    set_frozen(scene, false);
}

/* A stop does not wait for a frozen journald, and the thread cleans up when it gets out. */
static void test_stop_while_frozen(void **state)
{
    struct scene *scene = *state;
    uint64_t start;

    append(scene, 3);
    set_frozen(scene, true);
    start_journal(scene, 0);
    wait_until_waiting(scene);
    start = clock_boottime_us();
    assert_int_equal(journal_stop(scene->journal, 100 * USEC_PER_MSEC), 0);
    scene->journal = NULL;
    assert_in_range(clock_boottime_us() - start, 100 * USEC_PER_MSEC, 2 * USEC_PER_SEC);
    set_frozen(scene, false);
    wait_for_count(scene, 1);

    /* What was not handed over comes from the next one. */
    start_journal(scene, 1);
    wait_for_count(scene, 3);
    stop_journal(scene);
    assert_received(scene, 1, 3);
}

static void test_restart_goes_on_behind_the_cursor(void **state)
{
    struct scene *scene = *state;
    uint64_t cursor;

    append(scene, 100);
    start_journal(scene, 0);
    wait_for_count(scene, 100);
    stop_journal(scene);
    append(scene, 20);
    start_journal(scene, 100);
    wait_for_count(scene, 120);
    journal_wake(scene->journal, 120);
    do
        cursor = journal_cursor(scene->journal);
    while (cursor < 120);
    stop_journal(scene);
    assert_received(scene, 1, 120);

    /* With an older cursor some come twice, none is missing. */
    scene->journald->count = 0;
    start_journal(scene, 90);
    wait_for_count(scene, 30);
    stop_journal(scene);
    assert_received(scene, 91, 120);
}

static void test_stop_catches_up(void **state)
{
    struct scene *scene = *state;

    append(scene, 500);
    start_journal(scene, 0);
    stop_journal(scene);
    assert_received(scene, 1, 500);
}

/* What became durable without a word is copied all the same before the end. */
static void test_stop_takes_a_last_look(void **state)
{
    struct scene *scene = *state;
    struct journal *journal;

    append(scene, 2);
    start_journal(scene, 0);
    wait_for_count(scene, 2);
    journal = scene->journal;
    scene->journal = NULL; /* so that append() tells nobody */
    append(scene, 1);
    assert_int_equal(journal_stop(journal, PATIENCE_US), 3);
    assert_received(scene, 1, 3);
    assert_int_equal(journal_stop(NULL, 0), 0);
}

static void test_absent_socket_is_waited_for(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(unlink(scene->socket), 0);
    start_journal(scene, 0);
    append(scene, 5);
    (void)usleep(250 * USEC_PER_MSEC); /* time in which nothing may happen */
    assert_int_equal(scene->journald->attempts, 0);
    assert_int_equal(journal_cursor(scene->journal), 0);
    make_socket(scene);
    wait_for_count(scene, 5);
    stop_journal(scene);
    assert_received(scene, 1, 5);
}

/* sd_journal_sendv() would have said 0 here. */
static void test_socket_that_goes_away_in_a_send(void **state)
{
    struct scene *scene = *state;

    scene->journald->remove = scene->socket;
    start_journal(scene, 0);
    append(scene, 3);
    while (access(scene->socket, F_OK) == 0)
        ledger_fixture_turn(&scene->ledger);
    assert_int_equal(journal_cursor(scene->journal), 0);
    make_socket(scene);
    wait_for_count(scene, 3);
    stop_journal(scene);
    assert_received(scene, 1, 3);
}

static void test_failing_sends_are_repeated(void **state)
{
    struct scene *scene = *state;

    scene->journald->fail_times = 2;
    start_journal(scene, 0);
    append(scene, 4);
    wait_for_count(scene, 4);
    stop_journal(scene);
    assert_received(scene, 1, 4);
    assert_int_equal(scene->journald->attempts, 6);
}

static void test_busy_ledger_is_survived(void **state)
{
    struct scene *scene = *state;
    sqlite3 *other;

    append(scene, 10);
    assert_int_equal(sqlite3_open(scene->ledger.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    start_journal(scene, 0);
    wait_for_count(scene, 10);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    append(scene, 10);
    wait_for_count(scene, 20);
    stop_journal(scene);
    assert_received(scene, 1, 20);
}

static void test_ledger_that_cannot_be_read_is_waited_for(void **state)
{
    struct scene *scene = *state;
    char aside[160];

    append(scene, 3);
    ledger_fixture_close(&scene->ledger);
    snprintf(aside, sizeof(aside), "%s/aside", scene->ledger.directory);
    assert_int_equal(rename(scene->ledger.path, aside), 0);
    start_journal(scene, 0);
    (void)usleep(150 * USEC_PER_MSEC); /* time in which nothing may happen */
    assert_int_equal(scene->journald->attempts, 0);
    assert_int_equal(rename(aside, scene->ledger.path), 0);
    ledger_fixture_open(&scene->ledger, 0);
    wait_for_count(scene, 3);
    stop_journal(scene);
    assert_received(scene, 1, 3);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(test_every_record_in_order),
        SCENE(test_frozen_journald),
        SCENE(test_frozen_journald_holds_no_snapshot),
        SCENE(test_stop_while_frozen),
        SCENE(test_restart_goes_on_behind_the_cursor),
        SCENE(test_stop_catches_up),
        SCENE(test_stop_takes_a_last_look),
        SCENE(test_absent_socket_is_waited_for),
        SCENE(test_socket_that_goes_away_in_a_send),
        SCENE(test_failing_sends_are_repeated),
        SCENE(test_busy_ledger_is_survived),
        SCENE(test_ledger_that_cannot_be_read_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
