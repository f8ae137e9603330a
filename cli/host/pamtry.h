/* One run of a PAM stack in a child process, as the program behind the door would do it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../common/macro.h"

enum pamtry_phase {
    PAMTRY_AUTH = 1,
    PAMTRY_ACCOUNT,
    PAMTRY_SESSION, /* account, then open_session and close_session */
};

struct pamtry {
    const char *confdir;
    const char *service;
    const char *pam_user; /* PAM_USER */
    const char *subject;  /* who stands before the door */
    bool setuid;          /* sudo, su: real uid of the subject, effective uid 0 */
    bool plugin;          /* sudo: with the approval plugin loaded, as sudo has it */
    bool no_trace;        /* uses of the rescue door must not be recorded */
    enum pamtry_phase phase;
};

/* What PAM said. */
#define PAMTRY_TEXT_MAX 1024
struct pamtry_result {
    int code;                   /* PAM_SUCCESS ... */
    bool no_plugin;             /* the plugin could not be loaded; `text` says why */
    char text[PAMTRY_TEXT_MAX]; /* messages to the person, not escaped */
};

/* Returns 0, -ETIMEDOUT when the stack did not come back in 20 s, -ECHILD when the child died,
 * or -errno. */
MUST_USE int pamtry_run(const struct pamtry *try, struct pamtry_result *ret_result);
