/* The events of the journal: MESSAGE_ID and PRIORITY of each. packaging/assent.catalog has a
 * text for each id; once released, an id never changes its meaning. */
#pragma once

#include <stddef.h>

#include "../../common/macro.h"

struct journal_event {
    const char *name;       /* ASSENT_EVENT */
    const char *message_id; /* 128 bits, 32 hexadecimal digits */
    int priority;           /* as syslog(3) */
};

/* NULL for a name that is not in the table. */
const struct journal_event *journal_catalog_find(const char *name);

/* The events in the order of the table; NULL past the end. */
const struct journal_event *journal_catalog_at(size_t index);
