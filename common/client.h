/* The gate's client side: one question to the agent under one total deadline, from inside
 * somebody else's process. No threads, no environment, no descriptor that outlives close,
 * no signal but the caller's own; errno is left to the caller to keep.
 *
 * The agent is believed only if the socket's peer is uid 0 (socket-activated: systemd made
 * it) or the local account "assent", looked up in /etc/passwd itself, and the socket lies in
 * a directory of root's that nobody else can write. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "macro.h"
#include "record.h"

/* What came of asking, besides 0 and -errno. -ETIMEDOUT: not a byte within the deadline;
 * -ECONNREFUSED, -ENOENT: nobody listens. Those three are "the agent is gone". */
enum client_outcome {
    CLIENT_E_UNTRUSTED = 1, /* somebody else's socket */
    CLIENT_E_GARBLED,       /* an answer we cannot read: as bad as none */
    CLIENT_E_CLOSED,        /* closed without an answer: the agent ended in between */
    CLIENT_E_WOKEN,         /* the descriptor given to client_receive became readable or hung up */
};

struct client {
    int fd;          /* -1 when closed */
    uint8_t *buffer; /* GATE_MESSAGE_MAX bytes, owned */
    size_t used;     /* how much of it has ever been written: what close wipes */
};

#define CLIENT_NULL \
    {               \
        .fd = -1    \
    }

/* Connects and judges the peer. `deadline_us` is on the boot clock (clock.h). Waits while
 * the backlog is full. Returns 0, -errno or CLIENT_E_UNTRUSTED. */
MUST_USE int client_open(struct client *client, const char *path, uint64_t deadline_us);

/* Sends the question; `pass_fd` (or -1) travels along (SCM_RIGHTS): the opened command. Its
 * deadline_ms is what is left of `deadline_us`. 0 also when the agent has already closed:
 * client_receive tells whether it answered first. Returns 0 or -errno. */
MUST_USE int client_send(
    struct client *client, const struct gate_ask *ask, int pass_fd, uint64_t deadline_us);

/* Waits for the next answer. `watch_fd` (or -1) ends the wait with CLIENT_E_WOKEN when it
 * becomes readable or hangs up, also when an answer is there: a signalfd, or an epoll
 * descriptor over one and the login's TCP socket. The answer's texts point into the client
 * and hold until the next call; they are printable but for newlines, else it is garbled.
 * Returns 0, -errno or a CLIENT_E_ outcome. */
MUST_USE int client_receive(
    struct client *client, uint64_t deadline_us, int watch_fd, struct gate_answer *ret_answer);

/* Says that the request shall stay open without us. Best effort. */
void client_leave(struct client *client);

/* NULL-safe; wipes and frees. */
void client_close(struct client *client);
