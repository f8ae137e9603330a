/* Explain: what the policy in force makes of some facts, and why. */
#include <errno.h>
#include <string.h>

#include "../../common/accounts.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/caller.h"
#include "../core/monitor.h"
#include "../door/door_facts.h"
#include "../facts/facts_record.h"
#include "../facts/given.h"
#include "../facts/zones.h"
#include "../ledger/ledger.h"
#include "../ledger/ledger_decisions.h"
#include "../study/explanation.h"
#include "../yaml/yaml.h"
#include "methods.h"

/* What one answer holds, and costs: it is made on the loop, though only when nothing else is to be
 * done there. */
#define RULES_MAX 250
#define GROUPS_MAX 64

struct explain {
    struct agent *agent;
    struct public_call *call;
    json_t *parameters;
    sd_event_source *turn;
    struct cast cast;
    struct arena arena;
    char name[STR_NAME_MAX]; /* the caller's */
    bool all;
};

static void refuse(const struct explain *explain, const char *error, const char *text)
{
    method_error(explain->call, error, "message", text);
}

static void reply(const struct explain *explain, const struct facts *facts, const char *run_as)
{
    const struct explanation_options options = {run_as, explain->all, RULES_MAX};
    json_t *explanation = explanation_new(explain->agent->policy, facts, &options);

    if (explanation && facts->service && monitor_covers(explain->agent, facts->service))
        (void)json_object_set_new(explanation, "enforced", json_false());
    if (explanation)
        public_reply(explain->call, json_pack("{s:o}", "explanation", explanation));
    else
        method_unavailable(explain->call, -ENOMEM);
}

/* ---- facts that were written down -------------------------------------------------------- */

/* Accounts by the policy or the local files: no name service is asked on the loop. An account that
 * is only there for the policy's groups has no rule that could tell it from another. */
static bool find_account(
    enum cast_kind kind, const char *name, uint32_t *ret_id, const void *userdata)
{
    const struct agent *agent = userdata;

    return cast_find_in_policy(kind, name, ret_id, agent->policy) ||
           (kind == CAST_USER && accounts_uid(name, ret_id) == 0);
}

static void add_groups(struct explain *explain, struct facts *facts)
{
    const struct peer *peer = public_peer(explain->call);
    gid_t *groups = arena_alloc(&explain->arena, (peer->group_count + 1) * sizeof(*groups));

    if (!groups)
        return;
    groups[0] = peer->gid;
    if (peer->group_count > 0)
        memcpy(groups + 1, peer->groups, peer->group_count * sizeof(*groups));
    facts->groups_known = true;
    facts->groups = groups;
    facts->group_count = peer->group_count + 1;
}

/* What callers need not say of themselves, since the kernel does. */
static void add_caller(struct explain *explain, struct given *given)
{
    const struct peer *peer = public_peer(explain->call);
    struct facts *facts = &given->facts;

    if (!given->has_user) {
        caller_name(explain->agent, peer->uid, explain->name);
        facts->user = explain->name;
        facts->uid = peer->uid;
    }
    if (facts->uid == peer->uid && !facts->groups_known)
        add_groups(explain, facts);
}

/* What holds of this host, and now. */
static void add_host(struct explain *explain, struct given *given)
{
    struct agent *agent = explain->agent;
    struct facts *facts = &given->facts;

    if (facts->kind == SUBJECT_UNKNOWN && !cast_made_up(facts->uid))
        facts->kind = facts_kind(agent, facts->uid);
    if (!given->has_host)
        facts->host = agent->config.host;
    if (!given->has_labels) {
        facts->labels = agent->config.label_list;
        facts->label_count = agent->config.label_count;
    }
    if (facts->now_us > 0)
        return;
    facts->now_us = clock_realtime_us();
    if (!facts->zones)
        facts->zones = zones_at(agent->zones, facts->now_us);
}

/* A person may try what becomes of themselves, as they are. */
static bool may_ask(const struct explain *explain, const struct given *given)
{
    const struct facts *facts = &given->facts;

    if (method_sees_all(explain->agent, explain->call))
        return true;
    if (given->has_user && !method_owns(explain->agent, explain->call, facts->uid)) {
        refuse(explain, ERROR_NOT_ALLOWED,
            "only root and the auditors' group ask what becomes of others");
        return false;
    }
    if (!facts->groups_known && facts->kind == SUBJECT_UNKNOWN)
        return true;
    refuse(explain, ERROR_NOT_ALLOWED,
        "'groups' and 'kind' are those of your account here; leave them out");
    return false;
}

static bool is_sound(
    const struct explain *explain, const struct given *given, const struct yaml_errors *errors)
{
    if (errors->count > 0)
        refuse(explain, ERROR_INVALID, errors->items[0].message);
    else if (yaml_errors_total(errors) > 0)
        method_unavailable(explain->call, -ENOMEM);
    else if (given->changes.absent_count > 0 || given->changes.gone_count > 0)
        refuse(explain, ERROR_INVALID,
            "'absent' and 'gone' are for policies that are tried out, not for the one in force");
    else if (given->facts.group_count > GROUPS_MAX)
        refuse(explain, ERROR_INVALID, "at most 64 groups can be given");
    else
        return may_ask(explain, given);
    return false;
}

