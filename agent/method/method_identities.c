/* ListIdentities: what acts here without being a person, as the policy in force has it. */
#include "../core/agent.h"
#include "methods.h"
#include "view_identity.h"

#define PAGE_MAX 100   /* looked at in one call: it holds up the loop */
#define NAMES_MAX 1000 /* of owners in one answer, or those of the identity that goes past it */

/* Auditors and root all; everybody else what they are or answer for. */
struct reader {
    bool all;
    uid_t uid;
    int64_t person; /* -1: none of the policy's */
};

static bool may_see(const struct reader *reader, const struct identity_info *info)
{
    if (reader->all || (info->has_uid && info->uid == reader->uid))
        return true;
    for (size_t i = 0; i < info->people_count; i++)
        if (info->people[i] == reader->person)
            return true;
    return false;
}

void method_list_identities(struct public_call *call, json_t *parameters, void *userdata)
{
    const struct agent *agent = userdata;
    uid_t uid = public_peer(call)->uid;
    const struct reader reader = {
        method_sees_all(agent, call), uid, policy_person_of(agent->policy, uid)};
    json_t *array = json_array();
    struct method_page page;
    size_t names = 0;

    if (!method_take_page(
            call, parameters, policy_identity_count(agent->policy), PAGE_MAX, &page)) {
        json_decref(array);
        return;
    }
    for (size_t i = page.at; i < page.end; i++) {
        struct identity_info info;

        policy_identity(agent->policy, i, &info);
        if (!may_see(&reader, &info))
            continue;
        json_array_append_new(array, view_identity_entry(agent, i));
        names += info.people_count;
        if (names >= NAMES_MAX)
            page.end = i + 1;
    }
    method_reply_page(call, agent, &page, "identities", array);
}
