/* Policy: files in, verdicts out.
 *
 * policy_decide() is pure: no I/O, no clock (the time is a fact), no log, no allocation
 * (but in regexec(3), for a ticket), and the same facts always give the same verdict. It finds
 * nothing out; what the caller does not know stays unknown, and an unknown fact never makes an
 * allow match and never hides a deny.
 *
 * Meaning: a matching deny rule beats all; else the first matching rule in file order; else
 * deny. The text of the language is assent-policy(5). A policy is immutable once loaded. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/macro.h"

struct yaml_errors;
struct policy;

#define POLICY_DIGEST_SIZE 65 /* SHA-256 in hex and a NUL */
#define POLICY_ZONES_MAX 64

/* ---- facts ---------------------------------------------------------------------------- */

enum subject_kind {
    SUBJECT_UNKNOWN,
    SUBJECT_HUMAN,
    SUBJECT_SERVICE,
};

enum tty_kind {
    TTY_UNKNOWN,
    TTY_NONE,    /* no terminal */
    TTY_PTY,     /* a pseudo-terminal: ssh, tmux, a terminal emulator */
    TTY_CONSOLE, /* a virtual or serial console of the machine */
};

/* Local time in one zone of the policy, as asked by policy_zone_name(). */
struct zone_time {
    bool known;
    int weekday; /* 0 Monday .. 6 Sunday */
    int minute;  /* of the day, 0..1439 */
    int32_t day; /* days since 1970-01-01 by the calendar of that zone */
};

/* What a ticket system said. Nobody asks one yet: every ticket is TICKET_UNASKED, and its pattern
 * decides. */
enum ticket_state {
    TICKET_UNASKED,
    TICKET_CONFIRMED,
    TICKET_REJECTED,
};

/* All pointers borrowed. A NULL or an unset known flag means "not known". */
struct facts {
    uid_t uid; /* the subject; always known */
    const char *user;
    enum subject_kind kind;
    bool groups_known;
    const gid_t *groups;
    size_t group_count;
    const char *service;
    const char *host;
    bool run_as_known;
    uid_t run_as;
    bool rhost_known;   /* `rhost` holds the address; IPv4 as ::ffff:a.b.c.d */
    bool rhost_is_none; /* a local door: there is no remote host */
    struct in6_addr rhost;
    enum tty_kind tty;
    bool command_is_none;    /* a login: no command and nobody it runs as, which is not unknown */
    const char *command;     /* absolute path; NULL unknown */
    const char *const *argv; /* argv[0] is not compared; argv[1].. are the arguments */
    size_t argc;
    bool command_writable;         /* by others than root, along its path */
    bool environment_changed;      /* by the caller, for the command */
    uint64_t now_us;               /* wall clock; 0 not known: then nothing counts as certified */
    const struct zone_time *zones; /* policy_zone_count() entries, NULL: none known */
    const char *const *labels;     /* of this host; always known */
    size_t label_count;

    /* What is asked for by name, NULL at a door. `whole`: all that the entitlement gives; then
     * service, run_as and command are not known and deny rules on them wait for each use. */
    const char *entitlement;
    bool whole;

    /* Evidence; NULL or 0: not given. */
    const char *reason;
    unsigned reason_seen; /* how often this person gave this very reason lately */
    const char *ticket;
    enum ticket_state ticket_state;
    const char *peer; /* name of a person of the policy */
    const char *control;
};

/* ---- verdict -------------------------------------------------------------------------- */

/* Far apart in their bits, like the gate's answers. */
enum decision {
    DECISION_DENY = 0x4a5d69a1,
    DECISION_ALLOW = 0x35a2965e,
    DECISION_ESCALATE = 0x63c4718d,
};

enum strength {
    STRENGTH_LOCAL, /* kernel-attested uid in a login session of the same person */
    STRENGTH_SIGNED,
    STRENGTH_HARDWARE,
};

enum sensitivity {
    SENSITIVITY_LOW,
    SENSITIVITY_MEDIUM,
    SENSITIVITY_HIGH,
    SENSITIVITY_CRITICAL,
};

/* Kinds of evidence, as bits. */
enum evidence {
    EVIDENCE_REASON = 1 << 0,
    EVIDENCE_TICKET = 1 << 1,
    EVIDENCE_PEER = 1 << 2, /* a named colleague confirms */
    EVIDENCE_CONTROL = 1 << 3,
};
#define EVIDENCE_COUNT 4

