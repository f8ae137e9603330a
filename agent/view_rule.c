#include "view_rule.h"

#include <stdio.h>

#include "../common/str.h"
#include "agent.h"
#include "methods.h"
#include "people.h"
#include "request.h"
#include "survey_say.h"
#include "view.h"

#define LINES_MAX 20 /* of one kind; more is read in the report */

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
    add_missing(agent, owners, "owner", missing);
    if (rule->decision == DECISION_ESCALATE)
        add_missing(agent, asked, "approver", missing);
    set(json, "owner", text_or_null(rule->owner));
    set(json, "owners", view_names(agent->policy, owners));
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

/* ---- in words ---------------------------------------------------------------------------- */

/* Takes the line. */
static void add_line(json_t *lines, char *line)
{
    json_array_append_new(lines, json_string(line ? line : "out of memory"));
    free(line);
}

/* What a list says of those it does not name. */
struct rest {
    size_t shown, left;
    const char *one, *many;
};

static void add_rest(json_t *lines, const struct rest *rest)
{
    struct str_builder builder = {0};

    if (rest->left == 0)
        return;
    str_appendf(&builder, "%zu %s%s; auditors see all: assent report recertification", rest->left,
        rest->shown > 0 ? "more " : "", rest->left == 1 ? rest->one : rest->many);
    add_line(lines, str_builder_take(&builder));
}

struct reader {
    bool all;
    int64_t person; /* -1: none of the policy's */
};

static struct reader reader_of(const struct agent *agent, const struct public_call *call)
{
    return (struct reader){
        method_sees_all(agent, call), policy_person_of(agent->policy, public_peer(call)->uid)};
}

/* Of an allow rule those who are asked are its owner's people. */
static bool may_see(const struct agent *agent, const struct reader *reader, size_t index)
{
    const struct stage *owner = policy_rule_stage(agent->policy, index);

    if (reader->all)
        return true;
    for (size_t i = 0; owner && i < owner->people_count; i++)
        if (owner->people[i] == reader->person)
            return true;
    return false;
}

json_t *view_lapsed(const struct agent *agent, const struct public_call *call)
{
    json_t *lines = json_array();
    uint64_t now = clock_realtime_us();
    struct rest rest = {.one = "rule has lapsed", .many = "rules have lapsed"};
    const struct reader reader = reader_of(agent, call);

    for (size_t i = 0; i < agent->survey.rule_count; i++) {
        const struct survey_rule *rule = &agent->survey.rules[i];
        size_t index = rule->index;

        if (survey_step_of(rule, now) != SURVEY_LAPSED)
            continue;
        if (rest.shown == LINES_MAX || !may_see(agent, &reader, index)) {
            rest.left++;
            continue;
        }
        add_line(lines, survey_say_rule(agent->policy, index, now));
        rest.shown++;
    }
    add_rest(lines, &rest);
    return lines;
}

/* The first lines of a list are told, the others counted. */
static struct rest rest_of(size_t count, const char *one, const char *many)
{
    size_t shown = count < LINES_MAX ? count : LINES_MAX;

    return (struct rest){shown, count - shown, one, many};
}

static void add_people(const struct survey *survey, const struct agent *agent, json_t *warnings)
{
    const struct rest people =
        rest_of(survey->person_count, "person is gone or leaving", "people are gone or leaving");
    const struct rest stages = rest_of(
        survey->stage_count, "rule has too few people left", "rules have too few people left");
    uint64_t now = clock_realtime_us();

    for (size_t i = 0; i < people.shown; i++)
        add_line(warnings, survey_say_person(agent->policy, &survey->people[i], now));
    add_rest(warnings, &people);
    for (size_t i = 0; i < stages.shown; i++)
        add_line(warnings, survey_say_stage(agent->policy, &survey->stages[i]));
    add_rest(warnings, &stages);
}

void view_lapsing(const struct agent *agent, const struct public_call *call, json_t *warnings)
{
    const struct survey *survey = &agent->survey;
    uint64_t now = clock_realtime_us();
    struct rest rest = {.one = "rule is about to lapse", .many = "rules are about to lapse"};
    const struct reader reader = reader_of(agent, call);

    for (size_t i = 0; i < survey->rule_count; i++) {
        size_t index = survey->rules[i].index;
        enum survey_step step = survey_step_of(&survey->rules[i], now);

        if (step == SURVEY_FINE || step == SURVEY_LAPSED || !may_see(agent, &reader, index))
            continue;
        if (rest.shown == LINES_MAX) {
            rest.left++;
            continue;
        }
        add_line(warnings, survey_say_rule(agent->policy, index, now));
        rest.shown++;
    }
    add_rest(warnings, &rest);
    if (reader.all)
        add_people(survey, agent, warnings);
}
