#include "texts.h"

#include <errno.h>
#include <string.h>

#include "../../common/str.h"

int texts_add(struct texts *texts, const char *text)
{
    size_t size = strlen(text) + 1;
    char *data = realloc(texts->data, texts->length + size);

    if (!data)
        return -ENOMEM;
    memcpy(data + texts->length, text, size);
    texts->data = data;
    texts->length += size;
    return 0;
}

const char *texts_next(const struct texts *texts, const char *previous)
{
    const char *next = previous ? previous + strlen(previous) + 1 : texts->data;

    if (!texts->data || next >= texts->data + texts->length)
        return NULL;
    return next;
}

bool texts_contain(const struct texts *texts, const char *text)
{
    for (const char *item = NULL; (item = texts_next(texts, item));)
        if (strcmp(item, text) == 0)
            return true;
    return false;
}

size_t texts_count(const struct texts *texts)
{
    size_t count = 0;

    for (const char *item = NULL; (item = texts_next(texts, item));)
        count++;
    return count;
}

char *texts_join(const struct texts *texts, const char *last_separator)
{
    struct str_builder builder = {0};
    size_t count = texts_count(texts), i = 0;

    for (const char *item = NULL; (item = texts_next(texts, item)); i++) {
        if (i > 0)
            str_append(&builder, i + 1 == count ? last_separator : ", ");
        str_append(&builder, item);
    }
    return str_builder_take(&builder);
}

void texts_done(struct texts *texts)
{
    free(texts->data);
    *texts = (struct texts){0};
}
