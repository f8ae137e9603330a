#include "view_identity.h"

#include "../core/agent.h"
#include "view.h"
#include "view_rule.h"

static void set(json_t *json, const char *key, json_t *value)
{
    json_object_set_new(json, key, value);
}

/* By the survey's steps, so that it is said here as long as it is said in `assent status`. */
static const char *state_of(const struct agent *agent, size_t index, uint64_t expires_us)
{
    uint64_t now = clock_realtime_us();
    enum identity_state state = policy_identity_state(agent->policy, index, now);
    const struct survey_identity found = {.index = index, .expires_us = expires_us};

    if (state == IDENTITY_ALIVE && survey_identity_step(&found, now) != SURVEY_FINE)
        return "ending";
    return identity_state_to_word(state);
}

json_t *view_identity_entry(const struct agent *agent, size_t index)
{
    json_t *json = json_object(), *missing = json_array();
    struct identity_info info;

    policy_identity(agent->policy, index, &info);
    set(json, "name", json_string(info.name));
    set(json, "kind", json_string(subject_kind_to_string(SUBJECT_SERVICE)));
    set(json, "account", json_string(info.account));
    set(json, "uid", info.has_uid ? json_integer(info.uid) : json_null());
    view_set_owner(
        json, agent, info.owner, (struct people_list){info.people, info.people_count}, missing);
    set(json, "purpose", json_string(info.purpose));
    set(json, "expires", json_string(info.last_day));
    set(json, "ends", view_time(info.expires_us));
    set(json, "state", json_string(state_of(agent, index, info.expires_us)));
    set(json, "missing", missing);
    set(json, "file", json_string(info.place.file));
    set(json, "line", json_integer(info.place.line));
    return json;
}
