/* Times as text that programs read (RFC 3339), to the microsecond. Thread-safe. */
#pragma once

#include <stdint.h>

#include "macro.h"

/* Reads "2026-11-20T10:00:00Z", also with a fraction or an offset, in the years 1970 to 9999.
 * Microseconds since the epoch; finer digits are dropped. Returns 0 or -EINVAL. */
MUST_USE int rfc3339_parse(const char *text, uint64_t *ret_us);

/* "2026-11-20T10:00:00.123456Z", which rfc3339_parse gives back; clock_format_rfc3339 has whole
 * seconds. */
#define RFC3339_US_SIZE 48
void rfc3339_format_us(uint64_t realtime_us, char ret_text[RFC3339_US_SIZE]);
