/* Configuration and policy: loaded away from the loop (loader.h), then put in force by swapping
 * pointers on it. Whatever does not load leaves what is in force alone and is reported (journal,
 * ledger, `assent status`).
 *
 * A rollback puts an earlier version out of the ledger in force. It holds while the files say what
 * was rolled back from; as soon as they say anything else they take force again. A start with files
 * that do not load puts the version in force that was before. All of that is in the ledger's newest
 * loading (loading.h), so that a restart changes nothing.
 *
 * Once a day what is in force is loaded once more, whatever the files say by then, for the accounts
 * that it names: see refresh.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"

struct agent;
struct texts;

/* Who wants a policy loaded, and why. Texts are copied. */
struct reload_order {
    const char *cause;   /* LOADING_ of loading.h */
    const char *by;      /* NULL: the cause itself */
    uint32_t uid;        /* UID_NONE of request.h: nobody */
    uint32_t login_uid;  /* the same: not known */
    const char *reason;  /* escaped, or NULL */
    const char *version; /* LOADING_ROLLBACK: the digest to put in force */
};

/* Called once, when it is recorded: `errors` is empty when what was wished for is in force, else
 * why it is not. */
typedef void (*reload_done_fn)(struct agent *agent, const struct texts *errors, void *userdata);

/* Starts a reload; one at a time (-EBUSY). Returns 0: `done` (may be NULL) will be called,
 * never from inside; -EBUSY or -ENOMEM. */
MUST_USE int reload_start(
    struct agent *agent, const struct reload_order *order, reload_done_fn done, void *userdata);

/* The same for a reload of the files that must not be missed: while another is under way, one more
 * is begun behind it. Several wishes meanwhile share that one, and the last one's `done` is called.
 */
MUST_USE int reload_start_or_follow(
    struct agent *agent, const struct reload_order *order, reload_done_fn done, void *userdata);

/* Forgets the callback of a reload under way. */
void reload_forget(struct agent *agent, const void *userdata);

/* At start, when the ledger is open: an empty policy (all denied) to stand on until the first one
 * is in force, and the thread. Returns 0 or -errno. */
MUST_USE int reload_init(struct agent *agent);

/* After the ledger is closed: its last callbacks still come here. */
void reload_free(struct agent *agent);
