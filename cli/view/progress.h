/* One line on standard error that is drawn over and over while somebody waits; on anything
 * but a terminal, one line at each change. */
#pragma once

#include "view.h"

struct progress {
    unsigned tick;
    size_t seen; /* answers that have been told already */
};

/* Draws the request as it is now. */
void progress_draw(struct progress *progress, const struct view *view, const json_t *request);

/* A count that goes up, as "12,345 decisions read": on a terminal alone. */
void progress_count(const struct cli_options *options, const char *what, uint64_t count);

/* Clears the line before anything else is written. */
void progress_clear(const struct cli_options *options);
