/* A policy by the name that a person gives it: a directory, the digest of a version that the agent
 * keeps (or the beginning of it), or "running". */
#pragma once

#include "policy_dir.h"

#define POLICY_SOURCE_RUNNING "running"

/* Reads it, and resolves its names on this host. A directory is read without an agent. Returns
 * CLI_OK or the exit code, with what is wrong on standard error. `name` must outlive `dir`; free
 * with policy_dir_done. */
int policy_source_load(struct policy_dir *dir, const struct cli_options *options, const char *name);
