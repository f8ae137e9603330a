#include "explanation.h"

#include <string.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../facts/facts_record.h"
#include "finding.h"
#include "form.h"

/* A list of so few rules is shown whole. */
#define FEW_RULES 20

struct listing {
    const struct explanation_options *options;
    json_t *rules;
    size_t total, shown;
    bool whole;
};

/* ---- rules ------------------------------------------------------------------------------ */

static json_t *text_or_null(char *text)
{
    json_t *value = text ? json_string(text) : json_null();

    free(text);
    return value;
}

static char *reason_of(const struct rule_finding *finding)
{
    struct str_builder out = {0};

    if (finding->standing == STANDING_DECIDES || finding->standing == STANDING_MATCHES)
        return NULL;
    finding_put(&out, finding);
    return str_builder_take(&out);
}

static json_t *rule_to_json(const struct rule_finding *finding)
{
    const struct rule_info *rule = &finding->rule;

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s?, s:s?, s:b, s:b, s:s?, s:s, s:i}", "id",
        rule->id, "decision", decision_to_string(rule->decision), "standing",
        standing_to_string(finding->standing), "condition",
        text_or_null(finding_condition(finding)), "why", text_or_null(reason_of(finding)),
        "entitlement", finding->entitlement, "lapse",
        finding->lapse == LAPSE_NONE ? NULL : lapse_to_string(finding->lapse), "monitored",
        rule->monitored, "disabled", rule->disabled, "owner", rule->owner, "file", rule->place.file,
        "line", (int)rule->place.line);
}

static void on_finding(const struct rule_finding *finding, void *userdata)
{
    struct listing *listing = userdata;
    size_t most = listing->options->rules_max;
    bool decides = finding->standing == STANDING_DECIDES;

    listing->total++;
    if (!decides && !listing->whole && !finding_is_near(finding))
        return;
    if (!decides && most > 0 && listing->shown >= most)
        return;
    listing->shown++;
    (void)json_array_append_new(listing->rules, rule_to_json(finding));
}

/* ---- the verdict ------------------------------------------------------------------------- */

static json_t *kinds_to_json(unsigned kinds)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < EVIDENCE_COUNT; i++)
        if ((kinds >> i & 1) != 0)
            (void)json_array_append_new(
                array, json_string(evidence_to_string((enum evidence)(1U << i))));
    return array;
}

static json_t *form_to_json(const struct evidence_terms *terms, enum evidence kind)
{
    struct str_builder form = {0};
    char *text;

    form_put(&form, terms, kind);
    text = str_builder_take(&form);
    if (text && text[0] != '\0')
        return text_or_null(text);
    free(text);
    return json_null();
}

static json_t *evidence_to_json(const struct verdict *verdict)
{
    json_t *array = json_array();

    for (unsigned i = 0; verdict->evidence && i < EVIDENCE_COUNT; i++) {
        enum evidence kind = (enum evidence)(1U << i);

        if ((verdict->evidence->required & kind) != 0)
            (void)json_array_append_new(array,
                json_pack("{s:s, s:b, s:o}", "kind", evidence_to_string(kind), "missing",
                    (verdict->missing & kind) != 0, "form", form_to_json(verdict->evidence, kind)));
    }
    return array;
}

/* Nobody approves for themselves, and who has no account cannot answer. */
static bool can_be_asked(const struct policy *policy, const struct facts *facts, uint32_t index)
{
    return policy_person(policy, index)->uid_count > 0 &&
           policy_person_of(policy, facts->uid) != (int64_t)index;
}

static json_t *approvers_to_json(
    const struct policy *policy, const struct facts *facts, const struct stage *stage)
{
    json_t *array = json_array();

    for (size_t i = 0; i < stage->people_count; i++)
        if (can_be_asked(policy, facts, stage->people[i]))
            (void)json_array_append_new(
                array, json_string(policy_person(policy, stage->people[i])->name));
    return array;
}

static void put_stages(json_t *json, const struct policy *policy, const struct facts *facts,
    const struct verdict *verdict)
{
    json_t *stages = json_array(), *approvers = json_array();

    for (size_t i = 0; i < verdict->stage_count; i++) {
        const struct stage *stage = &verdict->stages[i];
        json_t *people = approvers_to_json(policy, facts, stage);

        (void)json_array_extend(approvers, people);
        (void)json_array_append_new(stages,
            json_pack("{s:s, s:i, s:I, s:o}", "from", stage->from_text, "need", (int)stage->need,
                "within", (json_int_t)(stage->within_us / USEC_PER_SEC), "people", people));
    }
    (void)json_object_set_new(json, "stages", stages);
    (void)json_object_set_new(json, "approvers", approvers);
}

static json_t *identity_to_json(const struct policy *policy, const struct verdict *verdict)
{
    int64_t index = policy_find_identity(policy, verdict->identity);
    struct identity_info info;

    if (index < 0)
        return json_null();
    policy_identity(policy, (size_t)index, &info);
    return json_pack("{s:s, s:s, s:s, s:s}", "name", info.name, "owner", info.owner, "expires",
        info.last_day, "state", identity_state_to_word(verdict->identity_state));
}

static json_t *verdict_to_json(const struct verdict *verdict)
{
    bool grants = verdict->decision != DECISION_DENY;

    return json_pack("{s:s, s:s?, s:s, s:s?, s:I, s:i, s:b, s:b, s:s?, s:s?, s:s?, s:s?, s:o, s:o,"
                     " s:s?, s:s?}",
        "decision", decision_to_string(verdict->decision), "rule", verdict->rule, "reason",
        verdict->reason, "instead", verdict->advice, "duration",
        (json_int_t)(verdict->duration_us / USEC_PER_SEC), "uses", (int)verdict->uses,
        "survives_reboot", verdict->survives_reboot, "keep", verdict->keep, "strength",
        verdict->stage_count > 0 ? strength_to_string(verdict->strength) : NULL, "entitlement",
        verdict->entitlement, "sensitivity",
        verdict->entitlement && grants ? sensitivity_to_string(verdict->sensitivity) : NULL,
        "lapse", verdict->lapse == LAPSE_NONE ? NULL : lapse_to_string(verdict->lapse), "missing",
        kinds_to_json(verdict->missing), "evidence", evidence_to_json(verdict), "would",
        verdict->would == 0 ? NULL : decision_to_string(verdict->would), "would_rule",
        verdict->would_rule);
}

json_t *explanation_new(const struct policy *policy, const struct facts *facts,
    const struct explanation_options *options)
{
    struct listing listing = {
        .options = options,
        .rules = json_array(),
        .whole = options->all || policy_rule_count(policy) <= FEW_RULES,
    };
    AUTO_FREE char *run_as = options->run_as ? str_escape_new(options->run_as) : NULL;
    struct verdict verdict;
    json_t *json;

    policy_explain(policy, facts, &verdict, on_finding, &listing);
    json = verdict_to_json(&verdict);
    (void)json_object_set_new(json, "identity", identity_to_json(policy, &verdict));
    put_stages(json, policy, facts, &verdict);
    (void)json_object_set_new(json, "rules", listing.rules);
    (void)json_object_set_new(
        json, "rules_left_out", json_integer((json_int_t)(listing.total - listing.shown)));
    (void)json_object_set_new(json, "enforced", json_true());
    (void)json_object_set_new(json, "policy", json_string(policy_digest(policy)));
    (void)json_object_set_new(json, "run_as", run_as ? json_string(run_as) : json_null());
    if (facts_record_put(json, facts) == 0)
        return json;
    json_decref(json);
    return NULL;
}
