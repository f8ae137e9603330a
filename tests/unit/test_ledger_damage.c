/* Ledgers that must not be opened: damaged, gone, emptied, foreign, newer, in use. Each stays as
 * it was found. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/file.h"
#include "ledger_fixture.h"

#define FILE_MAX (16 * 1024 * 1024)

/* A closed ledger with some hundred pages. */
static int set_up(void **state)
{
    static struct ledger_fixture fixture;
    static struct ledger_answer answers[300];
    char body[2001];

    ledger_fixture_init(&fixture, "/tmp");
    ledger_fixture_open(&fixture, 0);
    memset(body, 'b', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        char id[16];

        snprintf(id, sizeof(id), "G%zu", i);
        ledger_fixture_submit(&fixture, ledger_fixture_batch(id, body), false, &answers[i]);
    }
    ledger_fixture_wait(&fixture, &answers[ARRAY_SIZE(answers) - 1]);
    ledger_fixture_close(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    ledger_fixture_done(*state);
    return 0;
}

static char *read_ledger(const struct ledger_fixture *fixture, size_t *ret_length)
{
    AUTO_CLOSE int fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
    char *data = NULL;

    assert_true(fd >= 0);
    assert_int_equal(file_read_all(fd, FILE_MAX, &data, ret_length), 0);
    return data;
}

static void overwrite(const char *path, off_t offset, const void *data, size_t length)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, length, offset), length);
}

/* Refused, and not a byte of the file changed by that. */
static void assert_refused(struct ledger_fixture *fixture, int outcome, const char *word)
{
    AUTO_FREE char *before = NULL, *after = NULL;
    size_t before_length, after_length;

    before = read_ledger(fixture, &before_length);
    ledger_fixture_refuse(fixture, outcome, word);
    after = read_ledger(fixture, &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
}

static void test_sound_ledger_opens(void **state)
{
    struct ledger_fixture *fixture = *state;

    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), 300);
}

static void test_garbage_in_header(void **state)
{
    struct ledger_fixture *fixture = *state;

    overwrite(fixture->path, 0, "This is no database.", 20);
    assert_refused(fixture, LEDGER_E_CORRUPT, "not a database");
}

static void test_garbage_in_the_middle(void **state)
{
    struct ledger_fixture *fixture = *state;
    char garbage[4096];
    struct stat st;

    memset(garbage, 0xa5, sizeof(garbage));
    assert_int_equal(stat(fixture->path, &st), 0);
    for (off_t page = st.st_size / 8192, i = 0; i < 8; i++)
        overwrite(fixture->path, (page + i) * 4096, garbage, sizeof(garbage));
    assert_refused(fixture, LEDGER_E_CORRUPT, "ledger.db");
}

static void test_truncated(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct stat st;

    assert_int_equal(stat(fixture->path, &st), 0);
    assert_int_equal(truncate(fixture->path, st.st_size / 2), 0);
    assert_refused(fixture, LEDGER_E_CORRUPT, "malformed");
}

static void test_emptied(void **state)
{
    struct ledger_fixture *fixture = *state;

    assert_int_equal(truncate(fixture->path, 0), 0);
    assert_refused(fixture, LEDGER_E_CORRUPT, "empty, though");
}

static void test_missing_though_it_existed(void **state)
{
    struct ledger_fixture *fixture = *state;

    assert_int_equal(unlink(fixture->path), 0);
    ledger_fixture_refuse(fixture, LEDGER_E_CORRUPT, "missing, though");
    assert_int_equal(access(fixture->path, F_OK), -1);

    assert_int_equal(unlink(ledger_fixture_file(fixture, ".exists")), 0);
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), 0);
}

static void test_log_without_its_ledger(void **state)
{
    struct ledger_fixture *fixture = *state;
    AUTO_CLOSE int fd = open(ledger_fixture_file(fixture, "-wal"), O_WRONLY | O_CREAT, 0600);

    assert_int_equal(write(fd, "log", 3), 3);
    assert_int_equal(unlink(ledger_fixture_file(fixture, ".exists")), 0);
    assert_int_equal(truncate(fixture->path, 0), 0);
    assert_refused(fixture, LEDGER_E_CORRUPT, "empty, though");
    assert_int_equal(unlink(fixture->path), 0);
    ledger_fixture_refuse(fixture, LEDGER_E_CORRUPT, "missing, though");
}

