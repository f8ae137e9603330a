#include "order.h"

#include <errno.h>
#include <string.h>

#include "../../../common/str.h"
#include "../lint/meet.h"

/* ---- the rules that stayed in order --------------------------------------------------------- */

/* The longest row of rules that stand in the same order in both policies, by patience sorting: of
 * all rows of one length, the one that ends earliest. All else has moved. */
struct row {
    uint32_t *ends;     /* by length - 1: the rule (of the later policy) that ends such a row */
    uint32_t *previous; /* by rule: the one before it in its row */
    uint32_t length;
};

/* How many rows end before `place` of the earlier policy. */
static uint32_t count_shorter(const struct row *row, const struct pairs *pairs, uint32_t place)
{
    uint32_t low = 0, high = row->length;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (pairs->before_of[row->ends[middle]] < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_rule(struct row *row, const struct pairs *pairs, uint32_t rule)
{
    uint32_t shorter = count_shorter(row, pairs, pairs->before_of[rule]);

    row->previous[rule] = shorter > 0 ? row->ends[shorter - 1] : PAIR_NONE;
    row->ends[shorter] = rule;
    row->length += shorter == row->length;
}

/* By rule of the later policy: whether it kept its place among the others. */
static bool *find_stayed(const struct policy *after, const struct pairs *pairs)
{
    uint32_t count = (uint32_t)after->rule_count;
    AUTO_FREE uint32_t *ends = calloc((size_t)count + 1, sizeof(*ends));
    AUTO_FREE uint32_t *previous = calloc((size_t)count + 1, sizeof(*previous));
    bool *stayed = calloc((size_t)count + 1, sizeof(*stayed));
    struct row row = {ends, previous, 0};

    if (!ends || !previous || !stayed) {
        free(stayed);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        if (pairs->before_of[i] != PAIR_NONE)
            add_rule(&row, pairs, i);
    for (uint32_t i = row.length > 0 ? ends[row.length - 1] : PAIR_NONE; i != PAIR_NONE;
         i = previous[i])
        stayed[i] = true;
    return stayed;
}

/* ---- whether it matters ---------------------------------------------------------------------- */

static bool is_same_stage(const struct stage *a, const struct stage *b)
{
    if (!a || !b)
        return a == b;
    return str_equal(a->from_text, b->from_text) && a->need == b->need &&
           a->within_us == b->within_us;
}

/* Whichever of the two decides, it comes to the same. */
static bool is_same_answer(const struct rule *a, const struct rule *b)
{
    return a->decision == b->decision && str_equal(a->owner, b->owner) &&
           a->certified_us == b->certified_us && a->duration_us == b->duration_us &&
           a->uses == b->uses && a->survives_reboot == b->survives_reboot && a->keep == b->keep &&
           a->strength == b->strength && a->evidence == b->evidence &&
           is_same_stage(a->stage, b->stage) && a->entitlements.count == 0 &&
           b->entitlements.count == 0 && str_equal(a->reason, b->reason) &&
           str_equal(a->advice, b->advice);
}

static bool counts(const struct rule *rule)
{
    return rule->decision != DECISION_DENY && !rule->disabled;
}

static bool can_change(const struct policy *after, uint32_t a, uint32_t b)
{
    const struct rule *of_a = &after->rules[a], *of_b = &after->rules[b];

    return counts(of_a) && counts(of_b) && !is_same_answer(of_a, of_b) &&
           meet_rules(after, of_a, of_b);
}

static bool is_flipped(const struct pairs *pairs, uint32_t a, uint32_t b)
{
    return pairs->before_of[b] != PAIR_NONE &&
           (a < b) != (pairs->before_of[a] < pairs->before_of[b]);
}

/* The nearest rule that this one went past so that it matters. */
static uint32_t find_past(const struct policy *after, const struct pairs *pairs, uint32_t rule)
{
    uint32_t count = (uint32_t)after->rule_count;

    for (uint32_t distance = 1; distance < count; distance++) {
        if (distance <= rule && is_flipped(pairs, rule, rule - distance) &&
            can_change(after, rule, rule - distance))
            return rule - distance;
        if (distance < count - rule && is_flipped(pairs, rule, rule + distance) &&
            can_change(after, rule, rule + distance))
            return rule + distance;
    }
    return PAIR_NONE;
}

int order_find(struct moves *moves, const struct policy *after, const struct pairs *pairs)
{
    AUTO_FREE bool *stayed = find_stayed(after, pairs);

    moves->past = calloc(after->rule_count + 1, sizeof(*moves->past));
    moves->now_first = calloc(after->rule_count + 1, sizeof(*moves->now_first));
    if (!stayed || !moves->past || !moves->now_first)
        return -ENOMEM;
    for (uint32_t i = 0; i < after->rule_count; i++) {
        bool moved = pairs->before_of[i] != PAIR_NONE && !stayed[i] && counts(&after->rules[i]);

        moves->past[i] = moved ? find_past(after, pairs, i) : PAIR_NONE;
        moves->now_first[i] = moves->past[i] != PAIR_NONE && i < moves->past[i];
    }
    return 0;
}

void order_done(struct moves *moves)
{
    free(moves->past);
    free(moves->now_first);
    *moves = (struct moves){0};
}
