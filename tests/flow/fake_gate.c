#include "fake_gate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAY_SECONDS 20

static char directory[] = "/tmp/assent-flow.XXXXXX";
static char path[64];
int gate_passed_fd = -1;

const char *fake_gate_path(void)
{
    return path;
}

const char *fake_gate_directory(void)
{
    return directory;
}

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    exit(2);
}

void fake_gate_setup(void)
{
    must(mkdtemp(directory) != NULL, "mkdtemp");
    must(chmod(directory, 0755) == 0, "chmod");
    snprintf(path, sizeof(path), "%s/gate", directory);
}

void fake_gate_teardown(void)
{
    (void)unlink(path);
    (void)rmdir(directory);
}

static int listen_as(uid_t uid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    must(fd >= 0, "socket");
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    must(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    must(seteuid(uid) == 0, "seteuid");
    must(listen(fd, 8) == 0, "listen");
    must(seteuid(0) == 0, "seteuid");
    return fd;
}

struct fake_gate fake_gate_start_as(uid_t uid, void (*play)(int listener))
{
    struct fake_gate gate = {.listener = listen_as(uid)};

    (void)fflush(NULL);
    gate.pid = fork();
    must(gate.pid >= 0, "fork");
    if (gate.pid == 0) {
        (void)alarm(PLAY_SECONDS);
        play(gate.listener);
        _exit(0);
    }
    (void)close(gate.listener);
    return gate;
}

struct fake_gate fake_gate_start(void (*play)(int listener))
{
    return fake_gate_start_as(0, play);
}

bool fake_gate_finish(struct fake_gate *gate)
{
    int status = 0;

    (void)unlink(path);
    while (waitpid(gate->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void fake_gate_expect(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: the gate expected: %s\n", file, line, what);
    _exit(1);
}

int gate_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);

    EXPECT(fd >= 0);
    return fd;
}

static size_t receive(int fd, uint8_t *buffer, size_t size)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &message, 0);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    EXPECT(n >= 0);
    gate_passed_fd = -1;
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(&gate_passed_fd, CMSG_DATA(header), sizeof(gate_passed_fd));
    return (size_t)n;
}

struct gate_ask gate_take(int fd)
{
    static _Alignas(8) uint8_t buffer[GATE_MESSAGE_MAX];
    struct gate_ask ask;
    size_t n = receive(fd, buffer, sizeof(buffer));

    EXPECT(n > 0);
    EXPECT(record_decode_ask(buffer, n, &ask) == 0);
    return ask;
}

void gate_say(int fd, struct gate_answer answer)
{
    static uint8_t buffer[GATE_MESSAGE_MAX];
    int length = record_encode_answer(&answer, buffer, sizeof(buffer));

    EXPECT(length > 0);
    EXPECT(send(fd, buffer, (size_t)length, MSG_NOSIGNAL) == length);
}

void gate_say_perhaps(int fd, struct gate_answer answer)
{
    static uint8_t buffer[GATE_MESSAGE_MAX];
    int length = record_encode_answer(&answer, buffer, sizeof(buffer));

    EXPECT(length > 0);
    EXPECT(send(fd, buffer, (size_t)length, MSG_NOSIGNAL) == length || errno == EPIPE);
}

void gate_take_leave(int fd)
{
    uint8_t buffer[64];
    ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

    EXPECT(n > 0);
    EXPECT(record_type(buffer, (size_t)n) == GATE_LEAVE);
}

void gate_take_end(int fd)
{
    uint8_t buffer[64];
    ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

    /* Said once when the client has not read all we said: unix(7). */
    if (n < 0 && errno == ECONNRESET)
        n = recv(fd, buffer, sizeof(buffer), 0);
    EXPECT(n == 0);
}

bool gate_is_quiet(int fd, int timeout_ms)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    return poll(&ready, 1, timeout_ms) == 0;
}
