/* The facts of a decision as they stand in its audit record, so that the same question can be put
 * to another policy later. Everything policy_decide() looks at is kept, except local times, which
 * follow from the time. What is not known is absent; texts are escaped (str_escape) and bytes of
 * any kind come back as they were. The members are listed in docs/journal.md. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "../policy/policy.h"
#include "../yaml/arena.h"

/* What is kept at most: a record is written on the way to an answer. */
#define FACTS_RECORD_COMMAND_MAX 4096 /* bytes of path and arguments */
#define FACTS_RECORD_TEXTS_MAX 16384  /* bytes of all other texts */
#define FACTS_RECORD_GROUPS_MAX 1024

/* Adds to a record the member "facts", or, where they are too large, "facts_left_out" with the
 * reason. Returns 0 or -ENOMEM. */
MUST_USE int facts_record_put(json_t *record, const struct facts *facts);

/* Facts read back, with what they point to. Zero-initialise; may be loaded again and again. */
struct facts_record {
    struct facts facts; /* points into the JSON it was loaded from, and into: */
    struct arena arena;
};

/* Reads the member "facts". Returns 0, -EINVAL (a member of the wrong type, or one that this
 * version does not know: to decide without it would be a guess) or -ENOMEM. `zones` stays
 * NULL. */
MUST_USE int facts_record_load(struct facts_record *record, const json_t *json);
void facts_record_done(struct facts_record *record);
