/* libcrypto, in one file (digest.c): digests of commands, and the seal on ties. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"

#define DIGEST_HEX_SIZE 65
#define DIGEST_FILE_MAX ((uint64_t)1 << 30)

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
