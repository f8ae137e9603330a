/* Which of two lists of names stands for which of the other. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../../common/macro.h"

#define PAIR_NONE UINT32_MAX

/* One list of names, as the i-th name by number; NULL: it does not count. */
typedef const char *pairs_name(const void *list, uint32_t number);

struct pairs_list {
    const void *list;
    uint32_t count;
    pairs_name *name;
};

/* Zero-initialise; free with pairs_done. */
struct pairs {
    uint32_t *after_of;  /* by number in the first list: its number in the second, or PAIR_NONE */
    uint32_t *before_of; /* the other way round */
};

/* Names are unique within a list. Returns 0 or -ENOMEM. */
MUST_USE int pairs_build(
    struct pairs *pairs, const struct pairs_list *before, const struct pairs_list *after);
void pairs_done(struct pairs *pairs);
