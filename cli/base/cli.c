#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../common/str.h"
#include "text.h"

#define PREFIX "assent: "

static void say(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

unsigned cli_width(int fd)
{
    struct winsize size;

    if (!isatty(fd))
        return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col < 20)
        return 80;
    return size.ws_col;
}

/* On a terminal the first line, which is a sentence, is broken between words. What follows it may
 * be a command to copy, and is left to the terminal. */
static void say(const char *format, va_list args)
{
    AUTO_FREE char *message = NULL, *text = NULL;
    struct str_builder out = {0};
    char *rest;

    if (vasprintf(&message, format, args) < 0)
        return;
    rest = strchr(message, '\n');
    if (rest)
        *rest++ = '\0';
    text_put_wrapped_at(&out, message, strlen(PREFIX), 2, cli_width(STDERR_FILENO));
    if (rest)
        str_appendf(&out, "%s\n", rest);
    text = str_builder_take(&out);
    fprintf(stderr, PREFIX "%s", text ? text : "\n");
}

void cli_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
}

int cli_usage_error(const struct cli_options *options, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    fprintf(stderr, "Try: assent %s --help\n", options->verb->name);
    return CLI_USAGE;
}

const char *cli_value(const struct cli_options *options, const char *name)
{
    const struct cli_option *table = options->verb->options;

    for (size_t i = 0; table[i].name; i++)
        if (strcmp(table[i].name, name) == 0)
            return options->values[i];
    abort();
}
