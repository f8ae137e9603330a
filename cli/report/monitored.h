/* What enforcing would have stopped: recorded decisions that monitor mode let through, and those
 * that a rule in monitor mode would have made otherwise, alike ones together. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "../base/cli.h"

/* Everything monitor mode covers, or one of "all", a door, "rule:ID", as the rows of the report:
 * objects, the most frequent first: would (deny, escalate, allow), rule (or null: by default),
 * subject, service, run_as, command, count, first, last. What was only tried is left out, with a
 * note. Returns CLI_OK or the exit code, with what went wrong on standard error. */
struct report;
MUST_USE int monitored_read(
    const struct cli_options *options, const char *what, uint64_t since_us, struct report *report);
