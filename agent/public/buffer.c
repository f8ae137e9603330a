#include "buffer.h"

#include <errno.h>
#include <string.h>

#define FIRST_SIZE 1024

static void compact(struct buffer *buffer)
{
    size_t length = buffer_length(buffer);

    if (buffer->start > 0 && length > 0)
        memmove(buffer->data, buffer->data + buffer->start, length);
    buffer->start = 0;
    buffer->end = length;
}

static int grow(struct buffer *buffer, size_t needed, size_t max)
{
    size_t size = buffer->size ? buffer->size : FIRST_SIZE;
    char *data;

    while (size < needed)
        size *= 2;
    if (size > max)
        size = max;
    data = realloc(buffer->data, size);
    if (!data)
        return -ENOMEM;
    buffer->data = data;
    buffer->size = size;
    return 0;
}

int buffer_reserve(struct buffer *buffer, size_t extra, size_t max)
{
    size_t length = buffer_length(buffer);

    if (length > max || extra > max - length)
        return -EMSGSIZE;
    if (extra <= buffer->size - buffer->end)
        return 0;
    compact(buffer);
    return length + extra <= buffer->size ? 0 : grow(buffer, length + extra, max);
}

int buffer_append(struct buffer *buffer, const void *data, size_t length, size_t max)
{
    int r = buffer_reserve(buffer, length, max);

    if (r < 0)
        return r;
    if (length > 0)
        memcpy(buffer->data + buffer->end, data, length);
    buffer->end += length;
    return 0;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    buffer->start += length;
    if (buffer->start == buffer->end)
        buffer_done(buffer);
}

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
