/* What sudo told open(): who called it and from where. Deep copies, since nothing promises
 * that sudo's own vectors live until check(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sudo_plugin.h>
#include <sys/types.h>

#include "../common/macro.h"

struct invocation {
    sudo_conv_t converse;
    sudo_printf_t print;
    char *gate;
    char *rescue; /* group, or NULL */
    uint64_t deadline_us;
    char *user;
    uid_t uid;
    char *cwd;
    char *tty; /* "" without one */
    unsigned columns;
    bool may_wait;     /* a terminal, and no -n */
    bool other_group;  /* sudo -g: what it would give, policy cannot tell */
    const char *error; /* static text: why every command is to be refused, or NULL */
};

/* Reads and copies. Whatever is wrong ends in `error`, never in a failure of its own: a
 * plugin whose open() says no is dropped by sudo, and the command runs. */
void invocation_init(struct invocation *invocation, char *const settings[], char *const user_info[],
    char *const plugin_options[]);

/* Root itself called: recorded, not gated. */
bool invocation_is_root(const struct invocation *invocation);

void invocation_done(struct invocation *invocation);
