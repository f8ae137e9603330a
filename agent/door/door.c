#include "door.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/audit.h"
#include "../core/digester.h"
#include "../core/lifecycle.h"
#include "../ledger/ledger.h"
#include "../load/loader.h"
#include "../state/say.h"
#include "door_session.h"
#include "escalation.h"
#include "inquiry.h"

/* ---- refusing ------------------------------------------------------------------------- */

static bool is_root_at_setuid_door(const struct inquiry *inquiry)
{
    return inquiry->subject.uid == 0 && scope_is_setuid_door(inquiry->ask->service);
}

/* Why the facts are not those of a decision that could be put to another policy; NULL: they are. */
static const char *why_not_replayable(const struct inquiry *inquiry)
{
    if (inquiry_is_selftest(inquiry))
        return "a self-test of assent setup, with nobody at the door";
    if (is_root_at_setuid_door(inquiry))
        return "root needs no elevation, so policy is not asked";
    if (inquiry->ask->phase == GATE_PHASE_POSSIBLE)
        return "its command was not known yet";
    return NULL;
}

const char *door_owner(const struct inquiry *inquiry)
{
    int64_t rule = policy_find_rule(inquiry->policy, inquiry->verdict.rule);
    int64_t identity = policy_find_identity(inquiry->policy, inquiry->verdict.identity);
    struct rule_info of_rule = {0};
    struct identity_info of_identity = {0};

    if (rule >= 0)
        policy_rule(inquiry->policy, (size_t)rule, &of_rule);
    if (identity >= 0)
        policy_identity(inquiry->policy, (size_t)identity, &of_identity);
    return of_rule.owner ? of_rule.owner : of_identity.owner;
}

struct audit_decision door_decision(const struct inquiry *inquiry)
{
    const char *left_out = why_not_replayable(inquiry);

    return (struct audit_decision){
        .chain = inquiry->chain,
        .subject = &inquiry->subject,
        .scope = &inquiry->scope,
        .verdict = &inquiry->verdict,
        .policy = policy_digest(inquiry->policy),
        .tty = inquiry->tty,
        .owner = door_owner(inquiry),
        .reason = inquiry->reason,
        .watched = inquiry->watched,
        .selftest = inquiry_is_selftest(inquiry),
        .turned_away = inquiry->turned_away != NULL,
        .facts = left_out ? NULL : &inquiry->store.facts,
        .facts_left_out = left_out,
    };
}

/* Refused either way; a record that could not be written makes it no better. */
static void on_refusal_durable(int result, uint64_t first_seq, void *userdata)
{
    struct inquiry *inquiry = userdata;
    struct agent *agent = inquiry->agent;
    AUTO_FREE char *text = inquiry->turned_away
                               ? TAKE_PTR(inquiry->turned_away)
                               : say_denied(&inquiry->subject, &inquiry->scope, &inquiry->verdict,
                                     inquiry->agent->config.host);

    (void)first_seq;
    inquiry_deny(inquiry, text);
    if (result == 0)
        agent_committed(agent);
}

/* What a slot has counted, as one record. The words are kept in the slot: its subject and
 * scope are long gone. */
void door_write_repeats(struct agent *agent, struct refusal *slot)
{
    struct ledger_batch *batch;

    if (slot->repeats > 0 && (batch = ledger_batch_new())) {
        audit_repeats(batch, slot);
        agent_record(agent, batch);
    }
    refusals_clear(slot);
}

/* Where this policy's refusal of that scope by that rule is counted now, or NULL. */
static struct refusal *find_counted(
    const struct inquiry *inquiry, const char *scope, const char *rule, uint64_t now_us)
{
    struct refusal *slot =
        refusals_find(&inquiry->agent->refusals, inquiry->subject.uid, scope, rule, now_us);

    return slot && str_equal(slot->policy, policy_digest(inquiry->policy)) ? slot : NULL;
}

/* Counts it where the same, or as much of this subject, has been recorded a moment ago. Else
 * returns false: it is to be recorded, and counted from now on. */
