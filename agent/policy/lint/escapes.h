/* Programs by which whoever may run them gets a shell, or writes any file, which is as good. The
 * list stands in assent-policy(5) too. It is of what is common on servers and not complete: no list
 * could be. */
#pragma once

#include "../model.h"

/* With which arguments a program is a way out. */
enum escape_when {
    ESCAPE_ALWAYS,       /* one gets out from inside: editors, pagers */
    ESCAPE_UNLESS_FIXED, /* without arguments, or with such as the caller chooses */
    ESCAPE_CHOSEN,       /* with arguments that the caller chooses */
    ESCAPE_VERB,         /* when `verb` can be its first argument that is no option */
};

struct escape {
    const char *name; /* a pattern for the last part of the path */
    enum escape_when when;
    const char *verb;
    const char *what; /* "an editor" */
};

/* The first program of the list that the command pattern can be, in a way that is one out; NULL:
 * none. `ret_count` says how many there are. */
const struct escape *escape_find(const struct command *command, unsigned *ret_count);
