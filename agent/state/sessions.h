/* Which process was let through for what, so that its PAM session (and its end) can be told
 * in the same chain. For the records only: nothing is decided by it, and what is forgotten
 * costs a chain id in a record. At most SESSIONS_MAX, the oldest goes first. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "ids.h"

#define SESSIONS_MAX 1024

struct sessions {
    struct session_entry {
        pid_t pid;
        uint32_t uid;
        char chain[IDS_SIZE];
    } entries[SESSIONS_MAX];
    unsigned next;
};

void sessions_remember(struct sessions *sessions, pid_t pid, uint32_t uid, const char *chain);

/* The chain of the newest entry of that process and subject; NULL if it is not known. Borrowed. */
const char *sessions_find(const struct sessions *sessions, pid_t pid, uint32_t uid);
