#include "why.h"

#include <string.h>

#include "finding.h"
#include "form.h"

#define NEAREST_MAX 3

/* What is looked for while policy explains itself. */
struct search {
    struct str_builder *out;
    const char *wanted; /* id of a rule, or NULL: those that came near */
    const struct verdict *verdict;
    unsigned told;
};

static void put_place(struct str_builder *out, const struct rule_info *rule)
{
    str_appendf(out, "rule %s (%s:%u)", rule->id, rule->place.file, rule->place.line);
}

static void put_match(struct search *search, const struct rule_finding *finding)
{
    const char *first = search->verdict->rule;

    if (finding->rule.monitored)
        str_append(search->out, " matches, but it is in monitor mode and so decides nothing\n");
    else if (!first)
        str_append(search->out, " matches\n");
    else if (search->verdict->decision == DECISION_DENY)
        str_appendf(search->out, " matches, but rule %s denies, which beats it\n", first);
    else
        str_appendf(search->out, " matches as well, but rule %s comes first\n", first);
}

static void put_finding(struct search *search, const struct rule_finding *finding)
{
    put_place(search->out, &finding->rule);
    if (finding->standing == STANDING_DECIDES) {
        str_append(search->out, " decides\n");
    } else if (finding->standing == STANDING_MATCHES) {
        put_match(search, finding);
    } else {
        str_append(search->out, " does not match: ");
        finding_put(search->out, finding);
        str_append(search->out, "\n");
    }
}

static void on_finding(const struct rule_finding *finding, void *userdata)
{
    struct search *search = userdata;
    bool meant = search->wanted ? strcmp(finding->rule.id, search->wanted) == 0
                                : finding->rule.decision != DECISION_DENY &&
                                      finding_is_near(finding) && search->told < NEAREST_MAX;

    if (!meant)
        return;
    put_finding(search, finding);
    search->told++;
}

static void put_rule(struct str_builder *out, const struct policy *policy,
    const struct facts *facts, const char *wanted)
{
    struct verdict verdict;
    struct search search = {.out = out, .wanted = wanted, .verdict = &verdict};

    policy_explain(policy, facts, &verdict, on_finding, &search);
    if (!wanted && search.told == 0)
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
