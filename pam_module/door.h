/* Which door this is and who stands before it: DESIGN, "Who is the subject".
 *
 * At a login door it is the account that logs in (PAM_USER). At a setuid door it is who
 * called: the real uid, whatever PAM_USER says (sudo's rootpw and targetpw, su's target). */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../common/macro.h"

enum door_kind {
    DOOR_SSHD,
    DOOR_LOGIN,
    DOOR_SETUID,
};

/* Texts are borrowed from the PAM handle. */
struct door {
    enum door_kind kind;
    const char *service;
    bool is_sudo;     /* sudo or sudo-i: the command is somebody else's business */
    const char *user; /* the subject */
    uid_t uid;
    gid_t gid;          /* its primary group in the account database */
    const char *run_as; /* the account behind the door, NULL when PAM cannot know it */
    uid_t run_as_uid;
    const char *tty;   /* NULL: not known; "": none */
    const char *rhost; /* PAM_RHOST, or NULL */
};

/* Which kind a service is. Services that are not known by name count as setuid doors exactly
 * when somebody else than root called them. */
enum door_kind door_kind_of(const char *service, uid_t real_uid);

/* Finds out. Returns PAM_SUCCESS, PAM_USER_UNKNOWN for a subject that does not exist or has
 * no proper name, or PAM_SERVICE_ERR. `door->kind` is set in any case. */
MUST_USE int door_open(pam_handle_t *pamh, struct door *door);

/* Whether sudo's command line looks like a listing (-l, -v and the like), as `length` bytes
 * of /proc/PID/cmdline. A hint: callers may only ask for less because of it. */
bool door_looks_like_listing(const char *cmdline, size_t length);

/* The same for this process; false when it cannot be told. */
bool door_is_listing(const struct door *door);
