/* Which rules could match at all: each rule is filed under the values of one of its conditions,
 * the one that fewest other rules share. Looking a request's own values up then finds every rule
 * that can match it, at a cost that does not grow with the others.
 *
 * A deny rule matches as well when the fact is unknown; so the rules filed by each kind of
 * value also stand in one list together, for when that fact is missing. policy_possible()
 * needs the same of the other rules on commands.
 *
 * What is asked for by the name of an entitlement is answered by the rules that name it, which are
 * filed by that as well. Of a whole entitlement a deny rule must cover every service and command,
 * so that looking up the first of each is enough. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct facts;
struct policy;

enum index_key {
    INDEX_USER,
    INDEX_GROUP,
    INDEX_COMMAND,
    INDEX_HOST,
    INDEX_SERVICE,
    INDEX_ALWAYS,      /* nothing to file it under */
    INDEX_ENTITLEMENT, /* besides, allow and escalate rules: what is asked for by name */
    INDEX_KEYS,
};

/* Rule numbers in file order, as a part of index.rules. */
struct index_list {
    uint32_t start;
    uint32_t count;
};

struct index_slot {
    uint32_t hash; /* of the value and the class of rule; two values with one hash share a list */
    struct index_list list;
};

struct index {
    struct index_slot *slots; /* NULL: not built */
    uint32_t mask;
    uint32_t *rules;
    struct index_list all[INDEX_KEYS][2]; /* everything filed by that key; [1]: deny rules */
};

/* Builds the index for the ids as told so far. Without memory there is none. */
void index_build(struct policy *policy);
void index_done(struct index *index);

/* What is looked for. */
struct index_query {
    const struct policy *policy;
    const struct facts *facts;
    bool denies;   /* deny rules, else all others */
    bool possible; /* a command that is not known may still become any */
};

/* Calls `visit` with lists that together hold every such rule that could match. A rule may
 * stand in several lists. */
typedef void index_visit(void *data, const uint32_t *rules, size_t count);
void index_find(const struct index_query *query, index_visit *visit, void *data);
