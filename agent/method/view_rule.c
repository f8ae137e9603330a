#include "view_rule.h"

#include <stdio.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../load/survey_say.h"
#include "../state/people.h"
#include "../state/request.h"
#include "methods.h"
#include "view.h"

static void set(json_t *json, const char *key, json_t *value)
{
    json_object_set_new(json, key, value);
}

static json_t *text_or_null(const char *text)
{
    return str_empty(text) ? json_null() : json_string(text);
}

static json_t *day_or_null(uint64_t until_us)
{
    char day[CERTIFICATE_DAY_SIZE];

    certificate_last_day(until_us, day);
    return text_or_null(day);
}

/* ---- people ------------------------------------------------------------------------------ */

static const struct survey_person *find_missing(const struct survey *survey, uint32_t person)
{
    size_t low = 0, high = survey->person_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (survey->people[middle].person < person)
            low = middle + 1;
        else
            high = middle;
    }
    return low < survey->person_count && survey->people[low].person == person ? &survey->people[low]
                                                                              : NULL;
}

static json_t *view_missing(
    const struct agent *agent, const struct survey_person *person, const char *role)
{
    uint64_t now = clock_realtime_us();
    bool is_here = policy_person_state(agent->policy, person->person, now) == PERSON_HERE;
    AUTO_FREE char *why = survey_say_missing(agent->policy, person, now);
    json_t *json = json_object();

    set(json, "name", json_string(policy_person(agent->policy, person->person)->name));
    set(json, "role", json_string(role));
    set(json, "state", json_string(is_here ? "leaving" : "gone"));
    set(json, "why", text_or_null(why));
    set(json, "ends", view_time(person->ends_us));
    return json;
}

static void add_missing(
    const struct agent *agent, struct people_list people, const char *role, json_t *array)
{
    for (size_t i = 0; i < people.count; i++) {
        const struct survey_person *person = find_missing(&agent->survey, people.items[i]);

        if (person)
            json_array_append_new(array, view_missing(agent, person, role));
    }
}

static json_t *view_names(const struct policy *policy, struct people_list people)
{
    json_t *array = json_array();

    for (size_t i = 0; i < people.count; i++)
        json_array_append_new(array, json_string(policy_person(policy, people.items[i])->name));
    return array;
}

void view_set_owner(json_t *json, const struct agent *agent, const char *owner,
    struct people_list owners, json_t *missing)
{
    add_missing(agent, owners, "owner", missing);
    set(json, "owner", text_or_null(owner));
    set(json, "owners", view_names(agent->policy, owners));
}

static void set_people(
    json_t *json, const struct agent *agent, size_t index, const struct rule_info *rule)
{
    const struct stage *stage = policy_rule_stage(agent->policy, index);
    struct people_list owners = {0}, asked = {0};
    uint64_t now = clock_realtime_us();
    json_t *missing = json_array();
    unsigned left = 0;

    if (rule->owner)
        owners = policy_people_of(agent->policy, rule->owner);
    if (stage)
        asked = (struct people_list){stage->people, stage->people_count};
    for (size_t i = 0; i < asked.count; i++)
        left += policy_person_state(agent->policy, asked.items[i], now) == PERSON_HERE;
    view_set_owner(json, agent, rule->owner, owners, missing);
    if (rule->decision == DECISION_ESCALATE)
        add_missing(agent, asked, "approver", missing);
    set(json, "asked", stage ? text_or_null(stage->from_text) : json_null());
    set(json, "need", json_integer(stage ? stage->need : 0));
    set(json, "left", json_integer(left));
    set(json, "missing", missing);
}

/* ---- certificates ------------------------------------------------------------------------ */

/* Rules that are not in the survey are well: it is taken anew every day. */
static const char *state_of(const struct survey_rule *found, const struct rule_info *rule)
{
    if (rule->disabled)
        return "disabled";
    if (rule->decision != DECISION_ALLOW)
        return "";
    switch (found ? survey_step_of(found, clock_realtime_us()) : SURVEY_FINE) {
    case SURVEY_FINE:
        return "certified";
    case SURVEY_LAPSED:
        return "lapsed";
    default:
        return "lapsing";
    }
}

static json_t *view_certificate(const struct certificate *certificate)
{
    json_t *json = json_object();

    set(json, "until", day_or_null(certificate->until_us));
    set(json, "by", json_string(certificate->by));
    set(json, "uid", json_integer(certificate->uid));
    set(json, "login_uid",
        certificate->login_uid == UID_NONE ? json_null() : json_integer(certificate->login_uid));
    set(json, "reason", json_string(certificate->reason));
    set(json, "time", view_time(certificate->real_us));
    set(json, "digest", json_string(certificate->digest));
    set(json, "policy", json_string(certificate->policy));
    set(json, "own", json_boolean(certificate->own));
    return json;
}

static void set_certificate(
    json_t *json, const struct agent *agent, size_t index, const struct rule_info *rule)
{
    const struct survey_rule *found = survey_rule_of(&agent->survey, index);
    const struct certificate *certificate =
        found && found->has_certificate ? &found->certificate : NULL;
    bool by_ledger = certificate && certificate->until_us >= rule->certified_us;
    enum lapse lapse = policy_rule_lapse(agent->policy, index, clock_realtime_us());

    set(json, "state", json_string(state_of(found, rule)));
    set(json, "lapse",
        lapse == LAPSE_NONE || rule->disabled ? json_null() : json_string(lapse_to_word(lapse)));
    set(json, "certified_until", day_or_null(rule->certified_us));
    set(json, "lapses", view_time(rule->certified_us));
    set(json, "source",
        rule->certified_us == 0 ? json_null() : json_string(by_ledger ? "ledger" : "file"));
    set(json, "certificate", certificate ? view_certificate(certificate) : json_null());
}

json_t *view_rule_entry(const struct agent *agent, size_t index)
{
    json_t *json = json_object();
    struct rule_info rule;

    policy_rule(agent->policy, index, &rule);
    set(json, "id", json_string(rule.id));
    set(json, "decision", json_string(decision_to_string(rule.decision)));
    set(json, "file", json_string(rule.place.file));
    set(json, "line", json_integer(rule.place.line));
    set(json, "monitored", json_boolean(rule.monitored));
    set_people(json, agent, index, &rule);
    set_certificate(json, agent, index, &rule);
    return json;
}
