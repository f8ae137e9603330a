/* In which form evidence is wanted, in words. */
#pragma once

#include "../../common/str.h"
#include "../policy/policy.h"

/* Appends "like ^INC-[0-9]+$", "snapshot or four-eyes", "8 characters at least"; nothing where
 * anything will do. Escaped, and short enough for a prompt. */
void form_put(struct str_builder *out, const struct evidence_terms *terms, enum evidence kind);
