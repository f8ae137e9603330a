#include "replay.h"

#include <errno.h>
#include <string.h>

#include "../../common/str.h"
#include "../base/field.h"
#include "local_times.h"
#include "replay_groups.h"

/* The most groups for which it is worth trying whether they matter. */
#define GROUPS_TRIED 64

const char *replay_change_to_string(enum replay_change change)
{
    static const char *const names[REPLAY_CHANGES] = {
        [REPLAY_NEWLY_ALLOWED] = "newly-allowed",
        [REPLAY_LESS_EVIDENCE] = "less-evidence",
        [REPLAY_NEWLY_ASKED] = "newly-asked",
        [REPLAY_ASKED_INSTEAD] = "asked-instead",
        [REPLAY_MORE_EVIDENCE] = "more-evidence",
        [REPLAY_NEWLY_DENIED] = "newly-denied",
        [REPLAY_OTHER_RULE] = "other-rule",
    };

    return names[change];
}

static int leave_out(struct replay *replay, const char *why, uint64_t count)
{
    json_int_t before = json_integer_value(json_object_get(replay->left_out, why));

    if (!replay->left_out)
        replay->left_out = json_object();
    return json_object_set_new(replay->left_out, why, json_integer(before + (json_int_t)count)) < 0
               ? -ENOMEM
               : 0;
}

/* ---- what was answered -------------------------------------------------------------------- */

/* What was answered then. */
struct recorded {
    struct replay_answer answer;
    bool monitored; /* the door let it through, and nobody was asked for evidence */
};

/* "reason, ticket": what was missing at a door that could not ask for it. */
static unsigned read_missing(const char *text)
{
    unsigned missing = 0;

    for (unsigned kind = 1; text && kind < 1U << EVIDENCE_COUNT; kind <<= 1)
        if (strstr(text, evidence_to_string((enum evidence)kind)))
            missing |= kind;
    return missing;
}

/* False: the record says nothing that is understood. */
static bool read_answer(const json_t *decision, struct recorded *ret_recorded)
{
    static const struct {
        const char *word;
        enum decision decision;
        bool monitored;
    } words[] = {
        {"allow", DECISION_ALLOW, false},
        {"deny", DECISION_DENY, false},
        {"escalate", DECISION_ESCALATE, false},
        {"would-deny", DECISION_DENY, true},
        {"would-escalate", DECISION_ESCALATE, true},
    };
    /* earlier versions did not say so */
    const char *fallback =
        str_equal(field_text(decision, "event"), "request-opened") ? "escalate" : "";
    const char *word = field_text_or(decision, "decision", fallback);

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(word, words[i].word) == 0) {
            *ret_recorded = (struct recorded){
                .answer =
                    {
                        .decision = words[i].decision,
                        .rule = field_text(decision, "rule"),
                        .missing = read_missing(field_text(decision, "missing")),
                    },
                .monitored = words[i].monitored,
            };
            return true;
        }
    }
    return false;
}

/* As a door would take the verdict: what a colleague must confirm asks people, and a login that
 * cannot be asked for a reason goes without, unless policy writes that one is needed. */
static struct replay_answer decide(const struct policy *policy, const struct facts *facts)
{
    struct verdict verdict;
    struct replay_answer answer;

    policy_decide(policy, facts, &verdict);
    answer = (struct replay_answer){
        .decision = verdict.decision,
        .rule = verdict.rule,
        .missing = verdict.decision == DECISION_DENY ? 0 : verdict.missing,
        .lapse = verdict.lapse,
    };
    if (verdict.decision == DECISION_ALLOW && verdict.evidence &&
        (verdict.evidence->required & EVIDENCE_PEER) != 0)
        answer.decision = DECISION_ESCALATE;
    if (answer.decision == DECISION_ESCALATE && facts->command_is_none &&
        answer.missing == EVIDENCE_REASON && verdict.evidence->unwritten)
        answer.missing = 0;
    return answer;
}

static bool is_same_answer(const struct replay_answer *a, const struct replay_answer *b)
{
    return a->decision == b->decision && a->missing == b->missing && str_equal(a->rule, b->rule);
}

/* REPLAY_CHANGES: none. */
static enum replay_change compare(
    const struct replay_answer *was, const struct replay_answer *would)
{
    if (is_same_answer(was, would))
        return REPLAY_CHANGES;
    if (was->decision != would->decision) {
        if (would->decision == DECISION_ALLOW)
            return REPLAY_NEWLY_ALLOWED;
        if (would->decision == DECISION_DENY)
            return REPLAY_NEWLY_DENIED;
        return was->decision == DECISION_DENY ? REPLAY_NEWLY_ASKED : REPLAY_ASKED_INSTEAD;
    }
    if ((would->missing & ~was->missing) != 0)
        return REPLAY_MORE_EVIDENCE;
    return would->missing != was->missing ? REPLAY_LESS_EVIDENCE : REPLAY_OTHER_RULE;
}

/* ---- what cannot be replayed ---------------------------------------------------------------- */

/* Whether a person's groups, which were not asked for then, could lead to another answer. A rule
 * that turns on them is met by a subject in no group, or in some single one of those it names. */
