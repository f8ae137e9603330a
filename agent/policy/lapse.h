/* Whether an allow rule still allows by itself: assent-policy(5), "Recertification". */
#pragma once

#include "model.h"

/* LAPSE_NONE also for rules of other kinds. `now_us` 0, not known: nothing counts as certified. */
enum lapse lapse_of(const struct policy *policy, const struct rule *rule, uint64_t now_us);
