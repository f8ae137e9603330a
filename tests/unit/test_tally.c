/* Counts of requests for entitlements: kept, and what a damaged ledger makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/core/tally.h"
#include "../../common/file.h"
#include "../../common/macro.h"
#include "ledger_fixture.h"

#define LOG_MAX 65536

static int setup(void **state)
{
    static struct ledger_fixture fixture;

    ledger_fixture_init(&fixture, "/tmp");
    ledger_fixture_open(&fixture, 0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    ledger_fixture_done(*state);
    return 0;
}

static void commit(struct ledger_fixture *fixture, struct ledger_batch *batch)
{
    struct ledger_answer answer = {0};

    ledger_fixture_submit(fixture, batch, false, &answer);
    ledger_fixture_wait(fixture, &answer);
    assert_int_equal(answer.result, 0);
}

static void put(struct ledger_fixture *fixture, const char *id, const char *body)
{
    struct ledger_batch *batch = ledger_batch_new();

    assert_non_null(batch);
    ledger_batch_put(batch, LEDGER_TALLY, id, true, body);
    commit(fixture, batch);
}

static void note(struct ledger_fixture *fixture, struct tally **tallies, const char *entitlement,
    enum tally_kind kind)
{
    struct ledger_batch *batch = ledger_batch_new();

    assert_non_null(batch);
    tally_note(tallies, batch, entitlement, kind);
    commit(fixture, batch);
}

/* Loads them, with what was said meanwhile in fresh memory. */
static char *load(struct ledger_fixture *fixture, struct tally **ret_tallies)
{
    const char *path = ledger_fixture_file(fixture, ".log");
    int log = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), before = dup(STDERR_FILENO);
    char *said = NULL;
    size_t length;
    int r;

    assert_true(log >= 0 && before >= 0 && dup2(log, STDERR_FILENO) >= 0);
    r = tally_load(fixture->ledger, ret_tallies);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    assert_int_equal(r, 0);
    assert_int_equal(lseek(log, 0, SEEK_SET), 0);
    assert_int_equal(file_read_all(log, LOG_MAX, &said, &length), 0);
    close(before);
    close(log);
    return said;
}

static uint64_t count_of(const struct tally *tallies, const char *entitlement, enum tally_kind kind)
{
    const struct tally *tally = tally_of(tallies, entitlement);

    return tally ? tally->counts[kind] : 0;
}

static void test_counts_are_kept(void **state)
{
    struct tally *tallies = NULL, *again = NULL;
    AUTO_FREE char *said = NULL;

    note(*state, &tallies, "db", TALLY_ASKED);
    note(*state, &tallies, "db", TALLY_ASKED);
    note(*state, &tallies, "db", TALLY_REFUSED);
    note(*state, &tallies, "web", TALLY_ALLOWED);
    said = load(*state, &again);
    assert_string_equal(said, "");
    assert_int_equal(count_of(again, "db", TALLY_ASKED), 2);
    assert_int_equal(count_of(again, "db", TALLY_REFUSED), 1);
    assert_int_equal(count_of(again, "web", TALLY_ALLOWED), 1);
    assert_int_equal(count_of(again, "web", TALLY_ASKED), 0);
    tally_done(&tallies);
    tally_done(&again);
}

/* Left out with one line for all, the sound ones beside them kept, and counted anew. */
static void test_damaged_counts(void **state)
{
    static const char *const bodies[] = {
        "",
        "no JSON",
        "[]",
        "null",
        "{}",
        "{\"entitlement\":7,\"asked\":1}",
        "{\"entitlement\":\"bad\",\"asked\":\"many\"}",
        "{\"entitlement\":\"bad\",\"asked\":-1}",
        "{\"entitlement\":\"bad\",\"asked\":1.5}",
        "{\"entitlement\":\"bad\",\"asked\":9223372036854775807}",
        "{\"entitlement\":\"bad\",\"asked\":92233720368547758070}",
        "{\"entitlement\":\"bad\",\"asked\":1,\"asked\":2}",
        "{\"entitlement\":\"bad\",\"entitlement\":\"bad\"}",
        "{\"entitlement\":\"other\",\"asked\":1}",
        "{\"entitlement\":\"bad\\u0000\",\"asked\":1}",
        "{\"entitlement\":\"bad\",\"asked\":1",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct tally *tallies = NULL, *again = NULL;
        AUTO_FREE char *said = NULL, *after = NULL;

        put(*state, "good", "{\"entitlement\":\"good\",\"asked\":5}");
        put(*state, "bad", bodies[i]);
        said = load(*state, &tallies);
        assert_string_equal(said, "<4>1 of the ledger's counts of requests for entitlements cannot "
                                  "be read (the first: \"bad\"): they begin at zero again\n");
        assert_int_equal(count_of(tallies, "good", TALLY_ASKED), 5);
        assert_null(tally_of(tallies, "bad"));
        note(*state, &tallies, "bad", TALLY_ASKED);
        after = load(*state, &again);
        assert_string_equal(after, "");
        assert_int_equal(count_of(again, "bad", TALLY_ASKED), 1);
        tally_done(&tallies);
        tally_done(&again);
    }
}

static void test_names_made_to_harm(void **state)
{
    static const char name[] = "x\n<0>all is well\033[2J\xff\xe2\x80\xae";
    struct tally *tallies = NULL;
    AUTO_FREE char *said = NULL, *body = calloc(1, LEDGER_TEXT_MAX + 1);

    assert_non_null(body);
    memset(body, '[', LEDGER_TEXT_MAX);
    put(*state, name, body);
    memset(body, '"', 1);
    memset(body + 1, 'x', LEDGER_TEXT_MAX - 1);
    put(*state, "much", body);
    body[200000] = '\0';
    put(*state, body, "{}");
    said = load(*state, &tallies);
    assert_null(tallies);
    assert_true(strncmp(said, "<4>3 of the ledger's counts", 27) == 0);
    assert_non_null(strstr(said, "\"x\\x0a<0>all is well\\x1b[2J\\xff\\xe2\\x80\\xae\""));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

/* Of more than fit, the first stay. */
static void test_too_many(void **state)
{
    struct ledger_batch *batch = ledger_batch_new();
    struct tally *tallies = NULL;
    AUTO_FREE char *said = NULL;

    assert_non_null(batch);
    for (unsigned i = 0; i < TALLY_MAX + 2; i++) {
        char id[16], body[64];

        snprintf(id, sizeof(id), "e%u", i);
        snprintf(body, sizeof(body), "{\"entitlement\":\"%s\",\"asked\":%u}", id, i);
        ledger_batch_put(batch, LEDGER_TALLY, id, true, body);
    }
    commit(*state, batch);
    said = load(*state, &tallies);
    assert_true(strncmp(said, "<4>2 of the ledger's counts", 27) == 0);
    assert_int_equal(count_of(tallies, "e4095", TALLY_ASKED), 4095);
    assert_null(tally_of(tallies, "e4096"));
    tally_done(&tallies);
}

static void test_a_count_never_runs_over(void **state)
{
    struct tally *tallies = NULL, *again = NULL;
    AUTO_FREE char *said = NULL, *after = NULL;

    put(*state, "db", "{\"entitlement\":\"db\",\"asked\":4294967295}");
    said = load(*state, &tallies);
    assert_string_equal(said, "");
    note(*state, &tallies, "db", TALLY_ASKED);
    after = load(*state, &again);
    assert_int_equal(count_of(again, "db", TALLY_ASKED), UINT32_MAX);
    tally_done(&tallies);
    tally_done(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_made_to_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_count_never_runs_over, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
