/* Our lines in a configuration file: put in and taken out again so that the file is, byte for
 * byte, what it was. Pure but for reading the services a file includes.
 *
 * Our lines stand only between two markers, which name the door they belong to:
 *
 *     # assent begin sshd
 *     account  required  pam_assent.so rescue=assent-rescue
 *     # assent end
 *
 * A line that ours replaces is kept between the markers behind "# assent keeps: ". A file
 * that was not there before says "new-file" behind the door's name. */
#pragma once

#include <stddef.h>

#include "../../common/macro.h"

enum stack_place {
    STACK_BEFORE_COMMON =
        1,            /* before the first rule of that type that includes or may end the phase */
    STACK_AFTER_LAST, /* after the last rule of that type */
    STACK_IN_PLACE,   /* instead of the one include that gives that type alone */
};

struct stack_insert {
    unsigned type; /* enum stack_type */
    enum stack_place place;
    const char *line; /* without a newline */
};

/* Up to eight lines of one door. Takes out what that door has in `text` already, so that doing it
 * twice is doing it once. `confdir` is where includes are read. Returns 0; -EINVAL when the file
 * or its markers cannot be understood; -ENODATA when there is no place for a line (a type
 * that must be there is not, or STACK_IN_PLACE has not exactly one include). */
#define STACK_INSERT_MAX 8
MUST_USE int stack_edit_add(const char *confdir, const char *text, const char *door,
    const struct stack_insert inserts[], char **ret_text);

/* The same for a file that is not PAM's: `line` at its end. `text` NULL: there is no file yet. */
MUST_USE int stack_edit_append(
    const char *text, const char *door, const char *line, char **ret_text);

/* Takes the door's lines out. `*ret_text` is NULL when nothing is left of a file that was not
 * there before. Returns 0 or -EINVAL for an open or nested marker. */
MUST_USE int stack_edit_remove(const char *text, const char *door, char **ret_text);

/* Whether the door has lines in `text`. */
MUST_USE int stack_edit_has(const char *text, const char *door);
