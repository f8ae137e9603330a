/* A grant: the only thing that opens a door.
 *
 *     active ── last use ──────> used up
 *        ├───── given back ────> completed
 *        ├───── its time ──────> expired
 *        └───── taken back ────> revoked
 *
 * Overlapping grants are independent: ending one never ends another. Its time runs on the
 * boot clock; a jump of the wall clock changes nothing. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "request.h"

enum grant_state {
    GRANT_ACTIVE,
    GRANT_USED_UP,
    GRANT_COMPLETED,
    GRANT_EXPIRED,
    GRANT_REVOKED,
    GRANT_STATE_MAX_,
};

struct grant {
    char id[IDS_SIZE];
    enum grant_state state;
    char request[IDS_SIZE]; /* the chain it belongs to; "" for a rule's own allow */
    struct subject subject;
    struct scope scope;
    bool limited; /* uses_left counts */
    uint64_t uses_left;
    uint64_t used;
    uint64_t created_real_us, expires_real_us, ended_real_us;
    uint64_t created_us, expires_us; /* boot clock */
    uint64_t ended_us;               /* the same; not stored */
    char boot_id[CLOCK_BOOT_ID_SIZE];
    bool survives_reboot;
    char *rule;
    char policy[POLICY_DIGEST_SIZE];
    char *purpose;          /* the reason given */
    char *ticket;           /* these two or NULL */
    char *control;          /* that the requester named */
    char *key;              /* ssh key it is bound to, once known */
    struct texts approvers; /* names, for people and records */
    struct texts asked;     /* who could have approved: they may revoke it */
    char *end_reason;
    bool committed;
    struct grant *next; /* same bucket */
};

struct grant *grant_new(void);
void grant_free(struct grant *grant);

/* What `request` opens once it is approved, for at most `duration_us`; id and boot are the caller's
 * to fill in. NULL on OOM. */
struct grant *grant_from_request(const struct request *request, uint64_t duration_us);

/* Ends it. Returns 0, or -EINVAL if it has ended already. */
int grant_set_state(struct grant *grant, enum grant_state state);
const char *grant_state_to_string(enum grant_state state);

/* Whether it opens this door for this subject now. The one test before every use. */
bool grant_opens(const struct grant *grant, const struct doorway *door);

/* The same where the command is not known yet. */
bool grant_may_open(const struct grant *grant, const struct doorway *door);

/* Takes one use; the last one of a limited grant makes it "used up". grant_return gives
 * it back when the door was not opened after all. */
void grant_use(struct grant *grant);
void grant_return(struct grant *grant);

/* After a restart: a grant of another boot has ended unless it survives, and then its time
 * is what was left of it by the wall clock, never more than it was given. Returns true if it lives
 * on. */
bool grant_rebase(struct grant *grant, const char *boot_id);

char *grant_store(const struct grant *grant);
MUST_USE int grant_load(const char *body, struct grant **ret_grant);
