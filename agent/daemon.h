/* The agent as a process: in which order it starts, serves and ends. */
#pragma once

#include "../common/macro.h"

struct agent;
struct agent_options;

/* Opens everything and loads the state. Returns 0 or -errno after having said why on the log. */
MUST_USE int daemon_new(const struct agent_options *options, struct agent **ret_agent);
void daemon_free(struct agent *agent);

/* Serves until told to stop. */
MUST_USE int daemon_run(struct agent *agent);
