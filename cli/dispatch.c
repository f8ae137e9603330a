#include "dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/names.h"
#include "../common/str.h"
#include "args.h"
#include "base/cli.h"
#include "base/output.h"
#include "help.h"
#include "verbs.h"

/* "check, test, explain" for "policy", which is a verb with one of these alone; NULL for others. */
static char *second_words(const char *word)
{
    size_t length = strlen(word);
    struct str_builder builder = {0};

    for (const struct cli_verb *verb = verbs; verb->name; verb++)
        if (strncmp(verb->name, word, length) == 0 && verb->name[length] == ' ')
            str_appendf(&builder, "%s%s", builder.length > 0 ? ", " : "", verb->name + length + 1);
    return builder.length > 0 ? str_builder_take(&builder) : NULL;
}

int dispatch_unknown_verb(const char *word)
{
    char escaped[64];
    const char *nearest = verbs_nearest(word);
    AUTO_FREE char *seconds = second_words(word);

    str_escape(word, strlen(word), escaped, sizeof(escaped));
    if (seconds)
        cli_error("'%s' goes with one of: %s", escaped, seconds);
    else if (nearest)
        cli_error("unknown verb '%s', did you mean '%s'?", escaped, nearest);
    else
        cli_error("unknown verb '%s'. `assent help` lists them", escaped);
    return CLI_USAGE;
}

/* This is the program's own process, so its environment may be asked. */
static bool wants_colour(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && str_empty(getenv("NO_COLOR")) && term &&
           strcmp(term, "dumb") != 0;
}

static bool can_draw(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

static int print_version(void)
{
    struct str_builder out = {0};

    str_appendf(&out, "assent %s\n", ASSENT_VERSION);
    return output_text(&out);
}

/* `assent policy --help`: true if that is what the command line says, and `ret` is the exit. */
static bool group_helped(char *const *words, int count, int *ret)
{
    struct str_builder out = {0};

    if (count != 2 || (strcmp(words[1], "--help") != 0 && strcmp(words[1], "-h") != 0) ||
        !help_group(&out, words[0]))
        return false;
    *ret = output_text(&out);
    return true;
}

static int print_help(const struct cli_verb *verb)
{
    struct str_builder out = {0};

    if (verb)
        help_verb(&out, verb);
    else
        help_overview(&out);
    return output_text(&out);
}

static int check_operands(const struct cli_options *options, const struct args *args)
{
    int count = args->argc - 1;

    if (count < options->verb->operands_min)
        return cli_usage_error(
            options, "%s needs %s", options->verb->name, options->verb->operands);
    if (options->verb->operands_max >= 0 && count > options->verb->operands_max) {
        char escaped[64];
        const char *extra = args->argv[options->verb->operands_max + 1];

        str_escape(extra, strlen(extra), escaped, sizeof(escaped));
        return cli_usage_error(options, "'%s' is one argument too many", escaped);
    }
    return CLI_OK;
}

static int parse_failed(const struct cli_options *options, int result, const char *error)
{
    if (result == -ENOMEM) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    if (options->verb)
        return cli_usage_error(options, "%s", error);
    cli_error("%s", error);
    fputs("Try: assent help\n", stderr);
    return CLI_USAGE;
}

/* Runs the verb whose own command line is argv (argv[0] the verb). */
static int run_verb(struct cli_options *options, int argc, char **argv)
{
    CLEANUP(args_done) struct args args = {0};
    AUTO_FREE char *error = NULL;
    int r = args_parse(&args, argc, argv, options->verb->options, &error);

    if (r < 0)
        return parse_failed(options, r, error);
    if (args.version)
        return print_version();
    if (args.help)
        return print_help(options->verb);
    options->json |= args.json;
    if (args.socket)
        options->socket = args.socket;
    options->values = args.values;
    options->command_at = args.command_at;
    r = check_operands(options, &args);
    return r == CLI_OK ? options->verb->run(args.argc, args.argv, options) : r;
}

int dispatch_main(int argc, char **argv)
{
    CLEANUP(args_done) struct args args = {0};
    AUTO_FREE char *error = NULL;
    struct cli_options options = {
        .colour = wants_colour(),
        .tty_in = isatty(STDIN_FILENO),
        .tty_err = can_draw(STDERR_FILENO),
        .width = cli_width(STDOUT_FILENO),
    };
    int used = 1, r = args_parse(&args, argc, argv, NULL, &error);

    if (r < 0)
        return parse_failed(&options, r, error);
    if (args.version)
        return print_version();
    if (args.help)
        return print_help(NULL);
    if (args.argc < 2) {
        (void)print_help(NULL);
        return CLI_USAGE;
    }
    options.json = args.json;
    options.socket = args.socket ? args.socket : ASSENT_PUBLIC;
    options.verb = verbs_find(args.argv + 1, args.argc - 1, &used);
    if (!options.verb)
        return group_helped(args.argv + 1, args.argc - 1, &r) ? r
                                                              : dispatch_unknown_verb(args.argv[1]);
    args.argv[used] = (char *)options.verb->name;
    return run_verb(&options, args.argc - used, args.argv + used);
}
