/* A full disk: refusals and ends can still be recorded, nothing durable is lost, and it recovers
 * by itself. The disk is a small tmpfs in a mount namespace of this process alone. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "ledger_fixture.h"

#define DISK_OPTIONS "size=4m,mode=0700"
#define BALLAST (1024 * 1024)

static char mount_point[] = "/tmp/ledger-disk.XXXXXX";

/* Needs root; without it this fails, it is not skipped. */
static int enter_namespace(void **state UNUSED)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        perror("private mount namespace");
        return -1;
    }
    return mkdtemp(mount_point) ? 0 : -1;
}

static int leave_namespace(void **state UNUSED)
{
    return rmdir(mount_point);
}

static int set_up(void **state)
{
    static struct ledger_fixture fixture;

    assert_int_equal(mount("tmpfs", mount_point, "tmpfs", MS_NOSUID | MS_NODEV, DISK_OPTIONS), 0);
    ledger_fixture_init(&fixture, mount_point);
    ledger_fixture_open(&fixture, BALLAST);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    ledger_fixture_done(*state);
    return umount(mount_point);
}

static uint64_t ballast_size(const struct ledger_fixture *fixture)
{
    struct stat st;

    assert_int_equal(stat(ledger_fixture_file(fixture, ".ballast"), &st), 0);
    return (uint64_t)st.st_blocks * 512;
}

/* Somebody else's data takes what is left. */
static void fill_disk(const struct ledger_fixture *fixture)
{
    AUTO_CLOSE int fd = open(
        ledger_fixture_file(fixture, ".filler"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    static const char block[4096] = {'x'};

    assert_true(fd >= 0);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
}

static void empty_disk(const struct ledger_fixture *fixture)
{
    assert_int_equal(unlink(ledger_fixture_file(fixture, ".filler")), 0);
}

/* Commits until the disk, which is full, has no page of the log left. Returns how many were
 * acknowledged. */
static unsigned commit_until_full(struct ledger_fixture *fixture)
{
    unsigned count = 0;
    int r;

    do {
        r = ledger_fixture_commit(fixture, "grant", "{}", false);
        assert_true(r == 0 || r == -ENOSPC);
        count += r == 0;
        assert_true(count < 100000);
    } while (r == 0);
    return count;
}

static void test_ballast_is_taken_at_open(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_health health;

    assert_true(ballast_size(fixture) >= BALLAST);
    ledger_health(fixture->ledger, &health);
    assert_false(health.ballast_released);
}

static void test_essential_goes_on_when_full(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_health health;
    unsigned count;

    fill_disk(fixture);
    count = commit_until_full(fixture);
    ledger_health(fixture->ledger, &health);
    assert_true(health.ballast_released);
    assert_int_equal(health.last_error, -ENOSPC);
    assert_int_equal(ballast_size(fixture), 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(ledger_fixture_commit(fixture, "refusal", "{}", true), 0);
        assert_int_equal(ledger_fixture_commit(fixture, "grant", "{}", false), -ENOSPC);
    }
    assert_int_equal(ledger_fixture_count_dense(fixture), count + 20);
}

/* The transaction that meets the end of the disk: its essential batches stay, the others fail,
 * each in its place. */
static void test_mixed_transaction_is_divided(void **state)
{
    struct ledger_fixture *fixture = *state;
    static struct ledger_answer answers[2000];
    unsigned failed = 0;
    uint64_t durable = 0;

    fill_disk(fixture);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        char id[16];

        snprintf(id, sizeof(id), "G%zu", i);
        ledger_fixture_submit(fixture, ledger_fixture_batch(id, "{}"), i % 16 == 0, &answers[i]);
    }
    ledger_fixture_wait(fixture, &answers[ARRAY_SIZE(answers) - 1]);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (i % 16 == 0)
            assert_int_equal(answers[i].result, 0);
        if (answers[i].result == 0) {
            assert_int_equal(answers[i].first_seq, ++durable);
            continue;
        }
        assert_int_equal(answers[i].result, -ENOSPC);
        assert_int_equal(answers[i].first_seq, 0);
        failed++;
    }
    assert_true(failed > 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), durable);
}

