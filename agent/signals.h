/* SIGTERM and SIGINT end the loop, SIGHUP loads configuration and policy again. SIGCHLD is
 * blocked for sd-event's children, SIGPIPE ignored. */
#pragma once

#include "../common/macro.h"

struct agent;

/* Before any thread is started, so that all inherit the mask. Returns 0 or -errno. */
MUST_USE int signals_add(struct agent *agent);
