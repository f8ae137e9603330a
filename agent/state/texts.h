/* A list of texts in one block, each ended by a NUL: compact to keep, trivial to compare. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../common/macro.h"

struct texts {
    char *data; /* owned */
    size_t length;
};

/* Appends a copy. Returns 0 or -ENOMEM. */
MUST_USE int texts_add(struct texts *texts, const char *text);

/* The text after `previous` (NULL: the first); NULL at the end. */
const char *texts_next(const struct texts *texts, const char *previous);
bool texts_contain(const struct texts *texts, const char *text);
size_t texts_count(const struct texts *texts);

/* "a", "a or b", "a, b or c": fresh memory or NULL. */
char *texts_join(const struct texts *texts, const char *last_separator);
void texts_done(struct texts *texts);