static bool count_refusal(struct inquiry *inquiry)
{
    struct refusals *refusals = &inquiry->agent->refusals;
    const struct subject *subject = &inquiry->subject;
    const char *rule = inquiry->verdict.rule;
    const struct scope *scope = &inquiry->scope;
    uint64_t now = clock_boottime_us();
    struct refusal *slot = find_counted(inquiry, scope->id, rule, now);

    if (!slot && !refusals_take_share(refusals, subject->uid, now)) {
        scope = NULL;
        rule = NULL;
        slot = find_counted(inquiry, "", NULL, now);
    }
    if (slot) {
        slot->repeats++;
        return true;
    }
    slot = refusals_slot(refusals, subject->uid, scope ? scope->id : "");
    door_write_repeats(inquiry->agent, slot);
    refusals_start(slot, subject->uid, scope, subject->name, rule, now);
    snprintf(slot->policy, sizeof(slot->policy), "%s", policy_digest(inquiry->policy));
    agent_sweep_at(inquiry->agent, now + REFUSALS_WINDOW_US);
    return false;
}

void door_refuse(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct audit_decision decision = door_decision(inquiry);
    struct ledger_batch *batch;

    /* a real one must not be counted behind it */
    if (!inquiry_is_selftest(inquiry) && count_refusal(inquiry)) {
        on_refusal_durable(-EALREADY, 0, inquiry);
        return;
    }
    batch = ledger_batch_new();
    if (!batch || agent_new_id(agent, inquiry->chain) < 0) {
        ledger_batch_free(batch);
        on_refusal_durable(-ENOMEM, 0, inquiry);
        return;
    }
    audit_decided(batch, &decision);
    ledger_submit(agent->ledger, batch, false, on_refusal_durable, inquiry);
}

void door_turn_away(struct inquiry *inquiry, char *text)
{
    inquiry->turned_away = text;
    door_refuse(inquiry);
}

/* ---- allowing by rule ------------------------------------------------------------------ */

static void on_allow_durable(int result, uint64_t first_seq, void *userdata)
{
    struct inquiry *inquiry = userdata;
    struct agent *agent = inquiry->agent;

    (void)first_seq;
    if (result == 0)
        result = door_catch_up(inquiry);
    if (result < 0) {
        inquiry_busy(inquiry, result);
        return;
    }
    /* The asker first: waking the journal's thread takes as long as the rest of this. */
    if (inquiry->verdict.decision == DECISION_ALLOW && inquiry->verdict.missing == 0)
        inquiry_allow(inquiry, inquiry->verdict.duration_us);
    else
        door_judge(inquiry);
    agent_committed(agent);
}

/* A later phase of a login that was let through: still allowed, and already recorded. What a grant
 * let through rests on that grant, which may have ended: escalation.c looks. */
static bool continues_allow(struct inquiry *inquiry)
{
    struct tie_bearer bearer = inquiry_bearer(inquiry);

    inquiry->continues =
        inquiry->ask->phase == GATE_PHASE_ACCOUNT &&
        tie_check(inquiry->agent->seal_key, inquiry->ask->tie, &bearer, inquiry->chain) &&
        !book_grant(&inquiry->agent->book, inquiry->chain);
    return inquiry->continues;
}

static void allow_by_rule(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct audit_decision decision;
    struct ledger_batch *batch;
    int r;

    if (continues_allow(inquiry)) {
        inquiry_allow(inquiry, inquiry->verdict.duration_us);
        return;
    }
    r = agent_new_id(agent, inquiry->chain);
    batch = r == 0 ? ledger_batch_new() : NULL;
    if (!batch) {
        inquiry_busy(inquiry, r < 0 ? r : -ENOMEM);
        return;
    }
    decision = door_decision(inquiry);
    audit_decided(batch, &decision);
    reasons_note(
        &agent->reasons, inquiry->subject.uid, inquiry->reason, inquiry->store.facts.now_us);
    ledger_submit(agent->ledger, batch, false, on_allow_durable, inquiry);
}

/* ---- letting through by monitor mode ---------------------------------------------------- */

