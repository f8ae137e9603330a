/* Waiting for people: follows a request until it has ended, with progress on standard error. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/cli.h"

struct varlink;

struct wait {
    const struct cli_options *options;
    struct varlink *link; /* owned by the caller; replaced when the agent was restarted */
    json_t *request;      /* as last heard, owned */
    json_t *grant;        /* owned, NULL without one */
    uint64_t deadline_us; /* boot clock, UINT64_MAX: until it has ended */
    bool attached;        /* the agent withdraws the request when we leave */
};

/* Follows wait->request. Returns CLI_OK when it has ended or the deadline has passed (see its
 * state), else the exit code for a failure that has been said. Does not return on SIGINT: says what
 * becomes of the request, and ends the process by that signal. */
int wait_for_end(struct wait *wait);

/* The exit code for a request in this state. */
enum cli_exit wait_exit_of(const json_t *request);
