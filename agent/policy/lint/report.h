/* How the files of this folder tell what they find. */
#pragma once

#include "../model.h"
#include "lint.h"

/* As lints[] is ordered. */
enum lint_kind {
    ACCEPT_UNKNOWN,
    ACCEPT_UNUSED,
    APPROVER_GONE,
    APPROVERS_ARE_REQUESTERS,
    APPROVERS_EMPTY,
    APPROVERS_UNKNOWN,
    ASKS_FOR_SHELL,
    DEAD_PATH,
    DENIES_SU,
    DISABLED,
    DURATION_OVER_LIMIT,
    ENTITLEMENT_IN_PARTS,
    ENTITLEMENT_UNREACHABLE,
    ENVIRONMENT_OPEN,
    GIVES_SHELL,
    IDENTITY_OVER,
    IDENTITY_UNUSED,
    IDENTITY_WITHOUT_OWNER,
    LAPSED,
    LAPSES_SOON,
    LONG_CERTIFICATE,
    MISSING_COMMAND,
    MONITOR,
    NEEDS_PLUGIN,
    NEVER_CERTIFIED,
    NEVER_MATCHES,
    NO_OWNER,
    NOT_IN_PEOPLE,
    OWNER_GONE,
    SHADOWED,
    TOO_FEW_APPROVERS,
    UNKNOWN_ACCOUNT,
    UNKNOWN_GROUP,
    UNUSED_ENTITLEMENT,
    UNUSED_GROUP,
    WEAK_APPROVAL,
    WEAK_EVIDENCE,
    WINDOW_OVER,
    WRITABLE_OPEN,
    LINT_KINDS,
};

struct accept_seen;

struct report {
    const struct policy *policy;
    const struct lint_options *options;
    lint_visit *visit;
    void *userdata;
    struct accept_seen *accepts; /* every `accept:` there is, by address */
    size_t accept_count;
    bool failed; /* out of memory; sticks */
};

MUST_USE int report_start(struct report *report);

/* One finding each. */
void report_rule(struct report *report, enum lint_kind kind, const struct rule *rule,
    const char *format, ...) PRINTF_LIKE(4, 5);
void report_entitlement(struct report *report, enum lint_kind kind,
    const struct entitlement *entitlement, const char *format, ...) PRINTF_LIKE(4, 5);
void report_identity(struct report *report, enum lint_kind kind, const struct identity *identity,
    const char *format, ...) PRINTF_LIKE(4, 5);
void report_team(struct report *report, enum lint_kind kind, uint32_t team, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* At last: what was accepted but not found. Frees. */
void report_end(struct report *report);
