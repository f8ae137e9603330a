/* What policy_lint() found, kept, in the order in which a person works through it. */
#pragma once

#include <jansson.h>

#include "../../agent/policy/lint/lint.h"
#include "../../common/str.h"
#include "../base/cli.h"

struct finding;

/* Zero-initialise; free with findings_done. */
struct findings {
    struct finding *items;
    size_t count, size;
    unsigned levels[LINT_ERROR + 1]; /* how many of each, without the accepted ones */
    unsigned accepted;
    bool failed; /* out of memory */
};

/* Looks for findings and sorts them by place. Returns 0 or -ENOMEM. */
MUST_USE int findings_collect(
    struct findings *findings, const struct policy *policy, const struct lint_options *options);
void findings_done(struct findings *findings);

/* One line each: "file:line:column: warning: rule 'x': what [name]". Without `all`, accepted ones
 * are left out, and of each kind of note all but the first. */
void findings_put(struct str_builder *out, const struct findings *findings,
    const struct cli_options *options, bool all);

/* "1 error, 2 warnings, 3 notes, 1 accepted" */
void findings_put_counts(struct str_builder *out, const struct findings *findings);

/* All of them, an array of objects (new reference). */
json_t *findings_to_json(const struct findings *findings);
