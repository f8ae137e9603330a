/* Recorded decisions, read from the agent one by one (ListDecisions). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

/* A decision as in etc/io.assent.varlink; NULL: a reply that could not be read. Returns 0 or
 * -errno, which ends the reading. */
typedef int (*decisions_fn)(const json_t *decision, void *userdata);

/* Whether nobody asked: `assent setup` tried its lines. */
bool decisions_is_selftest(const json_t *decision);

/* Calls `row` for each decision since then (wall clock), in order. Returns CLI_OK or the exit code,
 * with what went wrong on standard error. */
int decisions_each(
    const struct cli_options *options, uint64_t since_us, decisions_fn row, void *userdata);
