#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../agent/yaml/yaml.h"
#include "../common/str.h"

enum common {
    COMMON_JSON,
    COMMON_SOCKET,
    COMMON_HELP,
    COMMON_VERSION,
    COMMON_COUNT,
};

const struct cli_option args_common[] = {
    [COMMON_JSON] = {"json", NULL, "print JSON instead of text"},
    [COMMON_SOCKET] = {"socket", "PATH", "talk to the agent at PATH"},
    [COMMON_HELP] = {"help", NULL, "show this help"},
    [COMMON_VERSION] = {"version", NULL, "print the version"},
    {0},
};

/* getopt_long's codes: common options first, then the verb's own. */
#define CODE_COMMON 256
#define CODE_OWN (CODE_COMMON + COMMON_COUNT)
#define CODE_OPERAND 1 /* what getopt_long gives for an operand with '-' in front */

struct parse {
    struct args *args;
    const struct cli_option *table;
    struct option longs[ARGS_OPTIONS_MAX + COMMON_COUNT + 1];
    size_t long_count;
    char shorts[3 + 2 * ARGS_OPTIONS_MAX + 1];
    int argc;
    char **argv;
    char **ret_error;
};

static void add_options(struct parse *parse, const struct cli_option *table, int code)
{
    for (; table && table->name && parse->long_count < ARRAY_SIZE(parse->longs) - 1; table++) {
        struct option *option = &parse->longs[parse->long_count++];

        *option = (struct option){.name = table->name, .val = code++};
        if (table->value)
            option->has_arg = table->value[0] == '[' ? optional_argument : required_argument;
    }
}

char args_letter(const struct cli_option *option)
{
    return strcmp(option->name, "output") == 0 ? 'o' : '\0';
}

/* '-': operands come in their order, so that what stands behind "--" can be told apart; '+': the
 * part before the verb ends at the first operand. ':': no messages of its own. */
static void set_shorts(struct parse *parse)
{
    char *end = stpcpy(parse->shorts, parse->table ? "-:h" : "+:h");

    for (size_t i = 0; parse->table && parse->table[i].name && i < ARGS_OPTIONS_MAX; i++) {
        char letter = args_letter(&parse->table[i]);

        if (letter == '\0')
            continue;
        *end++ = letter;
        if (parse->table[i].value)
            *end++ = ':';
    }
    *end = '\0';
}

/* The index of the verb's option with that letter, or -1. */
static int find_letter(const struct parse *parse, int letter)
{
    for (int i = 0; parse->table && parse->table[i].name; i++)
        if (letter != 0 && args_letter(&parse->table[i]) == letter)
            return i;
    return -1;
}

/* Sets the error to `before`, the option in quotes without its value, and `after`. */
static int fail(struct parse *parse, const char *before, const char *word, const char *after)
{
    AUTO_FREE char *name = strndup(word, strcspn(word, "="));
    AUTO_FREE char *escaped = name ? str_escape_new(name) : NULL;
    struct str_builder message = {0};

    str_appendf(&message, "%s '%s'%s", before, escaped ? escaped : "?", after);
    *parse->ret_error = str_builder_take(&message);
    return *parse->ret_error ? -EINVAL : -ENOMEM;
}

static int fail_unknown(struct parse *parse, const char *word)
{
    const char *names[ARRAY_SIZE(parse->longs)], *nearest;
    AUTO_FREE char *name = strndup(word, strcspn(word, "="));
    char after[64] = "";

    if (!name)
        return -ENOMEM;
    for (size_t i = 0; i < parse->long_count; i++)
        names[i] = parse->longs[i].name;
    nearest = yaml_nearest(name + strspn(name, "-"), names, parse->long_count);
    if (nearest)
        snprintf(after, sizeof(after), ", did you mean '--%s'?", nearest);
    return fail(parse, "unknown option", word, after);
}

/* Whether `word` spells the option out; getopt_long also takes abbreviations. */
static bool is_spelled_out(const char *word, const char *name)
{
    size_t length = strlen(name);

    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, length) == 0 &&
           (word[2 + length] == '\0' || word[2 + length] == '=');
}

static int take_common(struct parse *parse, enum common which)
{
    struct args *args = parse->args;

    switch (which) {
    case COMMON_JSON:
        args->json = true;
        return 0;
    case COMMON_SOCKET:
        args->socket = optarg;
        return 0;
    case COMMON_HELP:
        args->help = true;
        return 0;
    case COMMON_VERSION:
        args->version = true;
        return 0;
    case COMMON_COUNT:
        break;
    }
    return -EINVAL;
}

static int take_own(struct parse *parse, size_t index, const char *word)
{
    if (parse->args->values[index])
        return fail(parse, "option", word, " is given twice");
    parse->args->values[index] = optarg ? optarg : "";
    return 0;
}

static int take(struct parse *parse, int code, int index, const char *word)
{
    struct args *args = parse->args;
    int own = find_letter(parse, code);

    if (code == CODE_OPERAND) {
        args->argv[args->argc++] = optarg;
        return 0;
    }
    if (code == 'h') {
        args->help = true;
        return 0;
    }
    if (own >= 0)
        return take_own(parse, (size_t)own, word);
    if (code == ':')
        return fail(parse, "option", word, " needs a value");
    if (code == '?' && optopt >= CODE_COMMON)
        return fail(parse, "option", word, " takes no value");
    if (code == '?' || !is_spelled_out(word, parse->longs[index].name))
        return fail_unknown(parse, word);
    if (code < CODE_OWN)
        return take_common(parse, (enum common)(code - CODE_COMMON));
    return take_own(parse, (size_t)(code - CODE_OWN), word);
}

/* One step of getopt_long. Returns 1 when options have ended. */
static int step(struct parse *parse)
{
    int at = optind == 0 ? 1 : optind, index = 0, code;
    const char *word = at < parse->argc ? parse->argv[at] : "";

    code = getopt_long(parse->argc, parse->argv, parse->shorts, parse->longs, &index);
    return code < 0 ? 1 : take(parse, code, index, word);
}

int args_parse(
    struct args *args, int argc, char **argv, const struct cli_option *table, char **ret_error)
{
    struct parse parse = {
        .args = args, .table = table, .argc = argc, .argv = argv, .ret_error = ret_error};
    int r;

    *args = (struct args){.argv = calloc((size_t)argc + 1, sizeof(char *))};
    if (!args->argv)
        return -ENOMEM;
    args->argv[args->argc++] = argv[0];
    add_options(&parse, args_common, CODE_COMMON);
    add_options(&parse, table, CODE_OWN);
    set_shorts(&parse);
    optind = 0; /* glibc: start anew, whatever was read before */
    opterr = 0;
    do
        r = step(&parse);
    while (r == 0);
    if (r < 0)
        return r;
    args->command_at = args->argc;
    while (optind < argc)
        args->argv[args->argc++] = argv[optind++];
    return 0;
}

void args_done(struct args *args)
{
    free(args->argv);
    *args = (struct args){0};
}