/* What evidence a rule or entitlement asks for. Borrowed from the policy. */
struct evidence_terms {
    unsigned required;          /* enum evidence */
    bool unwritten;             /* a rule that asks people wants a reason without saying so */
    unsigned reason_length;     /* visible characters at least */
    unsigned reason_repeats;    /* the same reason is taken this often */
    const char *ticket_pattern; /* POSIX extended regular expression, NULL: any word */
    const char *peers_text;     /* as written: who may confirm; NULL: anybody of people: */
    const uint32_t *peers;      /* indices for policy_person(); none with peers_text NULL */
    size_t peer_count;
    const char *const *controls; /* one of these words is named */
    size_t control_count;
};

/* Why an allow rule asks its owner instead of allowing. */
enum lapse {
    LAPSE_NONE,
    LAPSE_NEVER, /* nobody ever certified it as it stands */
    LAPSE_DATE,  /* the date is over */
    LAPSE_OWNER, /* no owner is left */
};

/* What keeps an identity of `identities:` from getting anything. */
enum identity_state {
    IDENTITY_ALIVE,
    IDENTITY_ENDED,    /* its last day is over */
    IDENTITY_UNOWNED,  /* no owner is left */
    IDENTITY_TIMELESS, /* what time it is, is not known */
};

/* Who is asked, how many of them must agree, and for how long. Borrowed from the policy. */
struct stage {
    const char *from_text;  /* as written, for people: "dba-leads" or "dba-leads, sre-oncall" */
    const uint32_t *people; /* indices for policy_person() */
    size_t people_count;
    unsigned need; /* distinct people, >= 1 */
    uint64_t within_us;
};

struct verdict {
    enum decision decision;
    const char *rule;     /* id; NULL when no rule matched */
    const char *reason;   /* the rule's own words, or a fixed text; never NULL */
    const char *advice;   /* the rule's `instead:`, or a fixed text, or NULL */
    uint64_t duration_us; /* allow and escalate: how long a grant lasts */
    unsigned uses;        /* 0: any number within the duration */
    const struct stage *stages;
    size_t stage_count;
    enum strength strength;
    bool keep; /* the request stays when the requester goes away */
    bool survives_reboot;
    const char *entitlement; /* by which it matched, NULL none */
    enum sensitivity sensitivity;
    enum lapse lapse; /* an allow rule that escalates */

    /* What the subject is by `identities:`; it is of kind service then, whatever the facts say.
     * Unless it is alive, `decision` is deny. */
    const char *identity; /* NULL: none */
    enum identity_state identity_state;

    /* Nothing opens while evidence is missing, whatever `decision` says. A peer is missing only
     * until one is named; the request then waits for that person's word. */
    const struct evidence_terms *evidence; /* NULL: none asked for */
    unsigned missing;                      /* enum evidence */

    /* What rules in monitor mode would have made of it; 0: the same. Not enforced. */
    enum decision would;
    const char *would_rule; /* NULL: by default */
};

/* ---- people --------------------------------------------------------------------------- */

enum person_state {
    PERSON_HERE,
    PERSON_ABSENT,  /* none of their accounts exists */
    PERSON_LOCKED,  /* those that exist are locked */
    PERSON_EXPIRED, /* or have run out */
    PERSON_UNLISTED /* in a group, but not in `people:`, which this policy has */
};

struct person {
    const char *name;
    const uid_t *uids; /* resolved accounts; an account that does not exist is left out */
    size_t uid_count;
    const char *const *accounts;
    size_t account_count;
    const char *mail; /* or NULL */
};

/* ---- loading -------------------------------------------------------------------------- */

/* A file of the policy: where it came from and what it says. `text` NULL: it could not be
 * read, which the caller has reported; names it may define are not missed elsewhere. */
struct policy_file {
    const char *name;
    const char *text;
    size_t length;
};

/* Compiles files (in the order given). Returns the policy, or NULL with every error found
 * in `errors`, each as file, line and column. Accounts are not resolved yet: until
 * policy_resolve() has been called for a name it matches nobody. */
struct policy *policy_compile(
    const struct policy_file *files, size_t count, struct yaml_errors *errors);

/* The files of a policy, names and texts owned. Zero-initialise; free with policy_files_done. All
 * of them together are at most so large: what is loaded is kept in the ledger, text and all. */
