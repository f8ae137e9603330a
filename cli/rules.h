/* The rules in force, as the agent lists them to the caller: all of them (auditors, root), or those
 * that the caller owns. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli.h"

/* Zero-initialise; free with rules_done. */
struct rules {
    json_t *items;  /* array, in the order of the policy */
    json_t *host;   /* texts */
    json_t *policy; /* its digest */
    bool all;
};

/* Returns CLI_OK or the exit code, with what went wrong on standard error. */
MUST_USE int rules_read(const struct cli_options *options, struct rules *ret_rules);
void rules_done(struct rules *rules);
