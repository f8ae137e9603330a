/* Wildcards: fnmatch(3) as it is in the "C" locale, on bytes, but pure: no locale, no
 * allocation, and never more than pattern length times text length steps, since the text is
 * chosen by whoever asks.
 *
 * A pattern here is in normal form, made by pattern_split(): `*`, `?`, `[...]`, `[!...]` are
 * wildcards, a backslash makes the next byte literal, and every bracket is closed. */
#pragma once

#include <stdbool.h>

enum glob_flag {
    GLOB_PATH = 1 << 0, /* no wildcard matches '/' nor a '.' that leads a component */
    GLOB_FOLD = 1 << 1, /* ASCII letters compare without case */
};

bool glob_match(const char *pattern, const char *text, int flags);

/* Whether the bracket that begins there matches `c`; of the flags, only GLOB_FOLD counts. */
bool glob_bracket_has(const char *bracket, unsigned char c, int flags);

/* Whether the pattern has a wildcard at all. */
bool glob_is_wild(const char *pattern);

/* Removes the backslashes of a pattern that is not wild; the result fits into strlen(pattern) + 1.
 */
void glob_unescape(const char *pattern, char *ret_text);
