/* OpenRequest: a request ahead of the door, for the caller themselves. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "../common/accounts.h"
#include "../common/names.h"
#include "../common/str.h"
#include "agent.h"
#include "door.h"
#include "escalation.h"
#include "inquiry.h"
#include "ledger/ledger.h"
#include "lifecycle.h"
#include "methods.h"
#include "say.h"
#include "session.h"
#include "view.h"

/* The caller's question in the form a door would put it. Owns its texts. */
struct opening {
    struct gate_ask ask;
    char name[STR_NAME_MAX];
    char rhost[64];
    char *argv;
    uint64_t duration_us, uses;
    bool attached;
};

/* From /etc/passwd itself: no name service on the way to a decision. */
static bool find_local_name(uid_t uid, char ret_name[STR_NAME_MAX])
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd entry, *found = NULL;
    char buffer[4096];

    if (!file)
        return false;
    while (fgetpwent_r(file, &entry, buffer, sizeof(buffer), &found) == 0 && found->pw_uid != uid)
        found = NULL;
    if (found)
        snprintf(ret_name, STR_NAME_MAX, "%s", found->pw_name);
    fclose(file);
    return found != NULL;
}

/* The caller's name as the local files or the policy know the uid the kernel told. */
static void set_name(const struct agent *agent, uid_t uid, char ret_name[STR_NAME_MAX])
{
    int64_t index = policy_person_of(agent->policy, uid);

    if (find_local_name(uid, ret_name))
        return;
    snprintf(ret_name, STR_NAME_MAX, "uid-%u", uid);
    if (index >= 0) {
        const struct person *person = policy_person(agent->policy, (uint32_t)index);

        for (size_t i = 0; i < person->uid_count; i++)
            if (person->uids[i] == uid && person->account_count == person->uid_count)
                snprintf(ret_name, STR_NAME_MAX, "%s", person->accounts[i]);
    }
}

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

/* A login asked for ahead is for the address the caller is logged in from: another one
 * could be anybody's. */
static bool take_source(struct public_call *call, struct opening *opening)
{
    const struct peer *peer = public_peer(call);
    struct login_session login = {0};

    if (scope_is_setuid_door(opening->ask.service))
        return true;
    if (session_of(peer->pid, peer->pidfd, &login) < 0 || !login.known || login.rhost[0] == '\0') {
        method_error(call, ERROR_INVALID, "message",
            "a login can be asked for ahead only from an ssh login, for the same address");
        return false;
    }
    snprintf(opening->rhost, sizeof(opening->rhost), "%s", login.rhost);
    opening->ask.rhost = opening->rhost;
    return true;
}

static bool take_parameters(
    struct public_call *call, json_t *parameters, struct agent *agent, struct opening *opening)
{
    const struct peer *peer = public_peer(call);
    uint64_t seconds;

    record_init_ask(&opening->ask);
    set_name(agent, peer->uid, opening->name);
    opening->ask.user = opening->name;
    opening->ask.uid = peer->uid;
    opening->ask.phase = GATE_PHASE_COMMAND;
    opening->ask.flags = GATE_FLAG_WAIT;
    opening->ask.groups = peer->groups;
    opening->ask.group_count = peer->group_count;
    if (!method_text(call, parameters, "service", true, &opening->ask.service) ||
        !method_text(call, parameters, "reason", false, &opening->ask.reason) ||
        !method_text(call, parameters, "ticket", false, &opening->ask.ticket) ||
        !method_text(call, parameters, "cwd", false, &opening->ask.cwd) ||
        !method_number(call, parameters, "duration", &seconds) ||
        !method_number(call, parameters, "uses", &opening->uses) ||
        !method_flag(call, parameters, "attached", &opening->attached))
        return false;
    opening->duration_us = seconds * USEC_PER_SEC;
    if (!str_is_name(opening->ask.service)) {
        method_error(call, ERROR_INVALID, "message", "'service' is not a service name");
        return false;
    }
    return take_run_as(call, parameters, opening) && take_command(call, parameters, opening) &&
           take_source(call, opening);
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

static void escalate(
    struct public_call *call, struct inquiry *inquiry, const struct opening *opening)
{
    struct agent *agent = inquiry->agent;
    struct request *request = book_waiting(&agent->book, inquiry->subject.uid, &inquiry->scope);
    struct method_pending *pending;
    const char *too_many;
    int r;

    if (request) {
        public_reply(call, view_opened(agent, request));
        return;
    }
    if (!escalation_has_reason(inquiry)) {
        method_error(call, ERROR_INVALID, "message", "a reason is needed: --reason \"...\"");
        return;
    }
    too_many = escalation_too_many(inquiry);
    if (too_many) {
        method_error(call, ERROR_TOO_MANY, "message", too_many);
        return;
    }
    r = escalation_new_request(inquiry, &request);
    if (r == -ENOENT) {
        AUTO_FREE char *text = say_nobody(&inquiry->verdict);

        public_error(call, ERROR_REFUSED,
            json_pack("{s:s, s:s}", "message", text ? text : "", "rule", inquiry->verdict.rule));
        return;
    }
    pending = r == 0 ? method_pending_new(agent, call) : NULL;
    if (!pending) {
        request_free(request);
        if (r < 0)
            method_unavailable(call, r);
        return;
    }
    narrow(request, opening);
    lifecycle_open(agent, request, inquiry->verdict.stages[0].within_us, on_opened, pending);
}

static void decide(struct public_call *call, struct inquiry *inquiry, const struct opening *opening)
{
    struct agent *agent = inquiry->agent;
    AUTO_FREE char *text = NULL;

    if (door_prepare(inquiry) < 0) {
        method_error(call, ERROR_INVALID, "message", "the request cannot be understood");
        return;
    }
    policy_decide(agent->policy, &inquiry->store.facts, &inquiry->verdict);
    if (inquiry->verdict.decision == DECISION_ESCALATE) {
        escalate(call, inquiry, opening);
        return;
    }
    if (inquiry->verdict.decision == DECISION_ALLOW) {
        public_error(call, ERROR_NOT_NEEDED,
            json_pack("{s:s, s:s}", "message", "policy allows this already: just do it", "rule",
                inquiry->verdict.rule));
        return;
    }
    text = say_denied(&inquiry->subject, &inquiry->scope, &inquiry->verdict, agent->config.host);
    public_error(call, ERROR_REFUSED,
        json_pack("{s:s, s:s?}", "message", text ? text : "", "rule", inquiry->verdict.rule));
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
        decide(call, &inquiry, &opening);
        door_cancel(&inquiry);
    }
    free(opening.argv);
}
