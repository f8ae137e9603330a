/* The reasons that each account has given lately, so that policy can tell the same text given again
 * and again (facts.reason_seen). Kept by account, counted by person: whose an account is may change
 * with the policy. Hashes only: of the escaped text as it is stored, without the case of ASCII
 * letters and with every run of blanks as one.
 *
 * Bounded: REASONS_OF_ONE texts of one account, of REASONS_ACCOUNTS accounts; the oldest makes
 * room. What does not fit in memory counts as not given before. Times are of the wall clock, since
 * the ledger's are. Loop thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/clock.h"
#include "../../common/macro.h"

#define REASONS_WINDOW_US (UINT64_C(7) * 86400 * USEC_PER_SEC)
#define REASONS_OF_ONE 64
#define REASONS_ACCOUNTS 512

struct ledger;
struct policy;
struct reasons_of;

/* Zero-initialise; free with reasons_done. */
struct reasons {
    uid_t uids[REASONS_ACCOUNTS]; /* side by side: looked through at every question */
    struct reasons_of *accounts[REASONS_ACCOUNTS];
    size_t count;
};

/* How often this text was given in the window that ends now: by the account, or by all accounts of
 * the person it belongs to. */
unsigned reasons_seen_of(const struct reasons *reasons, const struct policy *policy, uid_t uid,
    const char *text, uint64_t now_us);

/* The same by that account alone. */
unsigned reasons_seen(const struct reasons *reasons, uid_t uid, const char *text, uint64_t now_us);

/* It gave it at this time. Blank texts and NULL are nothing. */
void reasons_note(struct reasons *reasons, uid_t uid, const char *text, uint64_t at_us);

/* Takes those of the window from the ledger, before anything is noted: of the newest
 * REASONS_FILL_MAX and REASONS_FILL_BYTES requests, and of what rules allowed among the newest
 * REASONS_FILL_RECORDS audit records. Returns 0 or -errno of the ledger. */
#define REASONS_FILL_RECORDS 20000
#define REASONS_FILL_MAX 2000
#define REASONS_FILL_BYTES ((size_t)4 << 20)
MUST_USE int reasons_fill(struct reasons *reasons, struct ledger *ledger, uint64_t now_us);

void reasons_done(struct reasons *reasons);
