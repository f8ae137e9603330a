/* Standard output: written whole, and a failure to write is a failure of the verb. */
#pragma once

#include <jansson.h>

#include "../../common/str.h"

/* Prints the text and frees the builder. Returns CLI_OK, or CLI_FAILED with a message. */
int output_text(struct str_builder *out);

/* Writes the text to `path` (NULL: prints it) and frees the builder. Same results. A file that is
 * there is written over, not replaced: it may be a device. */
int output_text_to(struct str_builder *out, const char *path);

/* Prints a value as JSON, indented on a terminal, on one line otherwise. Same results. */
int output_json(const json_t *value);

/* Prints a value as one line of JSON and flushes: for streams. */
int output_json_line(const json_t *value);
