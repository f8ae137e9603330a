/* Why a test went as it did, in words. For this folder. */
#pragma once

#include "../../common/str.h"
#include "expect.h"

/* Appends lines, each ended by \n. */
void why_put(struct str_builder *out, const struct policy *policy, const struct facts *facts,
    const struct expect *expect, const struct outcome *outcome);
