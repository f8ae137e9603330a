/* Which rules could match all that a given rule matches: of thousands, the few that look at
 * nothing the given one leaves open. Such a rule shares each value that the given one has for
 * anything it looks at; so each stands on the shelf of the value that fewest share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../common/macro.h"

struct policy;
struct shelf_pair;

/* Zero-initialise; free with shelf_done. */
struct shelf {
    const struct policy *policy;
    struct shelf_pair *pairs; /* value and rule, sorted */
    size_t count;
};

MUST_USE int shelf_build(struct shelf *shelf, const struct policy *policy);
void shelf_done(struct shelf *shelf);

/* Calls `visit` with the numbers of rules among which are all that could cover `rule`, until it
 * returns false. A rule may come twice, and the rule itself comes too. */
typedef bool shelf_visit(uint32_t candidate, void *userdata);
void shelf_find(const struct shelf *shelf, uint32_t rule, shelf_visit *visit, void *userdata);
