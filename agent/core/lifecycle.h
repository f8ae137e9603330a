/* What happens to requests and grants, each step committed before anybody hears of it.
 *
 * Every function changes the object, submits one batch (new state and audit record) and
 * answers through a callback once it is durable. If it could not be written the object is
 * read again from the ledger, which is the truth, and the callback gets -errno. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "../state/ids.h"

struct agent;
struct grant;
struct request;

/* `result` 0: durable. The object is valid for the call; NULL if it had to be dropped. */
typedef void (*request_done_fn)(int result, struct request *request, void *userdata);
typedef void (*grant_done_fn)(int result, struct grant *grant, void *userdata);

/* Opens a filled-in request, which it takes: id (unless reserved already) and times are set
 * here. */
void lifecycle_open(struct agent *agent, struct request *request, uint64_t within_us,
    request_done_fn done, void *userdata);

/* Makes the grant that a rule allows by itself, out of a filled-in request, which it takes and
 * which is never opened. `decision` is the record of it. */
struct audit_decision;
void lifecycle_grant(struct agent *agent, struct request *request,
    const struct audit_decision *decision, grant_done_fn done, void *userdata);

/* One person's word about a request. */
struct answer {
    const char *person; /* name in people: */
    uint32_t uid;
    bool approved;
    const char *reason;   /* escaped, or NULL */
    uint64_t duration_us; /* shorten the grant to this; 0: as the rule says */
};

/* Records the word; a refusal ends the request, the last approval needed makes the grant. */
void lifecycle_answer(struct agent *agent, struct request *request, const struct answer *answer,
    request_done_fn done, void *userdata);
void lifecycle_withdraw(struct agent *agent, struct request *request, const char *why,
    request_done_fn done, void *userdata);

/* Its asker stops waiting but wants it to stay open. */
void lifecycle_detach(struct agent *agent, struct request *request);

/* Its last asker is gone: withdrawn now or, while a step of it is on its way, by the next sweep. */
void lifecycle_withdraw_unattended(struct agent *agent, struct request *request);

/* Takes one use of a grant for a door. On failure the use is given back. */
void lifecycle_use(struct agent *agent, struct grant *grant, const char *detail, grant_done_fn done,
    void *userdata);

/* Gives a use back that led to no yes: `why` for the record. */
#define LIFECYCLE_UNHEARD "the door was gone before the answer"
void lifecycle_return_use(struct agent *agent, struct grant *grant, const char *why);

/* Ends a grant: EVENT_REVOKED, EVENT_COMPLETED or EVENT_EXPIRED. */
void lifecycle_end_grant(struct agent *agent, struct grant *grant, const char *event,
    const char *why, grant_done_fn done, void *userdata);

/* Ends what is past its time; forgets what has long ended. Returns when to come again. */
uint64_t lifecycle_sweep(struct agent *agent);

/* Requests and grants out of the ledger, at start. One that is not as it was written is left out,
 * and that is recorded. Returns 0 or -errno. */
MUST_USE int lifecycle_load(struct agent *agent);

/* Forgets the callbacks that carry `userdata`. The steps themselves go on. */
void lifecycle_forget(struct agent *agent, const void *userdata);
