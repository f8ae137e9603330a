/* Signals while a door waits inside somebody else's process.
 *
 * The host's handlers would swallow a ^C (sudo's do) and the door would open all the same.
 * So INT, QUIT, TERM and HUP are blocked for the time of the question and watched by a
 * signalfd, never read from it: what is pending reaches the host's own handlers as soon as
 * the mask is as it was found. No handler and no disposition is touched. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "macro.h"

struct signals {
    sigset_t found; /* the mask to put back */
    int fd;         /* signalfd, readable while one of the four is pending; -1 when not blocked */
};

#define SIGNALS_NULL \
    {                \
        .fd = -1     \
    }

/* Blocks the four for the calling thread and opens the descriptor. Returns 0 or -errno. */
MUST_USE int signals_block(struct signals *signals);

/* Whether one of the four is pending, also one that the host had blocked itself. */
bool signals_are_pending(void);

/* Around a conversation the person must be able to interrupt: the mask as it was found, and
 * blocked again. */
void signals_pause(const struct signals *signals);
void signals_resume(void);

/* Puts the mask back and closes the descriptor; does nothing when not blocked. */
void signals_restore(struct signals *signals);
