/* What stood between a rule and the facts, in words. */
#pragma once

#include "../../common/str.h"
#include "../policy/policy.h"

/* The key in the file: "what.command", or of an entitlement "db-admin: commands". NULL: nothing
 * stood in the way. Fresh memory; NULL on OOM too. */
char *finding_condition(const struct rule_finding *finding);

/* Appends why a rule did not decide: "what.command does not hold", "where.rhost is not known",
 * "it is disabled". For standings that fail or are unknown. */
void finding_put(struct str_builder *out, const struct rule_finding *finding);

/* How far it came before the first thing stood in its way, to compare rules by: 0 not at all. */
unsigned finding_depth(const struct rule_finding *finding);

/* Whether it came near: of whoever asks and at that door it holds, so that it is worth a look. */
bool finding_is_near(const struct rule_finding *finding);

/* "decides", "matches", "fails", "unknown". */
const char *standing_to_string(enum standing standing);
