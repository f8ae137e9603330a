/* Rows of the ledger that are not as assentd wrote them: each kind is counted while it is read at
 * the start, left out, and told of in one line. What is left out opens no door; what is only for
 * people's comfort begins anew. The rows themselves stay as they are. Loop thread. */
#pragma once

#include <stddef.h>

struct agent;

/* Zero-initialise. */
struct damage {
    size_t count;
    char first[64]; /* which one, escaped */
};

/* One more: `id` is its key, or what stands there; any bytes. */
void damage_note(struct damage *damage, const char *id);

/* A warning on the log, if there were any: "2 of the ledger's WHAT ... : THEN". */
void damage_warn(const struct damage *damage, const char *what, const char *then);

/* The same for what doors depend on: as event `integrity-failed`. */
void damage_record(
    struct agent *agent, const struct damage *damage, const char *what, const char *then);