static void execute(const struct ledger_fixture *fixture, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_replaced_by_a_database_without_tables(void **state)
{
    struct ledger_fixture *fixture = *state;

    assert_int_equal(unlink(fixture->path), 0);
    execute(fixture, "CREATE TABLE t(x); DROP TABLE t;");
    assert_refused(fixture, LEDGER_E_CORRUPT, "no tables, though");
}

static void test_foreign_database(void **state)
{
    struct ledger_fixture *fixture = *state;

    assert_int_equal(unlink(fixture->path), 0);
    execute(fixture, "CREATE TABLE t(x)");
    assert_refused(fixture, LEDGER_E_CORRUPT, "not a ledger");
    execute(fixture, "PRAGMA user_version = 1");
    assert_refused(fixture, LEDGER_E_CORRUPT, "not a ledger");
}

static void test_newer_version(void **state)
{
    struct ledger_fixture *fixture = *state;

    execute(fixture, "PRAGMA user_version = 1000");
    assert_refused(fixture, LEDGER_E_NEWER, "newer assentd");
}

/* A first start that was cut short leaves a file without tables and no mark. */
static void test_unfinished_first_start_is_resumed(void **state)
{
    struct ledger_fixture *fixture = *state;

    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(unlink(ledger_fixture_file(fixture, ".exists")), 0);
    execute(fixture, "PRAGMA journal_mode = WAL");
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), 0);
}

static void test_lost_mark_is_made_again(void **state)
{
    struct ledger_fixture *fixture = *state;

    assert_int_equal(unlink(ledger_fixture_file(fixture, ".exists")), 0);
    ledger_fixture_open(fixture, 0);
    assert_int_equal(access(ledger_fixture_file(fixture, ".exists"), F_OK), 0);
}

static void test_second_process_is_refused(void **state)
{
    struct ledger_fixture *fixture = *state;
    int status;
    pid_t child;

    ledger_fixture_open(fixture, 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ledger_options options = {.path = fixture->path};
        struct ledger *second = NULL;
        char *detail = NULL;

        _exit(ledger_open(fixture->event, &options, &second, &detail) == -EBUSY && detail ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(ledger_fixture_commit(fixture, "A", "{}", false), 0);
}

static void test_unwritable_directory_says_so(void **state)
{
    struct ledger_fixture *fixture = *state;

    snprintf(fixture->path, sizeof(fixture->path), "%s/none/ledger.db", fixture->directory);
    ledger_fixture_refuse(fixture, -ENOENT, "none/ledger.db");
}

/* Over the size up to which all pages are checked, the ends still are. */
static void test_large_ledger(void **state)
{
    struct ledger_fixture *fixture = *state;
    sqlite3_int64 root;
    sqlite3_stmt *statement;
    sqlite3 *db;

    execute(fixture, "WITH RECURSIVE n(i) AS (SELECT 301 UNION ALL SELECT i + 1 FROM n LIMIT 17000)"
                     " INSERT INTO audit SELECT i, 1, 'c', 'e', hex(zeroblob(2000)) FROM n");
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 17300);
    ledger_fixture_close(fixture);

    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db, "SELECT rootpage FROM sqlite_master WHERE name = 'audit'", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    root = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    overwrite(fixture->path, (off_t)(root - 1) * 4096, "garbage", 7);
    ledger_fixture_refuse(fixture, LEDGER_E_CORRUPT, "malformed");
}

/* Damage met later: a read or a commit says so, the ledger does not go on as if nothing were. */
static void test_damage_while_open(void **state)
{
    struct ledger_fixture *fixture = *state;
    char garbage[4096];
    struct ledger_health health;
    struct stat st;

    ledger_fixture_open(fixture, 0);
    memset(garbage, 0xa5, sizeof(garbage));
    assert_int_equal(stat(fixture->path, &st), 0);
    /* All but page 1, which both connections have read. */
    for (off_t offset = 4096; offset < st.st_size; offset += 4096)
        overwrite(fixture->path, offset, garbage, sizeof(garbage));
    assert_int_equal(ledger_fixture_commit(fixture, "new", "{}", true), -EUCLEAN);
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.last_error, -EUCLEAN);
    assert_int_equal(health.waiting, 0);
}

#define WITH_LEDGER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LEDGER(test_sound_ledger_opens),
        WITH_LEDGER(test_garbage_in_header),
        WITH_LEDGER(test_garbage_in_the_middle),
        WITH_LEDGER(test_truncated),
        WITH_LEDGER(test_emptied),
        WITH_LEDGER(test_missing_though_it_existed),
        WITH_LEDGER(test_log_without_its_ledger),
        WITH_LEDGER(test_replaced_by_a_database_without_tables),
        WITH_LEDGER(test_foreign_database),
        WITH_LEDGER(test_newer_version),
        WITH_LEDGER(test_unfinished_first_start_is_resumed),
        WITH_LEDGER(test_lost_mark_is_made_again),
        WITH_LEDGER(test_second_process_is_refused),
        WITH_LEDGER(test_unwritable_directory_says_so),
        WITH_LEDGER(test_large_ledger),
        WITH_LEDGER(test_damage_while_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
