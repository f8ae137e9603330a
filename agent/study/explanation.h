/* A decision explained, as JSON (type Explanation of io.assent): what was decided on, the verdict
 * and its terms, the evidence, who would be asked, and each rule with the first thing that stood in
 * its way. Names out of the facts are escaped (str_escape). */
#pragma once

#include <jansson.h>

#include "../policy/policy.h"

struct explanation_options {
    const char *run_as; /* the account's name, NULL: by its number alone */
    bool all;           /* rules that do not come near, too */
    size_t rules_max;   /* so many of them at most; 0: any number */
};

/* Decides on the facts. NULL on OOM. */
json_t *explanation_new(const struct policy *policy, const struct facts *facts,
    const struct explanation_options *options);
