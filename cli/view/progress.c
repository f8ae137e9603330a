#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../base/field.h"
#include "../base/text.h"
#include "when.h"

#define CLEAR "\r\033[K"

static size_t stderr_columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80U;
}

static char *describe(const struct view *view, const json_t *request)
{
    uint64_t expires_us = field_time(request, "expires");
    struct str_builder line = {0};
    char left[WHEN_SIZE];

    text_put(&line, field_text_or(request, "id", "?"));
    str_append(&line, ": waiting for ");
    if (json_array_size(field_array(request, "asked")) > 0)
        view_names(&line, field_array(request, "asked"), " or ");
    else
        str_append(&line, "an answer");
    str_appendf(&line, ", %lld of %lld", (long long)view_approved(request),
        (long long)view_needed(request));
    if (expires_us > view->now_us) {
        when_length((expires_us - view->now_us) / 1000000, left);
        str_appendf(&line, ", %s left", left);
    }
    return str_builder_take(&line);
}

static void draw_line(struct progress *progress, const struct view *view, const json_t *request)
{
    static const char spinner[] = "|/-\\";
    AUTO_FREE char *line = describe(view, request);
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    str_appendf(&out, CLEAR "%c ", spinner[progress->tick++ % (sizeof(spinner) - 1)]);
    text_put_cut(&out, line ? line : "", stderr_columns() - 3);
    text = str_builder_take(&out);
    fputs(text ? text : "", stderr);
}

void progress_draw(struct progress *progress, const struct view *view, const json_t *request)
{
    size_t answers = json_array_size(field_array(request, "approvals"));
    AUTO_FREE char *line = NULL;

    if (view->options->tty_err) {
        draw_line(progress, view, request);
        return;
    }
    if (progress->tick > 0 && answers == progress->seen)
        return;
    progress->tick = 1;
    progress->seen = answers;
    line = describe(view, request);
    fprintf(stderr, "assent: %s\n", line ? line : "waiting");
}

void progress_count(const struct cli_options *options, const char *what, uint64_t count)
{
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    if (!options->tty_err)
        return;
    text_put_count(&out, count);
    text = str_builder_take(&out);
    fprintf(stderr, CLEAR "%s %s", text ? text : "", what);
}

void progress_clear(const struct cli_options *options)
{
    if (options->tty_err)
        fputs(CLEAR, stderr);
}
