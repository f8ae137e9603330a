/* kill -9 of the agent at a random moment of one call: from before it has read the call until a
 * little after it has answered. How long that takes is learnt from the answers.
 *
 * ASSENT_KILL_ROUNDS sets the number of rounds of each test, ASSENT_KILL_SEED the seed. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent_fixture.h"

struct kill_rounds {
    unsigned count;      /* how many there are to be */
    uint64_t takes_us;   /* until the answer, on the average; 0 not known yet */
    uint64_t goes_on_us; /* what the call began goes on for so long after its answer */
    unsigned acknowledged, cut_off;
    unsigned happened; /* the caller counts: what was found to be done afterwards */
};

/* As set in the environment, else `fallback`; seeds rand(). */
unsigned kill_rounds_count(unsigned fallback);

/* Calls as root and kills the agent meanwhile, which is gone then. Returns whether the call was
 * answered before; an answer that is an error fails the test. Takes the parameters. */
bool kill_rounds_call(struct kill_rounds *rounds, struct agent_fixture *fixture, const char *method,
    json_t *parameters);

/* Says what became of them. Of many rounds some must have been cut off, and some answered. */
void kill_rounds_report(const struct kill_rounds *rounds, const char *what);
