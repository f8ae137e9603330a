/* Certificates that owners gave to rules (`assent policy recertify`): they are in the ledger, under
 * the rule's digest, and hold for any policy that has the very same rule. */
#pragma once

#include "../../agent/policy/policy.h"
#include "cli.h"

/* Asks the agent for the certificates of the rules in force and tells them to `policy`. Returns
 * CLI_OK or the exit code, with what went wrong on standard error. */
int certificates_apply(const struct cli_options *options, struct policy *policy);
