/* shadow(5): which accounts are locked, which have a day on which they end. Read with the
 * libc's own parser, so that a line means here what it means at a login. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "../common/accounts_file.h"

/* A line longer than this cannot be read and is passed over; a hash has some hundred bytes. */
#define SHADOW_FILE_LINE_MAX ((size_t)64 << 10)

/* Whether that password field is one that somebody locked (passwd -l, usermod -L): `!` in front
 * of what had been a hash. A bare `!`, `!!`, `*` or `!*` says that there never was a password;
 * people who log in with keys have just that, so it is no lock. */
bool shadow_file_is_locked(const char *password);

/* Reads all of `stream`, which must be seekable, and keeps what accounts_file.h lists, in its
 * order; its `source` is left empty. Of several lines for one name the first counts, as for
 * getspnam(3). Lines that libc does not understand, names that are none (str_is_name) and NIS
 * entries (+, -) are passed over. Returns 0 or -errno; caller frees. */
MUST_USE int shadow_file_read(FILE *stream, struct accounts_file *ret_file);
