#include "view_replay.h"

#include <string.h>

#include "../../common/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../view/when.h"

/* In the order of enum replay_change. */
static const struct {
    const char *title;
    enum style style;
} sections[REPLAY_CHANGES] = {
    [REPLAY_NEWLY_ALLOWED] = {"NEWLY ALLOWED", STYLE_BAD},
    [REPLAY_LESS_EVIDENCE] = {"LESS EVIDENCE ASKED FOR", STYLE_BAD},
    [REPLAY_NEWLY_ASKED] = {"PUT TO PEOPLE, WAS DENIED", STYLE_WARN},
    [REPLAY_ASKED_INSTEAD] = {"PUT TO PEOPLE, WAS ALLOWED", STYLE_WARN},
    [REPLAY_MORE_EVIDENCE] = {"MORE EVIDENCE ASKED FOR", STYLE_WARN},
    [REPLAY_NEWLY_DENIED] = {"NEWLY DENIED", STYLE_BOLD},
    [REPLAY_OTHER_RULE] = {"THE SAME BY ANOTHER RULE", STYLE_PLAIN},
};

/* ---- words ------------------------------------------------------------------------------------
 */

static void put_times(struct str_builder *out, uint64_t count, const char *one, const char *many)
{
    text_put_count(out, count);
    str_appendf(out, " %s", count == 1 ? one : many);
}

static void put_answer(struct str_builder *out, const struct replay_answer *answer)
{
    const char *joint = " once given: ";

    str_append(out, answer->decision == DECISION_ALLOW  ? "allowed"
                    : answer->decision == DECISION_DENY ? "denied"
                                                        : "put to people");
    if (answer->rule) {
        str_append(out, " by ");
        text_put(out, answer->rule);
    } else {
        str_append(out, ", no rule");
    }
    if (answer->lapse != LAPSE_NONE)
        str_append(out, " (lapsed)");
    for (unsigned kind = 1; kind < 1U << EVIDENCE_COUNT; kind <<= 1) {
        if ((answer->missing & kind) == 0)
            continue;
        str_appendf(out, "%s%s", joint, evidence_to_string((enum evidence)kind));
        joint = ", ";
    }
}

static void put_what(struct str_builder *out, const struct replay_group *group)
{
    AUTO_JSON json_t *object = json_pack("{s:s?, s:s?, s:O?}", "service", group->service, "run_as",
        group->run_as, "command", group->command);

    if (group->entitlement) {
        str_append(out, "entitlement ");
        text_put(out, group->entitlement);
    }
    if (group->entitlement && group->service)
        str_append(out, ", ");
    if (group->service || !group->entitlement)
        view_what(out, object);
}

static void put_span(struct str_builder *out, const struct replay_group *group)
{
    char first[WHEN_SIZE], last[WHEN_SIZE];

    if (group->last_us == 0)
        return;
    when_absolute(group->first_us, first);
    when_absolute(group->last_us, last);
    str_appendf(out, "      %s", last);
    if (group->count > 1)
        str_appendf(out, ", the first %s", first);
    str_append(out, "\n");
}

static void put_group(
    struct str_builder *out, const struct view *view, const struct replay_group *group)
{
    str_append(out, "  ");
    view_styled(out, view, STYLE_BOLD, group->subject ? group->subject : "?");
    str_append(out, ": ");
    put_what(out, group);
    if (group->count > 1) {
        str_append(out, ", ");
        put_times(out, group->count, "time", "times");
    }
    str_append(out, "\n      ");
    put_answer(out, &group->was);
    str_append(out, " -> ");
    put_answer(out, &group->would);
    str_append(out, "\n");
    put_span(out, group);
}

static void put_title(struct str_builder *out, const struct view *view, const struct replay *replay,
    enum replay_change change)
{
    str_append(out, "\n");
    view_styled(out, view, sections[change].style, sections[change].title);
    str_append(out, ": ");
    put_times(out, replay->of[change], "decision", "decisions");
    str_append(out, "\n");
}

void view_show_changes(
    struct str_builder *out, const struct view *view, const struct replay *replay, bool rules)
{
    enum replay_change change = REPLAY_CHANGES;

    for (size_t i = 0; i < replay->group_count; i++) {
        const struct replay_group *group = replay->groups[i];

        if (group->change == REPLAY_OTHER_RULE && !rules)
            break;
        if (group->change != change)
            put_title(out, view, replay, group->change);
        change = group->change;
        put_group(out, view, group);
    }
}

