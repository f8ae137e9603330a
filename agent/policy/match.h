/* Does a rule hold for these facts? For the files of this folder only. */
#pragma once

#include "model.h"
#include "truth.h"

/* In two parts, since at some doors the command is not known yet: its conditions on the command
 * and the account it would run as, and all its others. */
struct match {
    enum truth rest;
    enum truth command;
};

/* The rule itself, without the entitlements it names. */
struct match match_rule(
    const struct policy *policy, const struct rule *rule, const struct facts *facts);

/* The entitlement: what it opens and who may ask for it. */
struct match match_entitlement(
    const struct policy *policy, const struct entitlement *entitlement, const struct facts *facts);

static inline struct match match_both(struct match a, struct match b)
{
    return (struct match){truth_both(a.rest, b.rest), truth_both(a.command, b.command)};
}

/* Whether the rule's conditions on service, run-as and command let through all that the entitlement
 * opens: YES all, NO nothing, UNKNOWN that depends. */
struct match match_whole(
    const struct policy *policy, const struct rule *rule, const struct entitlement *entitlement);

/* One condition after another, for explanations: CONDITION_NONE when none is left. */
enum truth match_condition(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, enum condition condition);
