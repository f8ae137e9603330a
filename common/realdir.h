/* The one spelling of a command's path: sudo's plugin and `assent request` must mean the same. */
#pragma once

#include "macro.h"

/* `path` with its directory resolved by realpath(3) and its last component as it stands, be it a
 * link such as /usr/bin/vi: /bin/vi is /usr/bin/vi where /bin is a link to it. A relative path
 * begins at the current directory; one without a slash is -EINVAL. Fresh memory.
 * Returns 0 or -errno. */
MUST_USE int realdir_path(const char *path, char **ret_path);
