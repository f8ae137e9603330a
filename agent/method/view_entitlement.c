#include "view_entitlement.h"

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/tally.h"
#include "../door/inquiry.h"

static json_t *list_of(const struct policy *policy, size_t index, size_t count,
    const char *(*item)(const struct policy *policy, size_t index, size_t i))
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(item(policy, index, i)));
    return array;
}

static json_t *view_services(const struct entitlement_info *info)
{
    json_t *array = json_array();

    for (size_t i = 0; i < info->service_count; i++)
        json_array_append_new(array, json_string(info->services[i]));
    return array;
}

static json_t *view_commands(const struct policy *policy, size_t index, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        AUTO_FREE char *command = policy_entitlement_command(policy, index, i);
        AUTO_FREE char *escaped = command ? str_escape_new(command) : NULL;

        json_array_append_new(array, json_string(escaped ? escaped : ""));
    }
    return array;
}

static json_t *view_groups(const struct entitlement_info *info)
{
    json_t *array = json_array();

    for (size_t i = 0; i < info->group_count; i++)
        json_array_append_new(array, json_string(info->groups[i]));
    return array;
}

/* Each kind that is asked for, with its form. */
static json_t *view_evidence(const struct evidence_terms *terms)
{
    json_t *array = json_array();

    for (unsigned kind = 1; kind < 1U << EVIDENCE_COUNT; kind <<= 1) {
        json_t *item;

        if ((terms->required & kind) == 0)
            continue;
        item = json_pack("{s:s}", "kind", evidence_to_string((enum evidence)kind));
        if (kind == EVIDENCE_REASON)
            json_object_set_new(item, "length", json_integer((json_int_t)terms->reason_length));
        if (kind == EVIDENCE_TICKET && terms->ticket_pattern)
            json_object_set_new(item, "form", json_string(terms->ticket_pattern));
        if (kind == EVIDENCE_PEER && terms->peers_text)
            json_object_set_new(item, "form", json_string(terms->peers_text));
        if (kind == EVIDENCE_CONTROL) {
            json_t *words = json_array();

            for (size_t i = 0; i < terms->control_count; i++)
                json_array_append_new(words, json_string(terms->controls[i]));
            json_object_set_new(item, "words", words);
        }
        json_array_append_new(array, item);
    }
    return array;
}

static json_t *view_history(const struct agent *agent, const char *entitlement)
{
    static const char *const names[TALLY_KINDS] = {
        "asked", "approved", "refused", "expired", "withdrawn", "allowed"};
    const struct tally *tally = tally_of(agent->tallies, entitlement);
    json_t *json = json_object();

    for (unsigned i = 0; i < TALLY_KINDS; i++)
        json_object_set_new(json, names[i], json_integer(tally ? (json_int_t)tally->counts[i] : 0));
    return json;
}

json_t *view_entitlement(const struct inquiry *inquiry, size_t index)
{
    const struct policy *policy = inquiry->policy;
    const struct verdict *verdict = &inquiry->verdict;
    const struct stage *stage = verdict->stage_count > 0 ? verdict->stages : NULL;
    struct entitlement_info info;
    json_t *json;

    policy_entitlement(policy, index, &info);
    json = json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s?, s:i, s:I, s:s}", "name", info.name,
        "description", info.description, "owner", info.owner, "sensitivity",
        sensitivity_to_string(info.sensitivity), "decision", decision_to_string(verdict->decision),
        "asked", stage ? stage->from_text : NULL, "need", stage ? (int)stage->need : 0, "duration",
        (json_int_t)(verdict->duration_us / USEC_PER_SEC), "rule", verdict->rule);
    json_object_set_new(json, "services", view_services(&info));
    json_object_set_new(
        json, "run_as", list_of(policy, index, info.run_as_count, policy_entitlement_run_as));
    json_object_set_new(json, "commands", view_commands(policy, index, info.command_count));
    json_object_set_new(json, "groups", view_groups(&info));
    json_object_set_new(json, "evidence", view_evidence(info.evidence));
    json_object_set_new(json, "history", view_history(inquiry->agent, info.name));
    return json;
}
