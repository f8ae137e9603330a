/* The daily look: the accounts that the policy in force names are looked up anew, so that owners
 * and approvers who are gone are noticed, and what lapses by the calendar is told. It changes
 * nothing else: neither edited files take force by it, nor does a rollback end. Loop thread. */
#pragma once

#include "../../common/macro.h"

struct agent;
struct refresh;

/* Returns 0 or -errno. */
MUST_USE int refresh_start(struct agent *agent);

/* What a new day does. If it cannot be done now, it is tried again by itself. */
void refresh_look(struct agent *agent);

/* NULL-safe. */
void refresh_free(struct refresh *refresh);
