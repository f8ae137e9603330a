/* `assent setup`: see assent-setup(8). */
#pragma once

#include <stdbool.h>

#include "../base/cli.h"

extern const struct cli_option setup_options[];
int verb_setup(int argc, char **argv, const struct cli_options *options);

/* The verbs beside enable and disable. Each returns an enum cli_exit and says everything itself.
 * `root` "": this host. */
int setup_confirm(const char *root, const struct cli_options *options);
int setup_status(const char *root, const struct cli_options *options);

/* `from`: only if that backup is the one that waits (the timer's own); `booting`: no sshd yet.
 * Nothing to take back is no failure for either, but is one for a person. */
int setup_revert(
    const char *root, const char *from, bool booting, const struct cli_options *options);
