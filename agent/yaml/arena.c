#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
#define PIECE_MAX ((size_t)1 << 32) /* no input that is accepted needs as much */

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    alignas(max_align_t) char data[];
};

static struct arena_chunk *chunk_new(size_t size)
{
    struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);

    if (chunk)
        chunk->size = size;
    return chunk;
}

/* A big piece gets a chunk of its own behind the current one, whose rest stays in use. */
static void *alloc_big(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = chunk_new(size);

    if (!chunk)
        return NULL;
    arena->total += size;
    if (arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        arena->chunks = chunk;
        arena->left = 0;
    }
    return chunk->data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *memory;

    if (size > PIECE_MAX)
        return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > CHUNK_SIZE / 4)
        return alloc_big(arena, size);
    if (!arena->chunks || size > arena->left) {
        struct arena_chunk *chunk = chunk_new(CHUNK_SIZE);

        if (!chunk)
            return NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->left = CHUNK_SIZE;
        arena->total += CHUNK_SIZE;
    }
    memory = arena->chunks->data + (arena->chunks->size - arena->left);
    arena->left -= size;
    return memory;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = length < PIECE_MAX ? arena_alloc(arena, length + 1) : NULL;

    if (copy)
        memcpy(copy, text, length);
    return copy;
}

void *arena_copy(struct arena *arena, const void *items, size_t count, size_t size)
{
    size_t total;
    void *copy;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    copy = arena_alloc(arena, total);
    if (copy && total > 0)
        memcpy(copy, items, total);
    return copy;
}

void arena_done(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;

        arena->chunks = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}
