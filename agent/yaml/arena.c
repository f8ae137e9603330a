#include "arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
#define HUGE_PAGE ((size_t)2 * 1024 * 1024)
#define PIECE_MAX ((size_t)1 << 32) /* no input that is accepted needs as much */

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    alignas(max_align_t) char data[];
};

/* What grows long asks for huge pages: with small ones, the faults that fetch them take as long as
 * what is done with them. Only advice, which the system may be set not to follow. */
static void *allocate(size_t size)
{
    void *memory;

    if (size < HUGE_PAGE)
        return malloc(size);
    if (posix_memalign(&memory, HUGE_PAGE, size) != 0)
        return NULL;
    (void)madvise(memory, size & ~(HUGE_PAGE - 1), MADV_HUGEPAGE);
    return memory;
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = allocate(sizeof(*chunk) + size);

    if (!chunk)
        return NULL;
    *chunk = (struct arena_chunk){.size = size};
    arena->total += size;
    return chunk;
}

/* A big piece gets a chunk of its own behind the current one, whose rest stays in use. */
static void *alloc_big(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = chunk_new(arena, size);

    if (!chunk)
        return NULL;
    if (arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        arena->chunks = chunk;
        arena->left = 0;
    }
    return chunk->data;
}

static size_t choose_size(const struct arena *arena)
{
    return arena->total < HUGE_PAGE ? CHUNK_SIZE : HUGE_PAGE - sizeof(struct arena_chunk);
}

static bool add_chunk(struct arena *arena)
{
    size_t size = choose_size(arena);
    struct arena_chunk *chunk = chunk_new(arena, size);

    if (!chunk)
        return false;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->left = size;
    return true;
}

/* Memory as it comes. `align` is a power of two up to that of max_align_t, which chunks begin at
 * and are a multiple of. */
static void *take(struct arena *arena, size_t size, size_t align)
{
    size_t skip = arena->left % align;
    void *memory;

    if (size > PIECE_MAX)
        return NULL;
    if (size > CHUNK_SIZE / 4)
        return alloc_big(arena, size);
    if (!arena->chunks || size + skip > arena->left) {
        if (!add_chunk(arena))
            return NULL;
        skip = 0;
    }
    arena->left -= skip;
    memory = arena->chunks->data + (arena->chunks->size - arena->left);
    arena->left -= size;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *memory = take(arena, size, alignof(max_align_t));

    if (memory)
        memset(memory, 0, size);
    return memory;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = length < PIECE_MAX ? take(arena, length + 1, 1) : NULL;

    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void *arena_copy(struct arena *arena, const void *items, size_t count, size_t size)
{
    size_t total;
    void *copy;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    copy = take(arena, total, alignof(max_align_t));
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
