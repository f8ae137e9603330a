/* Directories that policy is read from. */
#pragma once

#include "../base/cli.h"

/* CLI_OK, or the exit code with what is wrong on standard error. A missing directory is an empty
 * policy to the agent, but surely a mistake on a command line. */
int directory_check(const char *directory);
