/* Who is at the other end of an AF_UNIX connection, as the kernel tells it (socket(7),
 * unix(7)): as of connect(2), whatever the peer has become since. */
#pragma once

#include "public.h"

/* Fills `ret_peer`; its groups and pidfd are owned, give them back with peer_done(). Without a
 * pidfd (the peer has ended) the rest is still true. Returns 0 or -errno. */
MUST_USE int peer_read(int fd, struct peer *ret_peer);
void peer_done(struct peer *peer);
