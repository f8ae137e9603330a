#include "screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/columns.h"
#include "../common/parse.h"
#include "../common/str.h"
#include "invocation.h"

#define TO_TERMINAL (SUDO_CONV_ERROR_MSG | SUDO_CONV_PREFER_TTY)
#define LINE_SIZE 512
#define FROM "assent: "

static void clear_line(struct screen *screen)
{
    if (screen->line_width == 0)
        return;
    (void)screen->invocation->print(TO_TERMINAL, "\r%*s\r", (int)screen->line_width, "");
    screen->line_width = 0;
}

/* Broken between words, in fresh memory; NULL on OOM. */
static char *broken(const struct screen *screen, const char *text, size_t column)
{
    const struct columns_wrap how = {
        .column = column,
        .indent = 2,
        .width = screen->invocation->columns,
        .copyable = true,
    };
    struct str_builder builder = {0};

    columns_wrap(&builder, text, &how);
    return str_builder_take(&builder);
}

void screen_say(struct screen *screen, const char *text)
{
    AUTO_FREE char *lines = NULL;

    if (!screen->invocation->print)
        return;
    clear_line(screen);
    lines = broken(screen, text, strlen(FROM));
    (void)screen->invocation->print(TO_TERMINAL, FROM "%s\n", lines ? lines : text);
}

static void draw_line(struct screen *screen, const char *text)
{
    char line[LINE_SIZE];
    size_t size =
        screen->invocation->columns < sizeof(line) ? screen->invocation->columns : sizeof(line);
    size_t width;

    /* Names come escaped; this cuts the line to the terminal. */
    str_escape(text, strlen(text), line, size);
    width = strlen(line);
    (void)screen->invocation->print(TO_TERMINAL, "\r%s%*s", line,
        screen->line_width > width ? (int)(screen->line_width - width) : 0, "");
    screen->line_width = (unsigned)width;
}

void screen_progress(struct screen *screen, const struct gate_answer *answer, uint64_t waited_us)
{
    AUTO_FREE char *text = NULL;
    struct str_builder builder = {0};
    char waited[PARSE_DURATION_SIZE];

    if (answer->text && !str_equal(answer->text, screen->told)) {
        screen_say(screen, answer->text);
        free(screen->told);
        screen->told = strdup(answer->text);
    }
    format_duration(waited_us, waited);
    str_appendf(&builder, "Request %s waits for %s (%s, ^C gives up)",
        answer->request ? answer->request : "?", answer->asked ? answer->asked : "approval",
        waited);
    text = str_builder_take(&builder);
    if (text)
        draw_line(screen, text);
}

int screen_prompt(struct screen *screen, const char *text, char **ret_line)
{
    AUTO_FREE char *lines = broken(screen, text, 0);
    struct sudo_conv_message message = {
        .msg_type = SUDO_CONV_PROMPT_ECHO_ON | SUDO_CONV_PREFER_TTY,
        .msg = lines ? lines : text,
    };
    struct sudo_conv_reply reply = {0};

    clear_line(screen);
    if (screen->invocation->converse(1, &message, &reply, NULL) != 0 || !reply.reply) {
        free(reply.reply);
        return -ENODATA;
    }
    *ret_line = reply.reply;
    return 0;
}

void screen_done(struct screen *screen)
{
    clear_line(screen);
    free(screen->told);
    screen->told = NULL;
}
