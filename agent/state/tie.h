/* Ties hold the phases of one login together: handed out with ALLOW, kept in the PAM
 * environment, shown again by the next phase. A tie is sealed by the agent and good only for the
 * process it was given to or its parent (sshd runs keyboard-interactive in a child of the
 * monitor), for one subject and service, for TIE_LIFE_US. It is no secret: copied elsewhere it
 * opens nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "ids.h"

#define TIE_SIZE 128
#define TIE_LIFE_US (UINT64_C(600) * USEC_PER_SEC)

/* Who shows or gets a tie. */
struct tie_bearer {
    pid_t pid;
    uint64_t parent;
    uint32_t uid;
    const char *service;
};

/* Makes the tie of `chain` (a grant's or a decision's id). */
void tie_make(const uint8_t key[32], const char *chain, const struct tie_bearer *bearer,
    char ret_tie[TIE_SIZE]);

/* Whether the tie was made for this bearer and is fresh; then the chain it belongs to. A tie of no
 * chain, of an answer that opened nothing, holds nothing together. */
bool tie_check(const uint8_t key[32], const char *tie, const struct tie_bearer *bearer,
    char ret_chain[IDS_SIZE]);
