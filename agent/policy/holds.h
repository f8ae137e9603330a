/* What it takes for a rule to count: whether its conditions hold, what is not known counted for or
 * against it, and what else an allow or escalate rule needs. For the files of this folder only. */
#pragma once

#include "match.h"

#define HOLDS_NO_ENTITLEMENT UINT32_MAX

/* One way to judge how the rule's conditions (with one of its entitlements) met the facts. */
typedef bool holds_test(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, struct match match);

/* What is not known does not hide a deny. */
holds_test holds_deny;

/* It denies whatever the command turns out to be. */
holds_test holds_deny_of_any_command;

/* What is not known does not grant. */
holds_test holds_grant;

/* The same but for one thing each, to tell people what stood in the way. */
holds_test holds_grant_if_unchanged;
holds_test holds_grant_if_not_writable;
holds_test holds_grant_if_owned;

/* Some command would pass. */
holds_test holds_grant_of_some_command;
holds_test holds_grant_of_some_command_if_owned;

/* Some use would pass, as far as is known. For words alone. */
holds_test holds_grant_of_some_use;

/* Whether the rule passes the test by itself or by one of its entitlements, the first of which is
 * told (HOLDS_NO_ENTITLEMENT: it names none). */
bool holds_rule(const struct policy *policy, const struct rule *rule, const struct facts *facts,
    holds_test *test, uint32_t *ret_entitlement);

/* How the rule meets the facts by one of its entitlements, or by none where it names none. */
struct match holds_match(const struct policy *policy, const struct rule *rule,
    const struct facts *facts, uint32_t entitlement);
