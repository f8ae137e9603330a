/* What each PAM phase does, from facts to outcome. pam_assent.c maps the outcome to PAM's
 * return code, nothing else does. */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>

#include "../common/macro.h"
#include "door.h"
#include "options.h"
#include "talk.h"

enum flow_outcome {
    FLOW_BROKEN, /* what a forgotten path would return */
    FLOW_NO_MEMORY,
    FLOW_REFUSED,
    FLOW_AWAY, /* the agent is gone, slow or not believed */
    FLOW_UNKNOWN_USER,
    FLOW_EXEMPT,
    FLOW_UNGATED,   /* nothing to decide in this phase: another one does */
    FLOW_MONITORED, /* asked, not enforced */
    FLOW_GRANTED,
    FLOW_OUTCOME_MAX,
};

/* One call of one phase. */
struct flow {
    pam_handle_t *pamh;
    struct options options;
    struct door door;
    struct talk talk;
};

/* Reads arguments and door. Returns FLOW_GRANTED when the phase has to be decided; else the
 * outcome that needs no decision (broken set-up, unknown user, exempt); with
 * `*ret_console` when local root at the console stands there, who is never refused. */
enum flow_outcome flow_begin(struct flow *flow, pam_handle_t *pamh, int flags, int argc,
    const char **argv, bool *ret_console);

enum flow_outcome flow_auth(struct flow *flow);
enum flow_outcome flow_account(struct flow *flow);
enum flow_outcome flow_open_session(struct flow *flow);

/* Tells that the session has ended; nobody waits for an answer. */
void flow_close_session(struct flow *flow);

/* Tells the agent of a console login, so that it is recorded and reviewed. Decides nothing. */
void flow_tell_console(struct flow *flow, unsigned phase);
