/* Text for terminals. Everything that came from outside passes text_put() or one of its kin,
 * which escape (str_escape) before anything else looks at it. Widths are terminal columns. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "../common/str.h"

/* Appends `text` escaped; NULL appends nothing. */
void text_put(struct str_builder *out, const char *text);

/* The columns that already escaped text takes: combining characters none, wide ones two. */
size_t text_columns(const char *escaped);

/* How many bytes of already escaped text fit into `columns`. */
size_t text_fit(const char *escaped, size_t columns);

/* Appends already escaped text in at most `columns`, the cut marked by "...". */
void text_put_cut(struct str_builder *out, const char *escaped, size_t columns);

/* Appends already escaped text broken at blanks into lines of `width` columns (0: one line),
 * the second and later lines indented by `indent`, and ends with a newline. The cursor stands at
 * column `indent` on entry. */
void text_put_wrapped(struct str_builder *out, const char *escaped, size_t indent, size_t width);

/* Appends an argument list (array of strings) so that its borders can be seen: arguments
 * with anything unusual in them are quoted as a shell would read them. */
void text_put_command(struct str_builder *out, const json_t *command);
