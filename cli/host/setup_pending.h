/* The change that is not confirmed yet: what takes it back when nobody confirms. A transient
 * timer of systemd's does it, so that neither the terminal nor this program has to live, and
 * assent-setup-revert.service does it at boot when the machine was restarted meanwhile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "setup_store.h"

#define SETUP_CONFIRM_DEFAULT_US (300 * USEC_PER_SEC)
#define SETUP_CONFIRM_MIN_US USEC_PER_SEC
#define SETUP_CONFIRM_MAX_US (24 * 3600 * USEC_PER_SEC)
#define SETUP_TIMER "assent-setup-pending"
#define SETUP_BOOT_UNIT "assent-setup-revert.service"

/* Writes the mark and starts the timer, before a file is changed. On failure nothing is left
 * behind and `*ret_problem` says why (caller frees, may stay NULL). With a root (tests) no timer is
 * started. Returns 0 or -errno. */
MUST_USE int pending_arm(
    const char *root, const struct store_pending *pending, uint64_t within_us, char **ret_problem);

/* Takes the mark away and stops the timer: the change stays. Returns 0 or -errno. */
MUST_USE int pending_disarm(const char *root);

/* Puts the files back, then takes the mark away. `booting`: sshd is not running yet. Returns
 * 0 or -errno; `ret_found` counts files that somebody had changed meanwhile (kept). */
MUST_USE int pending_revert(
    const char *root, const struct store_pending *pending, bool booting, unsigned *ret_found);
