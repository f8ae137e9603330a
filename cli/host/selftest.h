/* Tries a stack before it is put in place: the real libpam, in a child process, with the
 * service files of a candidate directory. Only phases that ask are run (account, and auth up
 * to its first question); a session is opened with our own lines alone. Root only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "candidate.h"
#include "setup_door.h"

enum selftest_level {
    SELFTEST_OK,
    SELFTEST_NOTE, /* to be known, stops nothing */
    SELFTEST_BAD,  /* the stack would lock out, or let in, whom it should not */
};

struct selftest_row {
    const char *door;
    const char *situation;
    char *user;
    char *result; /* what came of it and what was said, escaped */
    enum selftest_level level;
};

#define SELFTEST_ROWS_MAX 64
struct selftest {
    struct selftest_row rows[SELFTEST_ROWS_MAX];
    size_t count;
};

void selftest_done(struct selftest *test);

/* Tries `door` for `user` and root, and for the first member of the rescue group. */
MUST_USE int selftest_run(struct selftest *test, const struct candidate *candidate,
    const struct door *door, const char *user);

/* The first member of group `name` in /etc/group; caller frees; NULL: none. */
char *selftest_first_member(const char *name);

/* Whom to try when nobody is named: who called sudo, else the first account of a person in
 * /etc/passwd. Caller frees; NULL: there is none. */
char *selftest_pick_user(void);
