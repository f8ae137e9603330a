#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/agent.h"

#define BACKLOG 4096

/* For a start by hand and for tests: systemd makes the sockets otherwise. */
static int bind_socket(const char *path, int type, mode_t mode)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t old;
    int r;

    if (fd < 0)
        return -errno;
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    old = umask(0777 & ~mode);
    r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (r < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    return TAKE_FD(fd);
}

/* The passed sockets by their FileDescriptorName=, -1 where there is none. */
static int take_passed(int *gate_fd, int *public_fd)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(true, &names);

    for (int i = 0; i < count; i++) {
        int fd = SD_LISTEN_FDS_START + i;

        /* a client that left between poll and accept must not stop the loop */
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        if (strcmp(names[i], "gate") == 0 && *gate_fd < 0)
            *gate_fd = fd;
        else if (strcmp(names[i], "public") == 0 && *public_fd < 0)
            *public_fd = fd;
        else
            close(fd);
        free(names[i]);
    }
    free(names);
    return count < 0 ? count : 0;
}

int listen_open(const struct agent_options *options, int *ret_gate, int *ret_public)
{
    int gate_fd = -1, public_fd = -1, r = take_passed(&gate_fd, &public_fd);

    if (r < 0)
        return r;
    if (gate_fd < 0)
        gate_fd = bind_socket(options->gate, SOCK_SEQPACKET, 0600);
    if (public_fd < 0)
        public_fd = bind_socket(options->public, SOCK_STREAM, 0666);
    if (gate_fd < 0 || public_fd < 0) {
        fprintf(
            stderr, SD_ERR "cannot listen: %s\n", strerror(gate_fd < 0 ? -gate_fd : -public_fd));
        return gate_fd < 0 ? gate_fd : public_fd;
    }
    *ret_gate = gate_fd;
    *ret_public = public_fd;
    return 0;
}
