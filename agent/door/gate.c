#include "gate.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/record.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../state/session.h"
#include "door.h"
#include "escalation.h"
#include "inquiry.h"

/* A connection asks one question at a time; its message stays until the answer, since the
 * inquiry points into it. */
struct gate_conn {
    struct gate_server *server;
    int fd;
    pid_t pid;
    int pidfd;
    uint8_t *message;
    struct gate_ask ask;
    bool asking;    /* `inquiry` is in use */
    bool leaving;   /* LEAVE came: closing does not withdraw */
    bool closing;   /* freed once the inquiry's own call has returned */
    unsigned depth; /* calls into the inquiry that are on the stack */
    struct inquiry inquiry;
    char reserved[IDS_SIZE];
    sd_event_source *io;
    sd_event_source *timer;
    struct gate_conn *next, **previous;
};

struct gate_server {
    struct agent *agent;
    sd_event_source *io;
    struct gate_conn *conns;
    unsigned count;
};

static void conn_free(struct gate_conn *conn)
{
    if (conn->asking)
        door_cancel(&conn->inquiry);
    *conn->previous = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    conn->server->count--;
    sd_event_source_disable_unref(conn->io);
    sd_event_source_disable_unref(conn->timer);
    if (conn->pidfd >= 0)
        close(conn->pidfd);
    close(conn->fd);
    free(conn->message);
    free(conn);
}

/* An inquiry may close its connection from inside its own answer. */
static void conn_close(struct gate_conn *conn)
{
    conn->closing = true;
    if (conn->depth == 0)
        conn_free(conn);
}

static void end_inquiry(struct gate_conn *conn)
{
    if (!conn->asking)
        return;
    conn->asking = false;
    door_cancel(&conn->inquiry);
}

/* A text that is too long for the wire is cut, never the answer: silence would look like an
 * agent that is gone. */
static const char *fitting(const char *text, char *buffer)
{
    if (!text || strlen(text) < GATE_TEXT_MAX)
        return text;
    memcpy(buffer, text, GATE_TEXT_MAX - 4);
    buffer[GATE_TEXT_MAX - 4] = '\0';
    while (!str_is_utf8(buffer, strlen(buffer)))
        buffer[strlen(buffer) - 1] = '\0';
    memcpy(buffer + strlen(buffer), "...", sizeof("..."));
    return buffer;
}

