#include "pattern.h"

#include <stdbool.h>
#include <string.h>

#include "../../common/str.h"

/* Everything that means something in the normal form is escaped when it is meant literally,
 * in brackets too: two texts have the same normal form only if they match the same. */
#define SPECIAL "*?[]!-\\"

struct splitter {
    const char *at;
    struct str_builder word;
    struct arena *arena;
    const char *words[PATTERN_WORDS_MAX];
    size_t count;
    const char *wrong;
};

static const char no_memory[] = "out of memory";

static void put_literal(struct splitter *splitter, char c)
{
    if (strchr(SPECIAL, c))
        str_append(&splitter->word, "\\");
    str_append_n(&splitter->word, &c, 1);
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

    if (c == '\\')
        c = *splitter->at == '\0' ? '\0' : *splitter->at++;
    if (c == '\0')
        return refuse(splitter, "a bracket '[' is not closed");
    if (c <= ' ' || c > '~')
        return refuse(splitter, "brackets hold visible ASCII characters only");
    if (c == '/')
        return refuse(splitter, "brackets cannot hold '/'");
    if (c == '[' && splitter->at[0] != '\0' && strchr(":.=", splitter->at[0]))
        return refuse(splitter, "classes such as [:alpha:] are not supported; write the range out");
    put_literal(splitter, c);
    *ret_member = c;
    return true;
}

static bool take_bracket(struct splitter *splitter)
{
    bool first = true;

    str_append(&splitter->word, "[");
    splitter->at++;
    if (*splitter->at == '!' || *splitter->at == '^') {
        str_append(&splitter->word, "!");
        splitter->at++;
    }
    for (; first || *splitter->at != ']'; first = false) {
        char low, high;

        if (!take_member(splitter, &low))
            return false;
        if (splitter->at[0] != '-' || splitter->at[1] == ']' || splitter->at[1] == '\0')
            continue;
        splitter->at++;
        str_append(&splitter->word, "-");
        if (!take_member(splitter, &high))
            return false;
        if (high < low)
            return refuse(splitter, "a range in brackets runs backwards");
    }
    str_append(&splitter->word, "]");
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
        str_append_n(&splitter->word, &c, 1);
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
    AUTO_FREE char *word = NULL;

    while (*splitter->at != '\0' && !is_blank(*splitter->at))
        if (!take_piece(splitter))
            return false;
    word = str_builder_take(&splitter->word);
    if (!word)
        return refuse(splitter, no_memory);
    if (splitter->count == PATTERN_WORDS_MAX)
        return refuse(splitter, "it has more words than a pattern may have (256)");
    splitter->words[splitter->count] = arena_text(splitter->arena, word, strlen(word));
    if (!splitter->words[splitter->count])
        return refuse(splitter, no_memory);
    splitter->count++;
    return true;
}

const char *pattern_split(const char *text, struct arena *arena, struct text_list *ret_words)
{
    struct splitter splitter = {.at = text, .arena = arena};
    const char **words;

    for (;;) {
        while (is_blank(*splitter.at))
            splitter.at++;
        if (*splitter.at == '\0')
            break;
        if (!take_word(&splitter)) {
            str_builder_done(&splitter.word);
            return splitter.wrong;
        }
    }
    if (splitter.count == 0)
        return "it is empty";
    words = arena_copy(arena, splitter.words, splitter.count, sizeof(*words));
    if (!words)
        return no_memory;
    *ret_words = (struct text_list){words, splitter.count};
    return NULL;
}
