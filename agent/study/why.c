#include "why.h"

#include <string.h>

#include "finding.h"
#include "form.h"

#define FARTHEST_MAX 3

/* What is looked for while policy explains itself. */
struct search {
    const char *wanted; /* id of a rule, or NULL: those that came farthest */
    struct rule_finding found[FARTHEST_MAX];
    size_t count;
};

static void put_place(struct str_builder *out, const struct rule_info *rule)
{
    str_appendf(out, "rule %s (%s:%u)", rule->id, rule->place.file, rule->place.line);
}

static void put_match(
    struct str_builder *out, const struct rule_finding *finding, const struct verdict *verdict)
{
    if (finding->rule.monitored)
        str_append(out, " matches, but it is in monitor mode and so decides nothing\n");
    else if (!verdict->rule)
        str_append(out, " matches\n");
    else if (verdict->decision == DECISION_DENY)
        str_appendf(out, " matches, but rule %s denies, which beats it\n", verdict->rule);
    else
        str_appendf(out, " matches as well, but rule %s comes first\n", verdict->rule);
}

static void put_finding(
    struct str_builder *out, const struct rule_finding *finding, const struct verdict *verdict)
{
    put_place(out, &finding->rule);
    if (finding->standing == STANDING_DECIDES) {
        str_append(out, " decides\n");
    } else if (finding->standing == STANDING_MATCHES) {
        put_match(out, finding, verdict);
    } else {
        str_append(out, " does not match: ");
        finding_put(out, finding);
        str_append(out, "\n");
    }
}

/* Keeps the farthest, of those that came equally far the first. */
static void keep_far(struct search *search, const struct rule_finding *finding)
{
    size_t at = search->count;

    while (at > 0 && finding_depth(&search->found[at - 1]) < finding_depth(finding))
        at--;
    if (at == FARTHEST_MAX)
        return;
    if (search->count < FARTHEST_MAX)
        search->count++;
    for (size_t i = search->count - 1; i > at; i--)
        search->found[i] = search->found[i - 1];
    search->found[at] = *finding;
}

/* A rule about other accounts tells nothing. */
static void on_finding(const struct rule_finding *finding, void *userdata)
{
    struct search *search = userdata;

    if (!search->wanted) {
        if (finding->rule.decision != DECISION_DENY && finding_depth(finding) > CONDITION_NOT_USER)
            keep_far(search, finding);
    } else if (strcmp(finding->rule.id, search->wanted) == 0) {
        search->found[search->count++] = *finding;
    }
}

static void put_rule(struct str_builder *out, const struct policy *policy,
    const struct facts *facts, const char *wanted)
{
    struct search search = {.wanted = wanted};
    struct verdict verdict;

    policy_explain(policy, facts, &verdict, on_finding, &search);
    for (size_t i = 0; i < search.count; i++)
        put_finding(out, &search.found[i], &verdict);
    if (search.count == 0)
        str_append(out, "no rule comes near\n");
}

static void put_lapse(struct str_builder *out, const struct verdict *verdict)
{
    if (verdict->lapse != LAPSE_NONE)
        str_appendf(out, "rule %s has lapsed and asks its owner: %s\n", verdict->rule,
            lapse_to_string(verdict->lapse));
}

static void put_missing(struct str_builder *out, const struct verdict *verdict)
{
    for (unsigned i = 0; i < EVIDENCE_COUNT; i++) {
        enum evidence kind = (enum evidence)(1U << i);
        struct str_builder form = {0};
        AUTO_FREE char *text = NULL;

        if ((verdict->missing & kind) == 0)
            continue;
        form_put(&form, verdict->evidence, kind);
        text = str_builder_take(&form);
        str_appendf(out, "%s is missing, or not good enough%s%s\n", evidence_to_string(kind),
            str_empty(text) ? "" : ": ", text ? text : "");
    }
}

void why_put(struct str_builder *out, const struct policy *policy, const struct facts *facts,
    const struct expect *expect, const struct outcome *outcome)
{
    const struct verdict *verdict = &outcome->verdict;
    const char *rule = expect->texts[EXPECTED_RULE];
    bool names_rule = rule && strcmp(rule, "none") != 0;

    if (names_rule && !str_equal(rule, verdict->rule))
        put_rule(out, policy, facts, rule);
    if (verdict->rule)
        put_rule(out, policy, facts, verdict->rule);
    else if (!names_rule)
        put_rule(out, policy, facts, NULL);
    str_appendf(out, "policy says: %s\n", verdict->reason);
    put_lapse(out, verdict);
    put_missing(out, verdict);
}