static void put_left_out(struct str_builder *out, const struct replay *replay)
{
    const char *why;
    json_t *count;

    if (json_object_size(replay->left_out) == 0)
        return;
    str_append(out, "\nNot replayable: ");
    put_times(out, replay->seen - replay->replayed, "decision", "decisions");
    str_append(out, "\n");
    json_object_foreach(replay->left_out, why, count)
    {
        str_append(out, "  ");
        text_put_count(out, (uint64_t)json_integer_value(count));
        str_append(out, ": ");
        text_put(out, why);
        str_append(out, "\n");
    }
}

static void put_unknown(struct str_builder *out, const json_t *names)
{
    if (json_array_size(names) == 0)
        return;
    str_append(out, "\nnot known on this host, so they match nobody here: ");
    view_names(out, names, " and ");
    str_append(out, "\n");
}

static void put_summary(
    struct str_builder *out, const struct replay *replay, uint64_t since_us, bool rules)
{
    char since[WHEN_SIZE];

    when_absolute(since_us, since);
    text_put(out, replay->policy->path);
    str_appendf(out, " (digest %.12s): ", policy_digest(replay->policy->policy));
    put_times(out, replay->replayed, "decision", "decisions");
    str_appendf(out, " since %s put to it,\n", since);
    text_put_count(out, replay->changed);
    str_append(out, " would be answered otherwise");
    if (replay->of[REPLAY_OTHER_RULE] > 0) {
        str_append(out, ", ");
        text_put_count(out, replay->of[REPLAY_OTHER_RULE]);
        str_append(out,
            rules ? " the same by another rule" : " the same by another rule (--rules lists them)");
    }
    str_append(out, ".\n");
}

void view_show_replay(struct str_builder *out, const struct view *view, const struct replay *replay,
    uint64_t since_us, bool rules)
{
    put_summary(out, replay, since_us, rules);
    view_show_changes(out, view, replay, rules);
    put_left_out(out, replay);
    put_unknown(out, replay->policy->unknown);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static json_t *time_to_json(uint64_t time_us)
{
    char text[CLOCK_RFC3339_SIZE];

    if (time_us == 0)
        return json_null();
    clock_format_rfc3339(time_us, text);
    return json_string(text);
}

static json_t *answer_to_json(const struct replay_answer *answer)
{
    json_t *missing = json_array();

    for (unsigned kind = 1; kind < 1U << EVIDENCE_COUNT; kind <<= 1)
        if ((answer->missing & kind) != 0)
            (void)json_array_append_new(
                missing, json_string(evidence_to_string((enum evidence)kind)));
    return json_pack("{s:s, s:s?, s:o, s:b}", "decision", decision_to_string(answer->decision),
        "rule", answer->rule, "missing", missing, "lapsed", answer->lapse != LAPSE_NONE);
}

static json_t *group_to_json(const struct replay_group *group)
{
    return json_pack("{s:s, s:I, s:s?, s:I, s:s?, s:s?, s:O?, s:s?, s:o, s:o, s:o, s:o, s:I}",
        "change", replay_change_to_string(group->change), "count", (json_int_t)group->count,
        "subject", group->subject, "uid", (json_int_t)group->uid, "service", group->service,
        "run_as", group->run_as, "command", group->command, "entitlement", group->entitlement,
        "was", answer_to_json(&group->was), "would", answer_to_json(&group->would), "first",
        time_to_json(group->first_us), "last", time_to_json(group->last_us), "seq",
        (json_int_t)group->seq);
}

static json_t *left_out_to_json(const struct replay *replay)
{
    json_t *array = json_array(), *count;
    const char *why;

    json_object_foreach(replay->left_out, why, count)(void)
        json_array_append_new(array, json_pack("{s:s, s:O}", "why", why, "count", count));
    return array;
}

json_t *view_replay_to_json(const struct replay *replay, uint64_t since_us)
{
    json_t *changes = json_array();

    for (size_t i = 0; i < replay->group_count; i++)
        if (json_array_append_new(changes, group_to_json(replay->groups[i])) < 0) {
            json_decref(changes);
            return NULL;
        }
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:O}", "directory",
        replay->policy->path, "digest", policy_digest(replay->policy->policy), "since",
        time_to_json(since_us), "decisions", (json_int_t)replay->seen, "replayed",
        (json_int_t)replay->replayed, "changed", (json_int_t)replay->changed, "other_rule",
        (json_int_t)replay->of[REPLAY_OTHER_RULE], "changes", changes, "not_replayable",
        left_out_to_json(replay), "unknown_names", replay->policy->unknown);
}
