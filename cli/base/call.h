/* Asking the agent from a verb: connect, call, and say in one place what went wrong. */
#pragma once

#include <jansson.h>

#include "../../common/str.h"
#include "cli.h"
#include "varlink.h"

#define CALL_INTERFACE "io.assent."

/* How long an answer to a plain call may take; the agent's slowest part is a stalled disk. */
#define CALL_TIMEOUT_US (UINT64_C(30) * 1000 * 1000)

/* Connects to options->socket. Returns CLI_OK, or CLI_FAILED with the reason and what to do
 * on standard error. The caller ends with varlink_free. */
int call_connect(const struct cli_options *options, struct varlink **ret_link);

/* Calls `method` (without "io.assent.") and gives the reply's parameters (new reference).
 * Takes over the reference to `parameters` (NULL: none). Returns CLI_OK or the exit code for the
 * failure, said on standard error. */
int call_on(const struct cli_options *options, struct varlink *link, const char *method,
    json_t *parameters, json_t **ret_reply);

/* The same, but an error of the agent's is left in the reply for the caller to judge. */
int call_raw(const struct cli_options *options, struct varlink *link, const char *method,
    json_t *parameters, struct varlink_reply *ret_reply);

/* The same as call_on with a connection of its own. */
int call_method(
    const struct cli_options *options, const char *method, json_t *parameters, json_t **ret_reply);

/* Says a transport failure (-errno or VARLINK_E_) on standard error. Returns CLI_FAILED. */
int call_say_broken(const struct cli_options *options, int result);

/* Says an error reply on standard error. Returns its exit code. */
int call_say_error(const char *error, const json_t *parameters);

/* The exit code of an error reply, by its full name. */
enum cli_exit call_exit_of(const char *error);

/* The words for an error reply: a line or two, escaped, without the name of the program. */
void call_describe_error(struct str_builder *out, const char *error, const json_t *parameters);
