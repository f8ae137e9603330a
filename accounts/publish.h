/* From /etc/shadow to the file that the agent may read. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../common/accounts_file.h"
#include "../common/macro.h"

struct publishing {
    const char *shadow; /* belongs to root or whoever we are, and nobody else may write it */
    const char *target; /* ASSENT_ACCOUNTS; its directory must be root's alone */
    gid_t group;        /* may read the target */
};

/* Replaces the target in one step. Returns 0 or -errno, and then what was published before is
 * left alone: it says itself which state of the shadow file it was made from, as `ret_source`
 * does. */
MUST_USE int publish(const struct publishing *publishing, struct accounts_source *ret_source);

/* Whether the shadow file is not in that state any more. Of one that cannot be looked at: yes. */
bool publish_is_outdated(const struct publishing *publishing, const struct accounts_source *source);
