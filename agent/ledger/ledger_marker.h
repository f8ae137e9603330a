/* `path`.exists: the mark that a ledger was made here, and the lock of the process that uses it.
 *
 * Without it a ledger that was deleted or emptied would look like a first start, and the agent
 * would begin with an empty one: no grants, no history, and nobody told. An administrator who
 * wants an empty ledger removes the mark as well; its text says so. */
#pragma once

#include "../../common/macro.h"

/* Looks before SQLite touches anything. Returns 0 and the locked mark (caller closes when the
 * ledger is closed), or -1 in `ret_fd` where there is none; -EBUSY when another process holds
 * it; LEDGER_E_CORRUPT when the ledger is missing or empty though it existed. `ret_detail`
 * (caller frees) says which. The lock belongs to the process: a second open of the mark here
 * would drop it on close (fcntl(2)). */
MUST_USE int ledger_marker_check(const char *path, int *ret_fd, char **ret_detail);

/* Makes the mark, durably, and locks it. */
MUST_USE int ledger_marker_create(const char *path, int *ret_fd);
