/* --since: how far back a report looks. */
#pragma once

#include <stdint.h>

#include "../../common/macro.h"

#define SINCE_DEFAULT "30d"

/* A length of time before now ("30d"), a day (its beginning, UTC) or a time (RFC 3339). NULL: the
 * default. Returns 0 or -EINVAL. */
MUST_USE int since_parse(const char *text, uint64_t *ret_since_us);
