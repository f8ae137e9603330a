/* Does a rule hold for these facts? For the files of this folder only. */
#pragma once

#include "model.h"

/* Its conditions on the command and on the account it would run as. */
enum truth match_command(
    const struct policy *policy, const struct rule *rule, const struct facts *facts);

/* All its other conditions. */
enum truth match_rest(
    const struct policy *policy, const struct rule *rule, const struct facts *facts);
