/* The facts of one command that sudo is about to run, as the gate's question. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../common/macro.h"
#include "../common/record.h"
#include "invocation.h"

/* The memory a question points into. */
struct command {
    int fd;            /* the command's file, or -1 */
    bool is_edit;      /* sudoedit: there is no file that would be run for somebody else */
    const char *given; /* the path as sudo will run it, borrowed */
    char *path;        /* the same with its directory resolved: what is asked about */
    char *argv;
    char *env;
    uint32_t *groups;
};

#define COMMAND_NULL \
    {                \
        .fd = -1     \
    }

/* What sudo hands over, each ended by NULL: sudo_plugin(8). */
struct command_vectors {
    char *const *info; /* "key=value" */
    char *const *argv;
    char *const *envp;
};

/* Collects from sudo's vectors and the file system. Texts are borrowed from them, from
 * `invocation` and from `command`. Returns 0, or -errno with the reason, a static text for
 * the user, in `ret_why`. */
MUST_USE int command_collect(struct command *command, const struct invocation *invocation,
    const struct command_vectors *vectors, struct gate_ask *ask, const char **ret_why);

/* Looks at the file once more: the fd and the flag for what others may write. -ESTALE when
 * the path leads to another directory than before. */
MUST_USE int command_look_again(struct command *command, struct gate_ask *ask);

void command_done(struct command *command);
