/* What evidence is asked for, and which of it is still missing. */
#pragma once

#include <regex.h>

#include "policy.h"
#include "read.h"

#define EVIDENCE_TICKET_MAX 64 /* bytes of a ticket: what a regular expression is run over */
#define EVIDENCE_REASON_LENGTH 3
#define EVIDENCE_CONTROLS_MAX 32

/* A ticket pattern, compiled once for all that use it. In the policy's list. */
struct ticket_pattern {
    const char *text;
    regex_t regex;
    struct ticket_pattern *next;
};

struct evidence_rule {
    struct evidence_terms terms;
    const struct ticket_pattern *ticket; /* NULL: any word */
};

/* Reads an entitlement's `evidence:` over what its sensitivity asks for. `node` NULL: just that. In
 * the arena; NULL when memory ran out. */
const struct evidence_rule *evidence_read(
    struct reading *reading, struct yaml_node *node, enum sensitivity sensitivity);

/* The same of a rule, over `asked` (enum evidence). */
const struct evidence_rule *evidence_read_rule(
    struct reading *reading, struct yaml_node *node, unsigned asked);

/* What a rule that asks people wants where it says nothing itself: a reason. */
extern const struct evidence_rule evidence_reason;

/* The bits of what a sensitivity asks for. */
unsigned evidence_of(enum sensitivity sensitivity);

/* The bits that are required and not there, or not good enough. */
unsigned evidence_missing(
    const struct policy *policy, const struct evidence_rule *evidence, const struct facts *facts);

void evidence_done(struct policy *policy);
