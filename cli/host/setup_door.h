/* The doors `assent setup` can switch on: which files, and which lines in them. One table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "stack_edit.h"

#define DOOR_FILES_MAX 4
#define DOOR_MAX 8
#define DOOR_RESCUE_GROUP "assent-rescue"
#define DOOR_INTERACTIVE_GROUP "assent-interactive"

enum door_file_kind {
    DOOR_PAM = 1, /* a service file below etc/pam.d */
    DOOR_LINE,    /* one line at the end */
    DOOR_WHOLE,   /* the whole file is ours, a copy of `line` */
};

struct door_file {
    enum door_file_kind kind;
    const char *path;    /* without a leading slash: below the root */
    bool optional;       /* not there: nothing to do */
    const char *through; /* PAM: nothing to do either if it includes this service */
    const char *line;    /* DOOR_LINE: the line; DOOR_WHOLE: path of what is copied */
    struct stack_insert inserts[STACK_INSERT_MAX];
};

struct door {
    const char *name;
    const char *summary;
    const char *service; /* PAM service that stands for it */
    const char *needs;   /* a door that must be on as well, or NULL */
    bool reloads_sshd;
    struct door_file files[DOOR_FILES_MAX];
};

/* All doors; ends with a row whose name is NULL. */
extern const struct door door_table[];

/* NULL if there is none of that name. */
const struct door *door_find(const char *name);
