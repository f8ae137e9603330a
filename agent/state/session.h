/* Whose login a process belongs to, told by logind and the kernel's audit login id: what
 * sudo, su and a second account cannot change. Reads small files under /proc and
 * /run/systemd only (sd-login(3)); loop thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../common/macro.h"

struct login_session {
    bool known;     /* the process is in a login session or under a user manager */
    uid_t uid;      /* who logged in */
    char id[32];    /* logind's session id, "" if only the user manager is known */
    bool local;     /* a person's, and not over the network: at the machine; no job of cron's */
    char rhost[64]; /* its remote host, "" if none */
};

/* Finds the login session of `pid`, whose pidfd was taken when it connected (session_peer_pidfd).
 * The loginuid, where set, must agree with logind; if they disagree the session is not known.
 * Without a pidfd (-1) it is not known either: the pid may be another's by now, and with it a
 * session that was never the peer's. Returns 0 (then see `known`), or -errno (-ESRCH: the process
 * is gone: also when it went while we looked). */
MUST_USE int session_of(pid_t pid, int pidfd, struct login_session *ret_session);

/* A pidfd for the peer of a connected AF_UNIX socket: SO_PEERPIDFD where the kernel has it (6.5),
 * else pidfd_open(2) of SO_PEERCRED's pid. Call it right after accept(2): on an older kernel a peer
 * that died before, with its end kept open by a child, leaves its pid to whoever gets it next.
 * Returns the descriptor or -errno. */
MUST_USE int session_peer_pidfd(int socket_fd, pid_t pid);

/* Reads what /proc/PID/loginuid says: a uid, or 4294967295 for "never logged in", with or without a
 * newline. Returns 1 and the uid, 0 if it is not set, -EINVAL if it is neither. */
MUST_USE int session_parse_loginuid(const char *text, uid_t *ret_uid);
