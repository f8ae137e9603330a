/* Recorded decisions put to another policy: which would be answered otherwise. The answer of then
 * is the recorded one, or that of a second policy given the same facts. Nothing is guessed: what
 * was not recorded, or not with all that the policy looks at, is counted with the reason.
 *
 * A policy is asked about the time of the record: hours, one-off windows and certified_until are
 * judged as of then, and certificates that were told to the policy (certificates.h) up to their
 * day. Accounts and groups are those of today. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../agent/facts/facts_record.h"
#include "../../agent/policy/policy.h"
#include "policy_dir.h"

struct local_times;

/* How an answer differs, loudest first. */
enum replay_change {
    REPLAY_NEWLY_ALLOWED, /* was denied, or asked people */
    REPLAY_LESS_EVIDENCE, /* the same, without evidence that was asked for */
    REPLAY_NEWLY_ASKED,   /* was denied, would ask people */
    REPLAY_ASKED_INSTEAD, /* was allowed, would ask people */
    REPLAY_MORE_EVIDENCE, /* the same, once more evidence is given */
    REPLAY_NEWLY_DENIED,  /* was allowed, or asked people */
    REPLAY_OTHER_RULE,    /* the same by another rule: no change of the answer */
    REPLAY_CHANGES
};

struct replay_answer {
    enum decision decision;
    const char *rule; /* NULL: by default */
    unsigned missing; /* enum evidence: opens nothing before it is given */
    enum lapse lapse;
};

/* Alike decisions with the same change, one after the other. Owns what it points to. */
struct replay_group {
    enum replay_change change;
    struct replay_answer was, would;
    char *subject, *service, *run_as, *entitlement; /* escaped; NULL: not known */
    uint32_t uid;
    json_t *command; /* path and arguments; NULL: a login, or not known */
    uint64_t count;
    uint64_t first_us, last_us;
    int64_t seq; /* of the last one */

    void *key; /* replay_groups.c */
    size_t key_length;
};

/* Zero-initialise and set the first block; free with replay_done. */
struct replay {
    const struct policy_dir *policy;
    const struct policy_dir *before; /* NULL: the recorded answers */

    uint64_t seen;     /* decisions, with those that were only counted */
    uint64_t replayed; /* put to the policy */
    uint64_t changed;  /* of them; all but REPLAY_OTHER_RULE */
    uint64_t of[REPLAY_CHANGES];
    json_t *left_out;             /* why -> how many decisions */
    struct replay_group **groups; /* by change, the most frequent first, after replay_end */
    size_t group_count;

    size_t group_size;
    void *tree;
    struct facts_record record;
    struct local_times *times, *times_before;
};

/* Takes one decision of the agent's (NULL: one that could not be read). Returns 0 or -ENOMEM. */
MUST_USE int replay_add(struct replay *replay, const json_t *decision);

/* Puts the groups in order. */
void replay_end(struct replay *replay);
void replay_done(struct replay *replay);

/* Names of the changes for programs: "newly-allowed", ... */
const char *replay_change_to_string(enum replay_change change);