static void test_recovers_by_itself(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_health health;
    uint64_t deadline;
    unsigned count;

    fill_disk(fixture);
    count = commit_until_full(fixture);
    empty_disk(fixture);
    deadline = clock_deadline(10 * USEC_PER_SEC);
    do {
        assert_true(clock_boottime_us() < deadline);
        ledger_fixture_turn(fixture);
        ledger_health(fixture->ledger, &health);
    } while (health.ballast_released);
    assert_true(ballast_size(fixture) >= BALLAST);
    assert_int_equal(ledger_fixture_commit(fixture, "grant", "{}", false), 0);
    ledger_health(fixture->ledger, &health);
    assert_int_equal(health.last_error, 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), count + 1);
}

/* Even the ballast is used up: everything fails, and still nothing is lost or half there. */
static void test_everything_used_up(void **state)
{
    struct ledger_fixture *fixture = *state;
    unsigned durable;
    int r;

    fill_disk(fixture);
    durable = commit_until_full(fixture);
    fill_disk(fixture);
    do {
        r = ledger_fixture_commit(fixture, "refusal", "{}", true);
        durable += r == 0;
    } while (r == 0);
    assert_int_equal(r, -ENOSPC);
    assert_int_equal(ledger_fixture_count_dense(fixture), durable);
    empty_disk(fixture);
    assert_int_equal(ledger_fixture_commit(fixture, "refusal", "{}", true), 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), durable + 1);
}

/* A restart on a full disk comes up from the ballast. */
static void test_opens_on_a_full_disk(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_health health;

    assert_int_equal(ledger_fixture_commit(fixture, "grant", "{}", false), 0);
    ledger_fixture_close(fixture);
    fill_disk(fixture);
    ledger_fixture_open(fixture, BALLAST);
    assert_int_equal(ledger_fixture_commit(fixture, "refusal", "{}", true), 0);
    ledger_health(fixture->ledger, &health);
    assert_true(health.ballast_released);
    assert_int_equal(ledger_fixture_count_dense(fixture), 2);
}

/* Without room for the ballast from the start: it opens, records what is essential, and takes
 * the ballast when it can. */
static void test_no_room_for_the_ballast(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger_health health;

    ledger_fixture_close(fixture);
    assert_int_equal(unlink(ledger_fixture_file(fixture, ".ballast")), 0);
    ledger_fixture_open(fixture, UINT64_C(1) << 40);
    ledger_health(fixture->ledger, &health);
    assert_true(health.ballast_released);
    assert_int_equal(ledger_fixture_commit(fixture, "grant", "{}", false), -ENOSPC);
    assert_int_equal(ledger_fixture_commit(fixture, "refusal", "{}", true), 0);
}

static void test_without_a_ballast(void **state)
{
    struct ledger_fixture *fixture = *state;
    unsigned count;

    ledger_fixture_close(fixture);
    ledger_fixture_open(fixture, 0);
    fill_disk(fixture);
    count = commit_until_full(fixture);
    assert_int_equal(ledger_fixture_commit(fixture, "refusal", "{}", true), -ENOSPC);
    empty_disk(fixture);
    assert_int_equal(ledger_fixture_commit(fixture, "grant", "{}", false), 0);
    assert_int_equal(ledger_fixture_count_dense(fixture), count + 1);
}

#define ON_SMALL_DISK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SMALL_DISK(test_ballast_is_taken_at_open),
        ON_SMALL_DISK(test_essential_goes_on_when_full),
        ON_SMALL_DISK(test_mixed_transaction_is_divided),
        ON_SMALL_DISK(test_recovers_by_itself),
        ON_SMALL_DISK(test_everything_used_up),
        ON_SMALL_DISK(test_opens_on_a_full_disk),
        ON_SMALL_DISK(test_no_room_for_the_ballast),
        ON_SMALL_DISK(test_without_a_ballast),
    };

    return cmocka_run_group_tests(tests, enter_namespace, leave_namespace);
}
