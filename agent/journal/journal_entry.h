/* From an audit record to the fields of a journal entry (docs/journal.md). */
#pragma once

#include <stdint.h>
#include <sys/uio.h>

#include "../../common/macro.h"

/* An audit record as the ledger has it; owns its texts. */
struct journal_record {
    uint64_t seq;
    uint64_t realtime_us;
    char *chain;
    char *event;
    char *text; /* a flat JSON object */
};

void journal_record_done(struct journal_record *record);

#define JOURNAL_FIELDS_MAX 56

struct journal_entry {
    struct iovec fields[JOURNAL_FIELDS_MAX]; /* owned */
    int count;
};

/* Builds the entry. A record whose text is no JSON object becomes an entry that says so: one
 * bad record must not stop those behind it. Values are sent as they are, whatever bytes they
 * hold, since the length is sent with them. Returns 0 or -ENOMEM. */
MUST_USE int journal_entry_build(
    const struct journal_record *record, struct journal_entry *ret_entry);
void journal_entry_done(struct journal_entry *entry);
