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
#define DURATION_MAX_US (7 * 86400 * UINT64_C(1000000))
#define USES_MAX 1000000
#define PERSON_NONE UINT32_MAX

/* Numbers of names: users, groups, people. */
struct numbers {
    const uint32_t *items;
    size_t count;
};

/* An account the policy names. Who owns it is said in `people:`. */
struct user {
    bool exists;
    uid_t uid;
    uint32_t person; /* PERSON_NONE: nobody in particular */
};

struct owner {
    struct person person;
    const uint32_t *users; /* one per account */
    uid_t *uids;           /* person.uids, to be written */
};

struct group {
    bool exists;
    gid_t gid;
};

/* A condition whose list is empty (or mask zero) holds always. */
struct rule {
    const char *id;
    const char *owner; /* these three or NULL */
    const char *reason;
    const char *advice;
    enum decision decision;

    struct numbers users;
    struct numbers groups;
    unsigned kinds; /* 1 << enum subject_kind */

    struct text_list services;
    struct numbers run_as; /* users */
    const struct command *commands;
    size_t command_count;
    bool writable_allowed;
    bool environment_allowed; /* allow rules only */

    struct text_list hosts; /* patterns in normal form */
    const struct network *networks;
    size_t network_count;
    bool local;    /* `local` stands in rhost */
    unsigned ttys; /* 1 << enum tty_kind */

    struct window window;

    uint64_t duration_us;
    unsigned uses;
    bool survives_reboot;
    bool keep;
    bool reason_required;
    enum strength strength;
    const struct stage *stage; /* escalate only */
};

struct owned_uid {
    uid_t uid;
    uint32_t person;
};

struct policy {
    unsigned references; /* beyond the first */
    struct arena arena;  /* every text and list below */
    struct rule *rules;  /* in file order */
    size_t rule_count;

    struct names user_names;
    struct user *users;
    struct names group_names;
    struct group *groups;
    struct names zones; /* 0 is "", the host's own */

    struct names people_names;
    struct owner *people;

    struct names group_services; /* services whose rules look at groups */
    bool every_service_needs_groups;

    struct index index;
    struct owned_uid *owned; /* sorted by uid; NULL until policy_ready() */
    size_t owned_count;

    char digest[POLICY_DIGEST_SIZE];
};