#define POLICY_FILES_MAX 1024
#define POLICY_SIZE_MAX ((size_t)16 * 1024 * 1024)
struct policy_files {
    struct policy_file *items;
    size_t count;
    size_t size; /* of all texts */
};

/* Takes name and text, in every case; a NULL name is one there was no memory for. `text` may be
 * NULL. Returns 0 or -ENOMEM. */
MUST_USE int policy_files_add(struct policy_files *files, char *name, char *text, size_t length);
void policy_files_done(struct policy_files *files);

/* Reads `directory`/ *.yaml in name order. Refuses (error at 0:0) files and a directory that others
 * than root or `owner` can write, and what is too large. A missing or empty directory is an empty
 * policy: everything is denied. This and policy_load() alone do I/O here. */
void policy_read(
    const char *directory, uid_t owner, struct policy_files *ret_files, struct yaml_errors *errors);

/* The same, compiled. */
struct policy *policy_load(const char *directory, uid_t owner, struct yaml_errors *errors);

/* Gives back one reference; the last one frees. NULL-safe. policy_ref() takes another: whoever
 * holds a verdict past the next reload needs one. One thread. */
struct policy *policy_ref(struct policy *policy);
bool policy_is_shared(const struct policy *policy); /* there is more than this reference */
void policy_free(struct policy *policy);
static inline void cleanup_policy(struct policy **policy)
{
    policy_free(*policy);
}

/* Names the policy uses, for the resolver: user names, then group names. The id is told
 * by policy_resolve_*; before the first decision, from one thread. */
size_t policy_user_count(const struct policy *policy);
const char *policy_user_name(const struct policy *policy, size_t index);
void policy_resolve_user(struct policy *policy, size_t index, bool exists, uid_t uid);
/* What else is known of the account, beside its id: nobody can log in with it, or only before
 * `expires_us` (wall clock; 0: no end). Of accounts nothing is noted of, all is well. */
void policy_note_account(struct policy *policy, size_t index, bool locked, uint64_t expires_us);
size_t policy_group_count(const struct policy *policy);
const char *policy_group_name(const struct policy *policy, size_t index);
void policy_resolve_group(struct policy *policy, size_t index, bool exists, gid_t gid);

/* What was told; false: it does not exist. */
bool policy_user_id(const struct policy *policy, size_t index, uid_t *ret_uid);
bool policy_group_id(const struct policy *policy, size_t index, gid_t *ret_gid);

/* Builds the index once every name has been told; call it again after telling changed ids.
 * Until then decisions are the same, only slower: each rule is looked at. From one thread,
 * while nobody decides. */
void policy_ready(struct policy *policy);

/* Time zones the policy names, so that the caller can supply facts.zones. Index 0 is always
 * the host's own zone (name ""). */
size_t policy_zone_count(const struct policy *policy);
const char *policy_zone_name(const struct policy *policy, size_t index);

/* Calls `visit` with the path pattern of every command, for warnings about paths that lead
 * elsewhere on this host. */
void policy_each_command(const struct policy *policy,
    void (*visit)(const char *pattern, void *userdata), void *userdata);

/* SHA-256 over the canonical form, in hex. */
const char *policy_digest(const struct policy *policy);

size_t policy_rule_count(const struct policy *policy);

/* ---- rules and entitlements, one by one ------------------------------------------------- */

struct place_info {
    const char *file;
    unsigned line, column;
};

/* Borrowed from the policy. */
struct rule_info {
    const char *id;
    const char *owner; /* or NULL */
    enum decision decision;
    bool disabled;
    bool monitored;
    uint64_t certified_us; /* allow: up to this moment, with the certificates told; 0 not */
    struct place_info place;
};
void policy_rule(const struct policy *policy, size_t index, struct rule_info *ret_info);

/* By id; -1 when there is none. */
int64_t policy_find_rule(const struct policy *policy, const char *id);

/* The rule is watched though its file does not say so (any more), or as its file says again. Loop
 * thread; holds for this policy object. */
void policy_watch_rule(struct policy *policy, size_t index, bool watched);
bool policy_rule_says_monitor(const struct policy *policy, size_t index);

/* SHA-256 over what the rule means, with the entitlements it names, without its certificate: a
 * rule that was changed is another rule. Returns 0 or -ENOMEM. */
MUST_USE int policy_rule_digest(
    const struct policy *policy, size_t index, char ret_hex[POLICY_DIGEST_SIZE]);

