/* Rules that went past others, where that can change a decision. */
#pragma once

#include "../model.h"
#include "pairs.h"

struct moves {
    uint32_t *past;  /* by number of a rule of the later policy: the rule that it went past, or
                        PAIR_NONE */
    bool *now_first; /* it stands before that rule now */
};

/* `pairs` are those of the rules. Zero-initialise; free with order_done. Returns 0 or -ENOMEM. */
MUST_USE int order_find(struct moves *moves, const struct policy *after, const struct pairs *pairs);
void order_done(struct moves *moves);
