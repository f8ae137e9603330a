/* What a policy is once compiled, for the files of this folder only. Everything but the ids
 * told by policy_resolve_*() and the index built from them is fixed when policy_compile() returns.
 */
#pragma once

#include "command.h"
#include "index.h"
#include "names.h"
#include "network.h"
#include "policy.h"
#include "window.h"

#define DURATION_DEFAULT_US (15 * 60 * UINT64_C(1000000))
/* How long a lapsed rule waits for its owner, and a rule for the colleague who confirms. */
#define OWNER_WITHIN_US (3600 * UINT64_C(1000000))
#define PEER_WITHIN_US (3600 * UINT64_C(1000000))
#define DURATION_MAX_US (7 * 86400 * UINT64_C(1000000))
#define USES_MAX 1000000
#define PERSON_NONE UINT32_MAX
#define IDENTITY_NONE UINT32_MAX

struct evidence_rule;
struct ticket_pattern;

/* Numbers of names: users, groups, people, entitlements. */
struct numbers {
    const uint32_t *items;
    size_t count;
};

/* An account the policy names. Who owns it is said in `people:`. */
struct user {
    bool exists;
    bool locked;
    uid_t uid;
    uint64_t expires_us; /* 0: never */
    uint32_t person;     /* PERSON_NONE: nobody in particular */
    uint32_t identity;   /* that it is the account of, or IDENTITY_NONE */
};

struct owner {
    struct person person;
    uint32_t number;
    bool listed;           /* stands in `people:` */
    const uint32_t *users; /* one per account */
    uid_t *uids;           /* person.uids, to be written */
};

struct group {
    bool exists;
    gid_t gid;
};

/* Where something stands in the files, for findings. */
struct place {
    uint32_t file; /* for policy->files */
    uint32_t line, column;
};

/* A finding that its author has accepted, with the reason. */
struct accept {
    const char *lint;
    const char *reason;
    const struct accept *next;
    struct place place;
};

/* A condition whose list is empty (or mask zero) holds always. */

struct who {
    struct numbers users, groups;         /* in one of them */
    struct numbers not_users, not_groups; /* in none of them */
    unsigned kinds;                       /* 1 << enum subject_kind */
};

struct what {
    struct text_list services;
    struct numbers run_as; /* users */
    const struct command *commands;
    size_t command_count;
};

struct hosts {
    struct text_list names;  /* patterns in normal form */
    struct text_list labels; /* one of them is the host's */
};

struct entitlement {
    const char *name;
    const char *description; /* these two or NULL */
    const char *owner;
    struct who who; /* may ask for it */
    struct what what;
    struct hosts hosts;
    struct text_list groups; /* joined while granted */
    uint64_t max_duration_us;
    enum sensitivity sensitivity;
    const struct evidence_rule *evidence;
    const struct accept *accepts;
    struct place place;
    char digest[POLICY_DIGEST_SIZE]; /* of what it opens */
};

struct rule {
    const char *id;
    const char *owner; /* these three or NULL */
    const char *reason;
    const char *advice;
    enum decision decision;
    bool disabled;
    bool says_monitor; /* in the file */
    bool monitored;

    struct who who;
    struct numbers entitlements; /* in one of them */
    struct what what;
    bool writable_allowed;
    bool environment_allowed; /* allow rules only */

    struct hosts hosts;
    const struct network *networks;
    size_t network_count;
    bool local;    /* `local` stands in rhost */
    unsigned ttys; /* 1 << enum tty_kind */

    struct window window;

    uint64_t duration_us;
    bool duration_stated; /* it stands in the file */
    unsigned uses;
    bool survives_reboot;
    bool keep;
    enum strength strength;
    const struct evidence_rule *evidence; /* NULL: none of its own */
    const struct stage *stage;            /* escalate: who is asked; allow: its owner */

    uint64_t certified_file_us; /* allow: certified up to this; 0 not at all */
    uint64_t certified_us;      /* the same with the certificates told since */
    const struct accept *accepts;
    struct place place;
};

/* Something of a kind that is no person, by its account. */
struct identity {
    const char *name;
    uint32_t user;
    const char *owner;
    struct numbers people; /* behind the owner */
    const char *purpose;
    uint64_t expires_us;
    const char *last_day; /* as written */
    const char *ended_reason,
        *ended_advice;          /* for people, put together once: a verdict allocates */
    const char *unowned_reason; /* nothing */
    const struct accept *accepts;
    struct place place;
};

struct owned_uid {
    uid_t uid;
    uint32_t person;
};

struct identity_uid {
    uid_t uid;
    uint32_t identity;
};

struct policy {
    unsigned references; /* beyond the first */
    struct arena arena;  /* every text and list below */
    struct rule *rules;  /* in file order */
    size_t rule_count;
    struct names rule_ids; /* numbered as they are */
    bool has_monitored;
    bool trusts_certificates; /* policy_trust_certificates() */

    struct names entitlement_names;
    struct entitlement *entitlements; /* by number of their name */
    struct ticket_pattern *ticket_patterns;
    struct names identity_names;
    struct identity *identities; /* by number of their name */
    struct names files;
    const struct accept *accepts; /* for the policy as a whole */
    struct names team_names;      /* the groups of `groups:`, as opposed to those of the system */
    struct numbers *team_people;  /* one per team, in the arena; */
    struct place *team_places;    /* so is this */

    struct arena name_texts; /* of accounts and groups: near each other, they are looked up often */
    struct names user_names;
    struct user *users;
    struct names group_names;
    struct group *groups;
    struct names zones; /* 0 is "", the host's own */

    struct names people_names;
    struct owner *people;
    bool lists_people; /* has `people:` */

    struct names group_services; /* services whose rules look at groups */
    bool every_service_needs_groups;

    struct index index;
    struct owned_uid *owned; /* sorted by uid; NULL until policy_ready() */
    size_t owned_count;
    struct identity_uid *identity_uids; /* the same of identities */
    size_t identity_uid_count;

    char digest[POLICY_DIGEST_SIZE];
};

/* The name of its file comes with it. */
struct place_info policy_place(const struct policy *policy, const struct place *place);
