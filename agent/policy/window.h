/* Times of the week, and one-off spans of time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "moment.h"
#include "policy.h"
#include "truth.h"

#define WINDOW_ALL_DAYS 0x7fU
#define WINDOW_MINUTES 1440

/* From `from` up to but not including `to`, in minutes of the day. With from > to the window runs
 * on past midnight and belongs to the day on which it begins. */
struct window {
    bool set;     /* days or hours */
    uint8_t days; /* bit 0 Monday .. bit 6 Sunday */
    uint16_t from, to;
    uint32_t zone;               /* for policy_zone_name() */
    struct moment since, before; /* one-off: from the first up to but not including the second */
};

/* "mon", "mon-fri", "mon,wed", and ranges over the week's end; adds the days to *days. Returns
 * NULL, or what is wrong, in words for its author. */
MUST_USE const char *window_parse_days(const char *text, uint8_t *days);

/* "08:00-18:00". */
MUST_USE const char *window_parse_hours(const char *text, struct window *ret_window);

enum truth window_match(const struct window *window, const struct facts *facts);
