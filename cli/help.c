#include "help.h"

#include <stdio.h>
#include <string.h>

#include "args.h"
#include "output.h"
#include "verbs.h"

#define NAME_WIDTH 17 /* the longest name of a verb and a blank */
#define OPTION_WIDTH 20

void help_overview(struct str_builder *out)
{
    str_append(out, "Usage: assent VERB [OPTION...] [ARGUMENT...]\n"
                    "Ask for access, decide about it, and see what is granted.\n\n");
    for (const struct cli_verb *verb = verbs; verb->name; verb++)
        str_appendf(out, "  %-*s %s\n", NAME_WIDTH, verb->name, verb->summary);
    str_append(out, "\nAll about one verb: assent VERB --help. The manual: man assent.\n");
}

static void put_options(struct str_builder *out, const struct cli_option *options)
{
    for (; options->name; options++) {
        const char *value = options->value ? options->value : "";
        char left[64], letter[8] = "";

        if (args_letter(options) != '\0')
            snprintf(letter, sizeof(letter), "-%c, ", args_letter(options));
        if (value[0] == '[')
            snprintf(left, sizeof(left), "%s--%s[=%s", letter, options->name, value + 1);
        else
            snprintf(
                left, sizeof(left), "%s--%s%s%s", letter, options->name, *value ? " " : "", value);
        str_appendf(out, "  %-*s %s\n", OPTION_WIDTH, left, options->text);
    }
}

static void put_indented(struct str_builder *out, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");

        str_append(out, "  ");
        str_append_n(out, lines, length);
        str_append(out, "\n");
        lines += length + (lines[length] == '\n');
    }
}

void help_verb(struct str_builder *out, const struct cli_verb *verb)
{
    const char *operands = verb->operands ? verb->operands : "";

    str_appendf(
        out, "Usage: assent %s [OPTION...]%s%s\n", verb->name, *operands ? " " : "", operands);
    str_appendf(out, "%s: %s.\n", verb->name, verb->summary);
    if (verb->text)
        str_appendf(out, "\n%s", verb->text);
    str_append(out, "\nOptions:\n");
    put_options(out, verb->options);
    put_options(out, args_common);
    str_append(out, "\nExamples:\n");
    put_indented(out, verb->example);
    str_appendf(out, "\nExit status: %s.\n", verb->exits);
}

static void put_machine(struct str_builder *out, const char *verb, const struct cli_option *options)
{
    for (; options->name; options++)
        str_appendf(out, "option\t%s\t--%s\t%s\n", verb, options->name,
            options->value ? options->value : "");
}

void help_machine(struct str_builder *out)
{
    put_machine(out, "*", args_common);
    for (const struct cli_verb *verb = verbs; verb->name; verb++) {
        str_appendf(out, "verb\t%s\n", verb->name);
        put_machine(out, verb->name, verb->options);
    }
}

int verb_help(int argc, char **argv, const struct cli_options *options)
{
    struct str_builder out = {0};
    const struct cli_verb *verb = NULL;
    int used;

    if (argc > 1) {
        verb = verbs_find(argv + 1, argc - 1, &used);
        if (!verb || used != argc - 1)
            return cli_unknown_verb(argv[1]);
    }
    if (cli_value(options, "machine"))
        help_machine(&out);
    else if (verb)
        help_verb(&out, verb);
    else
        help_overview(&out);
    return output_text(&out);
}
