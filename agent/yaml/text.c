#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "node.h"

/* The character at `p`, or 0xffffffff if the bytes are not UTF-8; its length in any case. */
static uint32_t decode(const unsigned char *p, size_t left, size_t *ret_length)
{
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = length == 1 ? p[0] : p[0] & (0xffU >> (length + 1));

    *ret_length = 1;
    if (length == 1)
        return c;
    if (length > left || !str_is_utf8((const char *)p, length))
        return UINT32_MAX;
    for (size_t i = 1; i < length; i++)
        c = c << 6 | (p[i] & 0x3fU);
    *ret_length = length;
    return c;
}

/* A reviewer must see what the agent reads (CVE-2021-42574): controls other than line ends
 * and tab, marks of direction, zero-width characters, foreign line ends, which YAML 1.1 obeys. */
static bool is_unseen(uint32_t c)
{
    if (c < 0x20)
        return c != '\n' && c != '\r' && c != '\t';
    if (c < 0x7f)
        return false;
    return c <= 0x9f || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xe0000 && c <= 0xe0fff) || c == 0xfffe || c == 0xffff;
}

/* Whether all of eight bytes are printable ASCII, which nearly all of a file is. */
static bool is_plain(const unsigned char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = 0x80 * ones;
    uint64_t bytes, deletes;

    memcpy(&bytes, p, sizeof(bytes));
    deletes = bytes ^ 0x7f * ones;
    return ((bytes | (bytes - 0x20 * ones) | (deletes - ones)) & tops) == 0;
}

bool yaml_text_has_flaw(const char *text, size_t length, struct yaml_flaw *ret_flaw)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    unsigned line = 1, column = 1;

    while (p < end) {
        size_t n;
        uint32_t c;

        if (end - p >= 8 && is_plain(p)) {
            p += 8;
            column += 8;
            continue;
        }
        c = decode(p, (size_t)(end - p), &n);
        if (c == UINT32_MAX || is_unseen(c)) {
            *ret_flaw = (struct yaml_flaw){.line = line, .column = column};
            if (c == UINT32_MAX)
                snprintf(ret_flaw->text, sizeof(ret_flaw->text),
                    "byte 0x%02x is not UTF-8; save the file as UTF-8", *p);
            else
                snprintf(ret_flaw->text, sizeof(ret_flaw->text),
                    "the character U+%04X cannot be seen or stand here; take it out", (unsigned)c);
            return true;
        }
        line += c == '\n';
        column = c == '\n' ? 1 : column + 1;
        p += n;
    }
    return false;
}
