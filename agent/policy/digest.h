/* SHA-256, for the one purpose of naming a policy by what it means. The only user of libcrypto
 * here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy.h"

/* A policy is hundreds of thousands of small pieces: they are gathered before they are hashed. */
struct digest {
    void *context;
    bool failed; /* sticks */
    size_t used;
    unsigned char gathered[4096];
};

void digest_start(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t length);

/* Writes the hex form and frees. Returns 0, or -ENOMEM when anything failed. */
MUST_USE int digest_finish(struct digest *digest, char ret_hex[POLICY_DIGEST_SIZE]);
