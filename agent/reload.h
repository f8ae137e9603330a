/* Configuration and policy: read, resolved, and only then put in force. Whatever does not
 * load leaves what is in force alone and is reported (journal, ledger, `assent status`). */
#pragma once

#include <stdbool.h>

#include "../common/macro.h"

struct agent;
struct texts;

/* Called once: `errors` is empty when the new policy is in force. */
typedef void (*reload_done_fn)(struct agent *agent, const struct texts *errors, void *userdata);

/* Starts a reload; one at a time (-EBUSY). Returns 0 when `done` (may be NULL) will be called, or
 * has been: files that do not load are known at once. */
MUST_USE int reload_start(struct agent *agent, reload_done_fn done, void *userdata);

/* Forgets the callback of a reload under way. */
void reload_forget(struct agent *agent, const void *userdata);

/* At start: an empty policy (all denied) to stand on until the first one is in force. Returns 0 or
 * -errno. */
MUST_USE int reload_init(struct agent *agent);
void reload_free(struct agent *agent);
