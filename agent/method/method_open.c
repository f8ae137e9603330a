/* OpenRequest: a request ahead of the door, for the caller themselves. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/accounts.h"
#include "../../common/names.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/caller.h"
#include "../core/lifecycle.h"
#include "../door/door.h"
#include "../door/escalation.h"
#include "../door/evidence.h"
#include "../door/inquiry.h"
#include "../facts/address.h"
#include "../ledger/ledger.h"
#include "../state/say.h"
#include "../state/session.h"
#include "methods.h"
#include "view.h"

/* The caller's question in the form a door would put it. Owns its texts. */
struct opening {
    struct gate_ask ask;
    char name[STR_NAME_MAX];
    char rhost[64];
    char *argv;
    const char *entitlement; /* or NULL */
    bool whole;              /* all that it opens, not one command or login of it */
    uint64_t duration_us, uses;
    bool attached;
};

/* command: absolute path and arguments, as texts without NUL. */
static bool take_command(struct public_call *call, json_t *parameters, struct opening *opening)
{
    const json_t *command = json_object_get(parameters, "command");
    struct str_builder builder = {0};
    size_t index;
    json_t *word;

    if (!command || json_is_null(command))
        return true;
    json_array_foreach(command, index, word)
    {
        if (!json_is_string(word) || strlen(json_string_value(word)) != json_string_length(word)) {
            str_builder_done(&builder);
            method_error(call, ERROR_INVALID, "message", "'command' must be a list of texts");
            return false;
        }
        str_append_n(&builder, json_string_value(word), json_string_length(word) + 1);
    }
    opening->ask.argv.length = builder.length;
    opening->argv = str_builder_take(&builder);
    opening->ask.argv.data = opening->argv;
    opening->ask.command = opening->argv;
    if (!opening->argv || opening->argv[0] != '/' ||
        opening->ask.argv.length > ESCALATION_ASKED_MAX) {
        method_error(call, ERROR_INVALID, "message",
            "'command' must begin with an absolute path and be at most 16 KiB");
        return false;
    }
    return true;
}

static bool take_run_as(struct public_call *call, json_t *parameters, struct opening *opening)
{
    uid_t uid = 0;

    if (!method_text(call, parameters, "run_as", false, &opening->ask.run_as))
        return false;
    if (!scope_is_setuid_door(opening->ask.service)) {
        opening->ask.run_as = NULL;
        return true;
    }
    if (!opening->ask.run_as)
        opening->ask.run_as = "root";
    if (!str_is_name(opening->ask.run_as) || accounts_uid(opening->ask.run_as, &uid) < 0) {
        method_error(call, ERROR_INVALID, "message", "'run_as' is not an account in /etc/passwd");
        return false;
    }
    opening->ask.run_as_uid = uid;
    return true;
}

/* A numeric address as sshd writes it. */
static bool write_address(const char *text, char ret_text[64])
{
    struct in6_addr address;

    if (!address_parse(text, &address))
        return false;
    address_print(&address, ret_text);
    return true;
}

/* Why the address cannot be had; NULL: it is there. Somebody on the machine itself may say from
 * where they will come. Whoever came from elsewhere may not: with the account's key alone, what
 * runs in the login of its owner could let them in from anywhere. */
static const char *find_source(const struct opening *opening, const struct login_session *login,
    const char *stated, char ret_rhost[64])
{
    if (login->known && login->rhost[0] != '\0') {
        snprintf(ret_rhost, 64, "%s", login->rhost);
        if (stated && !str_equal(stated, login->rhost))
            return "you are logged in over the network: a login can be asked for from the same "
                   "address alone";
        return NULL;
    }
    if (!login->known || !login->local || login->uid != opening->ask.uid)
        return "a login is asked for from a login session of one's own, on the console or by ssh";
    if (!stated && str_equal(opening->ask.service, SERVICE_SSHD))
        return "a login by sshd is opened from one address: give it with --rhost ADDRESS, or ask "
               "from an ssh login, for the same address";
    snprintf(ret_rhost, 64, "%s", stated ? stated : "");
    return NULL;
}

