/* The audit records: one function per kind of event, each fixes its fields and its one-line
 * message. They add a JSON record (keys as in docs/journal.md) to a batch that the
 * caller submits; nothing here does I/O. Texts are escaped already when they get here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ledger_batch;
struct facts;
struct subject;
struct scope;
struct request;
struct approval;
struct grant;
struct loading;
struct verdict;

/* Event names: the values of ASSENT_EVENT (INTERFACES "Journal", docs/journal.md). */
#define EVENT_POLICY_LOADED "policy-loaded"
#define EVENT_POLICY_REJECTED "policy-rejected"
#define EVENT_RULE_LAPSING "rule-lapsing"
#define EVENT_RULE_LAPSED "rule-lapsed"
#define EVENT_IDENTITY_LAPSING "identity-lapsing"
#define EVENT_IDENTITY_LAPSED "identity-lapsed"
#define EVENT_RECERTIFIED "recertified"
#define EVENT_PERSON_LEAVING "person-leaving"
#define EVENT_PERSON_GONE "person-gone"
#define EVENT_DECIDED "decided"
#define EVENT_REQUEST_OPENED "request-opened"
#define EVENT_STAGE_STARTED "stage-started"
#define EVENT_APPROVAL "approval"
#define EVENT_REFUSAL "refusal"
#define EVENT_REQUEST_EXPIRED "request-expired"
#define EVENT_REQUEST_WITHDRAWN "request-withdrawn"
#define EVENT_GRANTED "granted"
#define EVENT_USED "used"
#define EVENT_DENIED_USE "denied-use"
#define EVENT_SESSION_OPENED "session-opened"
#define EVENT_SESSION_ENDED "session-ended"
#define EVENT_COMPLETED "completed"
#define EVENT_EXPIRED "expired"
#define EVENT_REVOKED "revoked"
#define EVENT_ENFORCED "enforced"
#define EVENT_AGENT_STARTED "agent-started"
#define EVENT_AGENT_STOPPED "agent-stopped"
#define EVENT_RESCUE_USED "rescue-used"
#define EVENT_INTEGRITY_FAILED "integrity-failed"

/* A decision at a door as it was asked and answered. */
struct audit_decision {
    const char *chain;
    const struct subject *subject;
    const struct scope *scope;
    const struct verdict *verdict;
    const char *policy; /* digest */
    const char *tty;
    const char *owner;          /* of the rule, else of the identity that asks; or NULL */
    const char *reason;         /* typed by the person */
    bool watched;               /* by monitor mode: let through, whatever the verdict is */
    bool selftest;              /* nobody asked: `assent setup` tried its lines */
    bool turned_away;           /* refused: what the verdict wants could not be had at this door */
    const struct facts *facts;  /* NULL: policy was not asked this question, because: */
    const char *facts_left_out; /* static */
};

void audit_decided(struct ledger_batch *batch, const struct audit_decision *decision);

/* Refusals that were counted instead of recorded one by one. */
struct refusal;
void audit_repeats(struct ledger_batch *batch, const struct refusal *refusal);

/* Any event about a request; `person` acts, `detail` says why (both may be NULL). */
void audit_request(struct ledger_batch *batch, const char *event, const struct request *request,
    const char *person, const char *detail);
void audit_approval(
    struct ledger_batch *batch, const struct request *request, const struct approval *approval);

/* Any event about a grant; `session` is logind's id or NULL. */
void audit_grant(struct ledger_batch *batch, const char *event, const struct grant *grant,
    const char *detail, const char *session);

/* A login session under a rule's own allow, known only by its chain. */
void audit_session(struct ledger_batch *batch, const char *event, const char *chain,
    const struct subject *subject, const char *service, const char *session);

/* A policy took force. */
void audit_policy(struct ledger_batch *batch, const struct loading *loading, const char *message);

/* What becomes of a rule, an identity, or a person whom those need. NULL and 0 have no field. */
struct audit_news {
    const char *event;
    const char *message;
    const char *policy; /* digest */
    const char *rule;
    const char *rule_digest;
    const char *identity;
    const char *owner;
    const char *lapse;   /* lapse_to_word() */
    const char *person;  /* of the policy */
    uint64_t expires_us; /* wall clock */
    const char *approver;
    uint32_t approver_uid; /* with `approver` */
    const char *reason;
    const char *detail;
};
void audit_news(struct ledger_batch *batch, const struct audit_news *news);

/* The agent itself: started, stopped, policy rejected. `digest` may be NULL. */
void audit_agent(
    struct ledger_batch *batch, const char *event, const char *digest, const char *message);

/* Monitor mode was left for `what`. */
void audit_enforced(struct ledger_batch *batch, const char *what, const char *person, uid_t uid);

/* A use of the rescue door while the agent was away, from its spool file. */
void audit_rescue(struct ledger_batch *batch, const char *user, const char *service,
    const char *detail, uint64_t realtime_us);
