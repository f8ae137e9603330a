/* Reading members of a reply that may be absent, null or of the wrong type: then they are
 * as good as absent. Everything is borrowed from the object. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The text of a string member; NULL if there is none or it is empty. */
const char *field_text(const json_t *object, const char *key);

/* The same with a text to fall back on. */
const char *field_text_or(const json_t *object, const char *key, const char *fallback);

int64_t field_int(const json_t *object, const char *key, int64_t fallback);
bool field_bool(const json_t *object, const char *key, bool fallback);

/* An array or object member, or NULL; jansson's readers accept NULL. */
json_t *field_array(const json_t *object, const char *key);
json_t *field_object(const json_t *object, const char *key);

/* An RFC 3339 time member in microseconds since the epoch, 0 if there is none. */
uint64_t field_time(const json_t *object, const char *key);
