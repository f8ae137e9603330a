/* The public socket's parser and connection: arbitrary bytes through a socketpair to a real
 * connection whose methods answer at once, in pieces, later, or never. The first byte says in how
 * large pieces the rest arrives and whether the client half-closes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../../agent/public/conn.h"
#include "../../agent/public/peer.h"
#include "../../agent/public/public_limits.h"
#include "../../agent/public/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct public_call *held;

static void echo(struct public_call *call, json_t *parameters, void *userdata UNUSED)
{
    public_reply(call, json_incref(parameters));
}

static void stream(struct public_call *call, json_t *parameters, void *userdata UNUSED)
{
    for (int i = 0; i < 3; i++)
        public_reply_more(call, json_incref(parameters));
    public_error(call, "io.assent.Unavailable", NULL);
}

static void on_gone(struct public_call *call UNUSED, void *userdata UNUSED)
{
    held = NULL;
}

static void hold(struct public_call *call, json_t *parameters UNUSED, void *userdata)
{
    if (held)
        abort(); /* one call at a time */
    held = call;
    public_on_gone(call, on_gone, userdata);
}

static const struct public_method methods[] = {
    {"a.b", PUBLIC_ANYONE, echo},
    {"a.m", PUBLIC_ANYONE, stream},
    {"a.h", PUBLIC_ANYONE, hold},
    {"a.r", PUBLIC_ROOT, echo},
    {0},
};

static struct public_server *make_server(void)
{
    static const struct public_options options = {
        .methods = methods,
        .interface_text = "interface a\n\nmethod b() -> ()\nmethod m() -> ()\nmethod n() -> ()\n",
        .interface_name = "a",
    };
    struct public_server *server = malloc(sizeof(*server));
    sd_event *event = NULL;

    if (!server || sd_event_new(&event) < 0)
        abort();
    if (server_init(server, event, &options) < 0)
        abort();
    return server;
}

static void turn(const struct public_server *server)
{
    while (sd_event_run(server->event, 0) > 0)
        ;
}

/* Reads what was answered, so that the queue never stops the connection. */
static void drain(int fd)
{
    char buffer[65536];

    while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
        ;
}

static void feed(const struct public_server *server, int fd, const uint8_t *data, size_t size)
{
    size_t piece = size > 1 ? (size_t)(data[0] & 0x7f) * 16 + 1 : 1;

    for (size_t at = 1; at < size; at += piece) {
        size_t left = size - at;

        if (send(fd, data + at, left < piece ? left : piece, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            break;
        turn(server);
        drain(fd);
        if (held && (data[at] & 1)) {
            public_reply(held, NULL);
            held = NULL;
        }
    }
    if (size > 0 && (data[0] & 0x80))
        (void)shutdown(fd, SHUT_WR);
    turn(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct public_server *server;
    struct peer peer;
    int fds[2];

    if (!server)
        server = make_server();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0 ||
        peer_read(fds[0], &peer) < 0 || conn_new(server, fds[0], &peer) < 0)
        abort();
    feed(server, fds[1], data, size);
    (void)close(fds[1]);
    turn(server);
    if (server->conns || held || server->queued != 0)
        abort(); /* something outlived its peer */
    return 0;
}
