#include "view.h"

#include <stdio.h>

#include "../../common/names.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../state/grant.h"
#include "../state/request.h"
#include "view_lapsing.h"

static json_t *text_or_null(const char *text)
{
    return str_empty(text) ? json_null() : json_string(text);
}

json_t *view_time(uint64_t realtime_us)
{
    char text[CLOCK_RFC3339_SIZE];

    if (realtime_us == 0)
        return json_null();
    clock_format_rfc3339(realtime_us, text);
    return json_string(text);
}

static json_t *view_texts(const struct texts *texts)
{
    json_t *array = json_array();

    for (const char *item = NULL; (item = texts_next(texts, item));)
        json_array_append_new(array, json_string(item));
    return array;
}

/* The command as it was resolved, then its arguments. */
static json_t *view_command(const struct scope *scope)
{
    json_t *array = json_array();
    const char *argument = texts_next(&scope->arguments, NULL);

    if (scope->command)
        json_array_append_new(array, json_string(scope->command));
    while (argument && (argument = texts_next(&scope->arguments, argument)))
        json_array_append_new(array, json_string(argument));
    return array;
}

static json_t *view_subject(const struct subject *subject)
{
    return json_pack("{s:s, s:I, s:s}", "name", subject->name, "uid", (json_int_t)subject->uid,
        "kind", subject_kind_to_string((enum subject_kind)subject->kind));
}

static json_t *view_approvals(const struct request *request)
{
    json_t *array = json_array();

    for (const struct approval *a = request->approvals; a; a = a->next)
        json_array_append_new(array,
            json_pack("{s:s, s:s, s:o, s:s, s:o}", "approver", a->person, "verdict",
                a->approved ? "approved" : "refused", "time", view_time(a->real_us), "strength",
                strength_to_string((enum strength)a->strength), "reason", text_or_null(a->reason)));
    return array;
}

/* What approving means, in words: everything it opens, for how long, how often. */
static char *meaning_of(const struct request *request)
{
    AUTO_FREE char *what = scope_describe(&request->scope);
    char duration[PARSE_DURATION_SIZE];
    struct str_builder builder = {0};

    format_duration(request->duration_us, duration);
    str_appendf(&builder, "Lets %s %s, ", request->subject.name, what ? what : "");
    if (request->uses > 0)
        str_appendf(&builder, "%llu time%s, ", (unsigned long long)request->uses,
            request->uses == 1 ? "" : "s");
    else
        str_append(&builder, "any number of times, ");
    str_appendf(&builder, "for %s from the moment of approval.", duration);
    if (request->scope.command && request->scope.digest[0] != '\0')
        str_append(&builder, " Only with the file as it is now.");
    return str_builder_take(&builder);
}

/* A request keeps the version it was decided under. */
static bool is_replaced(const struct agent *agent, const char *digest)
{
    return !str_equal(digest, policy_digest(agent->policy));
}

/* What deserves a second look. */
static json_t *view_unusual(const struct agent *agent, const struct request *request)
{
    json_t *array = json_array();
    char line[256];

    if (!request->reason)
        json_array_append_new(
            array, json_string("No reason was given; the door could not ask for one."));
    if (request->scope.command && request->scope.digest[0] == '\0')
        json_array_append_new(array, json_string("The command's file is not known yet; whatever "
                                                 "stands at that path when it runs will run."));
    if (texts_count(&request->scope.environment) > 0)
        json_array_append_new(array,
            json_string(
                "The requester changed environment variables; they are part of what you approve."));
    if (!request->scope.whole && !request->scope.command &&
        str_equal(request->scope.service, SERVICE_SUDO))
        json_array_append_new(
            array, json_string("No single command: this opens anything sudoers lets them do."));
    if (request->lapse != LAPSE_NONE) {
        snprintf(line, sizeof(line),
            "Rule %.64s would allow this by itself, but it has lapsed (%s), so its owner is asked.",
            request->rule, lapse_to_string((enum lapse)request->lapse));
        json_array_append_new(array, json_string(line));
    }
    if (request->login_uid != UID_NONE && request->login_uid != request->subject.uid) {
        snprintf(line, sizeof(line), "It comes from a login of the account with uid %u, not of %s.",
            request->login_uid, request->subject.name);
        json_array_append_new(array, json_string(line));
    }
    if (!request_has_ended(request) && is_replaced(agent, request->policy)) {
        snprintf(line, sizeof(line),
            "It was decided under policy %.12s, which has been replaced since.", request->policy);
        json_array_append_new(array, json_string(line));
    }
    return array;
}

static void set(json_t *json, const char *key, json_t *value)
{
    json_object_set_new(json, key, value);
}

/* What the entitlement is for and how sensitive it is, as the policy in force says. */
static void set_entitlement(json_t *json, const struct agent *agent, const char *name)
{
    int64_t index = name ? policy_find_entitlement(agent->policy, name) : -1;
    struct entitlement_info info = {0};

    if (index >= 0)
        policy_entitlement(agent->policy, (size_t)index, &info);
    set(json, "entitlement", text_or_null(name));
    set(json, "description", text_or_null(info.description));
    set(json, "sensitivity",
        index >= 0 ? json_string(sensitivity_to_string(info.sensitivity)) : json_null());
}

