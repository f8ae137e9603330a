/* What there is to be looked after in a policy: allow rules whose certificate and identities whose
 * last day ends soon or has ended, and people who are needed and are gone or soon will be. The
 * loader's thread takes it when a policy is loaded and once a day, with the accounts as they then
 * are; the loop reads it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "../policy/policy.h"
#include "../state/certificate.h"
#include "../state/texts.h"

/* How near the end of a certificate or an identity is; each step is told once. */
enum survey_step {
    SURVEY_FINE,
    SURVEY_MONTH, /* 30 days or less */
    SURVEY_WEEK,
    SURVEY_DAY,
    SURVEY_LAPSED,
};

/* An allow rule that has a certificate in the ledger, or has lapsed, or is about to. */
struct survey_rule {
    size_t index; /* for policy_rule() */
    char digest[POLICY_DIGEST_SIZE];
    uint64_t certified_us; /* as policy_rule() says it */
    bool disabled;
    bool unowned; /* when the survey was taken */
    bool has_certificate;
    struct certificate certificate;
};

/* An identity that has lapsed, or is about to. */
struct survey_identity {
    size_t index; /* for policy_identity() */
    uint64_t expires_us;
    bool unowned; /* when the survey was taken */
};

/* Somebody who is needed and who is not there, or will not be within 30 days. */
struct survey_person {
    uint32_t person;  /* for policy_person() */
    uint64_t ends_us; /* still there: when the last account runs out; 0 gone */
    size_t needed;    /* by so many rules, entitlements and identities, of which the first are: */
    struct texts names;
};
#define SURVEY_NAMES_MAX 8

/* A rule that asks people of whom fewer are left than it needs. */
struct survey_stage {
    size_t index;
    unsigned left;
};

struct survey {
    struct survey_rule *rules; /* by index */
    size_t rule_count, rule_size;
    struct survey_identity *identities; /* the same */
    size_t identity_count, identity_size;
    struct survey_person *people; /* by number */
    size_t person_count;
    struct survey_stage *stages;
    size_t stage_count, stage_size;
};

/* Tells the policy the certificates that are for its rules as they are, and looks at it. Returns 0
 * or -ENOMEM. */
MUST_USE int survey_take(struct policy *policy, const struct certificates *certificates,
    uint64_t now_us, struct survey *ret_survey);
void survey_done(struct survey *survey);

/* How near its end is, without asking the policy: of ten thousand it has to be quick. */
enum survey_step survey_step_of(const struct survey_rule *rule, uint64_t now_us);
enum survey_step survey_identity_step(const struct survey_identity *identity, uint64_t now_us);

/* What it has about a rule, or NULL. */
const struct survey_rule *survey_rule_of(const struct survey *survey, size_t index);

/* A certificate was given for the rule `index`, whose digest is the certificate's: it counts in
 * this policy, and is shown unless one that ends later is. Takes it, in every case. Returns 0 or
 * -ENOMEM. */
MUST_USE int survey_certify(
    struct survey *survey, struct policy *policy, size_t index, struct certificate *certificate);
