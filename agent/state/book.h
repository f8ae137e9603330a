/* The live requests and grants of this host, in memory. The ledger holds the truth; this
 * is what decisions look at. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "grant.h"
#include "request.h"
#include "tie.h"

#define BOOK_BUCKETS 1024

/* How long an ended request is remembered, so that its answer reaches a requester who asks again,
 * and how many a person may open in that time: taking them back in a loop shall not fill memory. */
#define BOOK_REMEMBER_US (UINT64_C(300) * USEC_PER_SEC)
#define BOOK_OPENED_MAX 32

/* An ended grant is remembered as long as a login that it let through may still be on its way to
 * the next phase, which must hear of the end (tie.h). */
#define BOOK_ENDED_US TIE_LIFE_US

struct book {
    struct request *requests;           /* waiting, and recently ended */
    struct grant *grants[BOOK_BUCKETS]; /* by the subject's uid */
    size_t request_count;               /* waiting */
    size_t grant_count;                 /* active */
};

void book_done(struct book *book);

/* Both take ownership. */
void book_add_request(struct book *book, struct request *request);
void book_add_grant(struct book *book, struct grant *grant);

/* Takes out and frees. */
void book_remove_request(struct book *book, struct request *request);
void book_remove_grant(struct book *book, struct grant *grant);

/* By id; NULL if it is not (or no longer) in memory. */
struct request *book_request(const struct book *book, const char *id);
struct grant *book_grant(const struct book *book, const char *id);

/* The committed, waiting request of this subject for exactly this scope, or NULL. */
struct request *book_waiting(const struct book *book, uint32_t uid, const struct scope *scope);

/* The request of this subject and scope that people refused within BOOK_REMEMBER_US, or NULL. */
struct request *book_refused(const struct book *book, uint32_t uid, const struct scope *scope);

/* A grant that opens this door now, or NULL: among several the one that ends first. */
struct grant *book_opens(const struct book *book, const struct doorway *door);

/* A live grant of exactly this scope, or NULL. */
struct grant *book_same_grant(
    const struct book *book, uint32_t uid, const struct scope *scope, uint64_t now_us);

/* Grants of the account, those that are active, and with those that ended lately: what a rule makes
 * without people is bounded, also where it is given back and asked for again in a loop. */
#define BOOK_GRANTS_MAX 64
#define BOOK_GRANTS_KEPT_MAX 256
struct grant_count {
    unsigned active, kept;
};
struct grant_count book_grant_count_of(const struct book *book, uint32_t uid);

/* When it ends or, once it has ended, when it can be forgotten. */
uint64_t book_ends_us(const struct grant *grant);

/* Whether a grant could, once the command is known (sudo's account phase beside the plugin). */
bool book_may_open(const struct book *book, const struct doorway *door);

/* Requests of this person, under any of their accounts: those that wait, and those that were
 * opened within BOOK_REMEMBER_US, whatever became of them. */
unsigned book_waiting_count(const struct book *book, const struct policy *policy, uint32_t uid);
unsigned book_opened_count(const struct book *book, const struct policy *policy, uint32_t uid);

/* Walks all grants: book_next_grant(book, NULL) is the first. */
struct grant *book_next_grant(const struct book *book, const struct grant *previous);

/* Counts anew after state changes: request_count, grant_count, and returns the earliest
 * moment (boot clock) at which something ends; UINT64_MAX if nothing does. */
uint64_t book_recount(struct book *book);
