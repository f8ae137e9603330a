/* The user's terminal as sudo lends it. Everything goes to the terminal, or to stderr where
 * there is none; never to stdout, which belongs to the command. Lines are broken between words. */
#pragma once

#include <stdint.h>

#include "../common/macro.h"
#include "../common/record.h"

struct invocation;

struct screen {
    const struct invocation *invocation;
    char *told;          /* the agent's text that stands above the progress line */
    unsigned line_width; /* of the progress line on screen; 0: none */
};

/* One message, "assent: " in front; a progress line is taken away first. */
void screen_say(struct screen *screen, const char *text);

/* The progress of a waiting request: its text once, then one line that is rewritten. */
void screen_progress(struct screen *screen, const struct gate_answer *answer, uint64_t waited_us);

/* Shows `text` and reads a line into fresh memory. Returns 0, or -ENODATA when the user gave
 * none or cannot be asked. */
MUST_USE int screen_prompt(struct screen *screen, const char *text, char **ret_line);

void screen_done(struct screen *screen);
