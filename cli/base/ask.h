/* One call to the agent under a short deadline, saying nothing by itself: for checks, which
 * judge a failure instead of ending with it. */
#pragma once

#include <jansson.h>

#include "../../common/macro.h"
#include "varlink.h"

/* Calls `method` ("GetStatus"). Takes over the reference to `parameters` (NULL: none). Returns
 * 0 with the reply (varlink_reply_done), -errno, or a VARLINK_E_ outcome. */
MUST_USE int ask_agent(
    const char *socket, const char *method, json_t *parameters, struct varlink_reply *ret_reply);
