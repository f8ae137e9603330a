/* Names to ids, and whether the accounts are still somebody's, away from the loop: NSS may ask
 * a directory and take its time, so a child of our own (this program with --resolve, see
 * resolve_main) does it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/macro.h"

struct sd_event;
struct resolve_job;

struct resolve_name {
    char *name;
    bool is_group;
    /* filled in: */
    bool exists;
    uint32_t id; /* when it exists */
    /* Of accounts that exist, when the question has `accounts`: */
    bool locked;         /* by passwd -l, or the login shell is one that lets nobody in */
    bool no_shell;       /* locked for the latter reason alone */
    uint64_t expires_us; /* wall clock; 0: never */
};

/* Called on the loop with all names answered, or with result -errno (child failed, -ETIMEDOUT). The
 * names belong to the job and go away after the call. */
typedef void (*resolve_done_fn)(
    int result, const struct resolve_name *names, size_t count, void *userdata);

/* What to ask, and who hears of it. */
struct resolve_question {
    const struct resolve_name *names; /* copied */
    size_t count;
    const char *accounts; /* ASSENT_ACCOUNTS; NULL: who is locked or expired is not asked */
    uint64_t timeout_us;  /* the child is killed then */
    resolve_done_fn done;
    void *userdata;
};

/* Starts a child for the question, which need not outlive the call. A name that is no name
 * (str_is_name) is not asked for and does not exist. SIGCHLD must be blocked in every thread
 * (sd_event_add_child(3)), else -EBUSY. The job frees itself after `done`, which never comes from
 * inside. Returns 0 or -errno. */
MUST_USE int resolve_start(
    struct sd_event *event, const struct resolve_question *question, struct resolve_job **ret_job);

/* Inside `done` with result 0: a line for people about why locked and expired accounts may not all
 * be known (nothing was published, it cannot be used, it is out of date), or NULL. Such accounts
 * then count as open. Static storage. */
const char *resolve_accounts_warning(const struct resolve_job *job);

/* Kills the child, forgets the callback. Not after `done`. NULL-safe. */
void resolve_cancel(struct resolve_job *job);

/* The child: reads lines from stdin and answers each with one.
 *   "a PATH"   the accounts' file, first line or none: "0", or an errno of
 *              accounts_file_load(), or ESTALE (it was read, and /etc/shadow has changed since)
 *   "u NAME"   "ID STATE EXPIRES_US"; STATE is "open", "locked", or "no-shell"
 *   "g NAME"   "ID"
 * and to the latter two "-" for no such name, "?" if the lookup failed (which fails the whole job:
 * an unreachable directory is not "no such user"). Returns an exit status. */
int resolve_main(void);
