/* From options and operands to the parameters of a call. Each returns CLI_OK, or CLI_USAGE
 * with what is wrong on standard error; an option that was not given adds nothing. */
#pragma once

#include <jansson.h>

#include "cli.h"

/* The operand `text` as an id, in its canonical form, under `key`. */
int params_id(const struct cli_options *options, json_t *params, const char *key, const char *text);

/* A text option: not blank, valid UTF-8. */
int params_text(
    const struct cli_options *options, json_t *params, const char *key, const char *option);

/* The same for one that has to be given. */
int params_text_required(
    const struct cli_options *options, json_t *params, const char *key, const char *option);

/* A duration option, as whole seconds of at least 1. */
int params_duration(
    const struct cli_options *options, json_t *params, const char *key, const char *option);

/* A number option of at least 1. */
int params_count(
    const struct cli_options *options, json_t *params, const char *key, const char *option);

/* Adds one text under `key`, saying `what` it was when it is not valid UTF-8. */
int params_set(json_t *params, const char *key, const char *text, const char *what);
