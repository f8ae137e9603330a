#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "call.h"
#include "dispatch.h"
#include "message.h"
#include "peer.h"
#include "public_limits.h"
#include "server.h"

static void break_off(struct conn *conn)
{
    conn->broken = true;
    turns_join(&conn->server->turns, conn);
}

/* ---- the rungs ---- */

static bool is_busy(const struct conn *conn)
{
    return conn->call || buffer_length(&conn->out) > 0 || conn->broken;
}

static int step_write(struct conn *conn)
{
    ssize_t n;

    if (buffer_length(&conn->out) == 0)
        return 0;
    n = send(
        conn->fd, buffer_bytes(&conn->out), buffer_length(&conn->out), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    buffer_consume(&conn->out, (size_t)n);
    conn->server->queued -= (size_t)n;
    conn->progressed = true;
    if (buffer_length(&conn->out) == 0 && conn->call)
        call_drained(conn->call);
    return 1;
}

/* The length of the first whole message without its NUL, or -1. Bytes are looked at once,
 * however small the pieces they come in. */
static ssize_t find_message(struct conn *conn)
{
    size_t length = buffer_length(&conn->in);
    const char *end;

    if (length == conn->scanned)
        return -1;
    end = memchr(buffer_bytes(&conn->in) + conn->scanned, '\0', length - conn->scanned);
    if (!end) {
        conn->scanned = length;
        return -1;
    }
    return end - buffer_bytes(&conn->in);
}

static int step_dispatch(struct conn *conn)
{
    struct message message;
    ssize_t length;
    int r;

    if (is_busy(conn))
        return 0;
    length = find_message(conn);
    if (length < 0)
        return 0;
    r = message_parse(buffer_bytes(&conn->in), (size_t)length, &message);
    buffer_consume(&conn->in, (size_t)length + 1);
    conn->scanned = 0;
    if (r < 0)
        return r;
    conn->progressed = true;
    conn->served = true;
    conn->call = call_new(conn, &message);
    if (conn->call)
        dispatch_call(&conn->server->options, conn->call, &message);
    else
        r = -ENOMEM;
    message_done(&message);
    return r < 0 ? r : 1;
}

/* Runs only without a whole message in the buffer, so a full one means: too long. */
static int step_read(struct conn *conn)
{
    ssize_t n;
    int r;

    if (is_busy(conn))
        return 0;
    r = buffer_reserve(&conn->in, 1, PUBLIC_MESSAGE_MAX);
    if (r < 0)
        return r;
    n = recv(conn->fd, conn->in.data + conn->in.end, conn->in.size - conn->in.end, MSG_DONTWAIT);
    if (n > 0) {
        conn->in.end += (size_t)n;
        return 1;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return -errno;
    if (n == 0)
        conn->peer_left = true;
    if (buffer_length(&conn->in) == 0)
        buffer_done(&conn->in);
    return 0;
}

static int step_end(struct conn *conn)
{
    return conn->broken || conn->peer_left ? -ECONNRESET : 0;
}

static int climb(struct conn *conn)
{
    static int (*const rungs[])(struct conn *) = {step_write, step_dispatch, step_read, step_end};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rungs) && r == 0; i++)
        r = rungs[i](conn);
    return r;
}

/* ---- waiting ---- */

static enum conn_wait waits_for(const struct conn *conn)
{
    if (buffer_length(&conn->out) > 0)
        return CONN_WAIT_READER;
    if (conn->call)
        return CONN_WAIT_HANDLER;
    return buffer_length(&conn->in) > 0 ? CONN_WAIT_REST : CONN_WAIT_CALL;
}

static int set_timer(struct conn *conn)
{
    const uint64_t limits[] = {
        [CONN_WAIT_CALL] = conn->server->idle_us,
        [CONN_WAIT_REST] = conn->server->half_us,
        [CONN_WAIT_HANDLER] = 0,
        [CONN_WAIT_READER] = conn->server->drain_us,
    };
    enum conn_wait wait = waits_for(conn);
    int r;

    if (wait == conn->wait && !conn->progressed)
        return 0;
    conn->wait = wait;
    conn->progressed = false;
    if (limits[wait] == 0)
        return sd_event_source_set_enabled(conn->timer, SD_EVENT_OFF);
    r = sd_event_source_set_time_relative(conn->timer, limits[wait]);
    return r < 0 ? r : sd_event_source_set_enabled(conn->timer, SD_EVENT_ONESHOT);
}

/* EPOLLRDHUP tells that the peer left even while its bytes are not being read. What happens before
 * its turn comes is seen then. */
