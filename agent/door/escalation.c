#include "escalation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/change.h"
#include "../core/digester.h"
#include "../core/lifecycle.h"
#include "../state/people.h"
#include "../state/say.h"
#include "../state/session.h"
#include "door.h"
#include "evidence.h"
#include "inquiry.h"

static bool can(const struct inquiry *inquiry, enum gate_flag flag)
{
    return (inquiry->ask->flags & flag) != 0;
}

static bool is_login(const struct inquiry *inquiry)
{
    return !scope_is_setuid_door(inquiry->ask->service);
}

/* ---- a grant that is there ------------------------------------------------------------ */

/* By a policy that came into force while the use was written. */
static bool still_opens(const struct inquiry *inquiry, const struct grant *grant)
{
    struct doorway door = inquiry_doorway(inquiry);
    struct verdict verdict;

    return !policy_denies(door.policy, door.facts, &verdict) && scope_opens(&grant->scope, &door);
}

static void on_used(int result, struct grant *grant, void *userdata)
{
    struct inquiry *inquiry = userdata;
    uint64_t now = clock_boottime_us();
    int changed = result == 0 && grant ? door_catch_up(inquiry) : result;

    if (changed < 0 || !grant) {
        inquiry_busy(inquiry, changed);
        return;
    }
    /* It may have been revoked or have run out while the use was written. */
    if ((grant->state != GRANT_ACTIVE && grant->state != GRANT_USED_UP) ||
        now >= grant->expires_us) {
        if (inquiry_is_watched(inquiry))
            door_pass(inquiry);
        else
            inquiry_deny(
                inquiry, "Refused: the grant ended just now.\nAsk again if you still need it.");
        return;
    }
    if (changed > 0 && !still_opens(inquiry, grant)) {
        lifecycle_return_use(inquiry->agent, grant, "the policy changed before the answer");
        door_judge(inquiry);
        return;
    }
    inquiry->used = true;
    inquiry_allow(inquiry, grant->expires_us - now);
}

void escalation_undo(struct inquiry *inquiry)
{
    struct grant *grant = inquiry->used ? book_grant(&inquiry->agent->book, inquiry->chain) : NULL;

    inquiry->used = false;
    if (grant)
        lifecycle_return_use(inquiry->agent, grant, LIFECYCLE_UNHEARD);
}

/* Every use is recorded. Without the plugin sudo's grants have any number of uses, so that its
 * account phase, which runs for `sudo -l` too, never uses one up: see set_terms(). */
static void use_grant(struct inquiry *inquiry, struct grant *grant)
{
    memcpy(inquiry->chain, grant->id, sizeof(inquiry->chain));
    lifecycle_use(inquiry->agent, grant, NULL, on_used, inquiry);
}

/* The login that this phase belongs to was let in by a grant a moment ago: the same use. */
static bool continues_use(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct tie_bearer bearer = inquiry_bearer(inquiry);
    struct doorway door = inquiry_doorway(inquiry);
    const struct grant *grant;

    if (inquiry->ask->phase != GATE_PHASE_ACCOUNT ||
        !tie_check(agent->seal_key, inquiry->ask->tie, &bearer, inquiry->chain))
        return false;
    grant = book_grant(&agent->book, inquiry->chain);
    inquiry->continues = grant && grant->committed && grant->subject.uid == inquiry->subject.uid &&
                         (grant->state == GRANT_ACTIVE || grant->state == GRANT_USED_UP) &&
                         door.now_us < grant->expires_us && scope_opens(&grant->scope, &door);
    return inquiry->continues;
}

/* ---- a request ------------------------------------------------------------------------ */

static void answer_wait(struct inquiry *inquiry, const struct request *request)
{
    AUTO_FREE char *text = inquiry->waits ? say_waiting(request) : say_come_back(request);
    AUTO_FREE char *asked = texts_join(&request->asked, " or ");
    uint64_t now = clock_boottime_us();

    inquiry->answer(inquiry,
        &(struct gate_answer){
            .kind = GATE_WAIT,
            .text = text,
            .request = request->id,
            .asked = asked,
            .left_ms = request->expires_us > now ? (request->expires_us - now) / USEC_PER_MSEC : 0,
        });
}

/* A durable change of the request this question waits for. */
static void on_request_changed(struct waiter *waiter, struct request *request)
{
    struct inquiry *inquiry =
        (struct inquiry *)(void *)((char *)waiter - offsetof(struct inquiry, waiter));

    if (request->state == REQUEST_WAITING) {
        answer_wait(inquiry, request);
    } else if (request->state == REQUEST_APPROVED) {
        inquiry->answer(inquiry, &(struct gate_answer){.kind = GATE_READY, .request = request->id});
    } else {
        AUTO_FREE char *text = say_ended(request);

        inquiry_deny(inquiry, text);
    }
}

