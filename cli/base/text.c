#include "text.h"

#include <stdint.h>
#include <string.h>

#include "../../common/columns.h"

#define ELLIPSIS "..."

/* What needs no quotes in any shell. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

/* The length of the escape sequence at `text`, as str_escape writes them; 0 if it is none. */
static size_t sequence_length(const char *text)
{
    static const char digits[] = "0123456789abcdef";

    if (text[0] == '\\' && text[1] == '\\')
        return 2;
    if (text[0] != '\\' || text[1] != 'x' || text[2] == '\0' || text[3] == '\0')
        return 0;
    return strchr(digits, text[2]) && strchr(digits, text[3]) ? 4 : 0;
}

/* Whether str_escape could have written `text`, where `escaped` is what it makes of it now:
 * nothing changes but backslashes, and those begin sequences. */
static bool is_escaped(const char *text, const char *escaped)
{
    while (*text != '\0') {
        if (*text == '\\') {
            size_t length = sequence_length(text);

            if (length == 0)
                return false;
            escaped += length == 2 ? 4 : 5;
            text += length;
        } else if (*text++ != *escaped++) {
            return false;
        }
    }
    return true;
}

char *text_escape(const char *text)
{
    AUTO_FREE char *escaped = str_escape_new(text);

    if (escaped && is_escaped(text, escaped))
        return strdup(text);
    return TAKE_PTR(escaped);
}

void text_put(struct str_builder *out, const char *text)
{
    AUTO_FREE char *escaped = text ? text_escape(text) : NULL;

    if (escaped)
        str_append(out, escaped);
    else if (text)
        out->failed = true;
}

/* What XML 1.0 cannot hold even as a reference: U+FFFE and U+FFFF. */
static bool is_no_character(const char *text)
{
    return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

/* What stands for a byte in HTML 5 and XML 1.0; NULL: the byte itself. */
static const char *markup_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void text_put_markup(struct str_builder *out, const char *text)
{
    AUTO_FREE char *escaped = text ? text_escape(text) : NULL;

    out->failed |= text && !escaped;
    for (const char *p = escaped ? escaped : ""; *p != '\0'; p++) {
        const char *markup = markup_of(*p);

        if (markup) {
            str_append(out, markup);
        } else if (is_no_character(p)) {
            str_append(out, "?");
            p += 2;
        } else {
            str_append_n(out, p, 1);
        }
    }
}

void text_put_cut(struct str_builder *out, const char *escaped, size_t columns)
{
    size_t mark = strlen(ELLIPSIS);

    if (columns_of(escaped) <= columns) {
        str_append(out, escaped);
        return;
    }
    if (columns <= mark) {
        str_append_n(out, ELLIPSIS, columns);
        return;
    }
    str_append_n(out, escaped, columns_fit(escaped, columns - mark));
    str_append(out, ELLIPSIS);
}

void text_put_wrapped_at(
    struct str_builder *out, const char *escaped, size_t column, size_t indent, size_t width)
{
    const struct columns_wrap how = {.column = column, .indent = indent, .width = width};

    columns_wrap(out, escaped, &how);
    str_append(out, "\n");
}

void text_put_wrapped(struct str_builder *out, const char *escaped, size_t indent, size_t width)
{
    text_put_wrapped_at(out, escaped, indent, indent, width);
}

static void put_argument(struct str_builder *out, const char *argument)
{
    AUTO_FREE char *escaped = text_escape(argument);

    if (!escaped) {
        out->failed = true;
        return;
    }
    if (*argument != '\0' && strspn(argument, PLAIN) == strlen(argument)) {
        str_append(out, escaped);
        return;
    }
    str_append(out, "'");
    for (const char *p = escaped; *p != '\0'; p++) {
        if (*p == '\'')
            str_append(out, "'\\''");
        else
            str_append_n(out, p, 1);
    }
    str_append(out, "'");
}

void text_put_command(struct str_builder *out, const json_t *command)
{
    size_t index;
    json_t *item;

    json_array_foreach(command, index, item)
    {
        if (index > 0)
            str_append(out, " ");
        put_argument(out, json_is_string(item) ? json_string_value(item) : "?");
    }
}

void text_put_count(struct str_builder *out, uint64_t count)
{
    if (count >= 1000) {
        text_put_count(out, count / 1000);
        str_appendf(out, ",%03u", (unsigned)(count % 1000));
    } else {
        str_appendf(out, "%u", (unsigned)count);
    }
}
