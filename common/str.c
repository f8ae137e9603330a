#include "str.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "..."

bool str_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

/* Decodes one character. Returns its length in bytes, 0 if it is not UTF-8. */
static size_t decode_utf8(const unsigned char *p, size_t left, uint32_t *ret_char)
{
    static const uint32_t minimum[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length;
    uint32_t c;

    if (p[0] < 0x80) {
        *ret_char = p[0];
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        length = 2;
    else if ((p[0] & 0xf0) == 0xe0)
        length = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (length > left)
        return 0;
    c = p[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < minimum[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret_char = c;
    return length;
}

/* Characters that move, hide or reorder text: controls, Unicode Cf and Zl/Zp of note
 * (Unicode TR36, "Trojan Source" CVE-2021-42574), tags, variation selectors. */
static bool is_deceptive(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},
        {0x7f, 0x9f},
        {0xad, 0xad},
        {0x34f, 0x34f},
        {0x600, 0x605},
        {0x61c, 0x61c},
        {0x6dd, 0x6dd},
        {0x70f, 0x70f},
        {0x115f, 0x1160},
        {0x17b4, 0x17b5},
        {0x180b, 0x180f},
        {0x200b, 0x200f},
        {0x2028, 0x202e},
        {0x2060, 0x206f},
        {0x3164, 0x3164},
        {0xe000, 0xf8ff},
        {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},
        {0xfff0, 0xfffb},
        {0xfffe, 0xffff},
        {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
        {0xf0000, 0x10ffff},
    };

    if (c >= 0x20 && c < 0x7f)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

bool str_is_utf8(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t c;

    while (length > 0) {
        size_t n = decode_utf8(p, length, &c);

        if (n == 0)
            return false;
        p += n;
        length -= n;
    }
    return true;
}

/* What divides names from each other, in files, mail and shells. */
static bool is_divider(uint32_t c)
{
    switch (c) {
    case '/':
    case ':':
    case ',':
    case '\\':
    case '"':
    case '\'':
    case '*':
    case ' ':
    case '\t':
        return true;
    default:
        return false;
    }
}

bool str_is_name(const char *text)
{
    size_t length = text ? strnlen(text, STR_NAME_MAX) : 0;
    const unsigned char *p = (const unsigned char *)text;

    if (length == 0 || length >= STR_NAME_MAX || text[0] == '-')
        return false;
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return false;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t n = decode_utf8(p + i, length - i, &c);

        if (n == 0 || is_deceptive(c) || is_divider(c))
            return false;
        i += n;
    }
    return true;
}

/* The escaped form of the character at `p`; returns the bytes it stands for. */
static size_t escape_one(const unsigned char *p, size_t left, char out[17], size_t *ret_length)
{
    uint32_t c = 0;
    size_t n = decode_utf8(p, left, &c);

    if (n > 0 && !is_deceptive(c) && c != '\\') {
        memcpy(out, p, n);
        *ret_length = n;
        return n;
    }
    if (n > 0 && c == '\\') {
        memcpy(out, "\\\\", 2);
        *ret_length = 2;
        return 1;
    }
    if (n == 0)
        n = 1;
    for (size_t i = 0; i < n; i++)
        snprintf(out + 4 * i, 5, "\\x%02x", p[i]);
    *ret_length = 4 * n;
    return n;
}

/* Marks at `used` that text was left out, if there is room. Returns where it ends now. */
static size_t put_ellipsis(char *buffer, size_t size, size_t used)
{
    if (size - used < sizeof(ELLIPSIS))
        return used;
    memcpy(buffer + used, ELLIPSIS, sizeof(ELLIPSIS) - 1);
    return used + sizeof(ELLIPSIS) - 1;
}

char *str_escape(const char *text, size_t length, char *buffer, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0, last_fit = 0;

    if (size == 0)
        return buffer;
    while (length > 0) {
        char piece[17];
        size_t piece_length, consumed = escape_one(p, length, piece, &piece_length);

        if (piece_length >= size - used) {
            used = put_ellipsis(buffer, size, last_fit);
            break;
        }
        memcpy(buffer + used, piece, piece_length);
        used += piece_length;
        if (size - used >= sizeof(ELLIPSIS))
            last_fit = used;
        p += consumed;
        length -= consumed;
    }
    buffer[used] = '\0';
    return buffer;
}

char *str_escape_new(const char *text)
{
    size_t length = strlen(text), size = length * 4 + 1;
    char *buffer = malloc(size);

    return buffer ? str_escape(text, length, buffer, size) : NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte behind a backslash at `p`; returns how many characters it takes, 0 if it is none. */
static size_t unescape_one(const char *p, size_t left, char *ret_byte)
{
    int high, low;

    if (left >= 2 && p[1] == '\\') {
        *ret_byte = '\\';
        return 2;
    }
    if (left < 4 || p[1] != 'x')
        return 0;
    high = hex_digit(p[2]);
    low = hex_digit(p[3]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return 0;
    *ret_byte = (char)(high << 4 | low);
    return 4;
}

int str_unescape(const char *text, size_t length, char *buffer)
{
    size_t used = 0;

    while (length > 0) {
        size_t n = 1;

        if (*text == '\\')
            n = unescape_one(text, length, &buffer[used]);
        else
            buffer[used] = *text;
        if (n == 0)
            return -EINVAL;
        used++;
        text += n;
        length -= n;
    }
    buffer[used] = '\0';
    return 0;
}

static bool reserve(struct str_builder *builder, size_t extra)
{
    size_t needed = builder->length + extra + 1, size = builder->size ? builder->size : 128;
    char *text;

    if (builder->failed || needed < extra)
        return false;
    if (needed <= builder->size)
        return true;
    while (size < needed)
        size *= 2;
    text = realloc(builder->text, size);
    if (!text) {
        builder->failed = true;
        return false;
    }
    builder->text = text;
    builder->size = size;
    return true;
}

void str_append_n(struct str_builder *builder, const char *text, size_t length)
{
    if (!reserve(builder, length))
        return;
    memcpy(builder->text + builder->length, text, length);
    builder->length += length;
    builder->text[builder->length] = '\0';
}

void str_append(struct str_builder *builder, const char *text)
{
    str_append_n(builder, text, strlen(text));
}

void str_appendf(struct str_builder *builder, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !reserve(builder, (size_t)length))
        return;
    va_start(args, format);
    vsnprintf(builder->text + builder->length, (size_t)length + 1, format, args);
    va_end(args);
    builder->length += (size_t)length;
}

char *str_builder_take(struct str_builder *builder)
{
    char *text = NULL;

    if (!builder->failed && reserve(builder, 0)) {
        text = TAKE_PTR(builder->text);
        text[builder->length] = '\0';
    }
    str_builder_done(builder);
    return text;
}

void str_builder_done(struct str_builder *builder)
{
    free(builder->text);
    *builder = (struct str_builder){0};
}
