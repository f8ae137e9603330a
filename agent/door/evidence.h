/* Evidence that is missing, in words: what a door asks for next, and how it is refused where nobody
 * can be asked. What counts as missing policy_decide() says (verdict.missing); here it is only
 * told. All texts are fresh memory or NULL (out of memory), escaped and short enough for a prompt.
 */
#pragma once

#include <stdint.h>

#include "../policy/policy.h"

struct scope;

/* The kind to ask for next, in the order reason, ticket, control, peer; 0: nothing is missing. */
enum evidence evidence_next(const struct verdict *verdict);

/* Its bit in a NEED. */
uint64_t evidence_need(enum evidence kind);

/* The prompt for that kind: for what and in which form, or what was wrong with what was given.
 * `lead` (or NULL) is a line above the very first question. */
char *evidence_prompt(const struct policy *policy, const struct verdict *verdict,
    const struct facts *facts, const char *lead);

/* The refusal, naming all that is missing, who has to approve besides, what was wrong with what was
 * given, and the command that gives it ahead. `scope` NULL: the asker is at `assent request`
 * already. */
char *evidence_refusal(const struct policy *policy, const struct verdict *verdict,
    const struct facts *facts, const struct scope *scope);
