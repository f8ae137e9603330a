/* What policy_lint() looks for, part by part. */
#pragma once

#include "report.h"
#include "roster.h"

void lint_rules(struct report *report);
void lint_certificates(struct report *report);
void lint_shadowed(struct report *report);
void lint_entitlements(struct report *report);
void lint_identities(struct report *report);
void lint_commands(struct report *report);
void lint_people(struct report *report, const struct roster *roster);
void lint_host(struct report *report);

/* The last day before that moment. */
#define LINT_DAY_SIZE 16
void lint_last_day(uint64_t end_us, char ret_text[LINT_DAY_SIZE]);

/* Whether one becomes root by it: it says so, or does not say as whom; a login that root may use.
 */
bool lint_gives_root(const struct policy *policy, const struct rule *rule);

/* Whether sudo is among the services; of none, all are. */
bool lint_has_sudo(const struct text_list *services);
