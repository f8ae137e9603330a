/* A question at a door, from the facts to the answer. This is the one place that says yes:
 * answer_allow() in door.c is the only sender of GATE_ALLOW, and it is reached only
 * after the decision, the use of the grant and their record are durable. Loop thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../common/record.h"
#include "facts.h"
#include "ids.h"
#include "lifecycle.h"
#include "policy/policy.h"
#include "request.h"
#include "scope.h"
#include "tie.h"
#include "waiter.h"

struct agent;

/* One question. The asker fills the first block and zeroes the rest. */
struct inquiry {
    struct agent *agent;
    const struct gate_ask *ask; /* borrowed until door_cancel or the last answer */
    pid_t pid;                  /* SO_PEERCRED */
    int pidfd;                  /* or -1 */
    int command_fd;             /* opened command, or -1; taken */
    /* Sends an answer. WAIT may be followed by others; all else is the last one (READY and NEED
     * end this question; the asker begins another). The inquiry may be cancelled from inside. */
    void (*answer)(struct inquiry *inquiry, const struct gate_answer *answer);

    struct subject subject;
    struct scope scope;
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
};

/* Answers now or later through inquiry->answer. */
void door_ask(struct inquiry *inquiry);

/* Fills in subject, scope and facts from the ask. Returns 0, -ENOMEM, or -EINVAL: names that
 * cannot be names. door_ask does it itself. */
MUST_USE int door_prepare(struct inquiry *inquiry);

/* The asker does not wait any longer, but its request stays open. */
void door_leave(struct inquiry *inquiry);

/* Forgets everything about the question; a request that only it waited for is withdrawn.
 * Must be called once for every inquiry, also after its last answer. */
void door_cancel(struct inquiry *inquiry);

/* The yes could not be delivered: gives the use back. */
void door_undo(struct inquiry *inquiry);

/* The last answer of a question that went on too long: the agent is there but its disk is not. */
void door_give_up(struct inquiry *inquiry);

/* A request filled in from the question: subject, scope, rule, terms, who is asked. Returns 0,
 * -ENOMEM or -ENOENT (nobody can answer). */
MUST_USE int door_new_request(struct inquiry *inquiry, struct request **ret_request);

/* Shared with door_session.c. */
void door_answer_allow(struct inquiry *inquiry, uint64_t left_us);
void door_answer_deny(struct inquiry *inquiry, const char *text);
void door_answer_busy(struct inquiry *inquiry, int error);
struct tie_bearer door_bearer(const struct inquiry *inquiry);

/* A name for the key that completed publickey, out of SSH_AUTH_INFO_0; NULL if none. */
char *door_key_of(const char *auth_info);

/* PAM session phases (door_session.c). */
void door_session(struct inquiry *inquiry);
void door_session_end(struct inquiry *inquiry);
