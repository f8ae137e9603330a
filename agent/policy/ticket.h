/* What a ticket pattern may cost. regcomp(3) writes repeats out: `x+` takes its operand twice and
 * `x{3,8}` eight times, and inside one another they multiply: thirty plus signs are more than any
 * memory. */
#pragma once

#include <stdbool.h>

#define TICKET_COST_MAX 1000 /* single characters and sets, with every repeat written out */

/* Whether the extended regular expression, written out, takes no more than TICKET_COST_MAX, and no
 * repeat stands directly behind another. Where it is none at all the answer does not matter:
 * regcomp() refuses it. */
bool ticket_pattern_is_small(const char *text);