/* A login is for one address, which those who decide see and the door compares; the console has
 * none. */
static bool take_source(struct public_call *call, json_t *parameters, struct opening *opening)
{
    const struct peer *peer = public_peer(call);
    struct login_session login = {0};
    const char *service = opening->ask.service, *given, *error;
    char stated[64];

    if (!method_text(call, parameters, "rhost", false, &given))
        return false;
    if (scope_is_setuid_door(service) || str_equal(service, SERVICE_LOGIN)) {
        if (given)
            method_error(
                call, ERROR_INVALID, "message", "'rhost' goes with logins by network alone");
        return !given;
    }
    if (given && !write_address(given, stated)) {
        method_error(call, ERROR_INVALID, "message", "'rhost' is not a numeric address");
        return false;
    }
    if (session_of(peer->pid, peer->pidfd, &login) < 0)
        login = (struct login_session){0};
    error = find_source(opening, &login, given ? stated : NULL, opening->rhost);
    if (error)
        method_error(call, ERROR_INVALID, "message", error);
    opening->ask.rhost = opening->rhost[0] != '\0' ? opening->rhost : NULL;
    return !error;
}

static bool take_doors(struct public_call *call, const struct agent *agent, struct opening *opening)
{
    int64_t index = policy_find_entitlement(agent->policy, opening->entitlement);

    if (index < 0) {
        method_error(call, ERROR_INVALID, "message",
            "there is no such entitlement here; what you may ask for: assent entitlements");
        return false;
    }
    opening->ask.service = scope_first_door(agent->policy, (size_t)index);
    return true;
}

static bool take_evidence(struct public_call *call, json_t *parameters, struct gate_ask *ask)
{
    return method_text(call, parameters, "reason", false, &ask->reason) &&
           method_text(call, parameters, "ticket", false, &ask->ticket) &&
           method_text(call, parameters, "control", false, &ask->control) &&
           method_text(call, parameters, "peer", false, &ask->peer);
}

static bool is_given(const json_t *parameters, const char *key)
{
    const json_t *value = json_object_get(parameters, key);

    return value && !json_is_null(value);
}

/* One door and command, or the entitlement as a whole. */
static bool take_what(struct public_call *call, json_t *parameters, const struct agent *agent,
    struct opening *opening)
{
    if (!method_text(call, parameters, "entitlement", false, &opening->entitlement) ||
        !method_text(call, parameters, "service", !opening->entitlement, &opening->ask.service))
        return false;
    opening->whole = opening->entitlement && !opening->ask.service &&
                     !is_given(parameters, "command") && !is_given(parameters, "run_as");
    if (opening->whole)
        return take_doors(call, agent, opening) && take_source(call, parameters, opening);
    if (!opening->ask.service)
        opening->ask.service = SERVICE_SUDO;
    if (!str_is_name(opening->ask.service)) {
        method_error(call, ERROR_INVALID, "message", "'service' is not a service name");
        return false;
    }
    return take_run_as(call, parameters, opening) && take_command(call, parameters, opening) &&
           take_source(call, parameters, opening);
}

static bool take_parameters(
    struct public_call *call, json_t *parameters, struct agent *agent, struct opening *opening)
{
    const struct peer *peer = public_peer(call);
    uint64_t seconds;

    record_init_ask(&opening->ask);
    caller_name(agent, peer->uid, opening->name);
    opening->ask.user = opening->name;
    opening->ask.uid = peer->uid;
    opening->ask.phase = GATE_PHASE_COMMAND;
    opening->ask.flags = GATE_FLAG_WAIT;
    opening->ask.groups = peer->groups;
    opening->ask.group_count = peer->group_count;
    if (!take_evidence(call, parameters, &opening->ask) ||
        !method_text(call, parameters, "cwd", false, &opening->ask.cwd) ||
        !method_number(call, parameters, "duration", &seconds) ||
        !method_number(call, parameters, "uses", &opening->uses) ||
        !method_flag(call, parameters, "attached", &opening->attached))
        return false;
    opening->duration_us = seconds * USEC_PER_SEC;
    return take_what(call, parameters, agent, opening);
}

