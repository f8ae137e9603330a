/* Memory that is freed all at once: a document's nodes, a policy's rules. Nothing in it is
 * ever freed alone. Not thread-safe. */
#pragma once

#include <stddef.h>

#include "../../common/macro.h"

struct arena_chunk;

/* Zero-initialise; give back with arena_done. */
struct arena {
    struct arena_chunk *chunks;
    size_t left;  /* in the newest chunk */
    size_t total; /* of all chunks */
};

/* Zeroed memory aligned for any type, or NULL when there is none. Size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies `length` bytes and adds a NUL. NULL on OOM. */
char *arena_text(struct arena *arena, const char *text, size_t length);

/* Copies `count` items of `size` bytes. NULL on OOM or when the product overflows. */
void *arena_copy(struct arena *arena, const void *items, size_t count, size_t size);

void arena_done(struct arena *arena);
