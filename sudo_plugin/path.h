/* Who could have put another file where a command lies. */
#pragma once

#include <stdbool.h>

#include "../common/macro.h"

struct path_walk {
    int fd;        /* the file, opened for reading; -1 when it cannot be. Caller closes */
    bool writable; /* by others than root, itself or anything on the way to it */
};

/* Follows an absolute path from / through every directory and symbolic link. Each of them
 * must belong to root and be writable by nobody else; a sticky directory does not help,
 * since new names can be made in it. Each step is judged on an open descriptor.
 * Returns 0 or -errno (then there is nothing that could be run). */
MUST_USE int path_walk(const char *path, struct path_walk *ret_walk);
