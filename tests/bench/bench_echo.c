/* The yardstick for throughput: a SOCK_SEQPACKET server on sd-event that sends each connection's
 * message back and closes. Nothing else is in it.
 *
 *     bench_echo SOCKET      until SIGTERM */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "../../common/macro.h"
#include "bench.h"

static int on_message(sd_event_source *source, int fd, uint32_t events UNUSED, void *data UNUSED)
{
    char buffer[4096];
    ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n > 0)
        (void)!send(fd, buffer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
    sd_event_source_disable_unref(source); /* closes too */
    return 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t events UNUSED, void *data UNUSED)
{
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    sd_event_source *io;

    if (client < 0)
        return 0;
    if (sd_event_add_io(sd_event_source_get_event(source), &io, client, EPOLLIN, on_message, NULL) <
        0)
        close(client);
    else
        (void)sd_event_source_set_io_fd_own(io, true);
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    sd_event *event;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
        bench_die("usage: SOCKET", 0);
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 4096) < 0)
        bench_die(argv[1], errno);
    r = sd_event_default(&event);
    if (r >= 0)
        r = sd_event_add_io(event, NULL, fd, EPOLLIN, on_accept, NULL);
    if (r >= 0)
        r = sd_event_loop(event);
    bench_die("event loop", -r);
}
