#include "diff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../../common/str.h"

#define CONTEXT 3

struct text {
    const char **line; /* count + 1 pointers: line i ends where line i + 1 starts */
    size_t count;
};

/* The two texts without their common head and tail, and the table of their longest common
 * subsequences: length[i * (columns + 1) + j] for the lines from i and j on. */
struct compare {
    struct text a, b;
    size_t head, tail;
    size_t rows, columns;
    uint16_t *length;
};

/* One line of the edit script: ' ' both texts have it, '-' only the old, '+' only the new. */
struct edit {
    char kind;
    size_t a, b; /* lines of each text before this one */
};

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; count++) {
        const char *end = strchr(at, '\n');
        at = end != NULL ? end + 1 : at + strlen(at);
    }
    return count;
}

static int split_lines(const char *text, struct text *ret)
{
    size_t count = count_lines(text);
    if (count > DIFF_LINES_MAX)
        return -EFBIG;
    const char **line = calloc(count + 1, sizeof(*line));
    if (line == NULL)
        return -ENOMEM;
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        line[i] = at;
        const char *end = strchr(at, '\n');
        at = end != NULL ? end + 1 : at + strlen(at);
    }
    line[count] = at;
    ret->line = line;
    ret->count = count;
    return 0;
}

static void compare_done(struct compare *compare)
{
    free(compare->a.line);
    free(compare->b.line);
    free(compare->length);
}

static bool same_line(const struct compare *compare, size_t i, size_t j)
{
    const char *a = compare->a.line[i], *b = compare->b.line[j];
    size_t length = (size_t)(compare->a.line[i + 1] - a);
    return length == (size_t)(compare->b.line[j + 1] - b) && memcmp(a, b, length) == 0;
}

static void trim_common(struct compare *compare)
{
    size_t a = compare->a.count, b = compare->b.count;
    size_t least = a < b ? a : b;
    while (compare->head < least && same_line(compare, compare->head, compare->head))
        compare->head++;
    while (compare->tail < least - compare->head &&
           same_line(compare, a - compare->tail - 1, b - compare->tail - 1))
        compare->tail++;
    compare->rows = a - compare->head - compare->tail;
    compare->columns = b - compare->head - compare->tail;
}

static int fill_table(struct compare *compare)
{
    size_t width = compare->columns + 1;
    compare->length = calloc((compare->rows + 1) * width, sizeof(*compare->length));
    if (compare->length == NULL)
        return -ENOMEM;
    uint16_t *length = compare->length;
    for (size_t i = compare->rows; i-- > 0;) {
        for (size_t j = compare->columns; j-- > 0;) {
            uint16_t down = length[(i + 1) * width + j], right = length[i * width + j + 1];
            uint16_t best = down > right ? down : right;
            if (same_line(compare, compare->head + i, compare->head + j))
                best = (uint16_t)(length[(i + 1) * width + j + 1] + 1);
            length[i * width + j] = best;
        }
    }
    return 0;
}

/* The next step of the script from line `a` of the old and `b` of the new text. */
static char next_kind(const struct compare *compare, size_t a, size_t b)
{
    if (a < compare->head || a >= compare->head + compare->rows) {
        /* In the head and tail the lines agree; of the middle only '+' can be left over. */
        if (a < compare->head || b >= compare->head + compare->columns)
            return ' ';
        return '+';
    }
    if (b >= compare->head + compare->columns)
        return '-';
    size_t i = a - compare->head, j = b - compare->head, width = compare->columns + 1;
    if (same_line(compare, a, b))
        return ' ';
    return compare->length[(i + 1) * width + j] >= compare->length[i * width + j + 1] ? '-' : '+';
}

static size_t build_script(const struct compare *compare, struct edit *edits)
{
    size_t a = 0, b = 0, count = 0;
    while (a < compare->a.count || b < compare->b.count) {
        char kind = next_kind(compare, a, b);
        edits[count++] = (struct edit){.kind = kind, .a = a, .b = b};
        a += kind != '+';
        b += kind != '-';
    }
    return count;
}

static void print_line(struct str_builder *out, const struct compare *compare, struct edit edit)
{
    const struct text *text = edit.kind == '+' ? &compare->b : &compare->a;
    size_t index = edit.kind == '+' ? edit.b : edit.a;
    size_t length = (size_t)(text->line[index + 1] - text->line[index]);
    str_append_n(out, &edit.kind, 1);
    str_append_n(out, text->line[index], length);
    if (text->line[index][length - 1] != '\n')
        str_append(out, "\n\\ No newline at end of file\n");
}

/* "12,3" as unified diffs number a range; an empty one names the line before it. */
static void print_range(struct str_builder *out, size_t first, size_t count)
{
    str_appendf(out, "%zu", count == 0 ? first : first + 1);
    if (count != 1)
        str_appendf(out, ",%zu", count);
}

static void print_hunk(
    struct str_builder *out, const struct compare *compare, const struct edit *edits, size_t count)
{
    size_t old = 0, new = 0;
    for (size_t i = 0; i < count; i++) {
        old += edits[i].kind != '+';
        new += edits[i].kind != '-';
    }
    str_append(out, "@@ -");
    print_range(out, edits[0].a, old);
    str_append(out, " +");
    print_range(out, edits[0].b, new);
    str_append(out, " @@\n");
    for (size_t i = 0; i < count; i++)
        print_line(out, compare, edits[i]);
}

/* The end of the hunk that begins with the change at `first`: changes nearer to each other
 * than twice the context share one. */
static size_t hunk_end(const struct edit *edits, size_t count, size_t first)
{
    size_t last = first;
    for (size_t i = first; i < count && i <= last + 2 * CONTEXT + 1; i++) {
        if (edits[i].kind != ' ')
            last = i;
    }
    return last + CONTEXT + 1 < count ? last + CONTEXT + 1 : count;
}

static void print_hunks(
    struct str_builder *out, const struct compare *compare, const struct edit *edits, size_t count)
{
    size_t i = 0;
    while (i < count) {
        if (edits[i].kind == ' ') {
            i++;
            continue;
        }
        size_t from = i > CONTEXT ? i - CONTEXT : 0;
        size_t to = hunk_end(edits, count, i);
        print_hunk(out, compare, edits + from, to - from);
        i = to;
    }
}

static int prepare(const char *before, const char *after, struct compare *compare)
{
    int r = split_lines(before, &compare->a);
    if (r == 0)
        r = split_lines(after, &compare->b);
    if (r < 0)
        return r;
    trim_common(compare);
    return fill_table(compare);
}

int diff_unified(const char *path, const char *before, const char *after, char **ret_text)
{
    CLEANUP(compare_done) struct compare compare = {0};
    struct str_builder out = {0};
    if (str_equal(before, after)) {
        char *empty = str_builder_take(&out);
        if (empty == NULL)
            return -ENOMEM;
        *ret_text = empty;
        return 0;
    }
    int r = prepare(before != NULL ? before : "", after != NULL ? after : "", &compare);
    if (r < 0)
        return r;
    AUTO_FREE struct edit *edits = calloc(compare.a.count + compare.b.count + 1, sizeof(*edits));
    if (edits == NULL)
        return -ENOMEM;
    size_t count = build_script(&compare, edits);
    str_appendf(&out, "--- %s\n", before != NULL ? path : "/dev/null");
    str_appendf(&out, "+++ %s\n", after != NULL ? path : "/dev/null");
    print_hunks(&out, &compare, edits, count);
    char *text = str_builder_take(&out);
    if (text == NULL)
        return -ENOMEM;
    *ret_text = text;
    return 0;
}
