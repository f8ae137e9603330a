/* Whether conditions can be met at once. "Cannot" is certain; "can" is not. */
#pragma once

#include "../model.h"

/* Which condition of the rule contradicts another of its own, or CONDITION_NONE. Of a deny rule,
 * which an unknown fact never keeps from matching, only what is always known counts. */
enum condition meet_itself(const struct policy *policy, const struct rule *rule);

/* Which condition of the rule contradicts the entitlement's, or CONDITION_NONE. Not for deny rules.
 */
enum condition meet_entitlement(
    const struct policy *policy, const struct rule *rule, const struct entitlement *entitlement);

/* Whether some facts meet both rules, neither of them a deny rule. */
bool meet_rules(const struct policy *policy, const struct rule *a, const struct rule *b);

/* Whether a service elevates: at all others, logins, there is no command. */
bool meet_has_command(const char *service);