static bool groups_matter(const struct policy_dir *dir, const struct facts *facts)
{
    const struct policy *policy = dir->policy;
    struct replay_answer unknown, known;
    struct facts trial = *facts;

    if (facts->groups_known || !policy_needs_groups(policy, facts->service))
        return false;
    if (dir->gid_count > GROUPS_TRIED)
        return true;
    unknown = decide(policy, facts);
    trial.groups_known = true;
    known = decide(policy, &trial);
    for (size_t i = 0; i < dir->gid_count && is_same_answer(&unknown, &known); i++) {
        trial.groups = &dir->gids[i];
        trial.group_count = 1;
        known = decide(policy, &trial);
    }
    return !is_same_answer(&unknown, &known);
}

/* Rules that name an account mean the one that has the name today. */
static const char *account_is_gone(const struct policy_dir *dir, const struct facts *facts)
{
    const json_t *uid = facts->user ? json_object_get(dir->users, facts->user) : NULL;

    if (!uid)
        return NULL;
    if (json_is_null(uid))
        return "its account is not on this host any more, and the policy names it";
    if (json_integer_value(uid) != facts->uid)
        return "its account has another uid now, and the policy names it";
    return NULL;
}

static const char *why_not(const struct policy_dir *dir, const struct facts *facts)
{
    if (groups_matter(dir, facts))
        return "its groups were not asked for then, and the policy looks at them";
    return account_is_gone(dir, facts);
}

/* Why there are no facts in a record; NULL: there are. */
static const char *why_without_facts(const json_t *decision)
{
    if (!json_object_get(decision, "decision"))
        return "its record cannot be read";
    if (field_int(decision, "count", 0) > 0)
        return "refused again and again, and only counted";
    if (field_object(decision, "facts"))
        return NULL;
    return field_text_or(
        decision, "facts_left_out", "recorded without its facts, by an earlier version");
}

/* ---- replaying ------------------------------------------------------------------------------ */

static int open_times(struct replay *replay)
{
    if (!replay->times)
        replay->times = local_times_new(replay->policy->policy);
    if (!replay->times_before && replay->before)
        replay->times_before = local_times_new(replay->before->policy);
    return replay->times && (replay->times_before || !replay->before) ? 0 : -ENOMEM;
}

static int count_change(
    struct replay *replay, const json_t *decision, const struct replay_answer answers[2])
{
    enum replay_change change = compare(&answers[0], &answers[1]);

    replay->replayed++;
    if (change == REPLAY_CHANGES)
        return 0;
    replay->of[change]++;
    if (change != REPLAY_OTHER_RULE)
        replay->changed++;
    return replay_groups_add(replay, decision, change, answers);
}

/* NULL, and what it answers; or why it cannot be asked. */
static const char *ask(const struct policy_dir *dir, struct local_times *times, struct facts *facts,
    struct replay_answer *ret_answer)
{
    const char *why;

    facts->zones = local_times_at(times, facts->now_us);
    why = why_not(dir, facts);
    if (!why)
        *ret_answer = decide(dir->policy, facts);
    return why;
}

/* As a monitored door calls it: what lacks evidence would not be allowed. */
static struct replay_answer as_monitored(struct replay_answer answer)
{
    if (answer.decision == DECISION_ALLOW && answer.missing != 0)
        answer.decision = DECISION_DENY;
    answer.missing = 0;
    return answer;
}

/* Puts the facts in replay->record to the policy, or to both. */
static int put_to_policies(
    struct replay *replay, const json_t *decision, const struct recorded *recorded)
{
    struct facts *facts = &replay->record.facts;
    struct replay_answer answers[2] = {recorded->answer};
    const char *why =
        replay->before ? ask(replay->before, replay->times_before, facts, &answers[0]) : NULL;

    if (!why)
        why = ask(replay->policy, replay->times, facts, &answers[1]);
    if (why)
        return leave_out(replay, why, 1);
    if (!replay->before && recorded->monitored)
        answers[1] = as_monitored(answers[1]);
    return count_change(replay, decision, answers);
}

/* How many decisions a record stands for. No agent counts further than that. */
static uint64_t weight_of(const json_t *decision)
{
    int64_t count = field_int(decision, "count", 0);

    if (count > UINT32_MAX)
        return UINT32_MAX;
    return count > 0 ? (uint64_t)count : 1;
}

int replay_add(struct replay *replay, const json_t *decision)
{
    uint64_t stands_for = weight_of(decision);
    const char *why = why_without_facts(decision);
    struct recorded recorded;
    int r;

    replay->seen += stands_for;
    if (!why && !read_answer(decision, &recorded))
        why = "its record cannot be read";
    if (why)
        return leave_out(replay, why, stands_for);
    r = facts_record_load(&replay->record, json_object_get(decision, "facts"));
    if (r == -EINVAL)
        return leave_out(replay, "its facts are not of a form that this version knows", 1);
    if (r == 0)
        r = open_times(replay);
    return r < 0 ? r : put_to_policies(replay, decision, &recorded);
}

void replay_end(struct replay *replay)
{
    replay_groups_sort(replay);
}

void replay_done(struct replay *replay)
{
    replay_groups_done(replay);
    json_decref(replay->left_out);
    facts_record_done(&replay->record);
    local_times_free(replay->times_before);
    local_times_free(replay->times);
    *replay = (struct replay){0};
}
