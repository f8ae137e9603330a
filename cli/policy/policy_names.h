/* The accounts and groups that a policy names, for a policy that is looked at without the agent. */
#pragma once

struct policy;

/* As this host knows them, by NSS. Directory services may be asked: this is the person's own
 * process, where that is fine. An account whose shell lets nobody in counts as locked. */
void policy_names_resolve(struct policy *policy);

/* As if all of them existed: for what does not hang on a host. */
void policy_names_pretend(struct policy *policy);
