/* How a policy took force: which, when, who wanted it and why, and where its text came from. One
 * record a loading in the ledger (ledger_policy.h); the newest describes the policy in force. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "../policy/policy.h"
#include "../state/request.h"

/* What led to it. */
#define LOADING_START "start"       /* assentd started */
#define LOADING_SIGNAL "signal"     /* SIGHUP */
#define LOADING_CALL "reload"       /* assent reload */
#define LOADING_RETRY "retry"       /* by itself, after accounts could not be looked up */
#define LOADING_ROLLBACK "rollback" /* assent policy rollback */
#define LOADING_DAILY "daily"       /* what is in force, for its accounts; no loading of its own */

struct loading {
    char digest[POLICY_DIGEST_SIZE]; /* of the policy in force; "" in an order */
    char cause[12];
    char *by;           /* a person of the policy, else an account, else the cause's own name */
    uint32_t uid;       /* who asked, UID_NONE nobody */
    uint32_t login_uid; /* whose login that came from, UID_NONE not known */
    char *reason;       /* escaped, or NULL */
    char *source;       /* the directory it was read from */
    bool from_ledger;   /* not read there: the text that the ledger kept */
    char held[POLICY_DIGEST_SIZE]; /* rolled back from this, which is what the files say; or "" */
    char *held_by;                 /* who ordered that, when and why; NULL, 0 */
    uint64_t held_real_us;
    char *held_reason;
    uint64_t real_us;
    uint64_t rules;
    char *assentd; /* version of the program */
    bool unread;   /* the ledger's record is damaged: what was held, if anything, is not known */
};

/* A rollback puts `loading` in force: what the files say and shall not take force is what was in
 * force by their word when the first of a row of rollbacks began. If that is what it goes back to,
 * nothing is held any more. Out of memory costs names, never the digest. */
void loading_hold(struct loading *loading, const struct loading *before);

/* The rollback of `before`, if there was one, goes on in `loading`: the same order holds. */
void loading_go_on_holding(struct loading *loading, const struct loading *before);

/* What was held is not known: `held`, what the files say now, shall not take force. "": not known
 * yet either. */
void loading_hold_unread(struct loading *loading, const char *held);

/* Zeroed but for the ids, which are UID_NONE. Free with loading_done. */
void loading_init(struct loading *loading);
void loading_done(struct loading *loading);

/* The ledger's JSON as text, or NULL on OOM. Caller frees. */
char *loading_store(const struct loading *loading);

/* Returns 0, -EINVAL (not as we wrote it) or -ENOMEM. `ret_loading` is set on success only. */
MUST_USE int loading_load(const char *record, struct loading *ret_loading);

/* The news of it in one line; `before` was in force until then. Caller frees; NULL on OOM. */
char *loading_message(const struct loading *loading, const struct loading *before);

/* Not what the files say, or what they said last: news of it is a warning. */
bool loading_is_loud(const struct loading *loading);
