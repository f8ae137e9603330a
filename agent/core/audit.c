#include "audit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../facts/facts_record.h"
#include "../ledger/ledger.h"
#include "../load/loading.h"
#include "../policy/policy.h"
#include "../state/grant.h"
#include "../state/refusals.h"
#include "../state/request.h"
#include "../state/scope.h"

#define MESSAGE_MAX 1024

/* Absent and empty texts have no field. */
static void put(json_t *json, const char *key, const char *text)
{
    if (!str_empty(text))
        json_object_set_new(json, key, json_string(text));
}

static json_t *begin(const char *event, const char *chain)
{
    json_t *json = json_object();

    put(json, "event", event);
    put(json, "chain", chain);
    return json;
}

static void put_subject(json_t *json, const struct subject *subject)
{
    put(json, "subject", subject->name);
    json_object_set_new(json, "subject_uid", json_integer(subject->uid));
    put(json, "subject_kind", subject_kind_to_string((enum subject_kind)subject->kind));
}

static void put_scope(json_t *json, const struct scope *scope)
{
    AUTO_FREE char *command = scope_command_line(scope);

    put(json, "service", scope->service);
    put(json, "run_as", scope->run_as);
    put(json, "rhost", scope->rhost);
    put(json, "entitlement", scope->entitlement);
    put(json, "command", command);
}

/* What it was decided on, so that it can be decided again by another policy. */
static void put_facts(json_t *json, const struct facts *facts)
{
    if (facts_record_put(json, facts) < 0)
        put(json, "facts_left_out", "the agent was out of memory");
}

/* The evidence beside the reason. A control is kept only where one was asked for, and was among
 * those that are taken. */
static void put_evidence(json_t *json, const struct verdict *verdict, const struct facts *facts)
{
    AUTO_FREE char *ticket = facts->ticket ? str_escape_new(facts->ticket) : NULL;
    AUTO_FREE char *control = facts->control ? str_escape_new(facts->control) : NULL;
    unsigned good = verdict->evidence ? verdict->evidence->required & ~verdict->missing : 0;

    put(json, "ticket", ticket);
    if ((good & EVIDENCE_CONTROL) != 0)
        put(json, "control", control);
}

