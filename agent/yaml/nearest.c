#include <ctype.h>
#include <string.h>

#include "yaml.h"

#define WORD_MAX 64

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edit distance with neighbours swapped counted as one slip of the finger (optimal string
 * alignment); case does not count. Both words are at most WORD_MAX long. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1], a_length = strlen(a), b_length = strlen(b);
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b_length; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *spare = before;

        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);

            now[j] = min3(last[j] + 1, now[j - 1] + 1, replaced);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                now[j] = min3(now[j], before[j - 2] + 1, now[j]);
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[b_length];
}

const char *yaml_nearest(const char *word, const char *const *words, size_t count)
{
    size_t length = strlen(word), best = 1 + length / 4;
    const char *nearest = NULL;

    if (length == 0 || length > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t d;

        if (strlen(words[i]) > WORD_MAX)
            continue;
        d = distance(word, words[i]);
        if (d < best || (d == best && !nearest)) {
            best = d;
            nearest = words[i];
        }
    }
    return nearest;
}
