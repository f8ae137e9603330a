#include "glob.h"

#include <stddef.h>

static unsigned char fold(unsigned char c, int flags)
{
    return (flags & GLOB_FOLD) != 0 && c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* One member of a bracket at *p, past its escape. */
static unsigned char bracket_char(const char **p)
{
    if (**p == '\\')
        (*p)++;
    return (unsigned char)*(*p)++;
}

static bool in_range(unsigned char c, unsigned char first, unsigned char last, int flags)
{
    if (c >= first && c <= last)
        return true;
    if ((flags & GLOB_FOLD) == 0)
        return false;
    if (c >= 'a' && c <= 'z')
        c = (unsigned char)(c - ('a' - 'A'));
    else if (c >= 'A' && c <= 'Z')
        c = (unsigned char)(c + ('a' - 'A'));
    return c >= first && c <= last;
}

/* Matches `c` with the bracket that begins at *p and moves *p behind it. */
static bool match_bracket(const char **p, unsigned char c, int flags)
{
    const char *at = *p + 1;
    bool negated = *at == '!', found = false;

    if (negated)
        at++;
    while (*at != ']') {
        unsigned char first = bracket_char(&at), last = first;

        if (*at == '-') {
            at++;
            last = bracket_char(&at);
        }
        found |= in_range(c, first, last, flags);
    }
    *p = at + 1;
    return found != negated;
}

bool glob_bracket_has(const char *bracket, unsigned char c, int flags)
{
    return match_bracket(&bracket, c, flags);
}

/* A byte that GLOB_PATH keeps from every wildcard. */
static bool is_guarded(const char *text, const char *at, int flags)
{
    if ((flags & GLOB_PATH) == 0)
        return false;
    return *at == '/' || (*at == '.' && (at == text || at[-1] == '/'));
}

/* Matches the one byte at `at` with what stands at *p, and moves *p behind that. */
static bool match_one(const char **p, const char *text, const char *at, int flags)
{
    unsigned char c = (unsigned char)*at;

    switch (**p) {
    case '\0':
        return false;
    case '?':
        (*p)++;
        return !is_guarded(text, at, flags);
    case '[':
        return !is_guarded(text, at, flags) && match_bracket(p, c, flags);
    case '\\':
        (*p)++;
        break;
    default:
        break;
    }
    return fold((unsigned char)*(*p)++, flags) == fold(c, flags);
}

/* Going back to the last star is enough: with GLOB_PATH the slashes of pattern and text pair up one
 * to one, so a star in an earlier component cannot help a later one. */
bool glob_match(const char *pattern, const char *text, int flags)
{
    const char *p = pattern, *at = text, *star = NULL, *star_at = NULL;

    while (*at != '\0') {
        if (*p == '*') {
            if (*at == '.' && is_guarded(text, at, flags))
                return false;
            star = ++p;
            star_at = at;
        } else if (match_one(&p, text, at, flags)) {
            at++;
        } else {
            if (!star || ((flags & GLOB_PATH) != 0 && *star_at == '/'))
                return false;
            p = star;
            at = ++star_at;
        }
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

bool glob_is_wild(const char *pattern)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*' || *pattern == '?' || *pattern == '[')
            return true;
        if (*pattern == '\\')
            pattern++;
    }
    return false;
}

void glob_unescape(const char *pattern, char *ret_text)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '\\')
            pattern++;
        *ret_text++ = *pattern;
    }
    *ret_text = '\0';
}