static void put_time(json_t *json, const char *key, uint64_t realtime_us)
{
    char text[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(realtime_us, text);
    put(json, key, text);
}

static void commit(struct ledger_batch *batch, json_t *json, const char *message)
{
    char line[MESSAGE_MAX];
    char *record = NULL;

    /* cut at a whole character: str_escape leaves escaped text alone but for its length */
    snprintf(line, sizeof(line), "%s", message);
    while (!str_is_utf8(line, strlen(line)))
        line[strlen(line) - 1] = '\0';
    put(json, "message", line);
    record = json_dumps(json, JSON_COMPACT);
    /* a NULL record (out of memory) makes the batch fail, and with it the decision */
    ledger_batch_audit(batch, json_string_value(json_object_get(json, "chain")),
        json_string_value(json_object_get(json, "event")), clock_realtime_us(), record);
    free(record);
    json_decref(json);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* What the decision is called. Without the evidence that it rests on an allow is none. */
static const char *decision_word(const struct audit_decision *decision)
{
    const struct verdict *verdict = decision->verdict;

    if (decision->turned_away)
        return decision_to_string(DECISION_DENY);
    if (!decision->watched)
        return decision_to_string(verdict->decision);
    return verdict->decision == DECISION_ESCALATE ? "would-escalate" : "would-deny";
}

static const char *sentence_word(const struct audit_decision *decision)
{
    if (decision->turned_away)
        return decision->verdict->missing != 0
                   ? "was turned away, since evidence is missing, and may not yet"
                   : "was turned away, since nobody could be asked from there, and may not yet";
    switch (decision->verdict->decision) {
    case DECISION_ALLOW:
        return decision->watched ? "was let through by monitor mode but would lack evidence to"
                                 : "may";
    case DECISION_ESCALATE:
        return decision->watched ? "was let through by monitor mode but would have to ask to"
                                 : "must ask to";
    default:
        return decision->watched ? "was let through by monitor mode but would not be allowed to"
                                 : "may not";
    }
}

/* "reason, ticket" */
static void put_missing(json_t *json, unsigned missing)
{
    struct str_builder builder = {0};
    AUTO_FREE char *text = NULL;

    for (unsigned kind = 1; kind < 1U << EVIDENCE_COUNT; kind <<= 1)
        if ((missing & kind) != 0)
            str_appendf(&builder, "%s%s", builder.length > 0 ? ", " : "",
                evidence_to_string((enum evidence)kind));
    text = str_builder_take(&builder);
    put(json, "missing", text);
}

/* What rules in monitor mode would have made of it. */
static void put_would(json_t *json, enum decision would, const char *rule)
{
    if (would == 0)
        return;
    put(json, "would", decision_to_string(would));
    put(json, "would_rule", rule);
}

/* Why an allow rule asks, or counts no more. */
static void put_lapse(json_t *json, enum lapse lapse)
{
    if (lapse != LAPSE_NONE)
        put(json, "lapse", lapse_to_word(lapse));
}

/* What the subject is by the policy. One that is not alive is refused for that, unless a rule
 * denies. */
static void put_identity(json_t *json, const struct verdict *verdict)
{
    put(json, "identity", verdict->identity);
    if (!verdict->rule)
        put(json, "lapse", identity_state_to_lapse(verdict->identity_state));
}

void audit_decided(struct ledger_batch *batch, const struct audit_decision *decision)
{
    const struct verdict *verdict = decision->verdict;
    json_t *json = begin(EVENT_DECIDED, decision->chain);
    AUTO_FREE char *what = scope_describe(decision->scope);
    char message[MESSAGE_MAX];

    put_subject(json, decision->subject);
    put_scope(json, decision->scope);
    put(json, "tty", decision->tty);
    put(json, "selftest", decision->selftest ? "setup" : NULL);
    put(json, "decision", decision_word(decision));
    if (decision->turned_away) {
        put(json, "verdict", decision_to_string(verdict->decision));
        put_missing(json, verdict->missing);
    }
    put(json, "rule", verdict->rule);
    put(json, "owner", decision->owner);
    put_lapse(json, verdict->lapse);
    put_identity(json, verdict);
    put_would(json, verdict->would, verdict->would_rule);
    put(json, "policy", decision->policy);
    put(json, "reason", decision->reason);
    if (decision->facts) {
        put_evidence(json, verdict, decision->facts);
        put_facts(json, decision->facts);
    } else {
        put(json, "facts_left_out", decision->facts_left_out);
    }
    snprintf(message, sizeof(message), "%s%s %s %s%s%s: %s",
        decision->selftest ? "self-test: " : "", decision->subject->name, sentence_word(decision),
        or_empty(what), verdict->rule ? " by rule " : "", or_empty(verdict->rule), verdict->reason);
    commit(batch, json, message);
}

void audit_repeats(struct ledger_batch *batch, const struct refusal *refusal)
{
    json_t *json = begin(EVENT_DECIDED, NULL);
    char message[MESSAGE_MAX];

    json_object_set_new(json, "subject_uid", json_integer(refusal->uid));
    put(json, "service", refusal->service);
    put(json, "decision", decision_to_string(DECISION_DENY));
    put(json, "rule", refusal->rule);
    put(json, "policy", refusal->policy);
    json_object_set_new(json, "count", json_integer((json_int_t)refusal->repeats));
    snprintf(
        message, sizeof(message), "%s: refused %u more times", refusal->record, refusal->repeats);
    commit(batch, json, message);
}

static void stage_message(
    char message[MESSAGE_MAX], const struct request *request, const char *asked)
{
    char must[64] = "who must confirm it"; /* a named colleague alone */

    if (request->need > 0)
        snprintf(must, sizeof(must), "%llu must approve", (unsigned long long)request->need);
    snprintf(message, MESSAGE_MAX, "request %s of %s is put to %s%s %s", request->id,
        request->subject.name, asked, request->need > 0 ? ";" : ",", must);
}

static void request_message(char message[MESSAGE_MAX], const char *event,
    const struct request *request, const char *person, const char *detail)
{
    AUTO_FREE char *what = scope_describe(&request->scope);
    AUTO_FREE char *asked = texts_join(&request->asked, " or ");
    const char *lapse =
        request->lapse == LAPSE_NONE ? NULL : lapse_to_string((enum lapse)request->lapse);

    if (strcmp(event, EVENT_REQUEST_OPENED) == 0)
        snprintf(message, MESSAGE_MAX, "%s asks to %s [%s]%s%s%s%s%s: %s", request->subject.name,
            or_empty(what), request->id, lapse ? " (rule " : "", lapse ? request->rule : "",
            lapse ? ", " : "", lapse ? lapse : "", lapse ? ")" : "",
            request->reason ? request->reason : "no reason given");
    else if (strcmp(event, EVENT_STAGE_STARTED) == 0)
        stage_message(message, request, or_empty(asked));
    else
        snprintf(message, MESSAGE_MAX, "request %s of %s to %s: %s%s%s%s%s", request->id,
            request->subject.name, or_empty(what), request_state_to_string(request->state),
            person ? " by " : "", or_empty(person), detail ? ": " : "", or_empty(detail));
}

static json_t *begin_request(const char *event, const struct request *request)
{
    json_t *json = begin(event, request->id);

    put(json, "request", request->id);
    put(json, "grant", request->grant);
    put_subject(json, &request->subject);
    put_scope(json, &request->scope);
    put(json, "tty", request->tty);
    put(json, "rule", request->rule);
    put_lapse(json, (enum lapse)request->lapse);
    put(json, "policy", request->policy);
    put(json, "reason", request->reason);
    put(json, "ticket", request->ticket);
    put(json, "control", request->control);
    put(json, "peer", request->peer);
    put(json, "stage", "1");
    put_time(json, "expires", request->expires_real_us);
    return json;
}

void audit_request(struct ledger_batch *batch, const char *event, const struct request *request,
    const char *person, const char *detail)
{
    json_t *json = begin_request(event, request);
    char message[MESSAGE_MAX];

    put(json, "approver", person);
    put(json, "detail", detail);
    if (strcmp(event, EVENT_REQUEST_OPENED) == 0)
        put(json, "decision", decision_to_string(DECISION_ESCALATE));
    put(json, "identity", request->identity);
    put(json, "owner", request->owner);
    put_would(json, request->would, request->would_rule);
    if (request->facts)
        put_facts(json, request->facts);
    request_message(message, event, request, person, detail);
    commit(batch, json, message);
}

void audit_approval(
    struct ledger_batch *batch, const struct request *request, const struct approval *approval)
{
    json_t *json = begin_request(approval->approved ? EVENT_APPROVAL : EVENT_REFUSAL, request);
    AUTO_FREE char *what = scope_describe(&request->scope);
    char message[MESSAGE_MAX];

    put(json, "approver", approval->person);
    json_object_set_new(json, "approver_uid", json_integer(approval->uid));
    put(json, "strength", strength_to_string((enum strength)approval->strength));
    put(json, "reason", approval->reason ? approval->reason : request->reason);
    snprintf(message, sizeof(message), "%s %s request %s of %s to %s%s%s (%u of %llu)",
        approval->person, approval->approved ? "approved" : "refused", request->id,
        request->subject.name, or_empty(what), approval->reason ? ": " : "",
        or_empty(approval->reason), request_approval_count(request),
        (unsigned long long)request->need);
    commit(batch, json, message);
}

/* Events are called by their names but where these are no words for people. */
static const char *word_of(const char *event)
{
    if (strcmp(event, EVENT_SESSION_OPENED) == 0)
        return "its session has begun";
    return strcmp(event, EVENT_SESSION_ENDED) == 0 ? "its session has ended" : event;
}

void audit_grant(struct ledger_batch *batch, const char *event, const struct grant *grant,
    const char *detail, const char *session)
{
    json_t *json = begin(event, grant->request[0] != '\0' ? grant->request : grant->id);
    AUTO_FREE char *what = scope_describe(&grant->scope);
    AUTO_FREE char *approvers = texts_join(&grant->approvers, ", ");
    char message[MESSAGE_MAX];

    put(json, "request", grant->request);
    put(json, "grant", grant->id);
    put_subject(json, &grant->subject);
    put_scope(json, &grant->scope);
    put(json, "rule", grant->rule);
    put(json, "policy", grant->policy);
    put(json, "reason", grant->purpose);
    put(json, "ticket", grant->ticket);
    put(json, "control", grant->control);
    put(json, "approver", approvers);
    put(json, "session", session);
    put(json, "detail", detail);
    put_time(json, "expires", grant->expires_real_us);
    snprintf(message, sizeof(message), "grant %s of %s to %s: %s%s%s", grant->id,
        grant->subject.name, or_empty(what), word_of(event), detail ? ": " : "", or_empty(detail));
    commit(batch, json, message);
}

void audit_session(struct ledger_batch *batch, const char *event, const char *chain,
    const struct subject *subject, const char *service, const char *session)
{
    json_t *json = begin(event, chain);
    char message[MESSAGE_MAX];

    put_subject(json, subject);
    put(json, "service", service);
    put(json, "session", session);
    snprintf(message, sizeof(message), "session%s%s of %s by %s has %s",
        str_empty(session) ? "" : " ", or_empty(session), subject->name, service,
        strcmp(event, EVENT_SESSION_OPENED) == 0 ? "begun" : "ended");
    commit(batch, json, message);
}

void audit_agent(
    struct ledger_batch *batch, const char *event, const char *digest, const char *message)
{
    json_t *json = begin(event, NULL);

    put(json, "policy", digest);
    commit(batch, json, message);
}

void audit_policy(struct ledger_batch *batch, const struct loading *loading, const char *message)
{
    json_t *json = begin(EVENT_POLICY_LOADED, NULL);

    put(json, "policy", loading->digest);
    put(json, "cause", loading->cause);
    put(json, "by", loading->by);
    if (loading->uid != UID_NONE)
        json_object_set_new(json, "by_uid", json_integer(loading->uid));
    put(json, "reason", loading->reason);
    put(json, "source", loading->from_ledger ? "ledger" : loading->source);
    put(json, "held", loading->held);
    if (loading_is_loud(loading))
        json_object_set_new(json, "priority", json_integer(LOG_WARNING));
    commit(batch, json, message);
}

void audit_enforced(struct ledger_batch *batch, const char *what, const char *person, uid_t uid)
{
    json_t *json = begin(EVENT_ENFORCED, NULL);
    AUTO_FREE char *escaped = str_escape_new(what);
    char message[MESSAGE_MAX];

    put(json, "subject", person);
    json_object_set_new(json, "subject_uid", json_integer(uid));
    put(json, "detail", escaped);
    snprintf(message, sizeof(message), "%s ended monitor mode for %s: it is enforced from now on",
        person, or_empty(escaped));
    commit(batch, json, message);
}

void audit_news(struct ledger_batch *batch, const struct audit_news *news)
{
    json_t *json = begin(news->event, NULL);

    put(json, "policy", news->policy);
    put(json, "rule", news->rule);
    put(json, "rule_digest", news->rule_digest);
    put(json, "identity", news->identity);
    put(json, "owner", news->owner);
    put(json, "lapse", news->lapse);
    put(json, "person", news->person);
    if (news->expires_us > 0)
        put_time(json, "expires", news->expires_us);
    put(json, "approver", news->approver);
    if (news->approver)
        json_object_set_new(json, "approver_uid", json_integer(news->approver_uid));
    put(json, "reason", news->reason);
    put(json, "detail", news->detail);
    commit(batch, json, news->message);
}

void audit_rescue(struct ledger_batch *batch, const char *user, const char *service,
    const char *detail, uint64_t realtime_us)
{
    json_t *json = begin(EVENT_RESCUE_USED, NULL);
    char message[MESSAGE_MAX];

    put(json, "subject", user);
    put(json, "service", service);
    put(json, "detail", detail);
    put_time(json, "happened", realtime_us);
    snprintf(message, sizeof(message),
        "%s was let in by %s through the rescue group while the agent was away: %s", user, service,
        or_empty(detail));
    commit(batch, json, message);
}
