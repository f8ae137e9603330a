/* Which login a process belongs to, and whether it is another and newer one: the proof that
 * one can still get in after a change. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/clock.h"
#include "../../common/macro.h"

#define SETUP_SESSION_SIZE 64

struct setup_login {
    char session[SETUP_SESSION_SIZE]; /* logind's id, "" where there is none */
    char boot_id[CLOCK_BOOT_ID_SIZE];
    pid_t sid;      /* process session, getsid(2) */
    uint64_t at_us; /* boot clock, when this was looked up */
};

/* What to hold against a confirmation. */
enum setup_confirm {
    CONFIRM_OK = 0,
    CONFIRM_OK_PROCESS, /* no login session can be told; another process session will do */
    CONFIRM_SAME,       /* the login that made the change */
    CONFIRM_OLDER,      /* another login, but from before the change: proves nothing */
    CONFIRM_REBOOTED,   /* the machine was started again since */
};

/* The login of the calling process. Returns 0 or -errno. */
MUST_USE int setup_login_current(struct setup_login *ret_login);

/* Whether `now` proves that logging in works after `then`. `started_us` is when the session of
 * `now` began (setup_login_started). Pure. */
enum setup_confirm setup_login_judge(
    const struct setup_login *then, const struct setup_login *now, uint64_t started_us);

/* When the login, or the leader of the process session, began: boot clock. 0 or -errno. */
MUST_USE int setup_login_started(const struct setup_login *login, uint64_t *ret_us);
