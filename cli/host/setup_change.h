/* enable and disable: work out, show, try, ask, write down, change. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../base/cli.h"

struct setup_request {
    const char *root; /* "": this host */
    bool enable;
    unsigned doors; /* bit i: door_table[i] */
    bool yes;
    bool dry_run;
    uint64_t within_us;    /* 0: no way back by itself */
    const char *test_user; /* NULL: pick one */
};

/* Does it. Returns an enum cli_exit; says everything itself. Nothing on the host has changed
 * unless it is CLI_OK. */
int setup_change_doors(const struct setup_request *request, const struct cli_options *options);
