/* What a policy means, written from the sentences of assent-policy(5) alone: rule after rule, each
 * fact with each condition, no index, no sharing with the engine. */
#pragma once

#include "policy_world.h"

/* Why nothing granted it (D11, I3). */
enum refusal {
    REFUSAL_RULES,
    REFUSAL_ENVIRONMENT,
    REFUSAL_FILE,
    REFUSAL_OWNER,
    REFUSAL_IDENTITY,
    REFUSALS,
};

struct oracle_verdict {
    enum decision decision;
    int rule;        /* UNKNOWN: none */
    int entitlement; /* by which it matched, UNKNOWN: none */
    enum refusal refusal;
    int identity; /* that it is of, UNKNOWN: none */
    enum identity_state state;
    enum lapse lapse;
    unsigned missing;
    unsigned minutes;
    bool asks_owner, asks_peer;
};

/* `watched`: with the rules that are in monitor mode. */
struct oracle_verdict oracle_decide(
    const struct world_policy *policy, const struct world_facts *facts, bool watched);

/* Whether something could come of it once the command is known (U5). */
bool oracle_is_possible(const struct world_policy *policy, const struct world_facts *facts);

/* Whether an entitlement opens this for sure, or may do so once the command is known, whoever asks;
 * and whether this subject may ask for it on this host (E2 to E5). */
bool oracle_opens(const struct world_entitlement *entitlement, const struct world_facts *facts);
bool oracle_may_open(const struct world_entitlement *entitlement, const struct world_facts *facts);
bool oracle_is_for(const struct world_policy *policy, const struct world_entitlement *entitlement,
    const struct world_facts *facts);
