/* The command line against a verb's option table. Options may stand anywhere before "--";
 * abbreviated names are refused, so that a later option cannot change what a script means. */
#pragma once

#include "base/cli.h"

#define ARGS_OPTIONS_MAX 32

struct args {
    const char *values[ARGS_OPTIONS_MAX]; /* by index of the table; borrowed from argv */
    char **argv; /* argv[0] as given, then the operands, NULL; owned array of borrowed texts */
    int argc;
    int command_at; /* index in argv of the first operand behind "--"; argc if none */
    bool json, help, version;
    const char *socket; /* NULL: not given */
};

/* Reads argv[1..argc). `table` NULL: the part before the verb, which ends at the first operand.
 * Returns 0, -ENOMEM, or -EINVAL with what is wrong in `ret_error` (escaped, caller frees). */
MUST_USE int args_parse(
    struct args *args, int argc, char **argv, const struct cli_option *table, char **ret_error);
void args_done(struct args *args);

/* The short form of an option, or 0: -o for every --output, as people know it. */
char args_letter(const struct cli_option *option);

/* The options every verb takes, ended by a NULL name. */
extern const struct cli_option args_common[];