void door_open_durable(int result, uint64_t first_seq, void *userdata)
{
    struct inquiry *inquiry = userdata;
    struct agent *agent = inquiry->agent;

    (void)first_seq;
    if (result < 0) {
        inquiry_busy(inquiry, result);
        return;
    }
    inquiry_allow(inquiry, 0);
    agent_committed(agent);
}

void door_pass(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct audit_decision decision;
    struct ledger_batch *batch;

    inquiry->watched = true;
    if (continues_allow(inquiry)) {
        inquiry_allow(inquiry, 0);
        return;
    }
    batch = agent_new_id(agent, inquiry->chain) == 0 ? ledger_batch_new() : NULL;
    if (!batch) {
        door_open_durable(-ENOMEM, 0, inquiry);
        return;
    }
    decision = door_decision(inquiry);
    audit_decided(batch, &decision);
    ledger_submit(agent->ledger, batch, false, door_open_durable, inquiry);
}

/* ---- deciding ------------------------------------------------------------------------- */

/* A rule allows it, but evidence is missing: a grant that was asked for ahead brought it, or the
 * person is asked, or told what is missing. */
static void allow_with_evidence(struct inquiry *inquiry)
{
    if (inquiry->verdict.missing == 0 || continues_allow(inquiry))
        allow_by_rule(inquiry);
    else
        escalation_begin(inquiry);
}

/* Whether the agent must be told the groups first. */
static bool lacks_groups(const struct inquiry *inquiry)
{
    return !inquiry->ask->groups &&
           policy_needs_groups(inquiry->agent->policy, inquiry->scope.service);
}

static void decide_possible(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct doorway door = inquiry_doorway(inquiry);

    policy_possible(agent->policy, &inquiry->store.facts, &inquiry->verdict);
    if (inquiry->verdict.decision == DECISION_ALLOW || book_may_open(&agent->book, &door) ||
        inquiry_is_watched(inquiry))
        /* Nothing is opened by this: the plugin asks about the command itself. */
        inquiry_allow(inquiry, 0);
    else
        door_refuse(inquiry);
}

static void decide(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct doorway door = inquiry_doorway(inquiry);

    policy_decide(agent->policy, &inquiry->store.facts, &inquiry->verdict);
    switch (inquiry->verdict.decision) {
    case DECISION_ALLOW:
        allow_with_evidence(inquiry);
        return;
    case DECISION_ESCALATE:
        escalation_begin(inquiry);
        return;
    case DECISION_DENY:
        break;
    }
    /* What no rule forbids may still have been granted: by an entitlement, or by a rule whose hours
     * are over. Not a command that others can write: they may have changed it since. */
    if (!inquiry->verdict.rule && !inquiry->store.facts.command_writable &&
        book_may_open(&agent->book, &door))
        escalation_begin(inquiry);
    else if (inquiry_is_watched(inquiry))
        door_pass(inquiry);
    else
        door_refuse(inquiry);
}

/* Real uid 0 at sudo or su is no elevation: recorded, not gated. */
static void allow_root(struct inquiry *inquiry)
{
    inquiry->verdict = (struct verdict){
        .decision = DECISION_ALLOW,
        .reason = "root needs no elevation",
    };
    allow_by_rule(inquiry);
}

/* What is asked for by name, and what came with it. */
static int set_evidence(struct inquiry *inquiry)
{
    struct facts *facts = &inquiry->store.facts;
    int64_t entitlement = -1;

    facts->reason_seen = reasons_seen_of(&inquiry->agent->reasons, inquiry->policy,
        inquiry->subject.uid, inquiry->reason, facts->now_us);
    facts->entitlement = inquiry->entitlement;
    if (!inquiry->entitlement || !inquiry->whole)
        return 0;
    entitlement = policy_find_entitlement(inquiry->policy, inquiry->entitlement);
    if (entitlement < 0)
        return -EINVAL;
    facts->whole = true;
    facts->service = NULL;
    facts->run_as_known = false;
    return scope_widen(&inquiry->scope, inquiry->policy, (size_t)entitlement);
}

