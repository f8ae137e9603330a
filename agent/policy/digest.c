#include "digest.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>

void digest_start(struct digest *digest)
{
    digest->used = 0;
    digest->context = EVP_MD_CTX_new();
    digest->failed =
        !digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1;
}

static void hash_bytes(struct digest *digest, const void *data, size_t length)
{
    if (!digest->failed && EVP_DigestUpdate(digest->context, data, length) != 1)
        digest->failed = true;
}

static void hash_gathered(struct digest *digest)
{
    hash_bytes(digest, digest->gathered, digest->used);
    digest->used = 0;
}

void digest_add_more(struct digest *digest, const void *data, size_t length)
{
    hash_gathered(digest);
    if (length <= sizeof(digest->gathered))
        digest_add(digest, data, length);
    else
        hash_bytes(digest, data, length);
}

int digest_finish(struct digest *digest, char ret_hex[POLICY_DIGEST_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    hash_gathered(digest);
    if (!digest->failed && EVP_DigestFinal_ex(digest->context, hash, &length) != 1)
        digest->failed = true;
    EVP_MD_CTX_free(digest->context);
    if (digest->failed)
        ERR_clear_error(); /* libcrypto keeps what it found for the next caller on this thread */
    if (digest->failed || length != (POLICY_DIGEST_SIZE - 1) / 2)
        return -ENOMEM;
    for (unsigned i = 0; i < length; i++)
        snprintf(ret_hex + 2 * (size_t)i, 3, "%02x", hash[i]);
    return 0;
}
