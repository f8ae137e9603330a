#include "caller.h"

#include <pwd.h>
#include <stdio.h>

#include "agent.h"

/* From /etc/passwd itself: no name service on the way to a decision. */
static bool find_local_name(uid_t uid, char ret_name[STR_NAME_MAX])
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd entry, *found = NULL;
    char buffer[4096];

    if (!file)
        return false;
    while (fgetpwent_r(file, &entry, buffer, sizeof(buffer), &found) == 0 && found->pw_uid != uid)
        found = NULL;
    if (found)
        snprintf(ret_name, STR_NAME_MAX, "%s", found->pw_name);
    fclose(file);
    return found != NULL;
}

void caller_name(const struct agent *agent, uid_t uid, char ret_name[STR_NAME_MAX])
{
    int64_t index = policy_person_of(agent->policy, uid);

    if (find_local_name(uid, ret_name))
        return;
    snprintf(ret_name, STR_NAME_MAX, "uid-%u", uid);
    if (index >= 0) {
        const struct person *person = policy_person(agent->policy, (uint32_t)index);

        for (size_t i = 0; i < person->uid_count; i++)
            if (person->uids[i] == uid && person->account_count == person->uid_count)
                snprintf(ret_name, STR_NAME_MAX, "%s", person->accounts[i]);
    }
}
