#include "pattern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"

/* Of a text that is split on the stack. */
#define TEXT_USUAL 255

/* A byte of the text gives at most two of the normal form, and the blanks between words have room
 * for the NULs behind them. */
struct splitter {
    const char *at;
    char usual[2 * TEXT_USUAL + 1], *more; /* `more` NULL, or owned and used instead */
    char *start, *end;                     /* of what is written */
    size_t count;
    const char *words[PATTERN_WORDS_MAX];
    const char *wrong;
};

static const char no_memory[] = "out of memory";

static void put(struct splitter *splitter, char c)
{
    *splitter->end++ = c;
}

/* Everything that means something in the normal form is escaped when it is meant literally,
 * in brackets too: two texts have the same normal form only if they match the same. */
static void put_literal(struct splitter *splitter, char c)
{
    switch (c) {
    case '*':
    case '?':
    case '[':
    case ']':
    case '!':
    case '-':
    case '\\':
        put(splitter, '\\');
        break;
    default:
        break;
    }
    put(splitter, c);
}

static bool refuse(struct splitter *splitter, const char *why)
{
    splitter->wrong = why;
    return false;
}

static bool take_escaped(struct splitter *splitter)
{
    char c = splitter->at[1];

    if (c == '\0')
        return refuse(splitter, "a backslash stands at the end");
    put_literal(splitter, c);
    splitter->at += 2;
    return true;
}

static bool take_quoted(struct splitter *splitter)
{
    splitter->at++;
    while (*splitter->at != '"') {
        if (*splitter->at == '\0')
            return refuse(splitter, "a double quote is not closed");
        if (*splitter->at == '\\') {
            if (!take_escaped(splitter))
                return false;
            continue;
        }
        put_literal(splitter, *splitter->at++);
    }
    splitter->at++;
    return true;
}

/* One end of a range, or a member alone. */
static bool take_member(struct splitter *splitter, char *ret_member)
{
    char c = *splitter->at++;
    bool escaped = c == '\\';

    if (escaped)
        c = *splitter->at == '\0' ? '\0' : *splitter->at++;
    if (c == '\0')
        return refuse(splitter, "a bracket '[' is not closed");
    if (c <= ' ' || c > '~')
        return refuse(splitter, "brackets hold visible ASCII characters only");
    if (c == '/')
        return refuse(splitter, "brackets cannot hold '/'");
    if (c == '[' && !escaped && splitter->at[0] != '\0' && strchr(":.=", splitter->at[0]))
        return refuse(splitter, "classes such as [:alpha:] are not supported; write the range out");
    put_literal(splitter, c);
    *ret_member = c;
    return true;
}

static bool take_bracket(struct splitter *splitter)
{
    bool first = true;

    put(splitter, '[');
    splitter->at++;
    if (*splitter->at == '!' || *splitter->at == '^') {
        put(splitter, '!');
        splitter->at++;
    }
    for (; first || *splitter->at != ']'; first = false) {
        char low, high;

        if (!take_member(splitter, &low))
            return false;
        if (splitter->at[0] != '-' || splitter->at[1] == ']' || splitter->at[1] == '\0')
            continue;
        splitter->at++;
        put(splitter, '-');
        if (!take_member(splitter, &high))
            return false;
        if (high < low)
            return refuse(splitter, "a range in brackets runs backwards");
    }
    put(splitter, ']');
    splitter->at++;
    return true;
}

static bool take_piece(struct splitter *splitter)
{
    char c = *splitter->at;

    switch (c) {
    case '"':
        return take_quoted(splitter);
    case '\\':
        return take_escaped(splitter);
    case '[':
        return take_bracket(splitter);
    case '*':
    case '?':
        put(splitter, c);
        break;
    case '\n':
    case '\r':
        return refuse(
            splitter, "a line end stands between the words; put it in quotes if it is meant");
    default:
        put_literal(splitter, c);
        break;
    }
    splitter->at++;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool take_word(struct splitter *splitter)
{
    const char *word = splitter->end;

    while (*splitter->at != '\0' && !is_blank(*splitter->at))
        if (!take_piece(splitter))
            return false;
    if (splitter->count == PATTERN_WORDS_MAX)
        return refuse(splitter, "it has more words than a pattern may have (256)");
    put(splitter, '\0');
    splitter->words[splitter->count++] = word;
    return true;
}

static const char *take_words(struct splitter *splitter)
{
    for (;;) {
        while (is_blank(*splitter->at))
            splitter->at++;
        if (*splitter->at == '\0')
            return splitter->count > 0 ? NULL : "it is empty";
        if (!take_word(splitter))
            return splitter->wrong;
    }
}

static const char *split(struct splitter *splitter, const char *text)
{
    size_t length = strlen(text);

    splitter->more = length > TEXT_USUAL ? malloc(2 * length + 1) : NULL;
    if (length > TEXT_USUAL && !splitter->more)
        return no_memory;
    splitter->at = text;
    splitter->start = splitter->more ? splitter->more : splitter->usual;
    splitter->end = splitter->start;
    splitter->count = 0;
    return take_words(splitter);
}

/* Moves the words, which lie one behind the other, into the arena. */
static const char *keep_words(
    const struct splitter *splitter, struct arena *arena, struct text_list *ret_words)
{
    const char *start = splitter->start;
    const char *texts = arena_text(arena, start, (size_t)(splitter->end - start));
    const char **words = arena_copy(arena, splitter->words, splitter->count, sizeof(*words));

    if (!texts || !words)
        return no_memory;
    for (size_t i = 0; i < splitter->count; i++)
        words[i] = texts + (splitter->words[i] - start);
    *ret_words = (struct text_list){words, splitter->count};
    return NULL;
}

const char *pattern_split(const char *text, struct arena *arena, struct text_list *ret_words)
{
    struct splitter splitter;
    const char *wrong = split(&splitter, text);

    if (!wrong)
        wrong = keep_words(&splitter, arena, ret_words);
    free(splitter.more);
    return wrong;
}

const char *pattern_word(const char *text, struct arena *arena, const char **ret_word)
{
    struct splitter splitter;
    const char *wrong = split(&splitter, text), *word = NULL;

    if (!wrong && splitter.count > 1)
        wrong = "it has more than one word";
    if (!wrong) {
        word = arena_text(arena, splitter.start, strlen(splitter.start));
        wrong = word ? NULL : no_memory;
    }
    free(splitter.more);
    if (!wrong)
        *ret_word = word;
    return wrong;
}

/* A bracket stays as it is, for within it the normal form is text already; returns its end. */
static const char *join_bracket(struct str_builder *line, const char *bracket)
{
    const char *end = bracket + 1;

    while (*end != ']')
        end += *end == '\\' ? 2 : 1;
    str_append_n(line, bracket, (size_t)(end + 1 - bracket));
    return end + 1;
}

static void join_word(struct str_builder *line, const char *word)
{
    if (*word == '\0')
        str_append(line, "\"\"");
    while (*word != '\0') {
        bool literal = *word == '\\';

        if (*word == '[') {
            word = join_bracket(line, word);
            continue;
        }
        word += literal;
        if (strchr(literal ? "*?[\\" : "\" \t\r\n", *word))
            str_append(line, "\\");
        str_append_n(line, word++, 1);
    }
}

char *pattern_join(const struct text_list *words)
{
    struct str_builder line = {0};

    for (size_t i = 0; i < words->count; i++) {
        str_append(&line, i > 0 ? " " : "");
        join_word(&line, words->items[i]);
    }
    return str_builder_take(&line);
}
