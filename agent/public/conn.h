/* One connection of the public socket. At each of its turns it climbs a ladder, one rung at a time:
 *
 *     write     what is queued
 *     dispatch  the next whole message
 *     read      more bytes
 *     end       the peer is gone, or the connection broken
 *
 * A rung returns <0 (the connection is over), 0 (nothing to do here: the next rung) or >0 (did
 * something: start again). Dispatch and read wait until the call in flight has been answered and
 * the answer been read, so a connection never holds more than one message in each direction and
 * what one call streams.
 *
 * What the peer sent before it closed is still served (a oneway call needs no reader); a call
 * that is in flight when it closes, even only for writing, is cancelled.
 *
 * Only the loop frees a connection, never a reply: a handler may hold its call until it
 * returns, whatever became of the peer. */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>

#include "buffer.h"
#include "public.h"

/* What the connection waits for, each with its own limit of time. */
enum conn_wait {
    CONN_WAIT_CALL,    /* idle */
    CONN_WAIT_REST,    /* of a message whose start is here */
    CONN_WAIT_HANDLER, /* as long as the handler likes */
    CONN_WAIT_READER,  /* to take what is queued */
};

struct conn {
    struct public_server *server;
    struct conn *next, *previous;
    struct conn *turn_before, *turn_after; /* while it waits for its turn: turns.c */
    bool waits_turn;
    int fd;
    struct peer peer;
    sd_event_source *io, *timer;
    struct buffer in, out;
    size_t scanned;           /* bytes of `in` that hold no NUL */
    struct public_call *call; /* in flight, or NULL */
    enum conn_wait wait;
    bool progressed; /* since the timer was set */
    bool served;     /* a call in this turn */
    bool peer_left;  /* sends nothing more */
    bool broken;     /* to be closed at the next turn */
};

/* Takes `fd` and what `peer` owns in every case. Returns 0 or -errno. */
int conn_new(struct public_server *server, int fd, const struct peer *peer);

/* Closes; a call in flight is told (public_on_gone). */
void conn_free(struct conn *conn);

/* Its turn has come: goes on as far as one call. May free it. */
void conn_turn(struct conn *conn);

/* Queues messages, each with its NUL, or breaks the connection if the reader is too slow. NULL
 * (OOM) breaks it too. */
void conn_send(struct conn *conn, const char *messages, size_t length);

/* The call in flight has got its last reply. */
void conn_call_ended(struct conn *conn);
