/* From what was typed to the file sudo would run. */
#pragma once

#include "../../common/macro.h"

/* Where sudo looks: Debian's secure_path. The person's own PATH plays no part, as with sudo. */
#define RESOLVE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The absolute path of `command`: one with a slash is taken from the current directory, any
 * other is looked up along `path`; its directory is resolved as the sudo plugin does it
 * (realdir_path). Fresh memory. Returns 0, -ENOENT (no such file, or none that is executable) or
 * -errno. An absolute path that this account cannot look at is taken as it stands. */
MUST_USE int resolve_command(const char *command, const char *path, char **ret_path);