static bool send_answer(int fd, const struct gate_answer *answer)
{
    char text[GATE_TEXT_MAX], asked[GATE_TEXT_MAX];
    uint8_t buffer[4 * GATE_TEXT_MAX];
    struct gate_answer fits = *answer;
    int length;

    fits.text = fitting(answer->text, text);
    fits.asked = fitting(answer->asked, asked);
    length = record_encode_answer(&fits, buffer, sizeof(buffer));
    return length >= 0 &&
           send(fd, buffer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* The agent answers before the client gives up on it: four fifths of its deadline. */
static void arm_timer(struct gate_conn *conn, uint64_t timeout_us)
{
    sd_event_source_set_time(conn->timer, clock_deadline(timeout_us));
    sd_event_source_set_enabled(conn->timer, SD_EVENT_ONESHOT);
}

/* How long the client may take for its next move: none while it waits for people, the
 * time to type a reason, a moment to ask again. */
static void time_next_move(struct gate_conn *conn, uint64_t kind)
{
    if (kind == GATE_NEED)
        arm_timer(conn, GATE_TYPING_US);
    else if (kind == GATE_READY)
        arm_timer(conn, GATE_FIRST_US);
    else
        sd_event_source_set_enabled(conn->timer, SD_EVENT_OFF);
}

static void on_answer(struct inquiry *inquiry, const struct gate_answer *answer)
{
    struct gate_conn *conn =
        (struct gate_conn *)(void *)((char *)inquiry - offsetof(struct gate_conn, inquiry));
    bool sent = send_answer(conn->fd, answer);

    conn->depth++;
    time_next_move(conn, answer->kind);
    memcpy(conn->reserved, inquiry->reserved, sizeof(conn->reserved));
    if (!sent && answer->kind == GATE_ALLOW)
        escalation_undo(inquiry);
    conn->depth--;
    if (sent && answer->kind == GATE_WAIT)
        return;
    if (sent && (answer->kind == GATE_NEED || answer->kind == GATE_READY)) {
        conn->depth++;
        end_inquiry(conn);
        conn->depth--;
        return;
    }
    conn_close(conn);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct gate_conn *conn = userdata;

    (void)source;
    (void)usec;
    if (conn->asking)
        door_give_up(&conn->inquiry);
    else
        conn_close(conn);
    return 0;
}

static void turn_away(struct gate_conn *conn, uint64_t kind, const char *text)
{
    (void)send_answer(conn->fd, &(struct gate_answer){.kind = kind, .text = text});
    conn_close(conn);
}

/* Also those that do not ask at this moment: between a prompt and its reason they hold a
 * connection as well. */
static unsigned others_of(const struct gate_conn *conn)
{
    unsigned count = 0;

    for (const struct gate_conn *c = conn->server->conns; c; c = c->next)
        count += c != conn && c->message && c->ask.uid == conn->ask.uid;
    return count;
}

static bool has_room(const struct gate_conn *conn)
{
    if (conn->ask.uid == 0)
        return true;
    return conn->server->count <= GATE_CONNECTIONS_MAX - GATE_CONNECTIONS_ROOT &&
           others_of(conn) < GATE_SUBJECT_MAX;
}

/* What is left to a client in a hurry is little, but not nothing. */
static uint64_t deadline_of(const struct gate_ask *ask)
{
    if (ask->deadline_ms == 0 || ask->deadline_ms > 60000)
        return 3000 * USEC_PER_MSEC;
    return (ask->deadline_ms < 100 ? 100 : ask->deadline_ms) * USEC_PER_MSEC;
}

static void ask(struct gate_conn *conn, int command_fd)
{
    end_inquiry(conn);
    if (!has_room(conn)) {
        if (command_fd >= 0)
            close(command_fd);
        turn_away(conn, GATE_BUSY,
            "Refused: too many questions of this account at once.\nTry again in a moment.");
        return;
    }
    arm_timer(conn, deadline_of(&conn->ask) * 4 / 5);
    conn->inquiry = (struct inquiry){
        .agent = conn->server->agent,
        .ask = &conn->ask,
        .pid = conn->pid,
        .pidfd = conn->pidfd,
        .command_fd = command_fd,
        .answer = on_answer,
    };
    memcpy(conn->inquiry.reserved, conn->reserved, sizeof(conn->reserved));
    conn->asking = true;
    conn->depth++;
    door_ask(&conn->inquiry);
    conn->depth--;
    if (conn->closing)
        conn_free(conn);
}

/* One descriptor at most comes along: the command's file. */
static int take_fd(struct msghdr *message)
{
    int fd = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int other;

            memcpy(&other, CMSG_DATA(c) + i * sizeof(int), sizeof(other));
            if (fd < 0)
                fd = other;
            else
                close(other);
        }
    }
    return fd;
}

/* The size of the next message. A client that closed without reading all of ours leaves
 * ECONNRESET before its own last message (unix(7)): look behind it, it may be a LEAVE. */
static ssize_t peek(int fd)
{
    ssize_t size = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

    if (size < 0 && errno == ECONNRESET)
        size = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    return size;
}