static void explain_node(struct explain *explain, struct yaml_node *node)
{
    const struct given_world world = {
        explain->agent->policy, &explain->cast, explain->agent->zones, &explain->arena};
    const struct yaml_node *run_as =
        yaml_kind_of(node) == YAML_MAPPING ? yaml_take(node, "run_as") : NULL;
    struct yaml_errors errors = {0};
    struct given given;

    given_read(&given, node, &world, &errors);
    if (is_sound(explain, &given, &errors)) {
        add_caller(explain, &given);
        add_host(explain, &given);
        reply(explain, &given.facts, run_as ? yaml_text(run_as, &errors) : NULL);
    }
    yaml_errors_done(&errors);
}

/* By the strict reader of policies, of whose language JSON is a part. */
static void explain_facts(struct explain *explain, const json_t *facts)
{
    AUTO_FREE char *text = json_dumps(facts, JSON_COMPACT);
    struct yaml_errors errors = {0};
    struct yaml_document *document = text ? yaml_parse("facts", text, strlen(text), &errors) : NULL;

    if (errors.count > 0)
        refuse(explain, ERROR_INVALID, errors.items[0].message);
    else if (!document)
        method_unavailable(explain->call, -ENOMEM);
    else
        explain_node(explain, yaml_root(document));
    yaml_document_free(document);
    yaml_errors_done(&errors);
}

/* ---- facts of a request ------------------------------------------------------------------ */

static void explain_record(const struct explain *explain, const json_t *record)
{
    const json_t *json = json_object_get(record, "facts");
    const char *why = json_string_value(json_object_get(record, "facts_left_out"));
    struct facts_record facts = {0};
    int r = json ? facts_record_load(&facts, json) : -ENOENT;

    if (r == 0) {
        facts.facts.zones = zones_at(explain->agent->zones, facts.facts.now_us);
        reply(explain, &facts.facts, json_string_value(json_object_get(record, "run_as")));
    } else if (r == -ENOMEM) {
        method_unavailable(explain->call, r);
    } else {
        AUTO_FREE char *text = NULL;

        if (asprintf(&text, "the facts of this request were not recorded: %s",
                why ? why : "it is of another version of the agent") < 0)
            text = NULL;
        refuse(explain, ERROR_INVALID, text);
    }
    facts_record_done(&facts);
}

static void explain_request(const struct explain *explain, const struct request *request)
{
    AUTO_FREE char *text = NULL;
    json_t *record;
    int r = ledger_reader_opening(
        ledger_own_reader(explain->agent->ledger), request->id, request->created_real_us, &text);

    if (r < 0 && r != -ENOENT) {
        method_unavailable(explain->call, r);
        return;
    }
    record = text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;
    explain_record(explain, record);
    json_decref(record);
}

/* Live or long ended. What one may not see does not exist. */
static void explain_id(const struct explain *explain, const char *text)
{
    struct agent *agent = explain->agent;
    const struct request *request = NULL;
    struct request *loaded = NULL;
    AUTO_FREE char *body = NULL;
    char id[IDS_SIZE];

    if (ids_normalise(text, id) == 0) {
        request = book_request(&agent->book, id);
        if (!request && ledger_get(agent->ledger, LEDGER_REQUEST, id, &body) == 0 &&
            request_load(body, &loaded) == 0)
            request = loaded;
    }
    if (request && request->committed && method_sees_request(agent, explain->call, request))
        explain_request(explain, request);
    else
        method_error(explain->call, ERROR_NOT_FOUND, "id", text);
    request_free(loaded);
}

static void answer(struct explain *explain)
{
    const json_t *facts = json_object_get(explain->parameters, "facts");
    const char *id;

    if (!method_text(explain->call, explain->parameters, "id", false, &id) ||
        !method_flag(explain->call, explain->parameters, "all", &explain->all))
        return;
    if (json_is_object(facts) == (id != NULL))
        refuse(explain, ERROR_INVALID, "either 'facts', an object, or 'id' is needed");
    else if (id)
        explain_id(explain, id);
    else
        explain_facts(explain, facts);
}

/* ---- its turn ---------------------------------------------------------------------------- */

static void explain_free(struct explain *explain)
{
    sd_event_source_unref(explain->turn);
    json_decref(explain->parameters);
    cast_done(&explain->cast);
    arena_done(&explain->arena);
    free(explain);
}

static void on_gone(struct public_call *call, void *userdata)
{
    (void)call;
    explain_free(userdata);
}

static int on_turn(sd_event_source *source, void *userdata)
{
    struct explain *explain = userdata;

    (void)source;
    public_on_gone(explain->call, NULL, NULL);
    answer(explain);
    explain_free(explain);
    return 0;
}

/* Doors come first: with ten thousand rules an answer takes milliseconds. */
void method_explain(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct explain *explain = calloc(1, sizeof(*explain));
    int r = explain ? sd_event_add_defer(agent->event, &explain->turn, on_turn, explain) : -ENOMEM;

    if (r >= 0)
        r = sd_event_source_set_priority(explain->turn, SD_EVENT_PRIORITY_IDLE);
    if (r < 0) {
        if (explain)
            explain_free(explain);
        method_unavailable(call, -ENOMEM);
        return;
    }
    explain->agent = agent;
    explain->call = call;
    explain->parameters = json_incref(parameters);
    explain->cast = (struct cast){.find = find_account, .userdata = agent};
    public_on_gone(call, on_gone, explain);
}
