/* Digests of the files behind commands, by a thread: they may be large, or their disk slow. */
#pragma once

#include "../../common/macro.h"
#include "../state/digest.h"

struct sd_event;
struct digester;

/* Called on the loop: 0 and the SHA-256 in hex, or -errno (-EFBIG, -EIO, -ESTALE: the file changed
 * while it was read). */
typedef void (*digest_done_fn)(int result, const char *hex, void *userdata);

/* Starts the thread. Returns 0 or -errno. */
MUST_USE int digester_new(struct sd_event *event, struct digester **ret_digester);
void digester_free(struct digester *digester);

/* Takes `fd` (a regular file opened for reading) in every case and answers later, never from
 * inside. Results are remembered by (device, inode, size, mtime, ctime), 256 of them, so that a
 * known file costs one fstat(2): then `ret_hex` is filled at once and 1 is returned. Else 0: the
 * callback comes. -errno: refused (not a regular file, too many waiting), no callback. */
MUST_USE int digester_submit(struct digester *digester, int fd, digest_done_fn done, void *userdata,
    char ret_hex[DIGEST_HEX_SIZE]);

/* Forgets the callbacks with that userdata. */
void digester_forget(struct digester *digester, const void *userdata);
