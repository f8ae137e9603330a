#include "methods.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/lifecycle.h"
#include "../ledger/ledger.h"
#include "../state/people.h"

#define TEXT_MAX ((size_t)4096)

/* Who may call what. Root may call everything; what is not listed is root's. */
const struct public_method methods_table[] = {
    {"io.assent.GetStatus", PUBLIC_ANYONE, method_get_status},
    {"io.assent.ListRequests", PUBLIC_ANYONE, method_list_requests},
    {"io.assent.GetRequest", PUBLIC_ANYONE, method_get_request},
    {"io.assent.ListEntitlements", PUBLIC_ANYONE, method_list_entitlements},
    {"io.assent.Explain", PUBLIC_ANYONE, method_explain},
    {"io.assent.OpenRequest", PUBLIC_ANYONE, method_open_request},
    {"io.assent.WaitRequest", PUBLIC_ANYONE, method_wait_request},
    {"io.assent.ApproveRequest", PUBLIC_ANYONE, method_approve_request},
    {"io.assent.DenyRequest", PUBLIC_ANYONE, method_deny_request},
    {"io.assent.WithdrawRequest", PUBLIC_ANYONE, method_withdraw_request},
    {"io.assent.ListGrants", PUBLIC_ANYONE, method_list_grants},
    {"io.assent.RevokeGrant", PUBLIC_ANYONE, method_revoke_grant},
    {"io.assent.CompleteGrant", PUBLIC_ANYONE, method_complete_grant},
    {"io.assent.Watch", PUBLIC_ANYONE, method_watch},
    {"io.assent.ListRules", PUBLIC_ANYONE, method_list_rules},
    {"io.assent.ListIdentities", PUBLIC_ANYONE, method_list_identities},
    {"io.assent.RecertifyRule", PUBLIC_ANYONE, method_recertify_rule},
    {"io.assent.ListDecisions", PUBLIC_AUDITOR, method_list_decisions},
    {"io.assent.LeaveMonitor", PUBLIC_ROOT, method_leave_monitor},
    {"io.assent.Reload", PUBLIC_ROOT, method_reload},
    {"io.assent.ListVersions", PUBLIC_AUDITOR, method_list_versions},
    {"io.assent.ReadVersion", PUBLIC_AUDITOR, method_read_version},
    {"io.assent.RollbackPolicy", PUBLIC_ROOT, method_rollback_policy},
    {NULL, PUBLIC_ROOT, NULL},
};

bool method_is_auditor(const struct peer *peer, void *userdata)
{
    const struct agent *agent = userdata;

    if (!agent->auditors_known)
        return false;
    if (peer->gid == agent->auditors)
        return true;
    for (size_t i = 0; i < peer->group_count; i++)
        if (peer->groups[i] == agent->auditors)
            return true;
    return false;
}

bool method_sees_all(const struct agent *agent, const struct public_call *call)
{
    const struct peer *peer = public_peer(call);

    return peer->uid == 0 || method_is_auditor(peer, (void *)(uintptr_t)agent);
}

bool method_owns(const struct agent *agent, const struct public_call *call, uint32_t uid)
{
    return people_same(agent->policy, public_peer(call)->uid, uid);
}

bool method_sees_request(
    const struct agent *agent, const struct public_call *call, const struct request *request)
{
    return method_sees_all(agent, call) || method_owns(agent, call, request->subject.uid) ||
           people_is_asked(agent->policy, request, public_peer(call)->uid);
}

void method_error(struct public_call *call, const char *name, const char *key, const char *text)
{
    public_error(call, name, json_pack("{s:s}", key, text ? text : "out of memory"));
}

void method_not_found(struct public_call *call, const char *id, const char *message)
{
    public_error(call, ERROR_NOT_FOUND, json_pack("{s:s, s:s}", "id", id, "message", message));
}

