/* The one spelling of a command's path: sudo's plugin and `assent request` must mean the same. */
#pragma once

#include "macro.h"

/* `path` with its directory resolved by realpath(3) and its last component as it stands, be it a
 * link such as /usr/bin/vi: /bin/vi is /usr/bin/vi where /bin is a link to it. A relative path
 * begins at the current directory; one without a slash is -EINVAL. Fresh memory.
 * Returns 0 or -errno. */
MUST_USE int realdir_path(const char *path, char **ret_path);

/* Whether the directory that a path pattern begins with (up to the last slash before a
 * wildcard or backslash) really is another one: a command is never found under such a pattern. Then
 * `ret_real` is that one (fresh memory). Returns 1, 0, or -errno (0 for a directory that is not
 * there). */
MUST_USE int realdir_leads_elsewhere(const char *pattern, char **ret_real);
