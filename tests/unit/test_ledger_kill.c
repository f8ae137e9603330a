/* kill -9 in the middle of writing, again and again on one ledger: what was acknowledged is
 * there, and the sequence has neither gap nor double. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger_fixture.h"

#define ROUNDS 60
#define OUTSTANDING 24

/* What a child tells through the pipe, whole or not at all (PIPE_BUF). */
struct acknowledged {
    uint64_t round, number, seq;
};

struct slot {
    struct writing *writing;
    struct acknowledged about;
};

struct writing {
    struct ledger_fixture *fixture;
    int pipe;
    uint64_t round, number;
    struct slot slots[OUTSTANDING];
};

static void name_grant(char ret_id[48], uint64_t round, uint64_t number)
{
    snprintf(ret_id, 48, "%llu-%llu", (unsigned long long)round, (unsigned long long)number);
}

static void write_next(struct slot *slot);

static void on_durable(int result, uint64_t first_seq, void *userdata)
{
    struct slot *slot = userdata;

    if (result != 0)
        _exit(2);
    slot->about.seq = first_seq;
    if (write(slot->writing->pipe, &slot->about, sizeof(slot->about)) !=
        (ssize_t)sizeof(slot->about))
        _exit(3);
    write_next(slot);
}

static void write_next(struct slot *slot)
{
    struct writing *writing = slot->writing;
    char id[48];

    slot->about = (struct acknowledged){.round = writing->round, .number = writing->number++};
    name_grant(id, slot->about.round, slot->about.number);
    ledger_submit(
        writing->fixture->ledger, ledger_fixture_batch(id, "{}"), false, on_durable, slot);
}

/* Writes until it is killed. */
static void child_main(struct ledger_fixture *fixture, uint64_t round, int pipe)
{
    struct writing writing = {.fixture = fixture, .pipe = pipe, .round = round};

    if (sd_event_new(&fixture->event) < 0)
        _exit(4);
    ledger_fixture_open(fixture, 64 * 1024);
    for (size_t i = 0; i < OUTSTANDING; i++) {
        writing.slots[i].writing = &writing;
        write_next(&writing.slots[i]);
    }
    for (;;)
        ledger_fixture_turn(fixture);
}

/* What came through the pipe, checked once the ledger is open again. */
struct told {
    struct acknowledged *items;
    size_t count;
};

/* Reads on until that many have come, or the pipe has ended. */
static void read_told(int pipe, size_t count, struct told *told)
{
    struct acknowledged one;

    while (told->count < count && read(pipe, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        told->items = realloc(told->items, (told->count + 1) * sizeof(one));
        assert_non_null(told->items);
        told->items[told->count++] = one;
    }
}

struct looked_up {
    const char *id;
    bool found;
};

static int on_record(uint64_t seq UNUSED, uint64_t realtime_us UNUSED, const char *chain,
    const char *event UNUSED, const char *record UNUSED, void *userdata)
{
    struct looked_up *looked_up = userdata;

    looked_up->found = strcmp(chain, looked_up->id) == 0;
    return 0;
}

static void assert_told_is_there(struct ledger_fixture *fixture, const struct told *told)
{
    for (size_t i = 0; i < told->count; i++) {
        const struct acknowledged *one = &told->items[i];
        AUTO_FREE char *body = NULL;
        struct looked_up looked_up;
        char id[48];

        name_grant(id, one->round, one->number);
        looked_up = (struct looked_up){.id = id};
        assert_int_equal(ledger_get(fixture->ledger, LEDGER_GRANT, id, &body), 0);
        assert_int_equal(
            ledger_each_audit(fixture->ledger, one->seq - 1, 1, on_record, &looked_up), 0);
        assert_true(looked_up.found);
    }
}

/* The moment of the kill: so much later than so many acknowledgements. */
struct moment {
    size_t acknowledged;
    unsigned delay_us;
};

/* Returns how many were acknowledged before the kill. */
static size_t run_round(struct ledger_fixture *fixture, uint64_t round, struct moment moment)
{
    struct told told = {0};
    int pipe[2], status;
    pid_t child;

    assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        child_main(fixture, round, pipe[1]);
    (void)close(pipe[1]);
    read_told(pipe[0], moment.acknowledged, &told);
    (void)usleep(moment.delay_us);
    assert_int_equal(kill(child, SIGKILL), 0);
    read_told(pipe[0], SIZE_MAX, &told);
    (void)close(pipe[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    ledger_fixture_open(fixture, 64 * 1024);
    assert_told_is_there(fixture, &told);
    assert_true(ledger_fixture_count_dense(fixture) >= told.count);
    ledger_fixture_close(fixture);
    free(told.items);
    return told.count;
}

static void test_killed_while_writing(void **state UNUSED)
{
    struct ledger_fixture fixture;
    size_t acknowledged = 0;
    uint64_t records;

    ledger_fixture_init(&fixture, "/tmp");
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct moment moment = {
            .acknowledged = 1 + round * 7919 % 200, .delay_us = (unsigned)(round * 104729 % 1500)};

        acknowledged += run_round(&fixture, round, moment);
    }
    ledger_fixture_open(&fixture, 0);
    records = ledger_fixture_count_dense(&fixture);
    assert_true(acknowledged > ROUNDS);
    assert_true(records >= acknowledged);
    print_message(
        "%zu acknowledged, %llu in the ledger\n", acknowledged, (unsigned long long)records);
    ledger_fixture_done(&fixture);
}

/* Killed in the middle of making a ledger: the next start makes it, and never takes what is
 * half there for one that was lost. */
static void test_killed_while_creating(void **state UNUSED)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct ledger_fixture fixture;

        ledger_fixture_init(&fixture, "/tmp");
        (void)run_round(
            &fixture, round, (struct moment){.delay_us = (unsigned)(round * round * 15)});
        ledger_fixture_done(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_while_writing),
        cmocka_unit_test(test_killed_while_creating),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
