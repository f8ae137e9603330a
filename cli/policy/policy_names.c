#include "policy_names.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>

#include "../../agent/policy/policy.h"

#define MADE_UP_ID 100000

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool lets_nobody_in(const char *shell)
{
    return ends_in(shell, "/nologin") || ends_in(shell, "/false");
}

void policy_names_resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const struct passwd *account = getpwnam(policy_user_name(policy, i));

        policy_resolve_user(policy, i, account != NULL, account ? account->pw_uid : 0);
        if (account)
            policy_note_account(policy, i, lets_nobody_in(account->pw_shell), 0);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++) {
        const struct group *group = getgrnam(policy_group_name(policy, i));

        policy_resolve_group(policy, i, group != NULL, group ? group->gr_gid : 0);
    }
    policy_ready(policy);
}

void policy_names_pretend(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        policy_resolve_user(policy, i, true,
            strcmp(policy_user_name(policy, i), "root") == 0 ? 0 : (uid_t)(MADE_UP_ID + i));
    for (size_t i = 0; i < policy_group_count(policy); i++)
        policy_resolve_group(policy, i, true, (gid_t)(MADE_UP_ID + i));
    policy_ready(policy);
}
