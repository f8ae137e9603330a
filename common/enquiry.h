/* One question to the agent, to its end: what both doors (pam_assent.so, assent_sudo.so) do
 * between knowing their facts and knowing the outcome. It asks, supplies what the agent still
 * NEEDs, WAITs, asks again when READY, and survives one restart of the agent at a time.
 * How a door talks to its person it is told by `struct enquiry_ops`.
 *
 *        ┌────────── asking ◄────────────┐
 *        │             │ WAIT            │ READY, agent restarted
 *        │             ▼                 │
 *        │          waiting ─────────────┘
 *        ▼             │
 *     ALLOW DENY BUSY, cancelled, gone, left open
 *
 * Only ENQUIRY_ALLOWED opens a door, and only from an ALLOW that answers an ask: while
 * waiting the agent says READY, so that the facts it allows are fresh. */
#pragma once

#include <stdint.h>

#include "client.h"
#include "macro.h"
#include "record.h"
#include "signals.h"
#include "typed.h"

/* Allowed is far in its bits from everything else (CVE-2023-42465). */
enum enquiry_outcome {
    ENQUIRY_ALLOWED = 0x35a2965e,
    ENQUIRY_DENIED = 1,   /* `text` says why */
    ENQUIRY_BUSY,         /* the agent is there and cannot answer now: `text` */
    ENQUIRY_OPEN,         /* request `request` stays open without us: `text` */
    ENQUIRY_UNSUPPLIED,   /* the agent needs what is not given: typed_refusal() says it */
    ENQUIRY_GONE,         /* nobody answers */
    ENQUIRY_NOT_BELIEVED, /* somebody else answers, or nonsense comes back */
    ENQUIRY_CANCELLED,    /* a signal, or the client went away: the request is withdrawn */
    ENQUIRY_FAILED,       /* `error` is -errno: out of memory, too large, not permitted */
};

/* What a door can do for the enquiry; each may be NULL. Called with the signals as the host
 * had them only in `prompt`. */
struct enquiry_ops {
    /* Shows `text` and reads one line into fresh memory. Returns 0 or -errno. */
    int (*prompt)(void *context, const char *text, char **ret_line);

    /* News of a waiting request: at the first and each changed answer, and every `tick_us`. */
    void (*waiting)(void *context, const struct gate_answer *answer, uint64_t waited_us);

    /* Fills in ask->groups with memory the door owns. Returns 0 or -errno. */
    int (*groups)(void *context, struct gate_ask *ask);

    /* Takes the facts that may have changed once more. Returns 0 or -errno. */
    int (*refresh)(void *context, struct gate_ask *ask, int *pass_fd);
};

struct enquiry {
    const char *gate;
    uint64_t deadline_us; /* a duration: for each answer that the agent gives by itself */
    uint64_t wait_us;     /* a duration: for people; UINT64_MAX: as long as the request lives */
    uint64_t tick_us;     /* 0: no ticks */
    struct gate_ask *ask; /* flags say whether it may WAIT and PROMPT */
    int pass_fd;          /* borrowed, or -1 */
    int watch_fd;         /* ends everything when readable: signalfd or an epoll over it; or -1 */
    const struct signals *signals; /* paused around prompts; may be NULL */
    const struct enquiry_ops *ops;
    void *context;

    /* Results and state, zero-initialised by ENQUIRY_NULL; freed by enquiry_done. */
    struct client client;
    char *text;    /* last text for the person that is not a prompt, or NULL */
    char *request; /* id, or NULL */
    char *tie;     /* with ENQUIRY_ALLOWED, or NULL */
    struct typed typed;
    uint64_t answer_by_us;
    uint64_t wait_began_us;
    unsigned rounds;
    int error;
};

#define ENQUIRY_NULL                                         \
    {                                                        \
        .pass_fd = -1, .watch_fd = -1, .client = CLIENT_NULL \
    }

/* Runs it to its end. Leaves the connection open only inside `enquiry`. */
MUST_USE enum enquiry_outcome enquiry_run(struct enquiry *enquiry);

/* NULL-safe; closes (which withdraws a request still waited for), wipes and frees. */
void enquiry_done(struct enquiry *enquiry);
