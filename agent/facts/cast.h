/* Who is who in facts that people write down: policy decides on ids, people write names. A name
 * that is known somewhere has its real id; any other gets one that no system gives out, the same
 * for the same name as long as the cast lives, so that a policy can be tried where its people have
 * no accounts. Allocates; one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../policy/names.h"

struct policy;

enum cast_kind {
    CAST_USER,
    CAST_GROUP,
};
#define CAST_KINDS 2

/* The real id of a name; false: not known there. */
typedef bool cast_find(
    enum cast_kind kind, const char *name, uint32_t *ret_id, const void *userdata);

/* Zero-initialised, nobody is known but root, who is 0. */
struct cast {
    cast_find *find; /* NULL: nobody is known */
    const void *userdata;
    struct arena arena;
    struct names made_up[CAST_KINDS];
};

/* Returns 0 or -ENOMEM. */
MUST_USE int cast_id(struct cast *cast, enum cast_kind kind, const char *name, uint32_t *ret_id);

/* Whether nobody has that id but a name of a cast. */
bool cast_made_up(uint32_t id);

void cast_done(struct cast *cast);

/* Names that do not exist, and people whose accounts are locked. */
struct cast_changes {
    const char *const *absent;
    size_t absent_count;
    const char *const *gone;
    size_t gone_count;
};

/* Tells the policy the ids of all its names. They all exist but for the changes. policy_ready() is
 * the caller's. Returns 0 or -ENOMEM. */
MUST_USE int cast_resolve(
    struct cast *cast, struct policy *policy, const struct cast_changes *changes);

/* A cast_find for a `struct policy` whose ids have been told already. */
bool cast_find_in_policy(
    enum cast_kind kind, const char *name, uint32_t *ret_id, const void *policy);
