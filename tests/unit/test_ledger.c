/* The ledger on a healthy disk: order, sharing of transactions, reading back, health. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "ledger_fixture.h"

static int set_up(void **state)
{
    static struct ledger_fixture fixture;

    ledger_fixture_init(&fixture, "/tmp");
    ledger_fixture_open(&fixture, 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    ledger_fixture_done(*state);
    return 0;
}

struct names {
    char text[256];
    int stop_after;
};

static int on_object(const char *id, const char *body, void *userdata)
{
    struct names *names = userdata;

    strcat(names->text, id);
    strcat(names->text, "=");
    strcat(names->text, body);
    strcat(names->text, " ");
    return names->stop_after > 0 && --names->stop_after == 0 ? -ECANCELED : 0;
}

static void commit_state(
    struct ledger_fixture *fixture, enum ledger_kind kind, const char *id, bool live)
{
    struct ledger_batch *batch = ledger_batch_new();
    struct ledger_answer answer;

    assert_non_null(batch);
    ledger_batch_put(batch, kind, id, live, live ? "live" : "ended");
    ledger_fixture_submit(fixture, batch, false, &answer);
    ledger_fixture_wait(fixture, &answer);
    assert_int_equal(answer.result, 0);
    assert_int_equal(answer.first_seq, 0);
}

static void test_objects_are_read_back(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct names live = {0}, recent = {0}, stopped = {.stop_after = 1};
    AUTO_FREE char *body = NULL;

    commit_state(fixture, LEDGER_GRANT, "G1", true);
    commit_state(fixture, LEDGER_GRANT, "G2", true);
    commit_state(fixture, LEDGER_REQUEST, "R1", true);
    commit_state(fixture, LEDGER_GRANT, "G3", true);
    commit_state(fixture, LEDGER_GRANT, "G2", false);

    assert_int_equal(ledger_each_live(fixture->ledger, LEDGER_GRANT, on_object, &live), 0);
    assert_string_equal(live.text, "G1=live G3=live ");
    assert_int_equal(ledger_each_recent(fixture->ledger, LEDGER_GRANT, 2, on_object, &recent), 0);
    assert_string_equal(recent.text, "G3=live G2=ended ");
    assert_int_equal(
        ledger_each_live(fixture->ledger, LEDGER_GRANT, on_object, &stopped), -ECANCELED);
    assert_string_equal(stopped.text, "G1=live ");
    assert_int_equal(ledger_get(fixture->ledger, LEDGER_GRANT, "G2", &body), 0);
    assert_string_equal(body, "ended");
    assert_int_equal(ledger_get(fixture->ledger, LEDGER_REQUEST, "G2", &body), -ENOENT);
}

static void test_meta_is_set_replaced_removed(void **state)
{
    static const char *const values[] = {"1", "22", ""};
    struct ledger_fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct ledger_batch *batch = ledger_batch_new();
        AUTO_FREE char *value = NULL;
        struct ledger_answer answer;

        assert_non_null(batch);
        ledger_batch_meta(batch, "journal-cursor", values[i]);
        ledger_fixture_submit(fixture, batch, true, &answer);
        ledger_fixture_wait(fixture, &answer);
        assert_int_equal(answer.result, 0);
        assert_int_equal(
            ledger_meta(fixture->ledger, "journal-cursor", &value), values[i][0] ? 0 : -ENOENT);
        if (values[i][0])
            assert_string_equal(value, values[i]);
    }
}

static void test_everything_survives_reopening(void **state)
{
    struct ledger_fixture *fixture = *state;
    AUTO_FREE char *body = NULL;

    assert_int_equal(ledger_fixture_commit(fixture, "A", "{\"a\":1}", false), 0);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 1);
    ledger_fixture_close(fixture);
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 1);
    assert_int_equal(ledger_get(fixture->ledger, LEDGER_GRANT, "A", &body), 0);
    assert_string_equal(body, "{\"a\":1}");
    assert_int_equal(ledger_fixture_commit(fixture, "B", "{}", false), 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), 2);
}

static void test_files_are_private(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".exists"};
    struct ledger_fixture *fixture = *state;

    assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), 0);
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        struct stat st;

        assert_int_equal(stat(ledger_fixture_file(fixture, suffixes[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

/* Answers come in order, sequence numbers in the same order, each batch's own without a gap. */
static void test_order_and_shared_transactions(void **state)
{
    struct ledger_fixture *fixture = *state;
    static struct ledger_answer answers[500];
    struct ledger_health health;

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct ledger_batch *batch;
        char id[16];

        snprintf(id, sizeof(id), "G%zu", i);
        batch = ledger_fixture_batch(id, "{}");
        ledger_batch_audit(batch, id, "used", 1, "{\"second\":true}");
        ledger_fixture_submit(fixture, batch, i % 2, &answers[i]);
    }
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.waiting, ARRAY_SIZE(answers));
    ledger_fixture_wait(fixture, &answers[ARRAY_SIZE(answers) - 1]);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        assert_int_equal(answers[i].result, 0);
        assert_int_equal(answers[i].first_seq, 2 * i + 1);
        assert_int_equal(answers[i].order, answers[0].order + i);
    }
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.batches, ARRAY_SIZE(answers));
    assert_true(health.committed < ARRAY_SIZE(answers) / 4);
    assert_int_equal(health.waiting, 0);
    assert_false(health.stalled);
    assert_int_equal(ledger_fixture_count_dense(fixture), 2 * ARRAY_SIZE(answers));
}

