/* Connections that have something to do take turns: one of them, for one call, in each round of the
 * loop, so that whoever sends a thousand calls at once over as many connections as they may have
 * holds up neither a door nor the others. Loop thread.
 *
 * Not sd-event's deferred sources: those come before all that became ready later. */
#pragma once

#include <systemd/sd-event.h>

#include "../../common/macro.h"

struct conn;

struct turns {
    int fd; /* always readable; -1: not set up */
    sd_event_source *source;
    struct conn *first, *last;
};

/* Returns 0 or -errno; free with turns_done in every case. */
MUST_USE int turns_init(struct turns *turns, sd_event *event);
void turns_done(struct turns *turns);

/* Behind those who wait already; conn_turn() is called once. Joining twice is joining once. */
void turns_join(struct turns *turns, struct conn *conn);
void turns_leave(struct turns *turns, struct conn *conn);
