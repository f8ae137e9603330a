/* Recorded decisions, read back many at a time: for a thread of its own. */
#pragma once

#include <stdint.h>

#include "../../common/macro.h"

struct ledger_reader;

/* Where to read: records of seq > `after` and <= `through`, not older than `since_us` (wall
 * clock). */
struct ledger_range {
    uint64_t since_us;
    uint64_t after, through;
};

/* One decision as a JSON object: seq, time, event, and of its record decision, rule, policy and
 * run_as (null where it has none), and facts, or without them count and facts_left_out. A record
 * that cannot be read has the first three alone. Negative ends the walk. */
typedef int (*ledger_decision_fn)(const char *json, void *userdata);

/* The record of a request's opening, which was made about `near_us` (wall clock): within a minute
 * of it. -ENOENT; caller frees. */
MUST_USE int ledger_reader_opening(
    struct ledger_reader *reader, const char *request, uint64_t near_us, char **ret_record);

/* Moves `range->after` to just before the first decision in it; to the end if there is none. */
MUST_USE int ledger_reader_seek_decision(struct ledger_reader *reader, struct ledger_range *range);

/* The decisions among the next `limit` records of the range, in order; moves `range->after` behind
 * them. Whatever stands between takes a bounded time too. */
MUST_USE int ledger_reader_each_decision(struct ledger_reader *reader, struct ledger_range *range,
    unsigned limit, ledger_decision_fn row, void *userdata);

/* The reasons that came with what a rule allowed: those among the newest `limit` audit records that
 * are not older than `since_us`, newest first. Negative ends the walk. */
typedef int (*ledger_reason_fn)(
    uint32_t uid, const char *reason, uint64_t realtime_us, void *userdata);
MUST_USE int ledger_reader_each_reason(struct ledger_reader *reader, uint64_t since_us,
    unsigned limit, ledger_reason_fn row, void *userdata);