/* An allow rule is certified up to `until_us`, if that is later than what its file says. Loop
 * thread; holds for this policy object. */
void policy_certify(struct policy *policy, size_t index, uint64_t until_us);

/* For tests of a policy that name no time: as long as the time is not known, every certificate
 * counts and no identity has ended. Never for a policy in force. */
void policy_trust_certificates(struct policy *policy);

/* Whom it asks: an escalate rule the people of its approval, an allow rule that has lapsed its
 * owner. NULL: nobody. */
const struct stage *policy_rule_stage(const struct policy *policy, size_t index);

/* Whether this subject is for sure among those it is about, on this host: `who`, and who may ask
 * for an entitlement that it names. */
bool policy_rule_is_for(const struct policy *policy, size_t index, const struct facts *facts);

/* Why an allow rule would ask its owner at that moment. */
enum lapse policy_rule_lapse(const struct policy *policy, size_t index, uint64_t now_us);

struct entitlement_info {
    const char *name;
    const char *description; /* or NULL */
    const char *owner;
    enum sensitivity sensitivity;
    uint64_t max_duration_us;
    const struct evidence_terms *evidence;
    const char *digest;          /* of what it opens */
    const char *const *services; /* these as written; empty: any */
    size_t service_count;
    const char *const *groups;
    size_t group_count;
    size_t run_as_count, command_count, host_count, label_count;
    struct place_info place;
};
size_t policy_entitlement_count(const struct policy *policy);
void policy_entitlement(
    const struct policy *policy, size_t index, struct entitlement_info *ret_info);
int64_t policy_find_entitlement(const struct policy *policy, const char *name);

/* Its lists, one by one; commands as one line that reads like the pattern. Fresh memory for
 * commands, borrowed else. */
const char *policy_entitlement_run_as(const struct policy *policy, size_t index, size_t i);
const char *policy_entitlement_host(const struct policy *policy, size_t index, size_t i);
const char *policy_entitlement_label(const struct policy *policy, size_t index, size_t i);
char *policy_entitlement_command(const struct policy *policy, size_t index, size_t i);

/* Whether these facts of a door lie inside what it opens, known for sure. Who may ask for it does
 * not matter here: that was judged when it was granted. */
bool policy_entitlement_opens(const struct policy *policy, size_t index, const struct facts *facts);

/* The same where the command is not known yet. */
bool policy_entitlement_may_open(
    const struct policy *policy, size_t index, const struct facts *facts);

/* Whether this subject is among those who may ask for it, on this host. */
bool policy_entitlement_is_for(
    const struct policy *policy, size_t index, const struct facts *facts);

/* ---- identities -------------------------------------------------------------------------- */

/* Borrowed from the policy. */
struct identity_info {
    const char *name;
    const char *account;
    bool has_uid; /* the account exists here */
    uid_t uid;
    const char *owner;
    const uint32_t *people; /* the owner's, indices for policy_person() */
    size_t people_count;
    const char *purpose;
    uint64_t expires_us;  /* the first moment at which it has ended */
    const char *last_day; /* the day before that, as written */
    struct place_info place;
};
size_t policy_identity_count(const struct policy *policy);
void policy_identity(const struct policy *policy, size_t index, struct identity_info *ret_info);
enum identity_state policy_identity_state(
    const struct policy *policy, size_t index, uint64_t now_us);

/* By name, or by an account's uid; -1: none. Of several whose accounts have one uid, the first that
 * is not alive, or else the first. */
int64_t policy_find_identity(const struct policy *policy, const char *name);
int64_t policy_identity_of(const struct policy *policy, uid_t uid, uint64_t now_us);

/* Why it gets nothing, for people, and what to do about it; NULL while it is alive. */
const char *policy_identity_reason(
    const struct policy *policy, size_t index, enum identity_state state);
const char *policy_identity_advice(
    const struct policy *policy, size_t index, enum identity_state state);

/* ---- explaining -------------------------------------------------------------------------- */

/* What a rule looks at, in the order in which explanations name it. */
enum condition {
    CONDITION_NONE,
    CONDITION_DISABLED,
    CONDITION_USER,
    CONDITION_NOT_USER,
    CONDITION_KIND,
    CONDITION_GROUP,
    CONDITION_NOT_GROUP,
    CONDITION_ENTITLEMENT,
    CONDITION_SERVICE,
    CONDITION_HOST,
    CONDITION_LABEL,
    CONDITION_RHOST,
    CONDITION_TTY,
    CONDITION_WHEN,
    CONDITION_RUN_AS,
    CONDITION_COMMAND,
    CONDITION_PART, /* it lets through a part of the entitlement, and the whole is asked for */
    CONDITION_WRITABLE,
    CONDITION_ENVIRONMENT,
    CONDITION_OWNER,    /* lapsed, and no owner is left to ask */
    CONDITION_IDENTITY, /* who asks is an identity that is not alive */
};

