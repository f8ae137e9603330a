#include "pieces.h"

#include <stddef.h>
#include <string.h>

#include "../glob.h"

#define PIECES_MAX 512 /* of a pattern that is looked at closely */

/* One step of a pattern. */
struct piece {
    char kind;       /* '*', '?', '[', 'c' one byte, '\0' the end */
    bool leads;      /* it stands at the beginning of a path's component */
    unsigned char c; /* 'c' */
    const char *at, *next;
};

static const char *behind_bracket(const char *at)
{
    for (at++; *at != ']'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

static struct piece read_piece(const char *start, const char *at)
{
    struct piece piece = {.kind = *at, .at = at, .next = at + 1};

    piece.leads = at == start || at[-1] == '/';
    switch (*at) {
    case '\0':
        piece.next = at;
        break;
    case '*':
    case '?':
        break;
    case '[':
        piece.next = behind_bracket(at);
        break;
    case '\\':
        piece.next = at + 2;
        piece.c = (unsigned char)at[1];
        piece.kind = 'c';
        break;
    default:
        piece.c = (unsigned char)*at;
        piece.kind = 'c';
        break;
    }
    return piece;
}

/* A byte that no wildcard at that place matches. */
static bool is_guarded(const struct piece *piece, unsigned char c, int flags)
{
    return (flags & GLOB_PATH) != 0 && (c == '/' || (c == '.' && piece->leads));
}

static unsigned char fold(unsigned char c, int flags)
{
    return (flags & GLOB_FOLD) != 0 && c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* Whether a piece for one byte matches `c`, which stands where `place` does. */
static bool has_byte(
    const struct piece *piece, const struct piece *place, unsigned char c, int flags)
{
    switch (piece->kind) {
    case 'c':
        return fold(piece->c, flags) == fold(c, flags);
    case '?':
        return !is_guarded(place, c, flags);
    case '[':
        return !is_guarded(place, c, flags) && glob_bracket_has(piece->at, c, flags);
    default:
        return false;
    }
}

static bool is_single(const struct piece *piece)
{
    return piece->kind == 'c' || piece->kind == '?' || piece->kind == '[';
}

/* Every byte of `narrow` is one of `wide`, where `narrow` stands. */
static bool one_covers(const struct piece *wide, const struct piece *narrow, int flags)
{
    if (!is_single(wide) || !is_single(narrow))
        return false;
    if (narrow->kind == 'c')
        return has_byte(wide, narrow, narrow->c, flags);
    for (unsigned c = 1; c < 256; c++)
        if (has_byte(narrow, narrow, (unsigned char)c, flags) &&
            !has_byte(wide, narrow, (unsigned char)c, flags))
            return false;
    return true;
}

static bool is_guarded_literal(const struct piece *piece, int flags)
{
    return piece->kind == 'c' && is_guarded(piece, piece->c, flags);
}

static bool is_plain(char c)
{
    return c != '*' && c != '?' && c != '[' && c != '\\' && c != '\0';
}

static bool is_plain_or_end(char c)
{
    return c == '\0' || is_plain(c);
}

/* How many bytes both begin with that stand for themselves. */
static size_t count_alike(const char *a, const char *b)
{
    size_t count = 0;

    while (a[count] == b[count] && is_plain(a[count]))
        count++;
    return count;
}

/* glob_match() with a pattern in place of the text: a star takes whatever piece stands there. */
bool pattern_covers(const char *wide, const char *narrow, int flags)
{
    size_t alike = count_alike(wide, narrow);
    const char *w = wide + alike, *n = narrow + alike, *star = NULL, *star_at = NULL;

    if ((flags & GLOB_FOLD) == 0 && is_plain(*w) && is_plain(*n))
        return false;
    while (*n != '\0') {
        struct piece of_wide = read_piece(wide, w), of_narrow = read_piece(narrow, n);

        if (of_wide.kind == '*') {
            /* Even an empty star fails before a leading dot. */
            if (of_narrow.c == '.' && is_guarded_literal(&of_narrow, flags))
                return false;
            star = ++w;
            star_at = n;
        } else if (one_covers(&of_wide, &of_narrow, flags)) {
            w = of_wide.next;
            n = of_narrow.next;
        } else {
            struct piece taken;

            if (!star)
                return false;
            taken = read_piece(narrow, star_at);
            if (is_guarded_literal(&taken, flags))
                return false;
            w = star;
            n = star_at = taken.next;
        }
    }
    while (*w == '*')
        w++;
    return *w == '\0';
}

static bool one_meets(const struct piece *a, const struct piece *b, int flags)
{
    if (a->kind == 'c')
        return has_byte(b, a, a->c, flags);
    if (b->kind == 'c')
        return has_byte(a, b, b->c, flags);
    for (unsigned c = 1; c < 256; c++)
        if (has_byte(a, a, (unsigned char)c, flags) && has_byte(b, b, (unsigned char)c, flags))
            return true;
    return false;
}

struct pieces {
    struct piece items[PIECES_MAX + 1];
    size_t count; /* without the end */
};

static bool read_pieces(const char *pattern, struct pieces *ret_pieces)
{
    const char *at = pattern;
    size_t count = 0;

    for (; *at != '\0'; at = ret_pieces->items[count++].next) {
        if (count == PIECES_MAX)
            return false;
        ret_pieces->items[count] = read_piece(pattern, at);
    }
    ret_pieces->items[count] = read_piece(pattern, at);
    ret_pieces->count = count;
    return true;
}

/* Whether a star may take the piece of the other pattern. */
static bool star_takes(const struct piece *star, const struct piece *other, int flags)
{
    return star->kind == '*' && other->kind != '\0' && !is_guarded_literal(other, flags);
}

/* From the ends to the beginnings: row[j] says whether the pieces of `a` from i on and those of `b`
 * from j on have a text in common; `below` is the row of i + 1. */
static void fill_row(const struct pieces *a, const struct pieces *b, size_t i, int flags, bool *row)
{
    const struct piece *of_a = &a->items[i];
    bool diagonal = false; /* below[j + 1] */

    for (size_t j = b->count + 1; j-- > 0;) {
        const struct piece *of_b = &b->items[j];
        bool below = row[j], met = false;

        if (of_a->kind == '*')
            met = below || (star_takes(of_a, of_b, flags) && row[j + 1]);
        if (!met && of_b->kind == '*')
            met = row[j + 1] || (star_takes(of_b, of_a, flags) && below);
        if (!met && is_single(of_a) && is_single(of_b))
            met = diagonal && one_meets(of_a, of_b, flags);
        if (!met && of_a->kind == '\0' && of_b->kind == '\0')
            met = true;
        diagonal = below;
        row[j] = met;
    }
}

bool pattern_meets(const char *a, const char *b, int flags)
{
    size_t alike = count_alike(a, b);
    bool row[PIECES_MAX + 2] = {false};
    struct pieces of_a, of_b;

    if ((flags & GLOB_FOLD) == 0 && a[alike] != b[alike] && is_plain_or_end(a[alike]) &&
        is_plain_or_end(b[alike]))
        return false;
    if (strcmp(a, b) == 0 || !read_pieces(a, &of_a) || !read_pieces(b, &of_b))
        return true;
    for (size_t i = of_a.count + 1; i-- > 0;)
        fill_row(&of_a, &of_b, i, flags, row);
    return row[0];
}
