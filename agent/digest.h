/* libcrypto, in one file (digest.c): digests of commands, and the seal on ties. The thread that
 * reads the commands, since they may be large or their disk slow, is digester.c. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/macro.h"

#define DIGEST_HEX_SIZE 65
#define DIGEST_FILE_MAX ((uint64_t)1 << 30)

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

/* SHA-256 in hex of what `fd` holds, read by position. For the thread; `stop` ends it early.
 * Returns 0, -EFBIG, -ECANCELED or -errno. */
MUST_USE int digest_content(int fd, const atomic_bool *stop, char ret_hex[DIGEST_HEX_SIZE]);

/* SHA-256 of bytes in hex. Never fails but by abort on a broken libcrypto. */
void digest_bytes(const void *data, size_t length, char ret_hex[DIGEST_HEX_SIZE]);

/* HMAC-SHA-256, first 16 bytes in hex (33 bytes with the NUL). */
#define DIGEST_SEAL_SIZE 33
void digest_seal(const uint8_t key[32], const char *text, char ret_hex[DIGEST_SEAL_SIZE]);

/* Compares in constant time. */
bool digest_equal(const char *a, const char *b);
