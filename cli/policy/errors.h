/* What is wrong with policy files, as lines for people. */
#pragma once

#include <jansson.h>

struct str_builder;
struct yaml_errors;

/* Appends "FILE:LINE:COLUMN: MESSAGE" for each, broken at `width` columns (0: not). */
void errors_put(struct str_builder *out, const struct yaml_errors *errors, unsigned width);

/* An array of {file, line, column, message}. */
json_t *errors_to_json(const struct yaml_errors *errors);
