/* Help, all from the table in verbs.c. */
#pragma once

#include <stdbool.h>

#include "../common/str.h"
#include "base/cli.h"

/* The list of verbs. */
void help_overview(struct str_builder *out);

/* The verbs that begin with `word`, as "policy"; false, and nothing appended, if there are none. */
bool help_group(struct str_builder *out, const char *word);

/* Usage, options, examples and exit codes of one verb. */
void help_verb(struct str_builder *out, const struct cli_verb *verb);

/* For the tests that compare manual page and completion with the table: lines of
 *     verb <TAB> NAME
 *     option <TAB> NAME <TAB> --OPTION <TAB> VALUE
 * with NAME "*" for the options that every verb takes, and VALUE empty where none is taken. */
void help_machine(struct str_builder *out);