/* As in the file: "who.group", "what.command". */
const char *condition_to_string(enum condition condition);

enum standing {
    STANDING_DECIDES, /* this rule made the verdict */
    STANDING_MATCHES, /* it matches as well, but another came first */
    STANDING_FAILS,   /* `condition` does not hold */
    STANDING_UNKNOWN, /* `condition` is not known, so that it does not match */
};

struct rule_finding {
    struct rule_info rule;
    enum standing standing;
    enum condition condition; /* the first that stood in the way */
    const char *
        entitlement; /* CONDITION_ENTITLEMENT, _PART: the one looked at; else by which it matched */
    enum condition inside; /* which of the entitlement's own conditions that was */
    enum lapse lapse;
};

/* Decides, and calls `visit` for each rule in file order. */
typedef void policy_explain_fn(const struct rule_finding *finding, void *userdata);
void policy_explain(const struct policy *policy, const struct facts *facts,
    struct verdict *ret_verdict, policy_explain_fn *visit, void *userdata);

/* ---- asking --------------------------------------------------------------------------- */

/* Decides. Always fills `ret_verdict`; its pointers live as long as the policy. */
void policy_decide(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict);

/* For sudo's account phase beside the plugin, where command and run-as are not known yet:
 * DENY if nothing could come of it whatever the command is, ALLOW if some allow or escalate rule
 * could still match. */
void policy_possible(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict);

/* Whether rules give a part of an entitlement that was asked for as a whole (facts.whole) and
 * refused: not counting deny rules, and what is not known speaks for it. For words alone: it opens
 * nothing, and looks at each rule. */
bool policy_gives_part(const struct policy *policy, const struct facts *facts);

/* Whether any rule for `service` looks at groups, so that the client has to tell them. */
bool policy_needs_groups(const struct policy *policy, const char *service);

/* Whether a deny rule (alone) matches: the check at each use of a grant. */
bool policy_denies(
    const struct policy *policy, const struct facts *facts, struct verdict *ret_verdict);

size_t policy_person_count(const struct policy *policy);
const struct person *policy_person(const struct policy *policy, uint32_t index);

/* Whether they can be asked. */
enum person_state policy_person_state(const struct policy *policy, uint32_t index, uint64_t now_us);

/* When the last of their accounts that can be used now runs out; 0: none does. */
uint64_t policy_person_ends(const struct policy *policy, uint32_t index, uint64_t now_us);

/* The people of a group of the policy, or the one person of that name; NULL items: no such.
 * Borrowed.
 */
struct people_list {
    const uint32_t *items;
    size_t count;
};
struct people_list policy_people_of(const struct policy *policy, const char *name);

/* The index of the person who owns this account, or -1. */
int64_t policy_person_of(const struct policy *policy, uid_t uid);

/* Whether the rule with that id still grants something: it is there, enforced, and no deny. */
bool policy_rule_grants(const struct policy *policy, const char *rule);

/* Whether it asks this person (an index for policy_person()) besides. */
bool policy_rule_asks(const struct policy *policy, const char *rule, uint32_t person);

/* Words for the terms: "deny", "allow", "escalate"; "local", "signed", "hardware". */
const char *decision_to_string(enum decision decision);
const char *strength_to_string(enum strength strength);
const char *subject_kind_to_string(enum subject_kind kind);
const char *sensitivity_to_string(enum sensitivity sensitivity);
const char *evidence_to_string(enum evidence kind); /* "reason", "ticket", "peer", "control" */
const char *person_state_to_string(enum person_state state); /* for people: "is locked" */
const char *lapse_to_string(enum lapse lapse);               /* for people */
const char *lapse_to_word(enum lapse lapse);                 /* "none", "never", "date", "owner" */
const char *identity_state_to_word(enum identity_state state); /* "active", "ended", "unowned" */
/* As lapse_to_word() says it of a rule: "date", "owner"; NULL when neither. */
const char *identity_state_to_lapse(enum identity_state state);