static json_t *view_opened(const struct agent *agent, const struct request *request)
{
    return json_pack("{s:o, s:n}", "request", view_request(agent, request), "grant");
}

static void on_opened(int result, struct request *request, void *userdata)
{
    struct method_pending *pending = userdata;
    struct public_call *call = pending->call;

    if (result == 0 && request)
        public_reply(call, view_opened(pending->agent, request));
    else
        method_unavailable(call, result);
    pending->call = NULL;
    method_pending_free(pending);
}

/* What the caller asked for may only narrow what the rule gives. */
static void narrow(struct request *request, const struct opening *opening)
{
    if (opening->duration_us > 0 && opening->duration_us < request->duration_us)
        request->duration_us = opening->duration_us;
    if (opening->uses > 0 && escalation_counts_uses(&request->scope) &&
        (request->uses == 0 || opening->uses < request->uses))
        request->uses = opening->uses;
    request->attached = opening->attached && !request->keep;
}

static bool has_evidence(struct public_call *call, const struct inquiry *inquiry)
{
    AUTO_FREE char *text = NULL;

    if (inquiry->verdict.missing == 0)
        return true;
    text = evidence_refusal(inquiry->policy, &inquiry->verdict, &inquiry->store.facts, NULL);
    public_error(call, ERROR_REFUSED, json_pack("{s:s, s:n}", "message", text ? text : "", "rule"));
    return false;
}

static struct request *new_request(
    struct public_call *call, struct inquiry *inquiry, const struct opening *opening)
{
    struct request *request = NULL;
    int r = escalation_new_request(inquiry, &request);

    if (r == -ENOENT) {
        AUTO_FREE char *text = say_nobody(&inquiry->verdict);

        public_error(call, ERROR_REFUSED,
            json_pack("{s:s, s:s}", "message", text ? text : "", "rule", inquiry->verdict.rule));
    } else if (r < 0) {
        method_unavailable(call, r);
    } else {
        narrow(request, opening);
    }
    return r < 0 ? NULL : request;
}

static void escalate(
    struct public_call *call, struct inquiry *inquiry, const struct opening *opening)
{
    struct agent *agent = inquiry->agent;
    struct request *request = escalation_waiting(inquiry);
    const char *too_many = escalation_too_many(inquiry);
    struct method_pending *pending;

    if (request) {
        public_reply(call, view_opened(agent, request));
        return;
    }
    if (!has_evidence(call, inquiry))
        return;
    if (too_many) {
        method_error(call, ERROR_TOO_MANY, "message", too_many);
        return;
    }
    request = new_request(call, inquiry, opening);
    pending = request ? method_pending_new(agent, call) : NULL;
    if (pending)
        lifecycle_open(agent, request, inquiry->verdict.stages[0].within_us, on_opened, pending);
    else
        request_free(request);
}

static void on_granted(int result, struct grant *grant, void *userdata)
{
    struct method_pending *pending = userdata;
    struct public_call *call = pending->call;

    if (result == 0 && grant)
        public_reply(
            call, json_pack("{s:n, s:o}", "request", "grant", view_grant(pending->agent, grant)));
    else
        method_unavailable(call, result);
    pending->call = NULL;
    method_pending_free(pending);
}

static bool has_too_many(struct public_call *call, const struct inquiry *inquiry)
{
    struct grant_count count = book_grant_count_of(&inquiry->agent->book, inquiry->subject.uid);

    if (count.active >= BOOK_GRANTS_MAX)
        method_error(call, ERROR_TOO_MANY, "message",
            "you have as many grants as one account may have; give some back: assent done GRANT");
    else if (count.kept >= BOOK_GRANTS_KEPT_MAX)
        method_error(call, ERROR_TOO_MANY, "message",
            "this account has been given as many grants in the last minutes as one may; try again "
            "in ten minutes");
    return count.active >= BOOK_GRANTS_MAX || count.kept >= BOOK_GRANTS_KEPT_MAX;
}

