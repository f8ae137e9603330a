#include "columns.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* The bytes of the UTF-8 character at `text`, which is well-formed. */
static size_t character_length(const char *text)
{
    size_t length = 1;

    while (((unsigned char)text[length] & 0xc0) == 0x80)
        length++;
    return length;
}

/* The bytes of the character at `text` and the columns it takes; one column where the locale
 * does not know it, but never a part of it. */
static size_t measure(const char *text, size_t *ret_columns)
{
    mbstate_t state = {0};
    wchar_t c;
    size_t n = mbrtowc(&c, text, strnlen(text, MB_LEN_MAX), &state);
    int columns;

    if (n == 0 || n >= (size_t)-2) {
        *ret_columns = 1;
        return character_length(text);
    }
    columns = wcwidth(c);
    *ret_columns = columns < 0 ? 1 : (size_t)columns;
    return n;
}

static size_t columns_of_n(const char *text, size_t length)
{
    size_t total = 0, used = 0, columns;

    while (used < length) {
        used += measure(text + used, &columns);
        total += columns;
    }
    return total;
}

size_t columns_of(const char *text)
{
    return columns_of_n(text, strlen(text));
}

size_t columns_fit(const char *text, size_t columns)
{
    size_t used = 0, taken = 0;

    while (text[used] != '\0') {
        size_t wide, n = measure(text + used, &wide);

        if (wide > columns - taken)
            break;
        taken += wide;
        used += n;
    }
    return used;
}

static size_t room_after(size_t column, const struct columns_wrap *how)
{
    if (how->width == 0)
        return SIZE_MAX;
    return how->width > column + COLUMNS_LEAST ? how->width - column : COLUMNS_LEAST;
}

/* Bytes of the next line out of `length`: up to the last blank that fits, or a hard break. */
static size_t line_length(
    const char *text, size_t length, size_t room, const struct columns_wrap *how)
{
    size_t fits = columns_fit(text, room), cut = fits;

    if (fits >= length)
        return length;
    if (text[fits] == ' ')
        return fits;
    while (cut > 0 && text[cut] != ' ')
        cut--;
    if (cut > 0)
        return cut;
    if (how->copyable)
        fits = strcspn(text, " \n");
    return fits > 0 && fits < length ? fits : length;
}

static void begin_line(struct str_builder *out, const struct columns_wrap *how)
{
    str_appendf(out, "\n%*s", (int)how->indent, "");
}

/* Appends words. Returns the column behind them. */
static size_t put_words(struct str_builder *out, const char *text, size_t length, size_t column,
    const struct columns_wrap *how)
{
    for (;;) {
        size_t n = line_length(text, length, room_after(column, how), how);
        size_t blanks = n + strspn(text + n, " ");

        if (blanks >= length)
            n = length;
        str_append_n(out, text, n);
        column += columns_of_n(text, n);
        if (n == length)
            return column;
        begin_line(out, how);
        text += blanks;
        length -= blanks;
        column = how->indent;
    }
}

/* Where a command begins in a line, with the blank before it; `length` if there is none. */
static size_t command_at(const char *line, size_t length)
{
    static const char before[] = ": assent ";
    const char *found = strstr(line, before);

    return found && found + sizeof(before) - 1 <= line + length ? (size_t)(found + 1 - line)
                                                                : length;
}

static void put_line(struct str_builder *out, const char *line, size_t length, size_t column,
    const struct columns_wrap *how)
{
    size_t words = how->copyable ? command_at(line, length) : length;

    column = put_words(out, line, words, column, how);
    if (words == length)
        return;
    if (how->width > 0 && column + columns_of_n(line + words, length - words) > how->width) {
        begin_line(out, how);
        words++;
    }
    str_append_n(out, line + words, length - words);
}

void columns_wrap(struct str_builder *out, const char *text, const struct columns_wrap *how)
{
    size_t column = how->column;

    for (;;) {
        size_t length = strcspn(text, "\n");

        put_line(out, text, length, column, how);
        text += length;
        if (*text == '\0')
            return;
        str_append(out, "\n");
        text++;
        column = 0;
    }
}
