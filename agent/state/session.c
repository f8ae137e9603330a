#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>

#include "../../common/parse.h"

/* asm-generic/socket.h since Linux 6.5; Debian 12's headers are older than kernels it runs on. */
#define SOCKET_PEERPIDFD 77

#define LOGINUID_UNSET UINT32_MAX

int session_parse_loginuid(const char *text, uid_t *ret_uid)
{
    char number[16];
    size_t length = strcspn(text, "\n");
    uint64_t value;

    if (length >= sizeof(number) || (text[length] == '\n' && text[length + 1] != '\0'))
        return -EINVAL;
    memcpy(number, text, length);
    number[length] = '\0';
    if (parse_u64(number, UINT32_MAX, &value) < 0)
        return -EINVAL;
    if (value == LOGINUID_UNSET)
        return 0;
    *ret_uid = (uid_t)value;
    return 1;
}

/* 1 and the uid, 0 if not set or the kernel has no audit (no such file), or -errno. */
static int read_loginuid(pid_t pid, uid_t *ret_uid)
{
    AUTO_CLOSE int fd = -1;
    char path[32], text[16];
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    n = read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    return session_parse_loginuid(text, ret_uid);
}

/* Readable means the process has ended. Needs no privilege, unlike a signal 0. */
static int check_alive(int pidfd)
{
    struct pollfd pollfd = {.fd = pidfd, .events = POLLIN};
    int r = poll(&pollfd, 1, 0);

    if (r < 0)
        return -errno;
    return r > 0 ? -ESRCH : 0;
}

/* Classes of people are "user" and, in later versions, "user-early" and its like. */
static void read_origin(const char *id, struct login_session *session)
{
    AUTO_FREE char *host = NULL, *class = NULL;

    session->local = sd_session_is_remote(id) == 0 && sd_session_get_class(id, &class) >= 0 &&
                     strncmp(class, "user", 4) == 0;
    if (sd_session_get_remote_host(id, &host) >= 0 && host)
        snprintf(session->rhost, sizeof(session->rhost), "%s", host);
}

/* Errors of logind's but "gone" and "no memory" mean that nothing is known of the process:
 * no session, no cgroup hierarchy of systemd's, a session that ended meanwhile. */
static int ask_logind(pid_t pid, struct login_session *session)
{
    AUTO_FREE char *id = NULL;
    int r = sd_pid_get_session(pid, &id);

    if (r >= 0) {
        if (strlen(id) >= sizeof(session->id))
            return 0;
        r = sd_session_get_uid(id, &session->uid);
        if (r >= 0) {
            memcpy(session->id, id, strlen(id) + 1);
            read_origin(id, session);
        }
    } else if (r == -ENODATA) {
        r = sd_pid_get_owner_uid(pid, &session->uid);
    }
    if (r == -ESRCH || r == -ENOMEM)
        return r;
    session->known = r >= 0;
    return 0;
}

static int find_session(pid_t pid, struct login_session *ret_session)
{
    struct login_session session = {0};
    uid_t loginuid = 0;
    int r = ask_logind(pid, &session);

    if (r < 0)
        return r;
    r = read_loginuid(pid, &loginuid);
    if (r < 0)
        return r;
    if (!session.known || (r > 0 && loginuid != session.uid))
        session = (struct login_session){0};
    *ret_session = session;
    return 0;
}

int session_of(pid_t pid, int pidfd, struct login_session *ret_session)
{
    struct login_session session;
    int r, alive;

    if (pid <= 0)
        return -ESRCH; /* the peer lives in another pid namespace */
    if (pidfd < 0) {
        *ret_session = (struct login_session){0};
        return 0;
    }
    r = find_session(pid, &session);

    /* Only now: as long as that process lives, its pid was nobody else's while we read. */
    alive = check_alive(pidfd);
    if (alive < 0)
        return alive;
    if (r < 0)
        return r;
    *ret_session = session;
    return 0;
}

/* Whoever held the other end is gone, so the pid may be another's by now. */
static int check_connected(int socket_fd)
{
    struct pollfd pollfd = {.fd = socket_fd, .events = 0};

    if (poll(&pollfd, 1, 0) < 0)
        return -errno;
    return pollfd.revents & POLLHUP ? -ESRCH : 0;
}

int session_peer_pidfd(int socket_fd, pid_t pid)
{
    AUTO_CLOSE int pidfd = -1;
    socklen_t length = sizeof(pidfd);
    int fd, r;

    if (getsockopt(socket_fd, SOL_SOCKET, SOCKET_PEERPIDFD, &fd, &length) == 0)
        return fd;
    if (errno != ENOPROTOOPT)
        return -errno;
    pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return -errno;
    r = check_connected(socket_fd);
    return r < 0 ? r : TAKE_FD(pidfd);
}
