/* What is in the policy in force, as the agent lists it to the caller page by page: all of it
 * (auditors, root), or what concerns the caller. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli.h"

/* Zero-initialise; free with pages_done. */
struct pages {
    json_t *items;  /* array, in the order of the policy */
    json_t *host;   /* texts */
    json_t *policy; /* its digest */
    bool all;
};

/* Lists the rules ("ListRules", "rules") or the identities. Returns CLI_OK or the exit code, with
 * what went wrong on standard error. */
MUST_USE int pages_read(const struct cli_options *options, const char *method, const char *key,
    struct pages *ret_pages);
void pages_done(struct pages *pages);
