/* A trial of a stack may open a request, as a login would. Whoever is asked should not find
 * it: it is withdrawn again. */
#pragma once

#include <jansson.h>

#include "../common/macro.h"

/* The ids of all open requests, as the members of an object; NULL when the agent cannot be
 * asked. The caller owns it. */
json_t *trial_requests_open(const char *socket);

/* Withdraws the requests of `user` that are open now and were not in `before` (NULL: does
 * nothing). Returns how many. */
unsigned trial_requests_withdraw(const char *socket, const json_t *before, const char *user);
