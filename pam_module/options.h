/* The arguments on pam_assent.so's line: pam_assent(8). Strict: an argument that is not
 * understood makes the module refuse, since the one that was meant may have been a limit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../common/macro.h"

/* Texts are borrowed from the argument vector. */
struct options {
    const char *gate;
    uint64_t deadline_us; /* for what the agent answers by itself */
    uint64_t wait_us;     /* for people, in auth */
    const char *rescue;   /* group, or NULL */
    const char *exempt;   /* group, or NULL */
    bool plugin;
    bool monitor;
    bool debug;
};

/* What holds when nothing is given. */
void options_init(struct options *options);

/* Reads the arguments into `options`, defaults first. Returns 0, or -EINVAL with the
 * argument that is unknown, malformed or given twice in `ret_bad`; then `options` holds the
 * defaults alone. */
MUST_USE int options_parse(
    struct options *options, int argc, const char *const *argv, const char **ret_bad);
