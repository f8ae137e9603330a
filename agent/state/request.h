/* A request: a question put to people, and what came of it.
 *
 *     new ── opened ──> waiting ── enough approvals ──> approved
 *                          ├────── a refusal ─────────> denied
 *                          ├────── nobody in time ────> expired
 *                          └────── taken back ────────> withdrawn
 *
 * request_set_state() is the only writer of the state; the table of legal transitions
 * stands beside it. "Unanswered" is not "denied". Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../policy/policy.h"
#include "ids.h"
#include "scope.h"
#include "texts.h"

enum request_state {
    REQUEST_NEW,
    REQUEST_WAITING,
    REQUEST_APPROVED,
    REQUEST_DENIED,
    REQUEST_EXPIRED,
    REQUEST_WITHDRAWN,
    REQUEST_STATE_MAX_,
};

struct subject {
    uint32_t uid;
    char *name;
    uint32_t kind; /* enum subject_kind */
};

/* One person's word. The number of approvals counts distinct persons. */
struct approval {
    char *person; /* name in people: */
    uint32_t uid; /* the account it came from */
    bool approved;
    uint64_t real_us;
    uint32_t strength; /* enum strength */
    char *reason;      /* or NULL */
    struct approval *next;
};

struct request {
    char id[IDS_SIZE];
    enum request_state state;
    struct subject subject;
    struct scope scope;
    char *reason;
    char *ticket;
    char *control; /* a compensating control that the requester named */
    char *peer;    /* the person named to confirm it; all four or NULL */
    char *tty;
    char *key; /* fingerprint of the ssh key, where the door knew it */
    char *rule;
    char policy[POLICY_DIGEST_SIZE];
    uint64_t created_real_us, expires_real_us, ended_real_us; /* for people */
    uint64_t created_us, expires_us;                          /* boot clock: decides */
    uint64_t ended_us; /* boot clock; not stored: what has ended is not loaded again */
    char boot_id[CLOCK_BOOT_ID_SIZE];
    struct texts asked;   /* names of the persons who may answer */
    uint64_t need;        /* distinct persons, beside the peer */
    uint64_t duration_us; /* of the grant */
    uint64_t uses;        /* of the grant; 0 any number */
    uint32_t lapse;       /* enum lapse: why the rule asks and does not allow */
    bool keep;            /* stays open when the requester goes away */
    bool attached;        /* withdrawn unless somebody waits for it */
    bool survives_reboot;
    bool committed;             /* in the ledger; only then is it shown to people */
    uint32_t login_uid;         /* who is logged in where it came from; UID_NONE unknown */
    struct approval *approvals; /* in order of arrival */
    char grant[IDS_SIZE];
    char *end_reason;
    enum decision would; /* verdict.would, as long as `facts`; 0 none */
    const char *would_rule;
    const char *identity, *owner; /* the same; or NULL */
    const struct facts *facts;    /* only until the record of its opening is made; borrowed */
    struct request *next;
};

#define UID_NONE UINT32_MAX

struct request *request_new(void);
void request_free(struct request *request);

/* Moves on. Returns 0, or -EINVAL for a transition that is not in the table. */
MUST_USE int request_set_state(struct request *request, enum request_state state);
bool request_has_ended(const struct request *request);

const char *request_state_to_string(enum request_state state);

/* Adds a person's word; a person has one: -EEXIST for a second. Returns 0 or -ENOMEM. */
MUST_USE int request_add_approval(
    struct request *request, const char *person, uid_t uid, bool approved, const char *reason);
unsigned request_approval_count(const struct request *request); /* without the peer's */

/* Whether enough people agreed, and the peer if one was named. */
bool request_has_enough(const struct request *request);
const struct approval *request_approval_of(const struct request *request, const char *person);

/* JSON text for the ledger and back. Store: fresh memory or NULL. Load: 0, -EINVAL, -ENOMEM. */
char *request_store(const struct request *request);
MUST_USE int request_load(const char *body, struct request **ret_request);

void subject_done(struct subject *subject);
MUST_USE int subject_copy(const struct subject *subject, struct subject *ret_copy);