/* Whether this login may be parked: one per person, so many on the host (MaxStartups). */
static bool may_park(const struct inquiry *inquiry)
{
    const struct agent *agent = inquiry->agent;
    unsigned parked = 0;

    if (!can(inquiry, GATE_FLAG_WAIT))
        return false;
    if (!is_login(inquiry))
        return true;
    for (const struct waiter *w = agent->waiters; w; w = w->next) {
        const struct inquiry *other;

        if (w->changed != on_request_changed)
            continue;
        other = (const struct inquiry *)(const void *)((const char *)w -
                                                       offsetof(struct inquiry, waiter));
        if (!is_login(other))
            continue;
        if (people_same(agent->policy, other->subject.uid, inquiry->subject.uid))
            return false;
        parked++;
    }
    return parked < agent->config.logins_waiting;
}

static void wait_for(struct inquiry *inquiry, const struct request *request)
{
    inquiry->waits = may_park(inquiry);
    if (inquiry->waits) {
        inquiry->waiter.changed = on_request_changed;
        waiter_add(inquiry->agent, &inquiry->waiter, request);
    } else if (can(inquiry, GATE_FLAG_WAIT)) {
        /* It would wait if it could: the last word is the id and what to do with it. */
        AUTO_FREE char *text = say_come_back(request);

        inquiry_deny(inquiry, text);
        return;
    }
    answer_wait(inquiry, request);
}

static void on_opened(int result, struct request *request, void *userdata)
{
    struct inquiry *inquiry = userdata;

    if (result < 0 || !request)
        inquiry_busy(inquiry, result);
    else
        wait_for(inquiry, request);
}

bool escalation_counts_uses(const struct scope *scope)
{
    return scope->whole || scope->command || !str_equal(scope->service, SERVICE_SUDO);
}

static void set_terms(struct request *request, const struct verdict *verdict)
{
    request->need = verdict->stage_count > 0 ? verdict->stages[0].need : 0;
    request->duration_us = verdict->duration_us;
    request->uses = escalation_counts_uses(&request->scope) ? verdict->uses : 0;
    request->lapse = verdict->lapse;
    request->keep = verdict->keep;
    request->survives_reboot = verdict->survives_reboot;
}

/* What was given as evidence of that kind, where it is asked for and good enough. */
static char *given_as(const struct inquiry *inquiry, enum evidence kind, const char *text)
{
    const struct verdict *verdict = &inquiry->verdict;
    unsigned good = verdict->evidence ? verdict->evidence->required & ~verdict->missing : 0;

    return (good & kind) != 0 && text ? str_escape_new(text) : NULL;
}

int escalation_new_request(struct inquiry *inquiry, struct request **ret_request)
{
    const struct verdict *verdict = &inquiry->verdict;
    struct request *request = request_new();
    struct login_session login;
    int r = request ? 0 : -ENOMEM;

    /* A door for logins is in nobody's session; who asks ahead for a login is. */
    if (r == 0 && (!is_login(inquiry) || inquiry->ask->phase == GATE_PHASE_COMMAND) &&
        session_of(inquiry->pid, inquiry->pidfd, &login) == 0 && login.known)
        request->login_uid = login.uid;
    if (r == 0)
        r = subject_copy(&inquiry->subject, &request->subject);
    if (r == 0)
        r = scope_copy(&inquiry->scope, &request->scope);
    if (r == 0)
        request->peer = given_as(inquiry, EVIDENCE_PEER, inquiry->ask->peer);
    if (r == 0 && verdict->stage_count > 0)
        r = people_ask(inquiry->policy, &verdict->stages[0], request);
    if (r < 0) {
        request_free(request);
        return r;
    }
    set_terms(request, verdict);
    if (!request->scope.entitlement && verdict->entitlement)
        request->scope.entitlement = strdup(verdict->entitlement);
    snprintf(request->policy, sizeof(request->policy), "%s", policy_digest(inquiry->policy));
    request->rule = strdup(verdict->rule);
    request->reason = inquiry->reason ? strdup(inquiry->reason) : NULL;
    request->ticket = inquiry->ask->ticket ? str_escape_new(inquiry->ask->ticket) : NULL;
    request->control = given_as(inquiry, EVIDENCE_CONTROL, inquiry->ask->control);
    request->tty = inquiry->tty ? strdup(inquiry->tty) : NULL;
    request->key = inquiry->key ? strdup(inquiry->key) : NULL;
    request->facts = &inquiry->store.facts;
    request->would = verdict->would;
    request->would_rule = verdict->would_rule;
    request->identity = verdict->identity;
    request->owner = door_owner(inquiry);
    memcpy(request->id, inquiry->reserved, sizeof(request->id));
    *ret_request = request;
    return 0;
}

