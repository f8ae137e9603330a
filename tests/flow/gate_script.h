/* An agent at the fake gate that needs one thing after another. Set the script, then start one of
 * the plays. */
#pragma once

#include <stddef.h>

#include "../../common/macro.h"
#include "fake_gate.h"

/* What the agent says it needs, and what the next ask must tell. NULL: still nothing. */
struct gate_step {
    uint64_t need;
    const char *text;
    const char *reason, *ticket, *control, *peer;
};

extern const struct gate_step *gate_script;
extern size_t gate_script_length;
extern struct gate_answer gate_last;

#define GATE_SCRIPT(steps) (gate_script = (steps), gate_script_length = ARRAY_SIZE(steps))

/* Every step is supplied; then the agent says `gate_last`. */
void gate_play_script(int listener);

/* The last step is not: the client goes, without LEAVE. */
void gate_play_given_up(int listener);

/* Inside a play of one's own: the whole script, and one ask as after a step. */
int gate_play_steps(int listener);
void gate_take_step(int fd, const struct gate_step *step);
