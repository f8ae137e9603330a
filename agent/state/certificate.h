/* Certificates: a person vouches for an allow rule up to a day, for the rule as it then stands.
 * They are in the ledger, one for each digest of a rule, the one that was given last; the audit log
 * has them all (event `recertified`). Whoever changes the rule changes its digest, and with it
 * loses the certificate; whoever changes it back has it again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../policy/policy.h"

struct ledger_batch;
struct ledger_reader;

/* At most so many days from today. */
#define CERTIFICATE_DAYS_MAX 400

struct certificate {
    char *rule;                      /* its id */
    char digest[POLICY_DIGEST_SIZE]; /* of the rule */
    uint64_t until_us;               /* wall clock: the first moment without it */
    char *by;                        /* a person of the policy, or "root" */
    uint32_t uid;                    /* the account that called */
    uint32_t login_uid;              /* whose login that came from, UID_NONE not known */
    char *reason;                    /* escaped */
    bool own;                        /* the rule allows the very person who gave it */
    char policy[POLICY_DIGEST_SIZE]; /* in force then */
    uint64_t real_us;                /* when */
};

void certificate_done(struct certificate *certificate);

/* Returns 0 or -ENOMEM. */
MUST_USE int certificate_copy(
    const struct certificate *certificate, struct certificate *ret_certificate);

/* Into the ledger, in the place of the one before it. */
void certificate_put(struct ledger_batch *batch, const struct certificate *certificate);

/* Those of the ledger, by rule. `unreadable` of them were not as we wrote them. */
struct certificates {
    struct certificate *items;
    size_t count, size;
    size_t unreadable;
};
MUST_USE int certificates_read(struct ledger_reader *reader, struct certificates *ret_certificates);
void certificates_done(struct certificates *certificates);

/* The first of the rule `id`, whose others follow; `ret_count` 0: there is none. */
const struct certificate *certificates_of(
    const struct certificates *certificates, const char *id, size_t *ret_count);

/* "2027-06-30": the last day of a certificate that ends at `until_us`; "" for 0. */
#define CERTIFICATE_DAY_SIZE 16
void certificate_last_day(uint64_t until_us, char ret_text[CERTIFICATE_DAY_SIZE]);
