/* What enforcing would have stopped: recorded decisions that monitor mode let through, and those
 * that a rule in monitor mode would have made otherwise, alike ones together. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "../common/str.h"
#include "cli.h"
#include "view.h"

/* Everything monitor mode covers, or one of "all", a door, "rule:ID". Array of objects, the most
 * frequent first: would (deny, escalate, allow), rule (or null: by default), subject, service,
 * run_as, command, count, first, last. The array belongs to the caller. Returns CLI_OK or the exit
 * code, with what went wrong on standard error. */
MUST_USE int monitored_read(
    const struct cli_options *options, const char *what, uint64_t since_us, json_t **ret_rows);

/* The rows as a table; says so where there are none. */
void monitored_show(struct str_builder *out, const struct view *view, const json_t *rows);
