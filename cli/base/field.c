#include "field.h"

#include "../../common/rfc3339.h"

const char *field_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text && *text != '\0' ? text : NULL;
}

const char *field_text_or(const json_t *object, const char *key, const char *fallback)
{
    const char *text = field_text(object, key);

    return text ? text : fallback;
}

int64_t field_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

bool field_bool(const json_t *object, const char *key, bool fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

json_t *field_array(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return json_is_array(value) ? value : NULL;
}

json_t *field_object(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return json_is_object(value) ? value : NULL;
}

uint64_t field_time(const json_t *object, const char *key)
{
    const char *text = field_text(object, key);
    uint64_t time_us;

    return text && rfc3339_parse(text, &time_us) == 0 ? time_us : 0;
}