/* Once something was typed, what this is about has been said. */
static bool asked_before(const struct inquiry *inquiry)
{
    const struct gate_ask *ask = inquiry->ask;

    return ask->reason || ask->ticket || ask->control || ask->peer;
}

/* The person is asked for the next piece of evidence; with the first, who will be asked and the id
 * the request will have. `request` NULL: a rule allows it once the evidence is there. */
static void answer_need(struct inquiry *inquiry, struct request *request)
{
    const struct verdict *verdict = &inquiry->verdict;
    AUTO_FREE char *asked = request ? texts_join(&request->asked, " or ") : NULL;
    AUTO_FREE char *lead = NULL, *text = NULL;
    int r = inquiry->reserved[0] != '\0' ? 0 : agent_new_id(inquiry->agent, inquiry->reserved);

    if (r < 0) {
        inquiry_busy(inquiry, r);
        return;
    }
    if (request)
        memcpy(request->id, inquiry->reserved, sizeof(request->id));
    lead = request && !asked_before(inquiry) ? say_prompt(request) : NULL;
    text = evidence_prompt(inquiry->policy, verdict, &inquiry->store.facts, lead);
    inquiry->answer(inquiry, &(struct gate_answer){
                                 .kind = GATE_NEED,
                                 .need = evidence_need(evidence_next(verdict)),
                                 .text = text,
                                 .request = request ? request->id : NULL,
                                 .asked = asked,
                             });
}

static void refuse_incomplete(struct inquiry *inquiry)
{
    door_turn_away(inquiry, evidence_refusal(inquiry->policy, &inquiry->verdict,
                                &inquiry->store.facts, &inquiry->scope));
}

const char *escalation_too_many(const struct inquiry *inquiry)
{
    const struct agent *agent = inquiry->agent;
    uint32_t uid = inquiry->subject.uid;

    if (inquiry->ask->argv.length + inquiry->ask->env.length > ESCALATION_ASKED_MAX)
        return "Refused: this needs the approval of people, and its command line is too long for\n"
               "anybody to judge. Put what it does into a file and ask for that.";
    if (book_waiting_count(&agent->book, agent->policy, uid) >= agent->config.requests_per_person)
        return "Refused: you have as many open requests as one person may have.\n"
               "See them: assent pending --mine; take one back: assent withdraw ID";
    if (book_opened_count(&agent->book, agent->policy, uid) >= BOOK_OPENED_MAX)
        return "Refused: you have opened as many requests in the last minutes as one person may.\n"
               "Try again in five minutes.";
    return NULL;
}

/* A login by key alone cannot be asked for a reason. Where policy does not write that one is
 * needed, those who decide see that there is none. */
static bool may_do_without(const struct inquiry *inquiry)
{
    return inquiry->verdict.missing == 0 ||
           (inquiry->verdict.missing == EVIDENCE_REASON && inquiry->verdict.evidence->unwritten &&
               is_login(inquiry));
}

static void open_request(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    const struct verdict *verdict = &inquiry->verdict;
    const char *too_many = escalation_too_many(inquiry);
    struct request *request = NULL;
    int r = escalation_new_request(inquiry, &request);

    if (r == -ENOENT) {
        AUTO_FREE char *text = say_nobody(verdict);

        inquiry_deny(inquiry, text);
    } else if (r < 0) {
        inquiry_busy(inquiry, r);
    } else if (too_many) {
        request_free(request);
        inquiry_deny(inquiry, too_many);
    } else if (inquiry->verdict.missing != 0 && can(inquiry, GATE_FLAG_PROMPT)) {
        answer_need(inquiry, request);
        request_free(request);
    } else if (!may_do_without(inquiry)) {
        request_free(request);
        refuse_incomplete(inquiry);
    } else {
        /* taken: a later request on the same connection is another one */
        inquiry->reserved[0] = '\0';
        request->attached = can(inquiry, GATE_FLAG_WAIT) && !verdict->keep;
        lifecycle_open(agent, request, verdict->stages[0].within_us, on_opened, inquiry);
    }
}

/* sudo and su: PAM's account phase decides and never asks people; nor does a listing, nor a
 * command that must not wait. */
