/* The rescue group: who gets in when the agent is gone. Its members are looked up in the
 * local files only. Each use leaves a file behind that the agent turns into a review; a use
 * that cannot be recorded is not let through.
 *
 * A spool file is `key=value` lines, values escaped by str_escape(): time (seconds since the
 * epoch), boot_id, service, user, uid, rhost, tty, command, why. It belongs to root and the
 * directory's group. Its mode is 0600 until it is complete and 0640 from then on, so that the agent
 * never reads half. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "macro.h"

#define RESCUE_PER_MINUTE 10

/* NULL texts are left empty. */
struct rescue_use {
    const char *service;
    const char *user;
    uid_t uid;
    const char *rhost;
    const char *tty;
    const char *command; /* sudo: what is run */
    const char *why;
};

/* Writes the spool file. Returns 0, -EDQUOT when RESCUE_PER_MINUTE is reached, -EPERM when the
 * directory is not root's alone, or -errno. */
MUST_USE int rescue_record(const char *directory, const struct rescue_use *use);
