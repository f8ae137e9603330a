/* Standard output: written whole, and a failure to write is a failure of the verb. */
#pragma once

#include <jansson.h>

#include "../common/str.h"

/* Prints the text and frees the builder. Returns CLI_OK, or CLI_FAILED with a message. */
int output_text(struct str_builder *out);

/* Prints a value as JSON, indented on a terminal, on one line otherwise. Same results. */
int output_json(const json_t *value);

/* Prints a value as one line of JSON and flushes: for streams. */
int output_json_line(const json_t *value);
