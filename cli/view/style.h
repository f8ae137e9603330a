/* Colour on terminals. Nothing here writes an escape sequence unless options->colour. */
#pragma once

#include "../base/cli.h"

enum style {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD, /* green */
    STYLE_WARN, /* yellow */
    STYLE_BAD,  /* red */
    STYLE_ID,   /* cyan: ids to be typed again */
};

/* The sequence that switches `style` on, and the one that ends it; "" without colour. */
const char *style_on(const struct cli_options *options, enum style style);
const char *style_off(const struct cli_options *options, enum style style);

/* The style in which a state, verdict or decision is shown ("approved" good, "denied" bad). */
enum style style_of_state(const char *state);