int door_prepare(struct inquiry *inquiry)
{
    const struct gate_ask *ask = inquiry->ask;
    int r;

    if (ask->uid >= UINT32_MAX || !str_is_name(ask->user) || !str_is_name(ask->service))
        return -EINVAL;
    inquiry->policy = policy_ref(inquiry->agent->policy);
    inquiry->subject.uid = (uint32_t)ask->uid;
    inquiry->subject.kind = facts_subject_kind(inquiry->agent, (uid_t)ask->uid);
    inquiry->subject.name = str_escape_new(ask->user);
    inquiry->tty = ask->tty ? str_escape_new(ask->tty) : NULL;
    inquiry->reason = ask->reason ? str_escape_new(ask->reason) : NULL;
    if (!inquiry->subject.name || (ask->tty && !inquiry->tty) || (ask->reason && !inquiry->reason))
        return -ENOMEM;
    r = scope_from_ask(ask, &inquiry->scope);
    if (r == 0 && str_equal(ask->service, SERVICE_SSHD))
        r = inquiry_find_key(inquiry);
    if (r == 0)
        r = facts_from_ask(inquiry->agent, ask, &inquiry->store);
    if (r == 0)
        r = set_evidence(inquiry);
    return r;
}

void door_judge(struct inquiry *inquiry)
{
    bool possible = inquiry->ask->phase == GATE_PHASE_POSSIBLE;

    if (is_root_at_setuid_door(inquiry))
        possible ? inquiry_allow(inquiry, 0) : allow_root(inquiry);
    else if (lacks_groups(inquiry))
        inquiry->answer(
            inquiry, &(struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_GROUPS});
    else if (possible)
        decide_possible(inquiry);
    else
        decide(inquiry);
}

/* The old facts borrow from a configuration that may be gone as well. */
int door_catch_up(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct facts_store store;
    int r;

    if (inquiry->policy == agent->policy || is_root_at_setuid_door(inquiry))
        return 0;
    r = facts_from_ask(agent, inquiry->ask, &store);
    if (r < 0)
        return r;
    store.facts.reason_seen = inquiry->store.facts.reason_seen; /* else this very question counts */
    facts_done(&inquiry->store);
    inquiry->store = store;
    inquiry->subject.kind = facts_subject_kind(agent, (uid_t)inquiry->ask->uid);
    loader_free_policy(agent->loader, inquiry->policy);
    inquiry->policy = policy_ref(agent->policy);
    policy_decide(inquiry->policy, &inquiry->store.facts, &inquiry->verdict);
    return 1;
}

void door_ask(struct inquiry *inquiry)
{
    const struct gate_ask *ask = inquiry->ask;
    int r = door_prepare(inquiry);

    if (r < 0) {
        inquiry_deny(inquiry,
            r == -EINVAL ? "Refused: the name of the account or the service is not acceptable."
                         : NULL);
        return;
    }
    switch (ask->phase) {
    case GATE_PHASE_SESSION:
        door_session(inquiry);
        return;
    case GATE_PHASE_END:
        door_session_end(inquiry);
        return;
    case GATE_PHASE_AUTH:
    case GATE_PHASE_ACCOUNT:
    case GATE_PHASE_POSSIBLE:
    case GATE_PHASE_COMMAND:
        break;
    default:
        inquiry_deny(inquiry, "Refused: the agent does not know this question.\n"
                              "Restart the service: its module is newer than the agent.");
        return;
    }
    door_judge(inquiry);
}

void door_give_up(struct inquiry *inquiry)
{
    inquiry_busy(inquiry, -ETIMEDOUT);
}

void door_cancel(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;

    escalation_stop(inquiry);
    lifecycle_forget(agent, inquiry);
    ledger_forget(agent->ledger, inquiry);
    digester_forget(agent->digester, inquiry);
    if (inquiry->command_fd >= 0)
        close(inquiry->command_fd);
    inquiry->command_fd = -1;
    facts_done(&inquiry->store);
    loader_free_policy(agent->loader, inquiry->policy);
    inquiry->policy = NULL;
    scope_done(&inquiry->scope);
    subject_done(&inquiry->subject);
    free(inquiry->key);
    free(inquiry->tty);
    free(inquiry->reason);
    free(inquiry->turned_away);
}
