#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "accounts.h"
#include "clock.h"
#include "names.h"
#include "str.h"

/* Whoever can rename things in the directory can put another socket there. */
static int check_directory(const char *path)
{
    char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    const char *slash = strrchr(path, '/');
    size_t length;
    struct stat st;

    if (path[0] != '/')
        return -EINVAL;
    length = slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof(directory))
        return -ENAMETOOLONG;
    memcpy(directory, path, length);
    directory[length] = '\0';
    if (lstat(directory, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return CLIENT_E_UNTRUSTED;
    return 0;
}

/* SO_PEERCRED of a connected AF_UNIX socket names who called listen(2): unix(7). */
static int check_peer(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    uid_t agent;
    int r;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return -errno;
    if (peer.uid == 0)
        return 0;
    r = accounts_uid(ASSENT_USER, &agent);
    if (r < 0 && r != -ENOENT)
        return r;
    return r == 0 && agent == peer.uid ? 0 : CLIENT_E_UNTRUSTED;
}

/* A host that has closed its standard descriptors must not print into our socket. */
static int open_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), high;

    if (fd < 0)
        return -errno;
    if (fd > STDERR_FILENO)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (high < 0)
        high = -errno;
    (void)close(fd);
    return high;
}

/* The connect itself blocks, bounded by SO_SNDTIMEO: unlike polling after EAGAIN it goes on
 * as soon as there is room in the backlog. */
static int connect_until(int fd, const struct sockaddr_un *address, uint64_t deadline_us)
{
    for (;;) {
        int left_ms = clock_remaining_ms(deadline_us);
        struct timeval left = {left_ms / 1000, (left_ms % 1000) * 1000};

        if (left_ms == 0)
            return -ETIMEDOUT;
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof(left)) < 0)
            return -errno;
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
            return 0;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
}

int client_open(struct client *client, const char *path, uint64_t deadline_us)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_CLOSE int fd = -1;
    int r;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    r = check_directory(path);
    if (r != 0)
        return r;
    if (!client->buffer)
        client->buffer = malloc(GATE_MESSAGE_MAX);
    if (!client->buffer)
        return -ENOMEM;
    fd = open_socket();
    if (fd < 0)
        return fd;
    r = connect_until(fd, &address, deadline_us);
    if (r == 0)
        r = check_peer(fd);
    if (r == 0)
        client->fd = TAKE_FD(fd);
    return r;
}

static void note_used(struct client *client, size_t length)
{
    if (length > client->used)
        client->used = length;
}

/* Sends what lies in the buffer. EPIPE is no news here: the agent may have answered (BUSY)
 * before it closed, which only reading tells. */
static int send_buffer(struct client *client, size_t length, int pass_fd, uint64_t deadline_us)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {client->buffer, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (pass_fd >= 0) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &pass_fd, sizeof(pass_fd));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
    }
    for (;;) {
        struct pollfd ready = {.fd = client->fd, .events = POLLOUT};
        int left_ms;

        if (sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EPIPE ||
            errno == ECONNRESET)
            return 0;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        left_ms = clock_remaining_ms(deadline_us);
        if (left_ms == 0)
            return -ETIMEDOUT;
        if (poll(&ready, 1, left_ms) < 0 && errno != EINTR)
            return -errno;
    }
}

int client_send(
    struct client *client, const struct gate_ask *ask, int pass_fd, uint64_t deadline_us)
{
    struct gate_ask timed = *ask;
    int length;

    timed.deadline_ms = (uint64_t)clock_remaining_ms(deadline_us);
    length = record_encode_ask(&timed, client->buffer, GATE_MESSAGE_MAX);
    if (length < 0)
        return length;
    note_used(client, (size_t)length);
    return send_buffer(client, (size_t)length, pass_fd, deadline_us);
}

/* 0 when there is something to read, -ETIMEDOUT, -errno or CLIENT_E_WOKEN. */
static int wait_readable(int fd, int watch_fd, uint64_t deadline_us)
{
    struct pollfd fds[] = {
        {.fd = fd, .events = POLLIN},
        {.fd = watch_fd, .events = POLLIN | POLLRDHUP},
    };

    for (;;) {
        int left_ms = clock_remaining_ms(deadline_us);
        int n = poll(fds, ARRAY_SIZE(fds), left_ms);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0 && fds[1].revents != 0)
            return CLIENT_E_WOKEN;
        if (n > 0)
            return 0;
        if (left_ms == 0)
            return -ETIMEDOUT;
    }
}

/* One message into the buffer; 0 with its length, or as client_receive. */
static int read_message(struct client *client, size_t *ret_length)
{
    /* An agent that closes with our question unread leaves ECONNRESET in front of what it
     * sent before (BUSY); the error is told once. */
    for (int errors = 0;; errors++) {
        ssize_t n = recv(client->fd, client->buffer, GATE_MESSAGE_MAX, MSG_DONTWAIT | MSG_TRUNC);

        if (n > (ssize_t)GATE_MESSAGE_MAX) {
            note_used(client, GATE_MESSAGE_MAX);
            return CLIENT_E_GARBLED;
        }
        if (n > 0) {
            note_used(client, (size_t)n);
            *ret_length = (size_t)n;
            return 0;
        }
        if (n == 0)
            return CLIENT_E_CLOSED;
        if (errno == EAGAIN || errno == EINTR)
            return -EAGAIN;
        if (errno != ECONNRESET || errors > 0)
            return errno == ECONNRESET ? CLIENT_E_CLOSED : -errno;
    }
}

/* Printable as it stands but for newlines. A backslash is what the agent's own escaping
 * leaves behind. */
static bool is_plain(const char *text)
{
    char escaped[GATE_TEXT_MAX];

    while (text && *text != '\0') {
        size_t length = strcspn(text, "\n\\");

        if (length > 0) {
            if (length >= sizeof(escaped))
                return false;
            str_escape(text, length, escaped, length + 1);
            if (strlen(escaped) != length || memcmp(escaped, text, length) != 0)
                return false;
        }
        text += length;
        text += *text != '\0';
    }
    return true;
}

/* The agent escapes what it sends; this is the second lock before somebody's terminal. */
static bool answer_is_plain(const struct gate_answer *answer)
{
    return is_plain(answer->text) && is_plain(answer->request) && is_plain(answer->grant) &&
           is_plain(answer->asked) && is_plain(answer->tie);
}

int client_receive(
    struct client *client, uint64_t deadline_us, int watch_fd, struct gate_answer *ret_answer)
{
    struct gate_answer answer;
    size_t length = 0;
    int r;

    do {
        r = wait_readable(client->fd, watch_fd, deadline_us);
        if (r == 0)
            r = read_message(client, &length);
    } while (r == -EAGAIN);
    if (r != 0)
        return r;
    if (record_decode_answer(client->buffer, length, &answer) < 0 || !answer_is_plain(&answer))
        return CLIENT_E_GARBLED;
    *ret_answer = answer;
    return 0;
}

void client_leave(struct client *client)
{
    int length;

    if (client->fd < 0)
        return;
    length = record_encode_leave(client->buffer, GATE_MESSAGE_MAX);
    if (length > 0)
        (void)send(client->fd, client->buffer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        (void)close(client->fd);
    if (client->buffer)
        explicit_bzero(client->buffer, client->used);
    free(client->buffer);
    *client = (struct client)CLIENT_NULL;
}
