#include "digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 << 10)

static void to_hex(const uint8_t *bytes, size_t length, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * length] = '\0';
}

void digest_bytes(const void *data, size_t length, char ret_hex[DIGEST_HEX_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    to_hex(digest, DIGEST_HEX_SIZE / 2, ret_hex);
}

void digest_seal(const uint8_t key[32], const char *text, char ret_hex[DIGEST_SEAL_SIZE])
{
    uint8_t mac[EVP_MAX_MD_SIZE];

    if (!HMAC(EVP_sha256(), key, 32, (const uint8_t *)text, strlen(text), mac, NULL))
        abort();
    to_hex(mac, DIGEST_SEAL_SIZE / 2, ret_hex);
}

bool digest_equal(const char *a, const char *b)
{
    size_t length = strlen(a);

    return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

/* By position: the descriptor came from another process, which can move its offset. */
static int hash_content(const atomic_bool *stop, int fd, EVP_MD_CTX *context)
{
    uint8_t chunk[CHUNK_SIZE];
    uint64_t offset = 0;

    for (;;) {
        ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)offset);

        if (atomic_load(stop))
            return -ECANCELED;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        if (EVP_DigestUpdate(context, chunk, (size_t)n) != 1)
            return -EIO;
        offset += (uint64_t)n;
        if (offset > DIGEST_FILE_MAX)
            return -EFBIG;
    }
}

static void cleanup_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

int digest_content(int fd, const atomic_bool *stop, char ret_hex[DIGEST_HEX_SIZE])
{
    CLEANUP(cleanup_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    int r;

    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        return -ENOMEM;
    r = hash_content(stop, fd, context);
    if (r < 0)
        return r;
    if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
        return -EIO;
    to_hex(digest, DIGEST_HEX_SIZE / 2, ret_hex);
    return 0;
}
