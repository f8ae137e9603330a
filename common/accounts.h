/* Accounts from the local files alone: no NSS, so that a directory that is down, slow or
 * lying decides nothing. For the agent's own account, and rescue=/exempt= groups. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "macro.h"

/* Looks `name` up in /etc/passwd. Returns 0, -ENOENT or -errno. */
MUST_USE int accounts_uid(const char *name, uid_t *ret_uid);

/* Looks `name` up in /etc/group. Returns 0, -ENOENT or -errno. */
MUST_USE int accounts_gid(const char *name, gid_t *ret_gid);

/* Whether `user` belongs to the group with that gid according to /etc/passwd (primary)
 * or /etc/group (listed). Returns 1, 0 or -errno. */
MUST_USE int accounts_in_group(const char *user, gid_t gid);

/* Whether `user` belongs to the group of that name by these two files. A NULL group has no
 * members; an error counts as no: what hangs on it (rescue, exemption) then stays closed. */
bool accounts_is_member(const char *group, const char *user);
