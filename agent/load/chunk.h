/* Where texts are cut so that a change in one place leaves the pieces of all others as they were:
 * behind lines whose own content says so, not at fixed distances. */
#pragma once

#include <stddef.h>

#include "../../common/macro.h"
#include "../state/digest.h"

struct policy_files;

/* A chunk has between these many bytes; less only at the end of the text, more never. */
#define CHUNK_MIN ((size_t)16 * 1024)
#define CHUNK_MAX ((size_t)64 * 1024)

/* How much of `text` (valid UTF-8) the first chunk takes. A character is never cut. */
size_t chunk_length(const char *text, size_t length);

/* A piece of a file, known by the SHA-256 of its bytes. */
struct chunk {
    size_t file; /* index */
    size_t offset, length;
    char hash[DIGEST_HEX_SIZE];
};

/* Zero-initialise; free with chunks_done. */
struct chunks {
    struct chunk *items;
    size_t count;
};

/* Cuts all files; an empty one is one empty chunk. Returns 0 or -ENOMEM. */
MUST_USE int chunks_cut(const struct policy_files *files, struct chunks *ret_chunks);
void chunks_done(struct chunks *chunks);
