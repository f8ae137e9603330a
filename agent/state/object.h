/* Requests and grants to JSON and back, by one table each: a member that is kept has one
 * row, and nothing is spelled twice. For the ledger; the public form is in view.h. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "../../common/macro.h"

enum object_kind {
    OBJECT_TEXT,   /* char *, NULL when absent */
    OBJECT_CHARS,  /* char[size] */
    OBJECT_NUMBER, /* uint64_t */
    OBJECT_ID,     /* uint32_t */
    OBJECT_FLAG,   /* bool */
    OBJECT_TEXTS,  /* struct texts */
};

struct object_field {
    const char *name;
    enum object_kind kind;
    size_t offset;
    size_t size; /* OBJECT_CHARS */
};

/* Adds every member to `json`. Returns 0 or -ENOMEM. */
MUST_USE int object_store(
    json_t *json, const void *object, const struct object_field *fields, size_t count);

/* Fills `object` (zeroed before) from `json`. Returns 0, -EINVAL (a member has the wrong
 * type or does not fit: the ledger was tampered with) or -ENOMEM. Absent members stay zero. */
MUST_USE int object_load(
    const json_t *json, void *object, const struct object_field *fields, size_t count);

/* The same for what opens doors: -EINVAL too for a member that is neither of these nor one of
 * `others` more. A restriction whose name is not known is a restriction all the same. */
MUST_USE int object_load_strictly(const json_t *json, void *object,
    const struct object_field *fields, size_t count, size_t others);

/* Frees the texts in it. */
void object_done(void *object, const struct object_field *fields, size_t count);
