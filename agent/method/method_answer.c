/* ApproveRequest, DenyRequest, WithdrawRequest: people's words about requests. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/lifecycle.h"
#include "../state/people.h"
#include "../state/session.h"
#include "methods.h"
#include "view.h"

#define REASON_MAX 500

static void answer_ended(struct public_call *call, const struct request *request)
{
    public_error(call, ERROR_ALREADY_ENDED,
        json_pack(
            "{s:s, s:s}", "id", request->id, "state", request_state_to_string(request->state)));
}

static void answer_not_allowed(
    struct public_call *call, const struct request *request, enum people_verdict verdict)
{
    AUTO_FREE char *asked = texts_join(&request->asked, " or ");
    struct str_builder builder = {0};
    AUTO_FREE char *text = NULL;

    switch (verdict) {
    case PEOPLE_OWN:
        str_appendf(&builder,
            "this request comes from you or from your own login, so somebody else must answer it: "
            "%s",
            asked ? asked : "");
        break;
    case PEOPLE_NOT_THERE:
        str_append(&builder, "your account is locked, has expired or is not listed in the policy's "
                             "people any more; ask whoever keeps it");
        break;
    case PEOPLE_NO_SESSION:
        str_append(&builder,
            "your approval counts only from a login of your own (ssh or console), not from "
            "a service, cron or a detached job");
        break;
    case PEOPLE_FOREIGN_SESSION:
        str_append(&builder, "this shell belongs to somebody else's login (sudo or su); log in as "
                             "yourself to answer");
        break;
    case PEOPLE_NOT_ASKED_NOW:
        str_appendf(&builder,
            "the policy that asked you about request %s has been replaced by one that does not; "
            "whoever needs it has to ask anew",
            request->id);
        break;
    case PEOPLE_NOT_ASKED:
    case PEOPLE_MAY:
        str_appendf(&builder, "you are not among those who may answer request %s: %s", request->id,
            asked ? asked : "");
        break;
    }
    text = str_builder_take(&builder);
    method_error(call, ERROR_NOT_ALLOWED, "message", text);
}

static void on_answered(int result, struct request *request, void *userdata)
{
    struct method_pending *pending = userdata;
    struct public_call *call = pending->call;

    if (result == 0 && request)
        public_reply(call, json_pack("{s:o}", "request", view_request(pending->agent, request)));
    else
        method_unavailable(call, result);
    pending->call = NULL;
    method_pending_free(pending);
}

/* Who is at the other end, by the kernel and logind. */
static enum people_verdict judge(const struct agent *agent, const struct public_call *call,
    const struct request *request, const char **ret_person)
{
    const struct peer *peer = public_peer(call);
    struct login_session login = {0};

    if (session_of(peer->pid, peer->pidfd, &login) < 0)
        login.known = false;
    return people_judge(agent->policy, request, peer->uid, &login, ret_person);
}

/* Saying the same again changes nothing; a word once given is not turned round. */
static bool has_spoken(struct public_call *call, const struct agent *agent,
    const struct request *request, const char *person, bool approved)
{
    const struct approval *earlier = request_approval_of(request, person);

    if (!earlier)
        return false;
    if (earlier->approved == approved)
        public_reply(call, json_pack("{s:o}", "request", view_request(agent, request)));
    else
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "you have approved this already; to take it back, revoke the grant or ask the "
            "requester to withdraw");
    return true;
}

/* Also one that the caller may not see: whoever has its id is told who may answer it. */
static struct request *find_request(
    struct public_call *call, json_t *parameters, struct agent *agent)
{
    struct request *request;
    char id[IDS_SIZE];
    const char *text;

    if (!method_text(call, parameters, "id", true, &text))
        return NULL;
    request = ids_normalise(text, id) == 0 ? book_request(&agent->book, id) : NULL;
    if (request && request->committed)
        return request;
    method_error(call, ERROR_NOT_FOUND, "id", text);
    return NULL;
}

/* Approving for an identity that has lapsed meanwhile would open nothing: say so. */
static bool is_lapsed(
    struct public_call *call, const struct agent *agent, const struct request *request)
{
    const struct policy *policy = agent->policy;
    uint64_t now_us = clock_realtime_us();
    int64_t index = policy_identity_of(policy, request->subject.uid, now_us);
    enum identity_state state;
    struct str_builder builder = {0};
    AUTO_FREE char *text = NULL;
    const char *advice;

    if (index < 0 ||
        (state = policy_identity_state(policy, (size_t)index, now_us)) == IDENTITY_ALIVE)
        return false;
    advice = policy_identity_advice(policy, (size_t)index, state);
    str_appendf(&builder, "%s, and nothing is granted to it. %s",
        policy_identity_reason(policy, (size_t)index, state), advice ? advice : "");
    text = str_builder_take(&builder);
    method_error(call, ERROR_NOT_ALLOWED, "message", text);
    return true;
}

static void answer(struct public_call *call, json_t *parameters, struct agent *agent, bool approved)
{
    struct answer word = {.uid = public_peer(call)->uid, .approved = approved};
    struct request *request = find_request(call, parameters, agent);
    enum people_verdict verdict;
    struct method_pending *pending;
    const char *reason;
    char escaped[REASON_MAX];
    uint64_t seconds;

    if (!request || !method_text(call, parameters, "reason", !approved, &reason) ||
        !method_number(call, parameters, "duration", &seconds))
        return;
    verdict = judge(agent, call, request, &word.person);
    if (verdict != PEOPLE_MAY) {
        answer_not_allowed(call, request, verdict);
        return;
    }
    if (has_spoken(call, agent, request, word.person, approved))
        return;
    if (request->state != REQUEST_WAITING || clock_boottime_us() >= request->expires_us) {
        answer_ended(call, request);
        return;
    }
    if (approved && is_lapsed(call, agent, request))
        return;
    pending = method_pending_new(agent, call);
    if (!pending)
        return;
    if (!str_empty(reason))
        word.reason = str_escape(reason, strlen(reason), escaped, sizeof(escaped));
    word.duration_us = seconds * USEC_PER_SEC;
    lifecycle_answer(agent, request, &word, on_answered, pending);
}

void method_approve_request(struct public_call *call, json_t *parameters, void *userdata)
{
    answer(call, parameters, userdata, true);
}

void method_deny_request(struct public_call *call, json_t *parameters, void *userdata)
{
    answer(call, parameters, userdata, false);
}

void method_withdraw_request(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct request *request = method_request(call, parameters, agent);
    struct method_pending *pending;

    if (!request)
        return;
    if (!method_owns(agent, call, request->subject.uid) && public_peer(call)->uid != 0) {
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "only the requester can take a request back; to refuse it: assent deny");
        return;
    }
    if (request->state != REQUEST_WAITING) {
        answer_ended(call, request);
        return;
    }
    pending = method_pending_new(agent, call);
    if (pending)
        lifecycle_withdraw(agent, request, "taken back by the requester", on_answered, pending);
}
