/* The exact unified diff of two texts (as `diff -u` prints it), to show what a change of a
 * configuration file will do before it is done. Pure. */
#pragma once

#include "../../common/macro.h"

/* `before` or `after` NULL: the file does not exist there (shown as /dev/null). The result is
 * "" when nothing changes; the caller frees it. Returns 0, -ENOMEM, or -EFBIG when one of the
 * texts has more than DIFF_LINES_MAX lines. */
#define DIFF_LINES_MAX 4096
MUST_USE int diff_unified(const char *path, const char *before, const char *after, char **ret_text);
