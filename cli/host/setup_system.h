/* Other programs that setup and doctor need: systemctl, systemd-run, sshd -t. Run with a fixed
 * PATH and environment, standard input closed, their output captured. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../common/macro.h"

/* Runs argv[0] and waits. Returns its exit status (127: it could not be started), 128+N when signal
 * N ended it, or -errno. `ret_output` (may be NULL) gets what it printed on both outputs, at
 * most SYSTEM_OUTPUT_MAX bytes, owned by the caller; set whenever the result is >= 0. */
#define SYSTEM_OUTPUT_MAX ((size_t)64 * 1024)
MUST_USE int system_run(const char *const argv[], char **ret_output);

/* Whether systemd is PID 1 here (sd_booted). */
bool system_has_systemd(void);

/* Lets a running sshd read its configuration again; nothing when it does not run or is
 * started per connection. `wait` false: only asks for it, as one must while booting.
 * Returns 0 or -EIO with the reason in `*ret_problem` (may stay NULL). */
int system_reload_sshd(bool wait, char **ret_problem);