json_t *view_request(const struct agent *agent, const struct request *request)
{
    AUTO_FREE char *meaning = meaning_of(request);
    json_t *json = json_object();

    set(json, "id", json_string(request->id));
    set(json, "state", json_string(request_state_to_string(request->state)));
    set(json, "stage", json_integer(1));
    set(json, "subject", view_subject(&request->subject));
    set(json, "service", json_string(request->scope.service));
    set(json, "run_as", text_or_null(request->scope.run_as));
    set(json, "command", view_command(&request->scope));
    set(json, "cwd", text_or_null(request->scope.cwd));
    set(json, "environment", view_texts(&request->scope.environment));
    set(json, "rhost", text_or_null(request->scope.rhost));
    set(json, "tty", text_or_null(request->tty));
    set_entitlement(json, agent, request->scope.entitlement);
    set(json, "opens", view_texts(&request->scope.opens));
    set(json, "reason", text_or_null(request->reason));
    set(json, "ticket", text_or_null(request->ticket));
    set(json, "control", text_or_null(request->control));
    set(json, "peer", text_or_null(request->peer));
    set(json, "rule", json_string(request->rule));
    set(json, "policy", json_string(request->policy));
    set(json, "policy_replaced", json_boolean(is_replaced(agent, request->policy)));
    set(json, "lapse",
        request->lapse == LAPSE_NONE ? json_null()
                                     : json_string(lapse_to_word((enum lapse)request->lapse)));
    set(json, "host", json_string(agent->config.host));
    set(json, "created", view_time(request->created_real_us));
    set(json, "expires", view_time(request->expires_real_us));
    set(json, "ended", view_time(request->ended_real_us));
    set(json, "end_reason", text_or_null(request->end_reason));
    set(json, "asked", view_texts(&request->asked));
    set(json, "need", json_integer((json_int_t)request->need));
    set(json, "strength", json_string(strength_to_string(STRENGTH_LOCAL)));
    set(json, "duration", json_integer((json_int_t)(request->duration_us / USEC_PER_SEC)));
    set(json, "uses", json_integer((json_int_t)request->uses));
    set(json, "meaning", text_or_null(meaning));
    set(json, "unusual", view_unusual(agent, request));
    set(json, "approvals", view_approvals(request));
    set(json, "grant", text_or_null(request->grant));
    return json;
}

json_t *view_grant(const struct agent *agent, const struct grant *grant)
{
    AUTO_FREE char *scope = scope_describe(&grant->scope);
    json_t *json = json_object();

    set(json, "id", json_string(grant->id));
    set(json, "request", text_or_null(grant->request));
    set(json, "subject", view_subject(&grant->subject));
    set(json, "state", json_string(grant_state_to_string(grant->state)));
    set(json, "scope", text_or_null(scope));
    set(json, "service", json_string(grant->scope.service));
    set(json, "run_as", text_or_null(grant->scope.run_as));
    set(json, "command", view_command(&grant->scope));
    set(json, "rhost", text_or_null(grant->scope.rhost));
    set(json, "entitlement", text_or_null(grant->scope.entitlement));
    set(json, "opens", view_texts(&grant->scope.opens));
    set(json, "entitlement_changed", json_boolean(scope_is_outdated(&grant->scope, agent->policy)));
    set(json, "uses_left",
        grant->limited ? json_integer((json_int_t)grant->uses_left) : json_null());
    set(json, "created", view_time(grant->created_real_us));
    set(json, "expires", view_time(grant->expires_real_us));
    set(json, "owner", json_string(grant->subject.name));
    set(json, "purpose", text_or_null(grant->purpose));
    set(json, "ticket", text_or_null(grant->ticket));
    set(json, "control", text_or_null(grant->control));
    set(json, "rule", text_or_null(grant->rule));
    set(json, "policy", json_string(grant->policy));
    set(json, "policy_replaced", json_boolean(is_replaced(agent, grant->policy)));
    set(json, "approvers", view_texts(&grant->approvers));
    set(json, "ended", view_time(grant->ended_real_us));
    set(json, "end_reason", text_or_null(grant->end_reason));
    return json;
}

json_t *view_loading(const struct loading *loading)
{
    json_t *json = json_object();

    set(json, "time", view_time(loading->real_us));
    set(json, "cause", json_string(loading->cause));
    set(json, "by", text_or_null(loading->by));
    set(json, "uid", loading->uid == UID_NONE ? json_null() : json_integer(loading->uid));
    set(json, "login_uid",
        loading->login_uid == UID_NONE ? json_null() : json_integer(loading->login_uid));
    set(json, "reason", text_or_null(loading->reason));
    set(json, "source",
        loading->from_ledger ? json_string("ledger") : text_or_null(loading->source));
    set(json, "assentd", text_or_null(loading->assentd));
    return json;
}

static json_t *view_rollback(const struct loading *loading)
{
    json_t *json = json_object();

    set(json, "from", json_string(loading->held));
    set(json, "time", view_time(loading->held_real_us));
    set(json, "by", text_or_null(loading->held_by));
    set(json, "reason", text_or_null(loading->held_reason));
    return json;
}

json_t *view_policy(const struct agent *agent, const struct public_call *call)
{
    const struct loading *loading = &agent->loading;
    bool is_loaded = agent->policy_real_us > 0;
    json_t *json = json_object(), *warnings;

    set(json, "digest", json_string(policy_digest(agent->policy)));
    set(json, "rules", json_integer((json_int_t)policy_rule_count(agent->policy)));
    set(json, "loaded", view_time(agent->policy_real_us));
    set(json, "directory", json_string(agent->options.policy_dir));
    set(json, "loading", is_loaded ? view_loading(loading) : json_null());
    set(json, "rollback",
        is_loaded && loading->held[0] != '\0' ? view_rollback(loading) : json_null());
    set(json, "errors", view_texts(&agent->policy_errors));
    warnings = view_texts(&agent->policy_warnings);
    view_lapsing(agent, call, warnings);
    set(json, "warnings", warnings);
    return json;
}