void method_unavailable(struct public_call *call, int error)
{
    const char *text = error == -ENOSPC ? "the agent's disk is full: nothing can be recorded"
                       : error == -EBUSY
                           ? "another step of the same request is being recorded; try again"
                       : error == -EAGAIN ? "the agent's disk does not keep up; try again"
                                          : "the agent cannot record this; see its journal";

    method_error(call, ERROR_UNAVAILABLE, "message", text);
}

static void invalid(struct public_call *call, const char *key)
{
    char text[160];

    snprintf(text, sizeof(text), "parameter '%s' is missing, too long or of the wrong type", key);
    method_error(call, ERROR_INVALID, "message", text);
}

bool method_text(struct public_call *call, json_t *parameters, const char *key, bool required,
    const char **ret_text)
{
    const json_t *value = json_object_get(parameters, key);

    *ret_text = NULL;
    if ((!value || json_is_null(value)) && !required)
        return true;
    if (!json_is_string(value) || json_string_length(value) >= TEXT_MAX ||
        strlen(json_string_value(value)) != json_string_length(value)) {
        invalid(call, key);
        return false;
    }
    *ret_text = json_string_value(value);
    return true;
}

bool method_number(
    struct public_call *call, json_t *parameters, const char *key, uint64_t *ret_number)
{
    const json_t *value = json_object_get(parameters, key);

    *ret_number = 0;
    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        json_integer_value(value) > UINT32_MAX) {
        invalid(call, key);
        return false;
    }
    *ret_number = (uint64_t)json_integer_value(value);
    return true;
}

bool method_flag(struct public_call *call, json_t *parameters, const char *key, bool *ret_flag)
{
    const json_t *value = json_object_get(parameters, key);

    *ret_flag = json_is_true(value);
    if (!value || json_is_null(value) || json_is_boolean(value))
        return true;
    invalid(call, key);
    return false;
}

bool method_take_page(struct public_call *call, json_t *parameters, size_t count, size_t most,
    struct method_page *ret_page)
{
    uint64_t from;
    size_t at;

    if (!method_number(call, parameters, "from", &from))
        return false;
    at = from > 0 ? (size_t)from - 1 : 0;
    at = at < count ? at : count;
    *ret_page = (struct method_page){at, count - at > most ? at + most : count, count};
    return true;
}

void method_reply_page(struct public_call *call, const struct agent *agent,
    const struct method_page *page, const char *key, json_t *items)
{
    json_t *next = page->end < page->count ? json_integer((json_int_t)page->end + 1) : json_null();

    public_reply(call, json_pack("{s:s, s:b, s:s, s:o, s:o}", "host", agent->config.host, "all",
                           method_sees_all(agent, call), "policy", policy_digest(agent->policy),
                           key, items, "next", next));
}

struct request *method_request(struct public_call *call, json_t *parameters, struct agent *agent)
{
    struct request *request;
    char id[IDS_SIZE];
    const char *text;

    if (!method_text(call, parameters, "id", true, &text))
        return NULL;
    request = ids_normalise(text, id) == 0 ? book_request(&agent->book, id) : NULL;
    /* what one may not see does not exist */
    if (!request || !request->committed || !method_sees_request(agent, call, request)) {
        method_error(call, ERROR_NOT_FOUND, "id", text);
        return NULL;
    }
    return request;
}

static void on_pending_gone(struct public_call *call, void *userdata)
{
    struct method_pending *pending = userdata;

    (void)call;
    pending->call = NULL;
    method_pending_free(pending);
}

struct method_pending *method_pending_new(struct agent *agent, struct public_call *call)
{
    struct method_pending *pending = calloc(1, sizeof(*pending));

    if (!pending) {
        method_unavailable(call, -ENOMEM);
        return NULL;
    }
    *pending = (struct method_pending){.agent = agent, .call = call};
    public_on_gone(call, on_pending_gone, pending);
    return pending;
}

void method_pending_free(struct method_pending *pending)
{
    lifecycle_forget(pending->agent, pending);
    ledger_forget(pending->agent->ledger, pending);
    if (pending->call)
        public_on_gone(pending->call, NULL, NULL);
    free(pending);
}
