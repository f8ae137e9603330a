/* Policy versions in the ledger's file: loadings, texts in parts, what a crash leaves, and a ledger
 * from before there were any. */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include <cmocka.h>

#include "../../agent/ledger/ledger_policy.h"
#include "../../common/file.h"
#include "ledger_fixture.h"

#define OLD_LEDGER "tests/unit/data/ledger-1.sql"

#define A "aaaaaaaa00000000000000000000000000000000000000000000000000000000"
#define B "aaaaaaaabbbbbbbb000000000000000000000000000000000000000000000000"
#define C "cccccccc00000000000000000000000000000000000000000000000000000000"

static int set_up(void **state)
{
    static struct ledger_fixture fixture;

    ledger_fixture_init(&fixture, "/tmp");
    *state = &fixture;
    return 0;
}

static int set_up_open(void **state)
{
    set_up(state);
    ledger_fixture_open(*state, 0);
    return 0;
}

static int tear_down(void **state)
{
    ledger_fixture_done(*state);
    return 0;
}

static void commit(struct ledger_fixture *fixture, struct ledger_batch *batch)
{
    struct ledger_answer answer;

    ledger_fixture_submit(fixture, batch, true, &answer);
    ledger_fixture_wait(fixture, &answer);
    assert_int_equal(answer.result, 0);
}

static void commit_loading(struct ledger_fixture *fixture, const char *digest, const char *record)
{
    struct ledger_batch *batch = ledger_batch_new();

    ledger_batch_loading(batch, digest, record);
    commit(fixture, batch);
}

/* The test's hashes are the texts themselves. */
static void commit_text(struct ledger_fixture *fixture, const char *digest, uint64_t part,
    const char *file, const char *text)
{
    struct ledger_batch *batch = ledger_batch_new();

    ledger_batch_chunk(batch, text, text);
    ledger_batch_text(batch, digest, part, file, text);
    commit(fixture, batch);
}

static void commit_text_end(struct ledger_fixture *fixture, const char *digest, uint64_t parts)
{
    struct ledger_batch *batch = ledger_batch_new();

    ledger_batch_text_end(batch, digest, parts);
    commit(fixture, batch);
}

static int print_version(const struct ledger_version *version, void *userdata)
{
    char *text = userdata;

    sprintf(text + strlen(text), "%.12s %s %llu %s %s\n", version->digest,
        version->complete ? "kept" : "not kept", (unsigned long long)version->loads, version->first,
        version->last);
    return 0;
}

static int print_part(const struct ledger_part *part, void *userdata)
{
    char *text = userdata;

    assert_string_equal(part->hash, part->text);
    sprintf(text + strlen(text), "%s: %s\n", part->file, part->text);
    return 0;
}

static void test_versions_are_counted(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_reader *reader = ledger_own_reader(fixture->ledger);
    AUTO_FREE char *newest = NULL;
    char text[512] = "", one[256] = "";

    assert_int_equal(ledger_reader_newest_loading(reader, &newest), -ENOENT);
    commit_loading(fixture, A, "{1}");
    commit_loading(fixture, C, "{2}");
    commit_loading(fixture, A, "{3}");
    commit_text_end(fixture, C, 0);
    assert_int_equal(ledger_reader_each_version(reader, 10, print_version, text), 0);
    assert_string_equal(text, "aaaaaaaa0000 not kept 2 {1} {3}\ncccccccc0000 kept 1 {2} {2}\n");
    assert_int_equal(ledger_reader_version(reader, C, print_version, one), 0);
    assert_string_equal(one, "cccccccc0000 kept 1 {2} {2}\n");
    one[0] = '\0';
    assert_int_equal(ledger_reader_each_version(reader, 1, print_version, one), 0);
    assert_string_equal(one, "aaaaaaaa0000 not kept 2 {1} {3}\n");
    assert_int_equal(ledger_reader_newest_loading(reader, &newest), 0);
    assert_string_equal(newest, "{3}");
}

static void test_versions_are_found(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_reader *reader = ledger_own_reader(fixture->ledger);
    char digest[LEDGER_DIGEST_SIZE] = "";

    commit_loading(fixture, A, "{}");
    commit_loading(fixture, B, "{}");
    commit_loading(fixture, C, "{}");
    assert_int_equal(ledger_reader_find_version(reader, "cccccccc", digest), 0);
    assert_string_equal(digest, C);
    assert_int_equal(ledger_reader_find_version(reader, "aaaaaaaa", digest), -ENOTUNIQ);
    assert_int_equal(ledger_reader_find_version(reader, "aaaaaaaab", digest), 0);
    assert_string_equal(digest, B);
    assert_int_equal(ledger_reader_find_version(reader, A, digest), 0);
    assert_string_equal(digest, A);
    assert_int_equal(ledger_reader_find_version(reader, "bbbbbbbb", digest), -ENOENT);
    assert_int_equal(ledger_reader_find_version(reader, "cccccccc1", digest), -ENOENT);
}

