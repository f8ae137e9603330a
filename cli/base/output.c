#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int write_out(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        cli_error("cannot write the output: %s", strerror(errno));
        return CLI_FAILED;
    }
    return CLI_OK;
}

int output_text(struct str_builder *out)
{
    AUTO_FREE char *text = str_builder_take(out);

    if (!text) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    return write_out(text);
}

static int write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    int error = file ? 0 : errno;
    AUTO_FREE char *escaped = NULL;

    if (file && fputs(text, file) == EOF)
        error = errno;
    if (file && fclose(file) == EOF && error == 0)
        error = errno;
    if (error == 0)
        return CLI_OK;
    escaped = str_escape_new(path);
    cli_error("cannot write %s: %s", escaped ? escaped : "?", strerror(error));
    return CLI_FAILED;
}

int output_text_to(struct str_builder *out, const char *path)
{
    AUTO_FREE char *text = NULL;

    if (!path)
        return output_text(out);
    text = str_builder_take(out);
    if (text)
        return write_file(path, text);
    cli_error("out of memory");
    return CLI_FAILED;
}

static int write_json(const json_t *value, size_t flags)
{
    struct str_builder out = {0};
    AUTO_FREE char *text = json_dumps(value, flags | JSON_ENCODE_ANY);

    if (text) {
        str_append(&out, text);
        str_append(&out, "\n");
    } else {
        out.failed = true;
    }
    return output_text(&out);
}

int output_json(const json_t *value)
{
    /* Characters that reorder or hide text are legal in JSON but must not reach a terminal. */
    return write_json(
        value, isatty(STDOUT_FILENO) ? JSON_INDENT(2) | JSON_ENSURE_ASCII : JSON_COMPACT);
}

int output_json_line(const json_t *value)
{
    return write_json(value, JSON_COMPACT | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0));
}