/* Reads one message into fresh memory of its size. Returns its length, 0 at the end, or -errno. */
static ssize_t receive(struct gate_conn *conn, uint8_t **ret_message, int *ret_fd)
{
    union {
        char bytes[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control;
    ssize_t size = peek(conn->fd);
    AUTO_FREE uint8_t *message = NULL;
    struct iovec iov;
    struct msghdr header;
    ssize_t length;

    if (size <= 0)
        return size < 0 ? -errno : 0;
    if ((size_t)size > GATE_MESSAGE_MAX)
        return -EMSGSIZE;
    message = malloc((size_t)size);
    if (!message)
        return -ENOMEM;
    iov = (struct iovec){message, (size_t)size};
    header = (struct msghdr){
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    length = recvmsg(conn->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0)
        return -errno;
    *ret_fd = take_fd(&header);
    *ret_message = TAKE_PTR(message);
    return length;
}

static const char unreadable[] = "Refused: the agent cannot read this question.\n"
                                 "Restart the service: its module is of another version.";

static void handle_message(struct gate_conn *conn, uint8_t *message, size_t length, int fd)
{
    struct gate_ask question;
    int type = record_type(message, length);

    if (type == GATE_ASK && record_decode_ask(message, length, &question) == 0) {
        end_inquiry(conn);
        free(conn->message);
        conn->message = message;
        conn->ask = question;
        ask(conn, fd);
        return;
    }
    if (type == GATE_LEAVE && conn->asking) {
        conn->leaving = true;
        escalation_leave(&conn->inquiry);
    }
    if (fd >= 0)
        close(fd);
    free(message);
    if (type == GATE_LEAVE)
        conn_close(conn); /* a client's last word */
    else
        turn_away(conn, GATE_DENY, unreadable);
}

static int on_conn(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct gate_conn *conn = userdata;
    uint8_t *message = NULL;
    int passed = -1;
    ssize_t length = receive(conn, &message, &passed);

    (void)source;
    (void)fd;
    if (length == -EAGAIN && (revents & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) == 0)
        return 0;
    if (length == -EMSGSIZE)
        turn_away(conn, GATE_DENY, unreadable);
    else if (length == -ENOMEM)
        turn_away(conn, GATE_BUSY, "Refused: the agent is out of memory.");
    else if (length <= 0)
        conn_close(conn);
    else
        handle_message(conn, message, (size_t)length, passed);
    return 0;
}

static void conn_new(struct gate_server *server, int fd, const struct ucred *peer)
{
    struct gate_conn *conn = calloc(1, sizeof(*conn));
    sd_event *event = server->agent->event;

    if (!conn) {
        close(fd);
        return;
    }
    conn->server = server;
    conn->fd = fd;
    conn->pid = peer->pid;
    conn->pidfd = session_peer_pidfd(fd, peer->pid);
    conn->previous = &server->conns;
    conn->next = server->conns;
    if (conn->next)
        conn->next->previous = &conn->next;
    server->conns = conn;
    server->count++;
    if (sd_event_add_io(event, &conn->io, fd, EPOLLIN | EPOLLRDHUP, on_conn, conn) < 0 ||
        sd_event_add_time(event, &conn->timer, CLOCK_BOOTTIME, clock_deadline(GATE_FIRST_US),
            USEC_PER_MSEC, on_timeout, conn) < 0)
        conn_free(conn);
    else
        /* The question is there already, mostly: no turn of the loop for it. */
        (void)on_conn(conn->io, fd, 0, conn);
}

static void take_connection(struct gate_server *server, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != 0) {
        close(fd);
    } else if (server->count >= GATE_CONNECTIONS_MAX) {
        (void)send_answer(fd, &(struct gate_answer){
                                  .kind = GATE_BUSY,
                                  .text = "Refused: too many logins and commands at once.\n"
                                          "Try again in a moment.",
                              });
        close(fd);
    } else {
        conn_new(server, fd, &peer);
    }
}

/* A turn of the loop costs more the more is ready: connections are taken by the handful. */
static int on_accept(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata)
{
    struct gate_server *server = userdata;

    (void)source;
    (void)revents;
    for (unsigned i = 0; i < GATE_ACCEPT_MAX; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            break;
        take_connection(server, fd);
    }
    return 0;
}

int gate_server_new(struct agent *agent, int listen_fd, struct gate_server **ret_server)
{
    struct gate_server *server = calloc(1, sizeof(*server));
    int r;

    if (!server) {
        close(listen_fd);
        return -ENOMEM;
    }
    server->agent = agent;
    r = sd_event_add_io(agent->event, &server->io, listen_fd, EPOLLIN, on_accept, server);
    if (r < 0) {
        close(listen_fd);
        free(server);
        return r;
    }
    sd_event_source_set_io_fd_own(server->io, true);
    /* No higher priority: the loop goes round, and one user's flood of questions would keep
     * the ledger's answers, signals and the public socket waiting for ever. */
    *ret_server = server;
    return 0;
}

void gate_server_free(struct gate_server *server)
{
    if (!server)
        return;
    while (server->conns)
        conn_free(server->conns);
    sd_event_source_disable_unref(server->io);
    free(server);
}
