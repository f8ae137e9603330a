/* A program that uses PAM, as sshd or sudo would: real libpam with a private configuration
 * directory, accounts of its own in a private mount namespace, a conversation that follows a
 * list, and a look after each call at what the module must leave as it was. */
#pragma once

#include <security/pam_appl.h>
#include <stdbool.h>
#include <sys/types.h>

#define ALICE_UID 5001 /* primary group alice (5001) */
#define CAROL_UID \
    5002 /* primary group carol (5002), listed in rescuers (6001) and exempts (6002) */

enum host_phase {
    HOST_AUTH,
    HOST_ACCOUNT,
    HOST_OPEN_SESSION,
    HOST_CLOSE_SESSION,
};

/* Private namespace with /etc/passwd, /etc/group, an empty spool (ASSENT_SPOOL_DIR) and
 * /usr/libexec/sudo; fake gate directory; configuration directory. Ends the program when the
 * machine does not let it. For a cmocka group; return 0. */
int host_setup(void **state);
int host_teardown(void **state);

/* What is expected of the built files: $ASSENT_BUILD/NAME as an absolute path. */
const char *host_built(const char *name);

/* One PAM transaction. `arguments` follow gate=... on the module's lines. */
void host_begin(const char *service, const char *user, const char *arguments);
void host_end(void);
extern pam_handle_t *host_pamh;

void host_env(const char *assignment);
void host_tty(const char *tty);

/* The next prompt gets this answer; with none left the conversation fails. Two lines that nobody
 * types: the end of the input, and ^C (SIGINT, and the conversation fails). */
void host_will_answer(const char *line);
extern const char host_end_of_input[], host_interrupt[];

/* Runs a phase with this real uid (the effective one stays 0) and these PAM flags. Returns
 * the module's own return code. Fails the test when mask, dispositions or descriptors are not
 * as before. */
int host_run(enum host_phase phase, uid_t real_uid, int flags);

/* Looks at mask, dispositions, descriptors, ids and umask; fails the test when they have changed
 * since. */
void host_remember(void);
void host_assert_unchanged(void);

/* What the conversation showed so far; `part` with the line breaks or without. */
unsigned host_count(int style);
bool host_showed(int style, const char *part);