static int set_events(struct conn *conn)
{
    uint32_t events = EPOLLRDHUP;
    int r;

    if (!is_busy(conn))
        events |= EPOLLIN;
    if (buffer_length(&conn->out) > 0)
        events |= EPOLLOUT;
    r = sd_event_source_set_io_events(conn->io, events);
    return r < 0 ? r
                 : sd_event_source_set_enabled(
                       conn->io, conn->waits_turn ? SD_EVENT_OFF : SD_EVENT_ON);
}

/* One call in a turn: a list is some work, and doors wait meanwhile. */
void conn_turn(struct conn *conn)
{
    int r = 1;

    conn->served = false;
    for (int i = 0; i < PUBLIC_STEP_BURST && r > 0 && !conn->served; i++)
        r = climb(conn);
    if (r > 0)
        turns_join(&conn->server->turns, conn);
    if (r >= 0)
        r = set_events(conn);
    if (r >= 0)
        r = set_timer(conn);
    if (r < 0)
        conn_free(conn);
}

static int on_io(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events, void *userdata)
{
    struct conn *conn = userdata;

    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        conn->peer_left = true;
    turns_join(&conn->server->turns, conn);
    (void)sd_event_source_set_enabled(conn->io, SD_EVENT_OFF);
    return 0;
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
    conn_free(userdata);
    return 0;
}

/* ---- life ---- */

static int add_sources(struct conn *conn)
{
    sd_event *event = conn->server->event;
    int r = sd_event_add_io(event, &conn->io, conn->fd, EPOLLIN | EPOLLRDHUP, on_io, conn);

    if (r < 0)
        return r;
    return sd_event_add_time_relative(
        event, &conn->timer, CLOCK_BOOTTIME, conn->server->idle_us, 0, on_timer, conn);
}

static void link_in(struct conn *conn)
{
    conn->next = conn->server->conns;
    if (conn->next)
        conn->next->previous = conn;
    conn->server->conns = conn;
}

static void link_out(struct conn *conn)
{
    if (conn->next)
        conn->next->previous = conn->previous;
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        conn->server->conns = conn->next;
}

int conn_new(struct public_server *server, int fd, const struct peer *peer)
{
    struct conn *conn = malloc(sizeof(*conn));
    int r;

    if (!conn) {
        struct peer copy = *peer;

        peer_done(&copy);
        (void)close(fd);
        return -ENOMEM;
    }
    *conn = (struct conn){.server = server, .fd = fd, .peer = *peer};
    link_in(conn);
    r = add_sources(conn);
    if (r < 0)
        conn_free(conn);
    return r;
}

void conn_free(struct conn *conn)
{
    link_out(conn);
    turns_leave(&conn->server->turns, conn);
    if (conn->call)
        call_gone(conn->call);
    sd_event_source_disable_unref(conn->io);
    sd_event_source_disable_unref(conn->timer);
    conn->server->queued -= buffer_length(&conn->out);
    buffer_done(&conn->in);
    buffer_done(&conn->out);
    peer_done(&conn->peer);
    (void)close(conn->fd);
    free(conn);
}

static size_t queued_of(const struct public_server *server, uid_t uid)
{
    size_t queued = 0;

    for (const struct conn *conn = server->conns; conn; conn = conn->next)
        if (conn->peer.uid == uid)
            queued += buffer_length(&conn->out);
    return queued;
}

/* `left`, but no more than what `max` leaves beside `used`. */
static size_t less(size_t left, size_t max, size_t used)
{
    size_t rest = used < max ? max - used : 0;

    return left < rest ? left : rest;
}

/* How much may be queued on this connection now. */
static size_t queue_max(const struct conn *conn)
{
    size_t all = conn->peer.uid == 0 ? PUBLIC_QUEUES_MAX : PUBLIC_QUEUES_MAX - PUBLIC_QUEUES_ROOT;
    size_t own = buffer_length(&conn->out);
    size_t left = conn->server->queued < all ? all - conn->server->queued : 0;
    size_t max = own > 0 ? PUBLIC_QUEUE_MAX : PUBLIC_REPLY_MAX;

    if (conn->peer.uid != 0)
        left = less(left, PUBLIC_QUEUES_UID, queued_of(conn->server, conn->peer.uid));
    return max < own + left ? max : own + left;
}

void conn_send(struct conn *conn, const char *messages, size_t length)
{
    if (conn->broken)
        return;
    if (!messages || buffer_append(&conn->out, messages, length, queue_max(conn)) < 0) {
        break_off(conn);
        return;
    }
    conn->server->queued += length;
    turns_join(&conn->server->turns, conn);
}

void conn_call_ended(struct conn *conn)
{
    conn->call = NULL;
    turns_join(&conn->server->turns, conn);
}
