/* What doctor and setup print about findings. */
#pragma once

#include <jansson.h>

#include "../../common/str.h"
#include "../base/cli.h"
#include "doctor.h"

/* Lines for people, the worst first; `quiet` leaves out what is fine. */
void doctor_print(struct str_builder *out, const struct doctor *doctor,
    const struct cli_options *options, bool quiet);

/* An array of {check, level, text, fix}; NULL on OOM. */
json_t *doctor_to_json(const struct doctor *doctor);
