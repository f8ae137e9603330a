#include "object.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "texts.h"

static json_t *store_texts(const struct texts *texts)
{
    json_t *array = json_array();

    for (const char *item = NULL; (item = texts_next(texts, item));)
        json_array_append_new(array, json_string(item));
    return array;
}

static json_t *store_one(const void *at, enum object_kind kind)
{
    switch (kind) {
    case OBJECT_TEXT:
        return *(char *const *)at ? json_string(*(char *const *)at) : json_null();
    case OBJECT_CHARS:
        return json_string(at);
    case OBJECT_NUMBER:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case OBJECT_ID:
        return json_integer(*(const uint32_t *)at);
    case OBJECT_FLAG:
        return json_boolean(*(const bool *)at);
    case OBJECT_TEXTS:
        return store_texts(at);
    }
    return NULL;
}

int object_store(json_t *json, const void *object, const struct object_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)object + fields[i].offset;

        /* NULL (OOM, or text that is not UTF-8) makes json_object_set_new fail */
        if (json_object_set_new(json, fields[i].name, store_one(at, fields[i].kind)) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int load_texts(const json_t *value, struct texts *texts)
{
    size_t index;
    json_t *item;

    if (!json_is_array(value))
        return -EINVAL;
    json_array_foreach(value, index, item)
    {
        int r = json_is_string(item) ? texts_add(texts, json_string_value(item)) : -EINVAL;

        if (r < 0)
            return r;
    }
    return 0;
}

static int load_text(const json_t *value, char **text)
{
    if (json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return -EINVAL;
    *text = strdup(json_string_value(value));
    return *text ? 0 : -ENOMEM;
}

static int load_chars(const json_t *value, char *chars, size_t size)
{
    if (!json_is_string(value) || json_string_length(value) >= size)
        return -EINVAL;
    memcpy(chars, json_string_value(value), json_string_length(value) + 1);
    return 0;
}

static int load_number(const json_t *value, uint64_t max, uint64_t *ret_number)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return -EINVAL;
    *ret_number = (uint64_t)json_integer_value(value);
    return 0;
}

static int load_one(const json_t *value, void *at, const struct object_field *field)
{
    uint64_t number = 0;
    int r;

    switch (field->kind) {
    case OBJECT_TEXT:
        return load_text(value, at);
    case OBJECT_CHARS:
        return load_chars(value, at, field->size);
    case OBJECT_NUMBER:
        return load_number(value, INT64_MAX, at);
    case OBJECT_ID:
        r = load_number(value, UINT32_MAX, &number);
        if (r == 0)
            *(uint32_t *)at = (uint32_t)number;
        return r;
    case OBJECT_FLAG:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value) ? 0 : -EINVAL;
    case OBJECT_TEXTS:
        return load_texts(value, at);
    }
    return -EINVAL;
}

int object_load(const json_t *json, void *object, const struct object_field *fields, size_t count)
{
    if (!json_is_object(json))
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(json, fields[i].name);
        int r = value ? load_one(value, (char *)object + fields[i].offset, &fields[i]) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

int object_load_strictly(const json_t *json, void *object, const struct object_field *fields,
    size_t count, size_t others)
{
    size_t known = others;

    for (size_t i = 0; i < count; i++)
        known += json_object_get(json, fields[i].name) != NULL;
    if (json_object_size(json) > known)
        return -EINVAL;
    return object_load(json, object, fields, count);
}

void object_done(void *object, const struct object_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *at = (char *)object + fields[i].offset;

        if (fields[i].kind == OBJECT_TEXT) {
            free(*(char **)(void *)at);
            *(char **)(void *)at = NULL;
        } else if (fields[i].kind == OBJECT_TEXTS) {
            texts_done((struct texts *)(void *)at);
        }
    }
}
