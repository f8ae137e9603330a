#include "line.h"

#include <stdbool.h>
#include <string.h>

struct line {
    const char *at;
    char *end; /* of what is written; never ahead of what is read */
    const char *wrong;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool refuse(struct line *line, const char *why)
{
    line->wrong = why;
    return false;
}

/* One character of a word; `quoted` is switched by a double quote. */
static bool take(struct line *line, bool *quoted)
{
    char c = *line->at++;

    if (c == '"') {
        *quoted = !*quoted;
        return true;
    }
    if (c == '\\')
        c = *line->at == '\0' ? '\0' : *line->at++;
    else if (!*quoted && (c == '\n' || c == '\r'))
        return refuse(line, "a line end stands between the words; put it in quotes if it is meant");
    if (c == '\0')
        return refuse(line, "a backslash stands at the end");
    *line->end++ = c;
    return true;
}

static bool take_word(struct line *line)
{
    bool quoted = false;

    while (*line->at != '\0' && (quoted || !is_blank(*line->at)))
        if (!take(line, &quoted))
            return false;
    return !quoted || refuse(line, "a double quote is not closed");
}

const char *line_split(const char *text, struct arena *arena, struct text_list *ret_words)
{
    size_t length = strlen(text), count = 0;
    /* every word but the last has a blank behind it, whose place its NUL takes */
    const char **words = arena_alloc(arena, (length / 2 + 1) * sizeof(*words));
    struct line line = {.at = text, .end = arena_alloc(arena, length + 1)};

    if (!words || !line.end)
        return "out of memory";
    for (;;) {
        while (is_blank(*line.at))
            line.at++;
        if (*line.at == '\0')
            break;
        words[count++] = line.end;
        if (!take_word(&line))
            return line.wrong;
        *line.end++ = '\0';
    }
    *ret_words = (struct text_list){words, count};
    return count > 0 ? NULL : "it is empty";
}
