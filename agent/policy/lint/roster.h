/* Groups, people and their accounts by name, and which groups are used. */
#pragma once

#include "../model.h"

struct roster_entry;

/* Zero-initialise; free with roster_done. */
struct roster {
    const struct policy *policy;
    struct roster_entry *entries; /* sorted by name */
    size_t count;
    bool *used; /* by number of a group: it owns something or is asked */
};

MUST_USE int roster_build(struct roster *roster, const struct policy *policy);
void roster_done(struct roster *roster);

/* Who stands behind a name of `owner:`. */
struct people_list roster_people(const struct roster *roster, const char *name);
