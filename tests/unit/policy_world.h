/* A small world for random policies and facts, so that things meet: what may be written in it,
 * drawn rules and facts, the policy's text, and facts as the engine takes them. Nothing here says
 * what a policy means; policy_oracle.h does. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../agent/policy/policy.h"

#define UNKNOWN (-1)
#define NONE (-2) /* a login has no command */

#define WORLD_USERS 6 /* the last does not exist */
#define WORLD_GROUPS 5
#define WORLD_HOST_PATTERNS 6
#define WORLD_COMMAND_PATTERNS 7
#define WORLD_ANY 5 /* the pattern `any` */
#define WORLD_PEOPLE 6
#define WORLD_OWNERS 7
#define WORLD_PEERS 6
#define WORLD_REASONS 7
#define WORLD_TICKETS 6
#define WORLD_PATTERNS 3
#define WORLD_ENTITLEMENTS 4
#define WORLD_IDENTITIES 4
#define WORLD_RULES 300

/* Time runs over two weeks, in minutes UTC, from a Monday. The host's zone is an hour ahead, the
 * other one nine. */
#define WORLD_MINUTES (14 * 1440)
#define WORLD_BASE_S INT64_C(1794787200) /* 2026-11-16 */
#define WORLD_DAY_ENDS 7                 /* when the account of "eve" runs out */

/* Bits over the lists of the world; 0: left out. */
struct world_who {
    unsigned users, not_users, groups, not_groups, kinds;
};

struct world_what {
    unsigned services, run_as, commands;
};

struct world_hosts {
    unsigned names, labels;
};

enum world_word { UNSAID, REQUIRED, OPTIONAL, LISTED };

struct world_evidence {
    bool said;
    enum world_word reason, ticket, peer;
    unsigned length, repeats; /* 0: unsaid */
    unsigned pattern;         /* ticket LISTED: a pattern */
    unsigned peers;           /* peer LISTED: a number of world_peers */
    unsigned controls;        /* bits */
};

struct world_entitlement {
    struct world_who who;
    struct world_what what;
    struct world_hosts hosts;
    enum sensitivity sensitivity;
    unsigned minutes;
    struct world_evidence evidence;
};

/* A moment: `minute` of the world, by UTC or by the clock of the rule's zone. */
struct world_moment {
    enum { MOMENT_UNSAID, MOMENT_UTC, MOMENT_CLOCK, MOMENT_DATE } form;
    int minute;
};

struct world_rule {
    enum decision decision;
    bool disabled, monitored, writable, environment;
    struct world_who who;
    unsigned entitlements;
    struct world_what what;
    struct world_hosts hosts;
    unsigned networks, ttys;
    bool weekly;
    unsigned days;
    int from, to; /* minutes of the day */
    unsigned zone;
    struct world_moment since, before;
    unsigned minutes;
    unsigned owner;               /* number of world_owners */
    int certified, certified_too; /* days of the world, in the file and told since; UNKNOWN: not */
    struct world_evidence evidence;
};

/* Of the accounts u3, u4, "twin", which has the uid of u4, and "gone", which does not exist. */
struct world_identity {
    bool there;
    unsigned owner; /* number of world_owners, not the last */
    int last_day;   /* of the world; may lie before it */
};

struct world_policy {
    struct world_identity identities[WORLD_IDENTITIES];
    struct world_entitlement entitlements[WORLD_ENTITLEMENTS];
    struct world_rule rules[WORLD_RULES];
    unsigned rule_count;
};

/* Facts: UNKNOWN or a number. */
struct world_facts {
    int user, kind, service, run_as, tty, host, address, command, arguments;
    int groups; /* bits */
    unsigned labels;
    int minute; /* of the world */
    bool zone_known[2];
    bool writable, changed;
    int asked; /* an entitlement by name, WORLD_ENTITLEMENTS: one that is not there */
    bool whole;
    unsigned reason, ticket, seen;
    enum ticket_state ticket_state;
    int peer, control;
};

/* What the lists hold, for the oracle. */
struct world_pattern {
    const char *text;
    unsigned accepts; /* bits over hosts or commands */
    int arguments;    /* exact number, UNKNOWN for any */
};
extern const struct world_pattern world_host_patterns[WORLD_HOST_PATTERNS];
extern const struct world_pattern world_command_patterns[WORLD_COMMAND_PATTERNS];

struct world_people {
    const char *text;
    unsigned people; /* bits over the people */
};
extern const struct world_people world_owners[WORLD_OWNERS]; /* the last: none */
extern const struct world_people world_peers[WORLD_PEERS];

struct world_reason {
    const char *text;
    unsigned length; /* characters but blanks */
};
extern const struct world_reason world_reasons[WORLD_REASONS];

struct world_ticket {
    const char *text;
    unsigned matches; /* bits over the patterns */
    bool fits;        /* 1 to 64 bytes */
};
extern const struct world_ticket world_tickets[WORLD_TICKETS];

/* Minutes that the clock of a zone is ahead of UTC. */
extern const int world_ahead[2];

void world_seed(uint64_t seed);
unsigned world_draw(unsigned below);
void world_draw_policy(struct world_policy *policy, unsigned rule_count);
void world_draw_facts(struct world_facts *facts);

/* The policy as text; the caller frees. */
char *world_print(const struct world_policy *policy);

/* Tells its ids, what is noted of accounts, and the certificates that came later. */
void world_resolve(struct policy *policy, const struct world_policy *drawn);

struct world_memory {
    gid_t groups[4];
    struct zone_time zones[2];
    const char *labels[3];
};
struct facts world_make_facts(
    const struct policy *policy, const struct world_facts *facts, struct world_memory *memory);
