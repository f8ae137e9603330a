#include "sessions.h"

#include <stdio.h>

void sessions_remember(struct sessions *sessions, pid_t pid, uint32_t uid, const char *chain)
{
    struct session_entry *entry = &sessions->entries[sessions->next];

    entry->pid = pid;
    entry->uid = uid;
    snprintf(entry->chain, sizeof(entry->chain), "%s", chain);
    sessions->next = (sessions->next + 1) % SESSIONS_MAX;
}

const char *sessions_find(const struct sessions *sessions, pid_t pid, uint32_t uid)
{
    for (unsigned i = 1; i <= SESSIONS_MAX; i++) {
        const struct session_entry *entry =
            &sessions->entries[(sessions->next + SESSIONS_MAX - i) % SESSIONS_MAX];

        if (entry->pid == pid && entry->uid == uid && pid != 0)
            return entry->chain;
    }
    return NULL;
}