/* A rule allows it. Where that rests on evidence, or on an entitlement that is asked for as a
 * whole, a grant keeps what was given; else the door itself will say yes. */
static void allow(struct public_call *call, struct inquiry *inquiry, const struct opening *opening)
{
    struct agent *agent = inquiry->agent;
    const struct verdict *verdict = &inquiry->verdict;
    struct audit_decision decision;
    struct method_pending *pending;
    struct request *request;

    if (!has_evidence(call, inquiry))
        return;
    if (!opening->whole && (!verdict->evidence || verdict->evidence->required == 0)) {
        public_error(call, ERROR_NOT_NEEDED,
            json_pack("{s:s, s:s}", "message", "policy allows this without a request: just do it",
                "rule", verdict->rule));
        return;
    }
    if (has_too_many(call, inquiry))
        return;
    request = new_request(call, inquiry, opening);
    pending = request ? method_pending_new(agent, call) : NULL;
    if (!pending) {
        request_free(request);
        return;
    }
    decision = door_decision(inquiry);
    reasons_note(
        &agent->reasons, inquiry->subject.uid, inquiry->reason, inquiry->store.facts.now_us);
    lifecycle_grant(agent, request, &decision, on_granted, pending);
}

/* Of a whole entitlement rules may give a part, which has to be asked for by itself. */
static void advise_part(struct inquiry *inquiry)
{
    if (inquiry->whole && !inquiry->verdict.rule && !inquiry->verdict.advice &&
        policy_gives_part(inquiry->policy, &inquiry->store.facts))
        inquiry->verdict.advice =
            "Rules give a part of it, though: name the one command you need, behind --.";
}

static void refuse(struct public_call *call, struct inquiry *inquiry)
{
    AUTO_FREE char *text = NULL;

    advise_part(inquiry);
    text = say_denied(
        &inquiry->subject, &inquiry->scope, &inquiry->verdict, inquiry->agent->config.host);
    public_error(call, ERROR_REFUSED,
        json_pack("{s:s, s:s?}", "message", text ? text : "", "rule", inquiry->verdict.rule));
}

/* What was granted already, and is not used up, need not be granted again. */
static bool has_grant(struct public_call *call, const struct inquiry *inquiry)
{
    const struct agent *agent = inquiry->agent;
    const struct grant *grant =
        book_same_grant(&agent->book, inquiry->subject.uid, &inquiry->scope, clock_boottime_us());

    if (grant)
        public_reply(call, json_pack("{s:n, s:o}", "request", "grant", view_grant(agent, grant)));
    return grant != NULL;
}

static void decide(struct public_call *call, struct inquiry *inquiry, const struct opening *opening)
{
    if (door_prepare(inquiry) < 0) {
        method_error(call, ERROR_INVALID, "message", "the request cannot be understood");
        return;
    }
    policy_decide(inquiry->policy, &inquiry->store.facts, &inquiry->verdict);
    if (inquiry->verdict.decision == DECISION_DENY)
        refuse(call, inquiry);
    else if (has_grant(call, inquiry))
        return;
    else if (inquiry->verdict.decision == DECISION_ESCALATE)
        escalate(call, inquiry, opening);
    else
        allow(call, inquiry, opening);
}

void method_open_request(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    const struct peer *peer = public_peer(call);
    struct opening opening = {0};
    struct inquiry inquiry = {
        .agent = agent,
        .ask = &opening.ask,
        .pid = peer->pid,
        .pidfd = peer->pidfd,
        .command_fd = -1,
    };

    if (take_parameters(call, parameters, agent, &opening)) {
        inquiry.entitlement = opening.entitlement;
        inquiry.whole = opening.whole;
        decide(call, &inquiry, &opening);
        door_cancel(&inquiry);
    }
    free(opening.argv);
}
