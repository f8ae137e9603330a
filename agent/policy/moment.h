/* Points in time as the policy writes them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"
#include "policy.h"

enum moment_kind {
    MOMENT_NONE,
    MOMENT_EXACT, /* with an offset: the same instant everywhere */
    MOMENT_LOCAL, /* without one: by the calendar and clock of a zone */
};

struct moment {
    enum moment_kind kind;
    int64_t value; /* EXACT: microseconds since 1970 UTC; LOCAL: minutes since 1970 in the zone */
};

/* "2026-12-24 18:00", with a T for the blank if liked, and behind it "Z" or an offset like "+01:00"
 * for an exact one. A date alone is its beginning, with `ends` its end. Returns false when it is
 * none, or no day of the calendar. */
MUST_USE bool moment_parse(const char *text, bool ends, struct moment *ret_moment);

/* A date "2026-12-24": the first microsecond (UTC) after that day. False: no such day. */
MUST_USE bool moment_parse_end_of_day(const char *text, uint64_t *ret_us);

/* Whether it has come. `zone` may be NULL: not known. Returns 1, 0, or -1 not known. */
int moment_has_come(const struct moment *moment, uint64_t now_us, const struct zone_time *zone);
