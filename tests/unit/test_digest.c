#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "../../agent/core/digester.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct fixture {
    sd_event *event;
    struct digester *digester;
    int answers;
    int result;
    char hex[DIGEST_HEX_SIZE];
};

static void on_done(int result, const char *hex, void *userdata)
{
    struct fixture *fixture = userdata;

    fixture->answers++;
    fixture->result = result;
    snprintf(fixture->hex, sizeof(fixture->hex), "%s", hex ? hex : "");
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(sd_event_new(&fixture->event) >= 0);
    assert_int_equal(digester_new(fixture->event, &fixture->digester), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    digester_free(fixture->digester);
    sd_event_unref(fixture->event);
    free(fixture);
    return 0;
}

static int make_file(const char *content)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    return fd;
}

static void wait_for_answers(struct fixture *fixture, int count)
{
    while (fixture->answers < count)
        assert_true(sd_event_run(fixture->event, 60 * 1000 * 1000) > 0);
}

static int submit(struct fixture *fixture, int fd)
{
    return digester_submit(fixture->digester, fd, on_done, fixture, fixture->hex);
}

static void test_bytes(void **state UNUSED)
{
    char hex[DIGEST_HEX_SIZE];

    digest_bytes("", 0, hex);
    assert_string_equal(hex, EMPTY_SHA256);
    digest_bytes("abc", 3, hex);
    assert_string_equal(hex, ABC_SHA256);
}

/* RFC 4231, test case 2 with its key filled up with zeros, as HMAC does itself. */
static void test_seal(void **state UNUSED)
{
    const uint8_t key[32] = "Jefe", other[32] = "jefe";
    char hex[DIGEST_SEAL_SIZE], again[DIGEST_SEAL_SIZE];

    digest_seal(key, "what do ya want for nothing?", hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c7");
    digest_seal(key, "what do ya want for nothing!", again);
    assert_false(digest_equal(hex, again));
    digest_seal(other, "what do ya want for nothing?", again);
    assert_false(digest_equal(hex, again));
}

static void test_equal(void **state UNUSED)
{
    assert_true(digest_equal("", ""));
    assert_true(digest_equal(ABC_SHA256, ABC_SHA256));
    assert_false(digest_equal(ABC_SHA256, EMPTY_SHA256));
    assert_false(digest_equal("ab", "abc"));
    assert_false(digest_equal("abc", "ab"));
    assert_false(digest_equal("", "a"));
}

static void test_file(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(submit(fixture, make_file("abc")), 0);
    assert_int_equal(fixture->answers, 0);
    wait_for_answers(fixture, 1);
    assert_int_equal(fixture->result, 0);
    assert_string_equal(fixture->hex, ABC_SHA256);
}

/* The offset belongs to whoever opened the file too, and is not believed. */
static void test_offset_is_ignored(void **state)
{
    struct fixture *fixture = *state;
    int fd = make_file("abc");

    assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
    assert_int_equal(submit(fixture, fd), 0);
    wait_for_answers(fixture, 1);
    assert_string_equal(fixture->hex, ABC_SHA256);
}

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    int fds[2], big = make_file("");

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(submit(fixture, fds[0]), -EINVAL);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* taken all the same */
    close(fds[1]);
    assert_int_equal(submit(fixture, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), -EINVAL);
    assert_int_equal(submit(fixture, open("/dev/null", O_RDONLY | O_CLOEXEC)), -EINVAL);
    assert_int_equal(ftruncate(big, (off_t)DIGEST_FILE_MAX + 1), 0);
    assert_int_equal(submit(fixture, big), -EFBIG);
    assert_int_equal(fixture->answers, 0);
}

static void test_unreadable(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/assent-digest-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC), write_only = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0 && write_only >= 0);
    assert_int_equal(submit(fixture, write_only), 0);
    wait_for_answers(fixture, 1);
    assert_int_equal(fixture->result, -EBADF);
    assert_string_equal(fixture->hex, "");
    close(fd);
    unlink(path);
}

/* The worker is busy with 256 MiB for long enough to be overtaken; if this process was not
 * let run in all that time, once more. */
static void test_changed_while_read(void **state)
{
    struct fixture *fixture = *state;
    int fd = make_file("start");

    for (int i = 1; i <= 20 && fixture->result != -ESTALE; i++) {
        assert_int_equal(ftruncate(fd, 256 << 20), 0);
        assert_int_equal(submit(fixture, dup(fd)), 0);
        assert_int_equal(ftruncate(fd, (256 << 20) - 1), 0);
        wait_for_answers(fixture, i);
    }
    assert_int_equal(fixture->result, -ESTALE);
    close(fd);
}

/* The system's shell: root's, and older than this test. */
static void test_known_file(void **state)
{
    struct fixture *fixture = *state;
    char hex[DIGEST_HEX_SIZE];
    struct stat st;

    assert_int_equal(stat("/bin/sh", &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(submit(fixture, open("/bin/sh", O_RDONLY | O_CLOEXEC)), 0);
    wait_for_answers(fixture, 1);
    assert_int_equal(fixture->result, 0);
    memcpy(hex, fixture->hex, sizeof(hex));
    memset(fixture->hex, 0, sizeof(fixture->hex));
    assert_int_equal(submit(fixture, open("/bin/sh", O_RDONLY | O_CLOEXEC)), 1);
    assert_string_equal(fixture->hex, hex);
    assert_int_equal(fixture->answers, 1);
}

/* Root's own, but changed a moment ago: the next change might leave the same times. */
static void test_fresh_file_is_not_known(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/assent-digest-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(submit(fixture, dup(fd)), 0);
    wait_for_answers(fixture, 1);
    assert_int_equal(submit(fixture, dup(fd)), 0);
    wait_for_answers(fixture, 2);
    assert_string_equal(fixture->hex, ABC_SHA256);
    close(fd);
    unlink(path);
}

static void test_too_many(void **state)
{
    struct fixture *fixture = *state;
    int waiting = 0, r;

    while ((r = submit(fixture, make_file("abc"))) == 0)
        waiting++;
    assert_int_equal(r, -EBUSY);
    assert_int_equal(waiting, 64);
    wait_for_answers(fixture, waiting);
    assert_int_equal(submit(fixture, make_file("abc")), 0);
    wait_for_answers(fixture, waiting + 1);
}

static void test_forget(void **state)
{
    struct fixture *fixture = *state, other = {0};
    char hex[DIGEST_HEX_SIZE];

    for (int i = 0; i < 8; i++)
        assert_int_equal(
            digester_submit(fixture->digester, make_file("abc"), on_done, &other, hex), 0);
    assert_int_equal(submit(fixture, make_file("abc")), 0);
    digester_forget(fixture->digester, &other);
    wait_for_answers(fixture, 1);
    assert_int_equal(other.answers, 0);
}

static void test_free_while_busy(void **state)
{
    struct fixture *fixture = *state;
    int big = make_file("");

    assert_int_equal(ftruncate(big, (off_t)DIGEST_FILE_MAX), 0);
    assert_int_equal(submit(fixture, big), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(submit(fixture, make_file("abc")), 0);
    digester_free(fixture->digester);
    fixture->digester = NULL;
    assert_int_equal(fixture->answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_equal),
        cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_offset_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changed_while_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_known_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fresh_file_is_not_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_free_while_busy, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
