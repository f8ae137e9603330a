/* Text for terminals. Everything that came from the agent passes text_escape() or one of its
 * kin before anything else looks at it. Widths are terminal columns. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/str.h"

/* `text` fit for a terminal, in fresh memory; NULL on OOM. The agent sends what users chose
 * already escaped (str_escape), which is left as it is; whatever is not of that form is escaped
 * here, so that nothing depends on the agent's having done it. */
char *text_escape(const char *text);

/* Appends `text` escaped; NULL appends nothing. */
void text_put(struct str_builder *out, const char *text);

/* Appends `text` escaped, as one line of characters that mean nothing to HTML or XML. NULL appends
 * nothing. */
void text_put_markup(struct str_builder *out, const char *text);

/* Appends already escaped text in at most `columns`, the cut marked by "...". */
void text_put_cut(struct str_builder *out, const char *escaped, size_t columns);

/* Appends already escaped text broken at blanks into lines of `width` columns (0: one line),
 * the second and later lines indented by `indent`, and ends with a newline. The cursor stands at
 * column `indent` on entry. */
void text_put_wrapped(struct str_builder *out, const char *escaped, size_t indent, size_t width);

/* The same with the cursor at `column` on entry. */
void text_put_wrapped_at(
    struct str_builder *out, const char *escaped, size_t column, size_t indent, size_t width);

/* Appends an argument list (array of strings) so that its borders can be seen: arguments
 * with anything unusual in them are quoted as a shell would read them. */
void text_put_command(struct str_builder *out, const json_t *command);

/* A number for people: "1,234,567". */
void text_put_count(struct str_builder *out, uint64_t count);
