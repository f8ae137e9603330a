/* One question at a door while it is being answered, and its answers. This is the one place that
 * says yes: inquiry_allow() is the only sender of GATE_ALLOW, and it is reached only after the
 * decision, the use of the grant and their record are durable. Loop thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../common/record.h"
#include "../core/waiter.h"
#include "../policy/policy.h"
#include "../state/ids.h"
#include "../state/request.h"
#include "../state/scope.h"
#include "../state/tie.h"
#include "door_facts.h"

struct agent;

/* The asker fills the first block and zeroes the rest. */
struct inquiry {
    struct agent *agent;
    const struct gate_ask *ask; /* borrowed until door_cancel or the last answer */
    pid_t pid;                  /* SO_PEERCRED */
    int pidfd;                  /* or -1 */
    int command_fd;             /* opened command, or -1; taken */
    /* Sends an answer. WAIT may be followed by others; all else is the last one (READY and NEED
     * end this question; the asker begins another). The inquiry may be cancelled from inside. */
    void (*answer)(struct inquiry *inquiry, const struct gate_answer *answer);

    const char *entitlement; /* asked for by name, or NULL: at a door */
    bool whole;              /* all that it opens */

    struct subject subject;
    struct scope scope;
    char *key;    /* of the login, as grants are bound to it; NULL: not known (yet) */
    char *tty;    /* escaped */
    char *reason; /* escaped */
    struct facts_store store;
    struct policy *policy; /* a reference: the verdict points into it */
    struct verdict verdict;
    struct waiter waiter;
    char chain[IDS_SIZE];    /* of the decision or grant that lets it through */
    char reserved[IDS_SIZE]; /* kept by the asker from NEED to the next ask */
    bool waits;              /* parked for people's answer */
    bool used;               /* took a use of the grant `chain` */
    bool continues;          /* a later phase of the login that `chain` let through */
    char *turned_away;       /* what a person reads who could not be asked; door_turn_away() */
    bool watched;            /* let through by monitor mode, whatever the verdict is */
};

/* What stands at the door now, for grants. Borrowed from the inquiry. */
struct doorway inquiry_doorway(const struct inquiry *inquiry);

/* Whether monitor mode covers the door. */
bool inquiry_is_watched(const struct inquiry *inquiry);

/* Whether nobody stands at the door: `assent setup` tries its lines. Decided like any other, but no
 * grant is used and nobody asked, and its record says so. */
bool inquiry_is_selftest(const struct inquiry *inquiry);

/* The last answers. The inquiry may be gone when they return. */
void inquiry_allow(struct inquiry *inquiry, uint64_t left_us);
void inquiry_deny(struct inquiry *inquiry, const char *text);

/* It could not be recorded: -errno of the ledger, -ETIMEDOUT when its disk does not answer. A door
 * that is only watched says yes all the same: it stops nobody. */
void inquiry_busy(struct inquiry *inquiry, int error);

/* Who asks, for the tie that holds the phases of a login together. */
struct tie_bearer inquiry_bearer(const struct inquiry *inquiry);

/* Names the key that completed publickey, if one did, out of SSH_AUTH_INFO_0. Returns 0 or -ENOMEM.
 */
MUST_USE int inquiry_find_key(struct inquiry *inquiry);
