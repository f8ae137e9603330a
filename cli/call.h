/* Asking the agent from a verb: connect, call, and say in one place what went wrong. */
#pragma once

#include <jansson.h>

#include "cli.h"

struct varlink;

/* Connects to options->socket. Returns CLI_OK, or CLI_FAILED with the reason and what to do on
 * standard error. The caller ends with varlink_free. */
int call_connect(const struct cli_options *options, struct varlink **ret_link);

/* Calls `method` (without "io.assent.") and gives its parameters (new reference). Takes
 * over the reference to `parameters` (NULL: none). Returns CLI_OK or the exit code for the failure,
 * said on standard error. Connects and disconnects by itself. */
int call_method(
    const struct cli_options *options, const char *method, json_t *parameters, json_t **ret_reply);
