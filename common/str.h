/* Text: bounded copies, names that may be trusted as names, and escaping for people.
 *
 * Everything a user can choose (names, reasons, arguments, remote hosts) passes
 * str_escape() before it reaches a terminal, a log or a chat, so that no control
 * character, no bidirectional override and no forged line ever gets there. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "macro.h"

/* The longest account name accepted: LOGIN_NAME_MAX of Linux (utmp(5) holds 32, but
 * directories go further). */
#define STR_NAME_MAX 256

static inline bool str_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Equal, where two NULLs are equal and NULL differs from every string. */
bool str_equal(const char *a, const char *b);

/* An account or group name fit to be used in a message, file name or rule: 1..255 bytes,
 * valid UTF-8 without control characters, none of `/ : , \ " ' *` or blanks, not led by `-`, not
 * "." or "..". (CVE-2023-42456: '/' became a path; a newline forged records.) */
bool str_is_name(const char *text);

/* Well-formed UTF-8 over `length` bytes (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(const char *text, size_t length);

/* Writes `length` bytes of `text` as one printable line into `buffer`: control and format
 * characters (C0, C1, bidi, zero-width, line separators) and bytes that are not UTF-8 become \xHH,
 * a backslash becomes \\. The mapping is injective. What does not fit ends in "...". Always
 * NUL-terminated when size > 0. Returns `buffer`. */
char *str_escape(const char *text, size_t length, char *buffer, size_t size);

/* The same for a NUL-terminated string into memory the caller frees; NULL on OOM. */
char *str_escape_new(const char *text);

/* What str_escape() made of a text that it did not cut, undone. Writes at most `length` bytes and a
 * NUL into `buffer`, which may be `text` itself. Returns 0, or -EINVAL: a backslash that is none of
 * str_escape's, or one that stands for a NUL. */
MUST_USE int str_unescape(const char *text, size_t length, char *buffer);

/* A growing string for messages and commands. Zero-initialise; free with str_builder_done.
 * An out-of-memory condition sticks and makes str_builder_take return NULL. */
struct str_builder {
    char *text;
    size_t length;
    size_t size;
    bool failed;
};

void str_append(struct str_builder *builder, const char *text);
void str_append_n(struct str_builder *builder, const char *text, size_t length);
void str_appendf(struct str_builder *builder, const char *format, ...) PRINTF_LIKE(2, 3);

/* Hands the text to the caller, "" if nothing was added, NULL on OOM; resets the builder. */
char *str_builder_take(struct str_builder *builder);
void str_builder_done(struct str_builder *builder);
