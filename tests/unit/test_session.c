#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Under names of its own: the tests of the whole agent put a session_of() of theirs in its place
 * (agent_fixture.c), which is linked into every test. */
#define session_of real_session_of
#define session_peer_pidfd real_session_peer_pidfd
#define session_parse_loginuid real_session_parse_loginuid
#include "../../agent/state/session.c"

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
    assert_false(session->local);
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

/* As on Linux before 6.5 (Debian 12 has 6.1): getsockopt(SO_PEERPIDFD) says ENOPROTOOPT. */
static bool forget_peerpidfd(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_SIZE(filter), filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Which step of the fall-back went wrong, or 0. */
static int try_fallback(void)
{
    struct pollfd pollfd = {.events = POLLIN};
    int fds[2], none;
    socklen_t length = sizeof(none);

    if (!forget_peerpidfd() || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return 1;
    if (getsockopt(fds[0], SOL_SOCKET, 77, &none, &length) == 0 || errno != ENOPROTOOPT)
        return 2;
    pollfd.fd = session_peer_pidfd(fds[0], getppid());
    if (pollfd.fd < 0 || poll(&pollfd, 1, 0) != 0)
        return 3;
    if (session_peer_pidfd(fds[0], INT_MAX) != -ESRCH)
        return 4;
    close(fds[1]); /* the other end is gone, so the pid may be another's by now */
    return session_peer_pidfd(fds[0], getppid()) == -ESRCH ? 0 : 5;
}

static void test_older_kernel(void **state UNUSED)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(try_fallback());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- a process as logind and the kernel would show it ---- */

struct shown {
    const char *cgroup;
    const char *loginuid;
    const char *session; /* file in /run/systemd/sessions, "5" */
};

struct answer {
    int result;
    struct login_session session;
};

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    bool ok = file && fputs(text, file) >= 0;

    return file && fclose(file) == 0 && ok;
}

static bool cover(const char *name, const char *text)
{
    char path[64], own[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)getpid(), name);
    snprintf(own, sizeof(own), "/run/%s", name);
    return write_file(own, text) && mount(own, path, NULL, MS_BIND, NULL) == 0;
}

/* In a mount namespace of its own, with a cgroup2 as logind's hosts have it, whatever this
 * machine has mounted there. */
static bool show(const struct shown *shown)
{
    char cgroup[512];

    snprintf(cgroup, sizeof(cgroup), "1:name=systemd:%s\n0::%s\n", shown->cgroup, shown->cgroup);
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0 &&
           mount("none", "/run", "tmpfs", 0, NULL) == 0 && mkdir("/run/systemd", 0755) == 0 &&
           mkdir("/run/systemd/sessions", 0755) == 0 &&
           (!shown->session || write_file("/run/systemd/sessions/5", shown->session)) &&
           cover("cgroup", shown->cgroup[0] == '/' ? cgroup : shown->cgroup) &&
           cover("loginuid", shown->loginuid);
}

static void answer_as(const struct shown *shown, int fd)
{
    struct answer answer = {.result = -ENOTRECOVERABLE};
    int pidfd = pidfd_open(getpid(), 0);

    if (pidfd >= 0 && show(shown))
        answer.result = session_of(getpid(), pidfd, &answer.session);
    _exit(write(fd, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
}

static struct answer ask_about(struct shown shown)
{
    struct answer answer;
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        answer_as(&shown, fds[1]);
    close(fds[1]);
    assert_int_equal(read(fds[0], &answer, sizeof(answer)), (ssize_t)sizeof(answer));
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return answer;
}

#define SCOPE "/user.slice/user-1000.slice/session-5.scope"
#define MANAGER "/user.slice/user-1000.slice/user@1000.service/app.slice/build.service"
#define SESSION "UID=1000\nUSER=alice\nACTIVE=1\nSTATE=active\n"
#define UNSET "4294967295"

static void test_session(void **state UNUSED)
{
    struct answer answer = ask_about((struct shown){SCOPE, "1000", SESSION "REMOTE=0\n"});

    assert_int_equal(answer.result, 0);
    assert_true(answer.session.known);
    assert_int_equal(answer.session.uid, 1000);
    assert_string_equal(answer.session.id, "5");
    assert_false(answer.session.local);
    assert_string_equal(answer.session.rhost, "");
}

/* A job of cron's is nobody at the machine; a person there is, whatever the class is called. */
static void test_local_session(void **state UNUSED)
{
    static const struct {
        const char *session;
        bool local;
    } cases[] = {
        {SESSION "REMOTE=0\nCLASS=user\n", true},
        {SESSION "REMOTE=0\nCLASS=user-early\n", true},
        {SESSION "REMOTE=0\nCLASS=background\n", false},
        {SESSION "REMOTE=1\nCLASS=user\n", false},
        {SESSION "CLASS=user\n", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer answer = ask_about((struct shown){SCOPE, "1000", cases[i].session});

        assert_true(answer.session.known);
        assert_int_equal(answer.session.local, cases[i].local);
    }
}

static void test_remote_session(void **state UNUSED)
{
    struct answer answer = ask_about(
        (struct shown){SCOPE, UNSET, SESSION "CLASS=user\nREMOTE=1\nREMOTE_HOST=192.0.2.7\n"});

    assert_true(answer.session.known);
    assert_int_equal(answer.session.uid, 1000);
    assert_false(answer.session.local);
    assert_string_equal(answer.session.rhost, "192.0.2.7");
}

static void test_user_manager(void **state UNUSED)
{
    struct answer answer = ask_about((struct shown){MANAGER, "1000", NULL});

    assert_int_equal(answer.result, 0);
    assert_true(answer.session.known);
    assert_int_equal(answer.session.uid, 1000);
    assert_string_equal(answer.session.id, "");
}

/* Whatever speaks against the session makes it unknown, never somebody else's. */
static void test_doubtful(void **state UNUSED)
{
    static const struct shown doubtful[] = {
        {SCOPE, "1001", SESSION},
        {SCOPE, "0", SESSION},
        {MANAGER, "1001", NULL},
        {SCOPE, "1000", NULL},
        {SCOPE, "1000", "STATE=active\n"},
        {SCOPE, "1000", "UID=alice\n"},
        {"/system.slice/cron.service", "1000", SESSION},
        {"/system.slice/session-5.scope", "1001", SESSION},
        {"/user.slice/user-1000.slice/session-1234567890123456789012345678901234567890.scope",
            "1000", SESSION},
        {"/", "1000", SESSION},
    };

    for (size_t i = 0; i < ARRAY_SIZE(doubtful); i++) {
        struct answer answer = ask_about(doubtful[i]);

        assert_int_equal(answer.result, 0);
        check_unknown(&answer.session);
    }
}

static void test_broken(void **state UNUSED)
{
    struct answer answer = ask_about((struct shown){SCOPE, "nobody", SESSION});

    assert_int_equal(answer.result, -EINVAL);
    answer = ask_about((struct shown){"garbage\n", "1000", SESSION});
    assert_true(answer.result < 0 || !answer.session.known);
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
        cmocka_unit_test(test_older_kernel),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_local_session),
        cmocka_unit_test(test_remote_session),
        cmocka_unit_test(test_user_manager),
        cmocka_unit_test(test_doubtful),
        cmocka_unit_test(test_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
