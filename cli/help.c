#include "help.h"

#include <stdio.h>
#include <string.h>

#include "../common/macro.h"
#include "args.h"
#include "base/json.h"
#include "base/output.h"
#include "base/text.h"
#include "dispatch.h"
#include "verbs.h"

#define NAME_WIDTH 17 /* the longest name of a verb and a blank */
#define OPTION_WIDTH 20
#define LINE_WIDTH 80 /* of a terminal or none: help is read in both */

static void put_summary(struct str_builder *out, const struct cli_verb *verb)
{
    str_appendf(out, "  %-*s ", NAME_WIDTH, verb->name);
    text_put_wrapped(out, verb->summary, 2 + NAME_WIDTH + 1, LINE_WIDTH);
}

void help_overview(struct str_builder *out)
{
    str_append(out, "Usage: assent VERB [OPTION...] [ARGUMENT...]\n"
                    "Ask for access, decide about it, and see what is granted.\n\n");
    for (const struct cli_verb *verb = verbs; verb->name; verb++)
        put_summary(out, verb);
    str_append(out, "\nAll about one verb: assent VERB --help. The manual: man assent.\n");
}

bool help_group(struct str_builder *out, const char *word)
{
    size_t length = strlen(word);
    bool found = false;

    for (const struct cli_verb *verb = verbs; verb->name; verb++) {
        if (strncmp(verb->name, word, length) != 0 || verb->name[length] != ' ')
            continue;
        if (!found)
            str_appendf(out, "Usage: assent %s VERB [OPTION...] [ARGUMENT...]\n\n", word);
        put_summary(out, verb);
        found = true;
    }
    if (found)
        str_appendf(out, "\nAll about one verb: assent %s VERB --help.\n", word);
    return found;
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
        str_appendf(out, "  %-*s ", OPTION_WIDTH, left);
        text_put_wrapped(out, options->text, 2 + OPTION_WIDTH + 1, LINE_WIDTH);
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

/* A text whose lines end as they do in the source, in lines of help's own. */
static void put_paragraph(struct str_builder *out, const char *lines)
{
    AUTO_FREE char *text = strdup(lines);

    if (!text) {
        out->failed = true;
        return;
    }
    for (char *end = text; (end = strchr(end, '\n')); end++)
        *end = end[1] == '\0' ? '\0' : ' ';
    text_put_wrapped(out, text, 0, LINE_WIDTH);
}

void help_verb(struct str_builder *out, const struct cli_verb *verb)
{
    const char *operands = verb->operands ? verb->operands : "";

    str_appendf(
        out, "Usage: assent %s [OPTION...]%s%s\n", verb->name, *operands ? " " : "", operands);
    str_appendf(out, "%s: %s.\n", verb->name, verb->summary);
    if (verb->text) {
        str_append(out, "\n");
        put_paragraph(out, verb->text);
    }
    str_append(out, "\nOptions:\n");
    put_options(out, verb->options);
    put_options(out, args_common);
    str_append(out, "\nExamples:\n");
    put_indented(out, verb->example);
    str_append(out, "\nExit status:\n  ");
    text_put_wrapped(out, verb->exits, 2, LINE_WIDTH);
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

static json_t *options_to_json(const struct cli_option *options)
{
    json_t *array = json_array();

    for (; options->name; options++)
        (void)json_array_append_new(array, json_pack("{s:s, s:s?, s:s}", "name", options->name,
                                               "value", options->value, "text", options->text));
    return array;
}

static json_t *verb_to_json(const struct cli_verb *verb)
{
    return json_pack("{s:s, s:s, s:s?, s:o}", "verb", verb->name, "summary", verb->summary,
        "operands", verb->operands, "options", options_to_json(verb->options));
}

/* One verb, or all of them. */
static int print_json(const struct cli_verb *only)
{
    AUTO_JSON json_t *json = only ? verb_to_json(only) : json_array();

    for (const struct cli_verb *verb = verbs; !only && verb->name; verb++)
        (void)json_array_append_new(json, verb_to_json(verb));
    return output_json(json);
}

int verb_help(int argc, char **argv, const struct cli_options *options)
{
    struct str_builder out = {0};
    const struct cli_verb *verb = NULL;
    int used;

    if (argc == 2 && !options->json && help_group(&out, argv[1]))
        return output_text(&out);
    if (argc > 1) {
        verb = verbs_find(argv + 1, argc - 1, &used);
        if (!verb || used != argc - 1)
            return dispatch_unknown_verb(argv[1]);
    }
    if (options->json)
        return print_json(verb);
    if (cli_value(options, "machine"))
        help_machine(&out);
    else if (verb)
        help_verb(&out, verb);
    else
        help_overview(&out);
    return output_text(&out);
}
