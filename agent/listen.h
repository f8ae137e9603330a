/* The two sockets people and modules come to: those systemd passed, by FileDescriptorName=
 * "gate" and "public" (sd_listen_fds(3)), or our own at the paths in the options. */
#pragma once

#include "../common/macro.h"

struct agent_options;

/* Says on the log why not. Returns 0 or -errno; both sockets are the caller's. */
MUST_USE int listen_open(const struct agent_options *options, int *ret_gate, int *ret_public);
