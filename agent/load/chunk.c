#include "chunk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../policy/policy.h"

/* One line in so many ends a chunk. */
#define LINES 64

/* FNV-1a; nobody gains by choosing lines that end a chunk or do not. */
static bool is_last(const char *line, size_t length)
{
    uint32_t hash = UINT32_C(2166136261);

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)line[i]) * UINT32_C(16777619);
    return (hash >> 8) % LINES == 0; /* the lowest bits are the weakest */
}

static size_t whole_characters(const char *text, size_t length)
{
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

/* The end of the line that begins at `start`, or `length`. */
static size_t end_of_line(const char *text, size_t start, size_t length)
{
    const char *newline = memchr(text + start, '\n', length - start);

    return newline ? (size_t)(newline - text) + 1 : length;
}

size_t chunk_length(const char *text, size_t length)
{
    size_t last = 0; /* the end of the last whole line that fits */

    if (length <= CHUNK_MIN)
        return length;
    while (last < length) {
        size_t end = end_of_line(text, last, length);

        if (end > CHUNK_MAX)
            return last >= CHUNK_MIN ? last : whole_characters(text, CHUNK_MAX);
        if (end >= CHUNK_MIN && is_last(text + last, end - last))
            return end;
        last = end;
    }
    return length;
}

static struct chunk *add_chunk(struct chunks *chunks)
{
    /* rare enough: a chunk is some 20 KiB of text */
    struct chunk *items = reallocarray(chunks->items, chunks->count + 1, sizeof(*items));

    if (!items)
        return NULL;
    chunks->items = items;
    return &items[chunks->count++];
}

static int cut_file(const struct policy_files *files, size_t index, struct chunks *chunks)
{
    const struct policy_file *file = &files->items[index];
    size_t offset = 0;

    do {
        struct chunk *chunk = add_chunk(chunks);

        if (!chunk)
            return -ENOMEM;
        chunk->file = index;
        chunk->offset = offset;
        chunk->length = chunk_length(file->text + offset, file->length - offset);
        digest_bytes(file->text + offset, chunk->length, chunk->hash);
        offset += chunk->length;
    } while (offset < file->length);
    return 0;
}

int chunks_cut(const struct policy_files *files, struct chunks *ret_chunks)
{
    struct chunks chunks = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < files->count; i++)
        r = cut_file(files, i, &chunks);
    if (r < 0) {
        chunks_done(&chunks);
        return r;
    }
    *ret_chunks = chunks;
    return 0;
}

void chunks_done(struct chunks *chunks)
{
    free(chunks->items);
    *chunks = (struct chunks){0};
}
