/* Random policies of a small world, as YAML, and random facts in it, for tests of what is said
 * about policies. A login has no command, as at every real door. */
#pragma once

#include <stdint.h>

#include "../../agent/policy/policy.h"

#define DRAWN_RULES 14                                /* at most: r0, r1, ... */
#define DRAWN_ENTITLEMENTS 4                          /* e0, e1, ... */
#define DRAWN_NOW_US (UINT64_C(1795176000) * 1000000) /* 2026-11-20 12:00 UTC */

/* A rule: bits over the lists of drawn_policy.c. */
enum drawn_list {
    USERS,
    NOT_USERS,
    GROUPS,
    NOT_GROUPS,
    KINDS,
    SERVICES,
    RUN_AS,
    HOSTS,
    LABELS,
    NETWORKS,
    TTYS,
    COMMANDS,
    DAYS,
    ENTITLED,
    DRAWN_LISTS,
};

struct drawn_rule {
    unsigned id;
    enum decision decision;
    unsigned bits[DRAWN_LISTS];
    unsigned hours, span, zone, certificate, owner;
    bool writable, environment, disabled, monitored;
};

struct drawn_policy {
    struct drawn_rule rules[DRAWN_RULES];
    unsigned count;
    struct drawn_rule entitlements[DRAWN_ENTITLEMENTS];
};

/* Starts the row of random numbers; one below `below`; true so often. */
void drawn_seed(uint64_t seed);
unsigned draw(unsigned below);
bool chance(unsigned percent);

struct drawn_policy draw_policy(void);

/* Changes one thing of a rule. */
void draw_change(struct drawn_rule *rule);

/* Compiles it, with ids told: u0 is 100 and so on, and twin has the id of u0. *ret_text (caller
 * frees) is the YAML. Fails the running test if it does not compile. */
struct policy *drawn_compile(const struct drawn_policy *drawn, char **ret_text);

struct drawn_memory {
    gid_t groups[2];
    const char *argv[4];
    struct zone_time zones[POLICY_ZONES_MAX];
    const char *labels[2];
};

/* Facts that point into `memory`. */
struct facts draw_facts(struct drawn_memory *memory);
