/* What every verb of `assent` shares: its row in the table, the parsed command line, exit codes.
 *
 * A verb is one row in cli/verbs.c. The dispatcher reads the command line against the row's
 * option table (getopt_long), prints usage errors and --help by itself, and calls the verb with
 *
 *     argv[0]      the verb's name
 *     argv[1..]    the operands, options already taken out, argv[argc] NULL
 *     options      everything else; cli_value(options, "reason") is an option's value
 *
 * A verb returns an enum cli_exit, which becomes the exit status. Standard output carries the
 * answer alone (text, or JSON with --json); everything said about it goes to standard error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"

/* Exit status of `assent`; scripts hold on to these numbers, assent(1) lists them. */
enum cli_exit {
    CLI_OK = 0,         /* done, allowed */
    CLI_FAILED = 1,     /* agent away, I/O, out of memory */
    CLI_USAGE = 2,      /* wrong usage, or an invalid policy */
    CLI_REFUSED = 3,    /* denied, refused, not yours to do */
    CLI_UNANSWERED = 4, /* not answered yet, or expired */
    CLI_UNVERIFIED = 5, /* a verification failed */
};

/* One option of a verb. A table ends with a row whose name is NULL. Options that every verb
 * takes (--json, --socket, --help) are not listed. */
struct cli_option {
    const char *name; /* long name without dashes */
    const char *
        value; /* what it takes, for help: "DUR"; "[DUR]": optional, as --name=DUR; NULL: nothing */
    const char *text; /* one line of help */
};

/* The parsed command line. Everything borrowed from main(). */
struct cli_options {
    bool json;          /* --json: print JSON, exactly as on the wire */
    bool colour;        /* stdout is a terminal, NO_COLOR unset, TERM not dumb */
    bool tty_in;        /* stdin is a terminal: a person can be asked */
    bool tty_err;       /* stderr is a terminal: progress may be drawn there */
    unsigned width;     /* columns of stdout, 0: no terminal, do not cut lines */
    const char *socket; /* --socket PATH, default ASSENT_PUBLIC */
    const struct cli_verb *verb;
    const char **values; /* by index of verb->options; see cli_value() */
    int command_at;      /* index in argv of the first operand behind "--"; argc if none */
};

typedef int (*cli_verb_fn)(int argc, char **argv, const struct cli_options *options);

struct cli_verb {
    const char *name;
    cli_verb_fn run;
    const char *operands; /* for the usage line: "ID", "[DIR]"; "" if none */
    const char *summary;  /* one line, for `assent help` */
    const char *text;     /* a few lines more for --help, or NULL */
    const char *example;  /* lines of examples, each ended by \n */
    const char *exits; /* what the exit codes mean here, e.g. "0 granted, 3 refused, 4 expired" */
    const struct cli_option *options;
    int operands_min, operands_max; /* operands_max -1: any number */
};

/* The value of option `name` of the running verb: NULL when it was not given, "" for one that
 * takes no value or whose optional value was left out. Naming an option that is not in the verb's
 * table is a bug and aborts. */
const char *cli_value(const struct cli_options *options, const char *name);

/* "assent: " and one line on standard error. The caller escapes what users chose (str_escape). */
void cli_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same with a pointer to `assent VERB --help`. Returns CLI_USAGE. */
int cli_usage_error(const struct cli_options *options, const char *format, ...) PRINTF_LIKE(2, 3);

/* The columns of a terminal; 0 if it is none. */
unsigned cli_width(int fd);
