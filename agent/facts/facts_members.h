/* The members of recorded facts, each spelled once for who writes and who reads them. */
#pragma once

#include <stddef.h>

#include "../policy/policy.h"

struct facts_member {
    const char *key;
    size_t offset; /* in struct facts */
};

#define FACTS_TEXTS 8
#define FACTS_FLAGS 3
extern const struct facts_member facts_texts[FACTS_TEXTS]; /* of a const char * */
extern const struct facts_member facts_flags[FACTS_FLAGS]; /* of a bool */

/* Words by value; 0 is what goes without saying and has none. */
#define FACTS_KINDS (SUBJECT_SERVICE + 1U)
#define FACTS_TTYS (TTY_CONSOLE + 1U)
#define FACTS_TICKET_STATES (TICKET_REJECTED + 1U)
extern const char *const facts_kinds[FACTS_KINDS];
extern const char *const facts_ttys[FACTS_TTYS];
extern const char *const facts_ticket_states[FACTS_TICKET_STATES];

#define FACTS_LOCAL "local" /* in place of an address: there is no remote host */