static void test_text_counts_when_complete(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_reader *reader = ledger_own_reader(fixture->ledger);
    const struct ledger_range all = {0, INT64_MAX}, middle = {1, 1};
    char text[512] = "";

    commit_loading(fixture, A, "{}");
    commit_text(fixture, A, 0, "a.yaml", "rules:");
    commit_text(fixture, A, 2, "z.yaml", "left over from a longer attempt");
    assert_int_equal(ledger_reader_each_text(reader, A, all, print_part, text), -ENOENT);
    /* the same again, as after a crash, and to its end */
    commit_text(fixture, A, 0, "a.yaml", "rules: []");
    commit_text(fixture, A, 1, "b.yaml", "");
    commit_text_end(fixture, A, 2);
    assert_int_equal(ledger_reader_each_text(reader, A, all, print_part, text), 0);
    assert_string_equal(text, "a.yaml: rules: []\nb.yaml: \n");
    text[0] = '\0';
    assert_int_equal(ledger_reader_each_text(reader, A, middle, print_part, text), 0);
    assert_string_equal(text, "b.yaml: \n");
    assert_int_equal(ledger_reader_each_text(reader, C, all, print_part, text), -ENOENT);
    ledger_fixture_close(fixture);
    ledger_fixture_open(fixture, 0);
    text[0] = '\0';
    assert_int_equal(
        ledger_reader_each_text(ledger_own_reader(fixture->ledger), A, all, print_part, text), 0);
    assert_string_equal(text, "a.yaml: rules: []\nb.yaml: \n");
}

static void test_parts_that_are_gone(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct ledger_range all = {0, INT64_MAX}, first = {0, 1};
    struct ledger_batch *batch = ledger_batch_new();
    struct ledger_reader *reader = ledger_own_reader(fixture->ledger);
    char text[512] = "";

    commit_loading(fixture, A, "{}");
    commit_text(fixture, A, 0, "a.yaml", "one");
    ledger_batch_text(batch, A, 1, "a.yaml", "a chunk that was never put");
    commit(fixture, batch);
    commit_text_end(fixture, A, 2);
    assert_int_equal(ledger_reader_each_text(reader, A, first, print_part, text), 0);
    assert_int_equal(ledger_reader_each_text(reader, A, all, print_part, text), -EUCLEAN);
}

static sqlite3 *open_raw(const struct ledger_fixture *fixture)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    return db;
}

static void test_chunks_are_kept_once(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct ledger_range all = {0, INT64_MAX};
    struct ledger_reader *reader = ledger_own_reader(fixture->ledger);
    sqlite3_stmt *statement;
    char text[512] = "";
    sqlite3 *db;

    commit_loading(fixture, A, "{}");
    commit_text(fixture, A, 0, "a.yaml", "shared");
    commit_text(fixture, A, 1, "a.yaml", "own");
    commit_text_end(fixture, A, 2);
    commit_loading(fixture, C, "{}");
    commit_text(fixture, C, 0, "c.yaml", "shared");
    commit_text_end(fixture, C, 1);
    assert_int_equal(ledger_reader_each_text(reader, C, all, print_part, text), 0);
    assert_int_equal(ledger_reader_each_text(reader, A, all, print_part, text), 0);
    assert_string_equal(text, "c.yaml: shared\na.yaml: shared\na.yaml: own\n");
    db = open_raw(fixture);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM policy_chunk", -1, &statement, NULL), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 2);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void test_loadings_are_append_only(void **state)
{
    struct ledger_fixture *fixture = *state;
    sqlite3 *db;

    commit_loading(fixture, A, "{}");
    db = open_raw(fixture);
    assert_int_equal(sqlite3_exec(db, "UPDATE policy_load SET record = 'x'", NULL, NULL, NULL),
        SQLITE_CONSTRAINT);
    assert_int_equal(
        sqlite3_exec(db, "DELETE FROM policy_load", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

static void test_too_large_a_part_is_refused(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_batch *batch = ledger_batch_new();
    AUTO_FREE char *large = calloc(1, LEDGER_TEXT_MAX + 2);
    struct ledger_answer answer;

    memset(large, 'x', LEDGER_TEXT_MAX + 1);
    ledger_batch_chunk(batch, "hash", large);
    ledger_fixture_submit(fixture, batch, true, &answer);
    ledger_fixture_wait(fixture, &answer);
    assert_int_equal(answer.result, -E2BIG);
}

static void write_old_ledger(const struct ledger_fixture *fixture)
{
    AUTO_CLOSE int fd = file_open_trusted(OLD_LEDGER, geteuid());
    AUTO_FREE char *sql = NULL;
    sqlite3 *db = open_raw(fixture);
    size_t length;

    assert_true(fd >= 0);
    assert_int_equal(file_read_all(fd, LEDGER_TEXT_MAX, &sql, &length), 0);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int count_row(const char *id, const char *body, void *userdata)
{
    unsigned *count = userdata;

    assert_string_equal(id, "J7VW-S3ZX");
    assert_non_null(strstr(body, "\"backup is due\""));
    (*count)++;
    return 0;
}

static void test_old_ledger_is_migrated(void **state)
{
    struct ledger_fixture *fixture = *state;
    AUTO_FREE char *newest = NULL, *key = NULL;
    struct ledger_reader *reader;
    unsigned requests = 0;

    write_old_ledger(fixture);
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 5);
    assert_int_equal(ledger_each_live(fixture->ledger, LEDGER_REQUEST, count_row, &requests), 0);
    assert_int_equal(requests, 1);
    assert_int_equal(ledger_meta(fixture->ledger, "seal-key", &key), 0);
    reader = ledger_own_reader(fixture->ledger);
    assert_int_equal(ledger_reader_newest_loading(reader, &newest), -ENOENT);
    commit_loading(fixture, A, "{}");
    assert_int_equal(ledger_reader_newest_loading(reader, &newest), 0);
    /* and is one of this version from then on */
    ledger_fixture_close(fixture);
    ledger_fixture_open(fixture, 0);
    assert_int_equal(ledger_durable_seq(fixture->ledger), 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_open, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_versions_are_counted),
        TEST(test_versions_are_found),
        TEST(test_text_counts_when_complete),
        TEST(test_parts_that_are_gone),
        TEST(test_chunks_are_kept_once),
        TEST(test_loadings_are_append_only),
        TEST(test_too_large_a_part_is_refused),
        cmocka_unit_test_setup_teardown(test_old_ledger_is_migrated, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