/* While another connection holds the write lock the writer stalls, and this is seen; nothing
 * waits but the batches; afterwards all of them are committed in one transaction. */
static void test_stall_is_reported_and_passes(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_answer answers[3];
    struct ledger_health health;
    AUTO_FREE char *body = NULL;
    sqlite3 *other;

    assert_int_equal(ledger_fixture_commit(fixture, "before", "{}", false), 0);
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        ledger_fixture_submit(fixture, ledger_fixture_batch("during", "{}"), false, &answers[i]);
    do {
        ledger_fixture_turn(fixture);
        ledger_health(fixture->ledger, &health);
    } while (!health.stalled);
    assert_in_range(health.oldest_wait_us, USEC_PER_SEC, 10 * USEC_PER_SEC);
    assert_int_equal(health.waiting, 3);
    assert_false(answers[0].done);
    assert_int_equal(ledger_get(fixture->ledger, LEDGER_GRANT, "before", &body), 0);

    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    ledger_fixture_wait(fixture, &answers[2]);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        assert_int_equal(answers[i].result, 0);
    ledger_health(fixture->ledger, &health);
    assert_false(health.stalled);
}

static void test_lock_held_for_ever_fails_the_batch(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_health health;
    sqlite3 *other;

    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), -EBUSY);
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.last_error, -EBUSY);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 0);
    (void)sqlite3_close(other);
    assert_int_equal(ledger_fixture_commit(fixture, "B", "{}", false), 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), 1);
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.last_error, 0);
}

/* A disk that answers with an error: here by a limit on the size of files, which makes write(2)
 * fail. The batch fails, this is seen, nothing of it stays, and the next one finds its place. */
static void test_write_error_fails_the_batch(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct rlimit none, before;
    struct ledger_health health;
    AUTO_FREE char *body = NULL;

    assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    none = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(ledger_fixture_commit(fixture, "B", "{}", true), -EIO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.last_error, -EIO);
    assert_false(health.ballast_released);
    assert_int_equal(ledger_get(fixture->ledger, LEDGER_GRANT, "B", &body), -ENOENT);
    assert_int_equal(ledger_fixture_commit(fixture, "C", "{}", false), 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), 2);
}

