/* What setup prints: the diff, the trial, the outcome; for people or as one JSON object. */
#pragma once

#include <jansson.h>

#include "../../common/str.h"
#include "../base/cli.h"
#include "doctor.h"
#include "selftest.h"

/* The diff in colours; the text itself is exactly the diff. */
void setup_print_diff(struct str_builder *out, const char *diff, const struct cli_options *options);
void setup_print_tests(
    struct str_builder *out, const struct selftest *test, const struct cli_options *options);

/* An array of {situation, user, result, level}; NULL on OOM. */
json_t *setup_tests_to_json(const struct selftest *test);

/* The names of the doors in `doors` as a JSON array, or with blanks between (caller frees). */
json_t *setup_doors_to_json(unsigned doors);
char *setup_doors_to_text(unsigned doors);

/* Whether a SELFTEST_BAD row is among them. */
bool setup_tests_are_bad(const struct selftest *test);

/* Shows `question` on standard error and reads a line. True only for y or yes. */
bool setup_ask(const char *question);
