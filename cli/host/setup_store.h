/* What setup keeps below /var/lib/assent-setup (root, 0700), outside the agent's own state:
 *
 *     backup/20261120T101500Z-sshd/   one directory for each change
 *         manifest                    JSON: doors, files with mode and owner
 *         0.before 0.after 1.before   the files as they were and as they became
 *     pending                         JSON: the change that is not confirmed yet
 *     lock                            taken by whoever changes any of this
 *
 * A change is written down here before a file of the host is touched, so that whatever dies
 * in between, putting back the .before files gives the host as it was. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "setup_plan.h"
#include "setup_session.h"

#define STORE_DIR "var/lib/assent-setup"

/* The change that waits for `assent setup confirm`. Strings owned. */
struct store_pending {
    char *backup;             /* directory name below backup/ */
    char *doors;              /* names, blank between */
    bool reload_sshd;         /* put back: sshd must hear of it */
    uint64_t deadline_us;     /* wall clock, for people; the timer decides */
    struct setup_login login; /* who made the change */
};

void store_pending_done(struct store_pending *pending);

/* Takes the lock until the descriptor is closed. Returns it, -EWOULDBLOCK or -errno. */
MUST_USE int store_lock(const char *root);

/* Writes the plan down: `ret_name` is its directory's name below backup/, caller frees. */
MUST_USE int store_backup(const struct setup_plan *plan, const char *doors, char **ret_name);

/* Makes the plan's changes, each file in one step. When one fails, those before it are put
 * back. `*ret_failed` is then the path. Returns 0 or -errno. */
MUST_USE int store_apply(const struct setup_plan *plan, const char **ret_failed);

/* Puts the files of backup `name` back as they were. A file that has been changed by somebody
 * else meanwhile is first kept beside the backup as N.found; `ret_found` counts those. */
MUST_USE int store_restore(const char *root, const char *name, unsigned *ret_found);

/* Writes the mark that a change waits, durably. Returns 0 or -errno. */
MUST_USE int store_pending_write(const char *root, const struct store_pending *pending);

/* Returns 1 with the pending change (store_pending_done), 0 when there is none, or -errno. */
MUST_USE int store_pending_read(const char *root, struct store_pending *ret_pending);
int store_pending_remove(const char *root);

/* The path of a backup, for messages; caller frees. */
char *store_backup_path(const char *root, const char *name);
