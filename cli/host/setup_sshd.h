/* What sshd makes of its configuration: sshd -T and -t, sshd(8). */
#pragma once

#include <stdbool.h>

#include "setup_plan.h"

struct sshd_settings {
    bool known; /* sshd could be asked */
    bool use_pam, password, kbdinteractive;
    bool root_login; /* PermitRootLogin is not "no" */
    char *root_login_text;
    char *methods;     /* AuthenticationMethods, "any" */
    unsigned grace_s;  /* LoginGraceTime, 0: none */
    unsigned startups; /* the first number of MaxStartups */
    char *problem;     /* what sshd said when it could not answer */
};

void sshd_settings_done(struct sshd_settings *settings);

/* Asks for what holds for a login of `user` (NULL: outside all Match blocks) from the local
 * machine. `config` NULL: the installed file. `known` false is no error. */
MUST_USE int sshd_settings_read(
    const char *config, const char *user, struct sshd_settings *ret_settings);

/* Reads `text` as sshd -T prints it. Pure. */
MUST_USE int sshd_settings_parse(const char *text, struct sshd_settings *ret_settings);

/* Writes the configuration as it will be after `plan` below `directory` (which must exist and be
 * private): sshd_config with its drop-ins. `*ret_config` is the path (caller frees). Returns 0,
 * -ENOENT without an sshd_config, -ENODATA when it does not include the drop-ins. */
MUST_USE int sshd_write_candidate(
    const struct setup_plan *plan, const char *directory, char **ret_config);

/* Runs sshd -t on `config`. Returns 0, or -EINVAL with sshd's words in `*ret_problem`. */
MUST_USE int sshd_test(const char *config, char **ret_problem);
