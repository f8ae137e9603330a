/* Which identity a uid is, and whether it is alive: assent-policy(5), "IDENTITIES". */
#pragma once

#include "model.h"

/* Sorts the accounts of identities by the ids told, for policy_identity_of(), which else looks at
 * each. */
void identities_index(struct policy *policy);
void identities_forget(struct policy *policy);

#define NO_IDENTITY (-1)

/* Who asks, as policy sees them. */
struct identified {
    int64_t identity; /* NO_IDENTITY: none */
    enum identity_state state;
    struct facts facts;
};

/* The facts to decide on: those given, or for an identity a copy that is of kind service. */
const struct facts *identities_apply(
    const struct policy *policy, const struct facts *facts, struct identified *ret_who);

enum identity_state identity_state_of(
    const struct policy *policy, const struct identity *identity, uint64_t now_us);
