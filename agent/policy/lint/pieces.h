/* Patterns compared with patterns, in the normal form and with the flags of glob.h. Both answers
 * may be wrong in one direction only, which each names. */
#pragma once

#include <stdbool.h>

/* Whether everything that `narrow` matches is matched by `wide` too. True is certain. */
bool pattern_covers(const char *wide, const char *narrow, int flags);

/* Whether some text is matched by both. False is certain. */
bool pattern_meets(const char *a, const char *b, int flags);
