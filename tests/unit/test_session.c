#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../../agent/session.h"

/* A child that lives until it is told to end. */
static pid_t start_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            pause();
    }
    assert_true(pid > 0);
    return pid;
}

static void end_child(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_loginuid(void **state UNUSED)
{
    uid_t uid = 7;

    assert_int_equal(session_parse_loginuid("1000\n", &uid), 1);
    assert_int_equal(uid, 1000);
    assert_int_equal(session_parse_loginuid("0", &uid), 1);
    assert_int_equal(uid, 0);
    assert_int_equal(session_parse_loginuid("4294967294", &uid), 1);
    assert_int_equal(uid, 4294967294U);

    uid = 7;
    assert_int_equal(session_parse_loginuid("4294967295", &uid), 0);
    assert_int_equal(session_parse_loginuid("4294967295\n", &uid), 0);
    assert_int_equal(session_parse_loginuid("", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid("\n", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid("-1", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid(" 5", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid("5 ", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid("5\n6", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid("4294967296", &uid), -EINVAL);
    assert_int_equal(session_parse_loginuid("18446744073709551616000", &uid), -EINVAL);
    assert_int_equal(uid, 7);
}

static void check_unknown(const struct login_session *session)
{
    assert_false(session->known);
    assert_int_equal(session->uid, 0);
    assert_string_equal(session->id, "");
    assert_string_equal(session->rhost, "");
    assert_false(session->remote);
}

/* Whether this process has a session depends on where the test runs; the answer must hang
 * together. */
static void test_own_process(void **state UNUSED)
{
    int pidfd = pidfd_open(getpid(), 0);
    struct login_session session;

    assert_true(pidfd >= 0);
    memset(&session, 0xff, sizeof(session));
    assert_int_equal(session_of(getpid(), pidfd, &session), 0);
    if (!session.known)
        check_unknown(&session);
    close(pidfd);
}

static void test_without_pidfd(void **state UNUSED)
{
    struct login_session session;

    memset(&session, 0xff, sizeof(session));
    assert_int_equal(session_of(getpid(), -1, &session), 0);
    check_unknown(&session);
}

static void test_gone_process(void **state UNUSED)
{
    struct login_session session;
    pid_t pid = start_child();
    int pidfd = pidfd_open(pid, 0);

    assert_true(pidfd >= 0);
    assert_int_equal(session_of(pid, pidfd, &session), 0);
    end_child(pid);
    assert_int_equal(session_of(pid, pidfd, &session), -ESRCH);
    close(pidfd);
}

/* The pid of somebody alive with the pidfd of somebody who is not: as if it had been reused. */
static void test_reused_pid(void **state UNUSED)
{
    struct login_session session;
    pid_t pid = start_child();
    int pidfd = pidfd_open(pid, 0);

    assert_true(pidfd >= 0);
    end_child(pid);
    assert_int_equal(session_of(getpid(), pidfd, &session), -ESRCH);
    close(pidfd);
}

static void test_no_such_pid(void **state UNUSED)
{
    struct login_session session;

    assert_int_equal(session_of(0, -1, &session), -ESRCH);
    assert_int_equal(session_of(-1, -1, &session), -ESRCH);
}

static void test_peer_pidfd(void **state UNUSED)
{
    struct pollfd pollfd = {.events = POLLIN};
    struct login_session session;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    pollfd.fd = session_peer_pidfd(fds[0], getpid());
    assert_true(pollfd.fd >= 0);
    assert_int_equal(poll(&pollfd, 1, 0), 0);
    assert_int_equal(session_of(getpid(), pollfd.fd, &session), 0);
    close(pollfd.fd);
    close(fds[0]);
    close(fds[1]);
    assert_true(session_peer_pidfd(fds[0], getpid()) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loginuid),
        cmocka_unit_test(test_own_process),
        cmocka_unit_test(test_without_pidfd),
        cmocka_unit_test(test_gone_process),
        cmocka_unit_test(test_reused_pid),
        cmocka_unit_test(test_no_such_pid),
        cmocka_unit_test(test_peer_pidfd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
