/* A set of names, each with a number from 0 in the order of arrival. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../yaml/arena.h"

#define NAMES_NONE UINT32_MAX

struct yaml_node;

/* Zero-initialise; free with names_done. The texts belong to the arena given to names_add. */
struct names {
    const char **texts;
    const struct yaml_node **places; /* where each stood first; NULL after names_close */
    struct names_slot *slots;        /* by hash; NULL after names_seal */
    uint32_t count;
    uint32_t size; /* of texts and places; slots has twice as many */
};

/* FNV-1a; `seed` keeps values of different kinds apart. */
uint64_t names_hash(const char *text, uint64_t seed);

/* Room for `count` names in all. False on OOM. */
MUST_USE bool names_reserve(struct names *names, size_t count);

/* The number of `text`, added when new. NAMES_NONE on OOM. */
uint32_t names_add(
    struct names *names, struct arena *arena, const char *text, const struct yaml_node *place);

/* The number of `text` or NAMES_NONE. Not after names_seal. */
uint32_t names_find(const struct names *names, const char *text);

/* The name nearest to `text`, for suggestions, or NULL. */
const char *names_nearest(const struct names *names, const char *text);

/* Gives back what only adding needs, and with names_seal finding, too. */
void names_close(struct names *names);
void names_seal(struct names *names);
void names_done(struct names *names);
