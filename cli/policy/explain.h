/* What `assent policy explain` is to decide on, and deciding it without the agent. */
#pragma once

#include <jansson.h>

#include "../base/cli.h"

/* Facts as they are written down: the keys of a test's `given:`. */
struct explain_facts {
    char *text;       /* owned; YAML, of which JSON is a part */
    const char *name; /* for messages with a place; "": from options, where a place says nothing */
};
void explain_facts_done(struct explain_facts *facts);

/* From --facts FILE or "-". Returns CLI_OK or the exit code with what is wrong on standard error.
 */
int explain_facts_read(
    const struct cli_options *options, const char *path, struct explain_facts *ret_facts);

/* From the other options and the command behind "--". Same results. */
int explain_facts_from_options(
    const struct cli_options *options, int argc, char **argv, struct explain_facts *ret_facts);

/* Whether any of those options was given. */
bool explain_has_options(const struct cli_options *options);

/* The policy of the directory decides, with the names as this host knows them; those that it does
 * not know are taken as if they existed, and listed as `made_up`. Gives an Explanation (new
 * reference). Same results. */
int explain_facts_here(const struct cli_options *options, const char *directory,
    const struct explain_facts *facts, json_t **ret_explanation);

/* The same for facts that an agent recorded (docs/journal.md). */
int explain_record_here(const struct cli_options *options, const char *directory,
    const json_t *record, json_t **ret_explanation);
