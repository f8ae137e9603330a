#include "view_lapsing.h"

#include "../../common/str.h"
#include "../core/agent.h"
#include "../load/survey_say.h"
#include "methods.h"

#define LINES_MAX 20 /* of one kind; more is read in the report */

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

/* The first lines of a list are told, the others counted. */
static struct rest rest_of(size_t count, const char *one, const char *many)
{
    size_t shown = count < LINES_MAX ? count : LINES_MAX;

    return (struct rest){shown, count - shown, one, many};
}

/* ---- who reads --------------------------------------------------------------------------- */

struct reader {
    const struct agent *agent;
    uint64_t now_us;
    bool all;
    int64_t person; /* -1: none of the policy's */
};

static struct reader reader_of(const struct agent *agent, const struct public_call *call)
{
    return (struct reader){agent, clock_realtime_us(), method_sees_all(agent, call),
        policy_person_of(agent->policy, public_peer(call)->uid)};
}

static bool is_among(const struct reader *reader, struct people_list people)
{
    for (size_t i = 0; i < people.count; i++)
        if (people.items[i] == reader->person)
            return true;
    return false;
}

/* ---- rules and identities ---------------------------------------------------------------- */

/* One of those that the survey has. */
struct entry {
    enum survey_step step;
    size_t index;
    struct people_list owners;
    char *(*say)(const struct policy *policy, size_t index, uint64_t now_us);
};

/* Of an allow rule those who are asked are its owner's people. */
static struct entry rule_at(const struct reader *reader, size_t at)
{
    const struct survey_rule *rule = &reader->agent->survey.rules[at];
    const struct stage *owner = policy_rule_stage(reader->agent->policy, rule->index);

    return (struct entry){
        .step = survey_step_of(rule, reader->now_us),
        .index = rule->index,
        .owners = owner ? (struct people_list){owner->people, owner->people_count}
                        : (struct people_list){0},
        .say = survey_say_rule,
    };
}

static struct entry identity_at(const struct reader *reader, size_t at)
{
    const struct survey_identity *identity = &reader->agent->survey.identities[at];
    struct identity_info info;

    policy_identity(reader->agent->policy, identity->index, &info);
    return (struct entry){
        .step = survey_identity_step(identity, reader->now_us),
        .index = identity->index,
        .owners = {info.people, info.people_count},
        .say = survey_say_identity,
    };
}

struct entries {
    size_t count;
    struct entry (*at)(const struct reader *reader, size_t at);
};

static struct entries rules_of(const struct reader *reader)
{
    return (struct entries){reader->agent->survey.rule_count, rule_at};
}

static struct entries identities_of(const struct reader *reader)
{
    return (struct entries){reader->agent->survey.identity_count, identity_at};
}

/* What has lapsed concerns everybody, so that what the reader may not see is counted; what is about
 * to concerns its owners. */
static void add_entries(const struct reader *reader, const struct entries *entries, bool lapsed,
    struct rest *rest, json_t *lines)
{
    for (size_t i = 0; i < entries->count; i++) {
        struct entry entry = entries->at(reader, i);
        bool seen = reader->all || is_among(reader, entry.owners);

        if (entry.step == SURVEY_FINE || (entry.step == SURVEY_LAPSED) != lapsed ||
            (!seen && !lapsed))
            continue;
        if (rest->shown == LINES_MAX || !seen) {
            rest->left++;
            continue;
        }
        add_line(lines, entry.say(reader->agent->policy, entry.index, reader->now_us));
        rest->shown++;
    }
    add_rest(lines, rest);
}

json_t *view_lapsed(const struct agent *agent, const struct public_call *call)
{
    const struct reader reader = reader_of(agent, call);
    const struct entries rules = rules_of(&reader), identities = identities_of(&reader);
    struct rest of_rules = {.one = "rule has lapsed", .many = "rules have lapsed"};
    struct rest of_identities = {.one = "identity has lapsed", .many = "identities have lapsed"};
    json_t *lines = json_array();

    add_entries(&reader, &rules, true, &of_rules, lines);
    add_entries(&reader, &identities, true, &of_identities, lines);
    return lines;
}

static void add_people(const struct reader *reader, json_t *warnings)
{
    const struct survey *survey = &reader->agent->survey;
    const struct policy *policy = reader->agent->policy;
    const struct rest people =
        rest_of(survey->person_count, "person is gone or leaving", "people are gone or leaving");
    const struct rest stages = rest_of(
        survey->stage_count, "rule has too few people left", "rules have too few people left");

    for (size_t i = 0; i < people.shown; i++)
        add_line(warnings, survey_say_person(policy, &survey->people[i], reader->now_us));
    add_rest(warnings, &people);
    for (size_t i = 0; i < stages.shown; i++)
        add_line(warnings, survey_say_stage(policy, &survey->stages[i]));
    add_rest(warnings, &stages);
}

void view_lapsing(const struct agent *agent, const struct public_call *call, json_t *warnings)
{
    const struct reader reader = reader_of(agent, call);
    const struct entries rules = rules_of(&reader), identities = identities_of(&reader);
    struct rest of_rules = {.one = "rule is about to lapse", .many = "rules are about to lapse"};
    struct rest of_identities = {
        .one = "identity is about to lapse", .many = "identities are about to lapse"};

    add_entries(&reader, &rules, false, &of_rules, warnings);
    add_entries(&reader, &identities, false, &of_identities, warnings);
    if (reader.all)
        add_people(&reader, warnings);
}