/* A batch that cannot be committed fails alone, in its place. */
static void test_oversized_batch_fails_alone(void **state)
{
    struct ledger_fixture *fixture = *state;
    AUTO_FREE char *huge = malloc(LEDGER_TEXT_MAX + 2);
    struct ledger_answer answers[3];

    assert_non_null(huge);
    memset(huge, 'x', LEDGER_TEXT_MAX + 1);
    huge[LEDGER_TEXT_MAX + 1] = '\0';
    ledger_fixture_submit(fixture, ledger_fixture_batch("A", "{}"), false, &answers[0]);
    ledger_fixture_submit(fixture, ledger_fixture_batch("B", huge), false, &answers[1]);
    ledger_fixture_submit(fixture, ledger_fixture_batch("C", huge + 1), false, &answers[2]);
    ledger_fixture_wait(fixture, &answers[2]);
    assert_int_equal(answers[0].result, 0);
    assert_int_equal(answers[1].result, -E2BIG);
    assert_int_equal(answers[1].first_seq, 0);
    assert_int_equal(answers[2].result, 0);
    assert_int_equal(answers[2].first_seq, 2);
    assert_int_equal(answers[1].order, answers[0].order + 1);
}

/* A text that the caller had no memory for fails the batch; an event may belong to no chain. */
static void test_missing_texts(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_batch *batch = ledger_batch_new();
    struct ledger_answer answer;

    assert_non_null(batch);
    ledger_batch_audit(batch, "A", "decided", 1, "{}");
    ledger_batch_audit(batch, "A", "decided", 1, NULL);
    ledger_batch_put(batch, LEDGER_GRANT, "A", true, "{}");
    ledger_fixture_submit(fixture, batch, true, &answer);
    ledger_fixture_wait(fixture, &answer);
    assert_int_equal(answer.result, -ENOMEM);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 0);

    batch = ledger_batch_new();
    assert_non_null(batch);
    ledger_batch_audit(batch, NULL, "agent-started", 1, "{}");
    ledger_fixture_submit(fixture, batch, true, &answer);
    ledger_fixture_wait(fixture, &answer);
    assert_int_equal(answer.result, 0);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 1);
}

/* With too many waiting only essential batches are taken; the refusal keeps its place. */
static void test_waiting_is_bounded(void **state)
{
    struct ledger_fixture *fixture = *state;
    static struct ledger_answer answers[LEDGER_WAITING_MAX + 2];

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        ledger_fixture_submit(
            fixture, ledger_fixture_batch("A", "{}"), i == LEDGER_WAITING_MAX + 1, &answers[i]);
    ledger_fixture_wait(fixture, &answers[LEDGER_WAITING_MAX + 1]);
    assert_int_equal(answers[LEDGER_WAITING_MAX - 1].result, 0);
    assert_int_equal(answers[LEDGER_WAITING_MAX].result, -EAGAIN);
    assert_int_equal(answers[LEDGER_WAITING_MAX + 1].result, 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), LEDGER_WAITING_MAX + 1);
}

static void test_forgotten_callbacks_are_not_called(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_answer gone, kept;

    ledger_fixture_submit(fixture, ledger_fixture_batch("A", "{}"), false, &gone);
    ledger_fixture_submit(fixture, ledger_fixture_batch("B", "{}"), false, &kept);
    ledger_forget(fixture->ledger, &gone);
    ledger_fixture_wait(fixture, &kept);
    assert_false(gone.done);
    assert_int_equal(ledger_fixture_count_dense(fixture), 2);
}

static void test_close_commits_and_answers(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_answer answers[20];

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        ledger_fixture_submit(fixture, ledger_fixture_batch("A", "{}"), false, &answers[i]);
    ledger_fixture_close(fixture);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        assert_true(answers[i].done);
        assert_int_equal(answers[i].result, 0);
    }
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), ARRAY_SIZE(answers));
}

struct draining {
    struct ledger_fixture *fixture;
    uint64_t last_seq;
};

/* Submits from a callback, twice over: all of it is drained. */
static void on_second(int result, uint64_t first_seq, void *userdata)
{
    struct draining *draining = userdata;

    assert_int_equal(result, 0);
    draining->last_seq = first_seq;
    if (first_seq < 30)
        ledger_submit(draining->fixture->ledger, ledger_fixture_batch("more", "{}"), false,
            on_second, draining);
}

