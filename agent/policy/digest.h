/* SHA-256, for the one purpose of naming a policy by what it means. The only user of libcrypto
 * here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "policy.h"

/* A policy is hundreds of thousands of small pieces: they are gathered before they are hashed. */
struct digest {
    void *context;
    bool failed; /* sticks */
    size_t used;
    unsigned char gathered[4096];
};

void digest_start(struct digest *digest);

/* For what does not fit in what is gathered. */
void digest_add_more(struct digest *digest, const void *data, size_t length);

static inline void digest_add(struct digest *digest, const void *data, size_t length)
{
    if (length > sizeof(digest->gathered) - digest->used) {
        digest_add_more(digest, data, length);
        return;
    }
    memcpy(digest->gathered + digest->used, data, length);
    digest->used += length;
}

/* Writes the hex form and frees. Returns 0, or -ENOMEM when anything failed. */
MUST_USE int digest_finish(struct digest *digest, char ret_hex[POLICY_DIGEST_SIZE]);
