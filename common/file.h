/* Files that decide something: opened first, then judged by what the descriptor says. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "macro.h"

/* Opens a regular file for reading (O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_CLOEXEC) and checks on the
 * descriptor that it belongs to `owner` or root and that neither group nor others may
 * write it. Returns the descriptor (caller closes) or -errno; -EPERM when the owner or the mode is
 * wrong. */
MUST_USE int file_open_trusted(const char *path, uid_t owner);

/* Reads the whole of `fd`, at most `max` bytes, into fresh memory with a NUL behind it
 * (caller frees). Returns 0, -EFBIG over the cap, or -errno. */
MUST_USE int file_read_all(int fd, size_t max, char **ret_data, size_t *ret_length);

/* Replaces `path` in one step: temporary file in the same directory, fsync, rename, fsync
 * of the directory. Mode as given whatever the umask. Returns 0 or -errno. */
MUST_USE int file_write_atomic(const char *path, const void *data, size_t length, mode_t mode);

/* The same for a file that is given to a group; it gets its name last. */
MUST_USE int file_write_atomic_group(
    const char *path, const void *data, size_t length, mode_t mode, gid_t group);