static bool may_open(const struct inquiry *inquiry)
{
    const struct gate_ask *ask = inquiry->ask;

    if (can(inquiry, GATE_FLAG_LISTING))
        return false;
    if (is_login(inquiry))
        return true;
    return ask->phase != GATE_PHASE_ACCOUNT && can(inquiry, GATE_FLAG_WAIT) &&
           (can(inquiry, GATE_FLAG_PROMPT) || inquiry->verdict.missing == 0);
}

/* A rule allows it as soon as the evidence is there. */
static void allow_once_complete(struct inquiry *inquiry)
{
    if (!can(inquiry, GATE_FLAG_LISTING) && can(inquiry, GATE_FLAG_PROMPT))
        answer_need(inquiry, NULL);
    else
        refuse_incomplete(inquiry);
}

/* What the verdict alone leads to, without a grant or a request that is there already. */
static void follow_verdict(struct inquiry *inquiry)
{
    if (inquiry_is_watched(inquiry)) {
        door_pass(inquiry);
    } else if (inquiry->verdict.decision == DECISION_DENY) {
        door_refuse(inquiry);
    } else if (inquiry->verdict.decision == DECISION_ALLOW) {
        allow_once_complete(inquiry);
    } else if (may_open(inquiry)) {
        open_request(inquiry);
    } else if (inquiry->verdict.missing != 0) {
        refuse_incomplete(inquiry);
    } else {
        door_turn_away(inquiry, say_ask_ahead(&inquiry->verdict, &inquiry->scope));
    }
}

/* ---- escalate -------------------------------------------------------------------------- */

struct request *escalation_waiting(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct request *request = book_waiting(&agent->book, inquiry->subject.uid, &inquiry->scope);

    /* While a step of it is being written it is looked at as it was. */
    if (!request || change_exists(agent, request->id) || people_can_settle(agent->policy, request))
        return request;
    lifecycle_withdraw(agent, request, "nobody who was asked can answer it any more", NULL, NULL);
    return NULL;
}

/* What was asked before and is not settled, or was refused a moment ago. Returns whether that is
 * the answer. */
static bool follow_request(struct inquiry *inquiry)
{
    const struct book *book = &inquiry->agent->book;
    uint32_t uid = inquiry->subject.uid;
    struct request *request;

    if (inquiry->verdict.decision == DECISION_DENY)
        return false;
    request = escalation_waiting(inquiry);
    if (request) {
        wait_for(inquiry, request);
        return true;
    }
    request = book_refused(book, uid, &inquiry->scope);
    if (request) {
        AUTO_FREE char *text = say_ended(request);

        inquiry_deny(inquiry, text);
    }
    return request != NULL;
}

static void escalate_with_digest(struct inquiry *inquiry)
{
    struct doorway door = inquiry_doorway(inquiry);
    struct grant *grant = book_opens(&inquiry->agent->book, &door);

    if (inquiry_is_selftest(inquiry))
        follow_verdict(inquiry);
    else if (continues_use(inquiry))
        inquiry_allow(inquiry, 0);
    else if (grant)
        use_grant(inquiry, grant);
    else if (inquiry_is_watched(inquiry) || !follow_request(inquiry))
        follow_verdict(inquiry);
}

/* A file that could not be read leaves the digest empty: a grant bound to one is not opened by
 * that. */
static void on_digest(int result, const char *hex, void *userdata)
{
    struct inquiry *inquiry = userdata;
    int changed;

    if (result == 0)
        memcpy(inquiry->scope.digest, hex, sizeof(inquiry->scope.digest));
    changed = door_catch_up(inquiry);
    if (changed < 0)
        inquiry_busy(inquiry, changed);
    else if (changed > 0)
        door_judge(inquiry);
    else
        escalate_with_digest(inquiry);
}

void escalation_begin(struct inquiry *inquiry)
{
    int fd = inquiry->command_fd, r;

    if (fd < 0) {
        escalate_with_digest(inquiry);
        return;
    }
    inquiry->command_fd = -1;
    r = digester_submit(inquiry->agent->digester, fd, on_digest, inquiry, inquiry->scope.digest);
    if (r != 0)
        escalate_with_digest(inquiry);
}

void escalation_leave(struct inquiry *inquiry)
{
    struct request *request = book_request(&inquiry->agent->book, inquiry->waiter.request);

    if (inquiry->waits && request && request->state == REQUEST_WAITING)
        lifecycle_detach(inquiry->agent, request);
}

void escalation_stop(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct request *request;

    if (!inquiry->waits)
        return;
    inquiry->waits = false;
    waiter_remove(&inquiry->waiter);
    request = book_request(&agent->book, inquiry->waiter.request);
    if (request && request->attached && !waiter_exists(agent, request->id))
        lifecycle_withdraw_unattended(agent, request);
}
