/* Bytes between a socket and its reader: added at the end, taken from the start, never above
 * a cap, and no memory while empty. */
#pragma once

#include <stddef.h>

#include "../../common/macro.h"

/* Zero-initialise. Bytes start..end of data are in use. */
struct buffer {
    char *data;
    size_t start, end, size;
};

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

static inline const char *buffer_bytes(const struct buffer *buffer)
{
    return buffer->data + buffer->start;
}

/* Makes room for `extra` bytes behind the end. Returns 0, -EMSGSIZE if more than `max` would
 * be in use then, or -ENOMEM. */
MUST_USE int buffer_reserve(struct buffer *buffer, size_t extra, size_t max);

/* Copies bytes in. Errors as above. */
MUST_USE int buffer_append(struct buffer *buffer, const void *data, size_t length, size_t max);

/* Takes `length` bytes, which must be there, from the start. */
void buffer_consume(struct buffer *buffer, size_t length);

void buffer_done(struct buffer *buffer);
