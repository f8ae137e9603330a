/* Strict conversions: the whole string or an error, no locale, no leading blanks or signs.
 * All return 0 or -EINVAL (not of that form) or -ERANGE; outputs are set only on success. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

MUST_USE int parse_u64(const char *text, uint64_t max, uint64_t *ret_value);

/* "yes" "true" "on" / "no" "false" "off". */
MUST_USE int parse_bool(const char *text, bool *ret_value);

/* A duration: one or more number+unit, largest first, units d h m s ms ("1h30m", "90s",
 * "250ms"); a bare number is refused, since its unit would be a guess. Microseconds. */
MUST_USE int parse_duration(const char *text, uint64_t *ret_us);

/* The shortest exact form of a duration, to the second ("15m", "1h30m", "0s"). */
#define PARSE_DURATION_SIZE 32
void format_duration(uint64_t us, char ret_text[PARSE_DURATION_SIZE]);