static void test_drain_waits_for_all(void **state)
{
    struct draining draining = {.fixture = *state};

    ledger_drain(draining.fixture->ledger);
    for (int i = 0; i < 10; i++)
        ledger_submit(
            draining.fixture->ledger, ledger_fixture_batch("A", "{}"), false, on_second, &draining);
    ledger_drain(draining.fixture->ledger);
    assert_int_equal(draining.last_seq, ledger_durable_seq(draining.fixture->ledger));
    assert_true(draining.last_seq >= 30);
    assert_int_equal(ledger_fixture_count_dense(draining.fixture), draining.last_seq);
}

struct chained {
    struct ledger_fixture *fixture;
    struct ledger_answer second;
    int result;
};

static void on_first(int result, uint64_t first_seq, void *userdata)
{
    struct chained *chained = userdata;

    assert_int_equal(result, 0);
    assert_int_equal(first_seq, 1);
    ledger_fixture_submit(
        chained->fixture, ledger_fixture_batch("second", "{}"), false, &chained->second);
}

static void test_callback_may_submit(void **state)
{
    struct chained chained = {.fixture = *state};

    ledger_submit(
        chained.fixture->ledger, ledger_fixture_batch("first", "{}"), false, on_first, &chained);
    ledger_fixture_wait(chained.fixture, &chained.second);
    assert_int_equal(chained.second.first_seq, 2);
}

static void test_submitting_while_closing_fails(void **state)
{
    struct chained chained = {.fixture = *state};

    ledger_submit(
        chained.fixture->ledger, ledger_fixture_batch("first", "{}"), false, on_first, &chained);
    ledger_fixture_close(chained.fixture);
    assert_true(chained.second.done);
    assert_int_equal(chained.second.result, -ESHUTDOWN);
    ledger_fixture_open(chained.fixture, 0);
    assert_int_equal(ledger_fixture_count_dense(chained.fixture), 1);
}

static int count_record(uint64_t seq, uint64_t realtime_us UNUSED, const char *chain UNUSED,
    const char *event UNUSED, const char *record UNUSED, void *userdata)
{
    *(uint64_t *)userdata = seq;
    return 0;
}

static void test_reader_of_another_thread(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_reader *reader = NULL;
    uint64_t last = 0;

    assert_int_equal(ledger_reader_open(fixture->path, &reader), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), 0);
    assert_int_equal(ledger_reader_each_audit(reader, 1, 3, count_record, &last), 0);
    assert_int_equal(last, 4);
    assert_int_equal(ledger_reader_each_audit(reader, UINT64_MAX, 3, count_record, &last), 0);
    assert_int_equal(last, 4);
    ledger_reader_close(reader);
    assert_int_equal(ledger_reader_open("/nonexistent/ledger.db", &reader), -ENOENT);
}

/* The log is copied back while it runs, so that it stays short whatever is written. */
static void test_log_stays_short(void **state)
{
    struct ledger_fixture *fixture = *state;
    AUTO_FREE char *body = malloc(100001);
    struct stat st;

    assert_non_null(body);
    memset(body, 'x', 100000);
    body[100000] = '\0';
    for (unsigned i = 0; i < 250; i++) {
        char id[16];

        snprintf(id, sizeof(id), "G%u", i);
        assert_int_equal(ledger_fixture_commit(fixture, id, body, false), 0);
    }
    assert_int_equal(stat(ledger_fixture_file(fixture, "-wal"), &st), 0);
    assert_in_range(st.st_size, 1, 6 * 1024 * 1024);
    assert_int_equal(stat(fixture->path, &st), 0);
    assert_true(st.st_size > 32 * 1024 * 1024);
}

static void test_audit_is_append_only(void **state)
{
    struct ledger_fixture *fixture = *state;
    sqlite3 *other;

    assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), 0);
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(other, "DELETE FROM audit", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(
        sqlite3_exec(other, "UPDATE audit SET record = ''", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    assert_int_equal(ledger_fixture_count_dense(fixture), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_objects_are_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_meta_is_set_replaced_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_everything_survives_reopening, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files_are_private, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order_and_shared_transactions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stall_is_reported_and_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_held_for_ever_fails_the_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_error_fails_the_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_oversized_batch_fails_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waiting_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forgotten_callbacks_are_not_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_commits_and_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drain_waits_for_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_callback_may_submit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_submitting_while_closing_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reader_of_another_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_stays_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audit_is_append_only, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
