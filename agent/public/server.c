#include "server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "conn.h"
#include "peer.h"
#include "public_limits.h"

/* Whether one more connection of `uid` fits. What one person opens leaves room for the
 * others, and what all of them open leaves room for root. */
static bool has_room(const struct public_server *server, uid_t uid)
{
    size_t total = 0, own = 0;

    for (const struct conn *conn = server->conns; conn; conn = conn->next) {
        total++;
        own += conn->peer.uid == uid;
    }
    if (uid == 0)
        return total < PUBLIC_CONNECTIONS_MAX && own < PUBLIC_CONNECTIONS_UID0;
    return total < PUBLIC_CONNECTIONS_MAX - PUBLIC_CONNECTIONS_ROOT && own < PUBLIC_CONNECTIONS_UID;
}

/* The uid first: a connection that is refused must cost no more than that. */
static void admit(struct public_server *server, int taken_fd)
{
    AUTO_CLOSE int fd = taken_fd;
    struct ucred ucred = {0};
    socklen_t length = sizeof(ucred);
    struct peer peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &length) < 0 ||
        !has_room(server, ucred.uid))
        return;
    if (peer_read(fd, &peer) == 0)
        (void)conn_new(server, TAKE_FD(fd), &peer); /* on failure it has closed both */
}

static int on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
    struct public_server *server = userdata;

    (void)sd_event_source_set_enabled(server->listener, SD_EVENT_ON);
    return 0;
}

/* Out of descriptors or memory the listening socket stays readable: without a pause the loop
 * would spin and nobody else get a turn. */
static void pause_listening(struct public_server *server)
{
    (void)sd_event_source_set_time_relative(server->retry, PUBLIC_RETRY_US);
    if (sd_event_source_set_enabled(server->retry, SD_EVENT_ONESHOT) >= 0)
        (void)sd_event_source_set_enabled(server->listener, SD_EVENT_OFF);
}

static int on_listen(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct public_server *server = userdata;

    for (int i = 0; i < PUBLIC_ACCEPT_BURST; i++) {
        int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (accepted >= 0) {
            admit(server, accepted);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            if (errno != EAGAIN)
                pause_listening(server);
            break;
        }
    }
    return 0;
}

int server_init(struct public_server *server, sd_event *event, const struct public_options *options)
{
    *server = (struct public_server){
        .event = sd_event_ref(event),
        .options = *options,
        .idle_us = PUBLIC_IDLE_US,
        .half_us = PUBLIC_HALF_US,
        .drain_us = PUBLIC_DRAIN_US,
    };
    return turns_init(&server->turns, event);
}

static int start_listening(struct public_server *server, sd_event *event, int listen_fd,
    const struct public_options *options)
{
    int r = server_init(server, event, options);

    if (r >= 0)
        r = sd_event_add_io(event, &server->listener, listen_fd, EPOLLIN, on_listen, server);

    if (r < 0) {
        (void)close(listen_fd);
        return r;
    }
    r = sd_event_source_set_io_fd_own(server->listener, true);
    if (r < 0)
        return r;
    r = sd_event_add_time_relative(
        server->event, &server->retry, CLOCK_BOOTTIME, 0, 0, on_retry, server);
    return r < 0 ? r : sd_event_source_set_enabled(server->retry, SD_EVENT_OFF);
}

int public_server_new(struct sd_event *event, int listen_fd, const struct public_options *options,
    struct public_server **ret_server)
{
    struct public_server *server = malloc(sizeof(*server));
    int r;

    if (!server) {
        (void)close(listen_fd);
        return -ENOMEM;
    }
    r = start_listening(server, event, listen_fd, options);
    if (r < 0) {
        public_server_free(server);
        return r;
    }
    *ret_server = server;
    return 0;
}

void public_server_free(struct public_server *server)
{
    if (!server)
        return;
    while (server->conns)
        conn_free(server->conns);
    sd_event_source_disable_unref(server->listener);
    sd_event_source_disable_unref(server->retry);
    turns_done(&server->turns);
    sd_event_unref(server->event);
    free(server);
}
