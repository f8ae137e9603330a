#include "peer.h"

#include <errno.h>
#include <sys/socket.h>

#include "../state/session.h"

static int read_credentials(int fd, struct peer *peer)
{
    struct ucred ucred = {0};
    socklen_t length = sizeof(ucred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &length) < 0)
        return -errno;
    if (length != sizeof(ucred))
        return -EIO;
    peer->uid = ucred.uid;
    peer->gid = ucred.gid;
    peer->pid = ucred.pid;
    return 0;
}

/* The kernel answers ERANGE with the size it needs: the list cannot change any more. */
static int read_groups(int fd, struct peer *peer)
{
    AUTO_FREE gid_t *groups = NULL;
    socklen_t length = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) < 0 && errno != ERANGE)
        return -errno;
    if (length == 0)
        return 0;
    groups = malloc(length);
    if (!groups)
        return -ENOMEM;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
        return -errno;
    peer->group_count = length / sizeof(gid_t);
    peer->groups = TAKE_PTR(groups);
    return 0;
}

int peer_read(int fd, struct peer *ret_peer)
{
    struct peer peer = {.pidfd = -1};
    int r = read_credentials(fd, &peer);

    if (r < 0)
        return r;
    r = read_groups(fd, &peer);
    if (r < 0)
        return r;
    r = session_peer_pidfd(fd, peer.pid);
    peer.pidfd = r < 0 ? -1 : r;
    *ret_peer = peer;
    return 0;
}

void peer_done(struct peer *peer)
{
    cleanup_close(&peer->pidfd);
    free((gid_t *)peer->groups);
    *peer = (struct peer){.pidfd = -1};
}
