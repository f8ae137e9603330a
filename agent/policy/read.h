/* Reading values of the policy language: each function takes a YAML node, adds an error
 * when it is not of that form, and goes on. For the files of this folder only. */
#pragma once

#include "../yaml/yaml.h"
#include "model.h"

/* What is known while files are compiled. */
struct reading {
    struct policy *policy;
    struct yaml_errors *errors;
    bool out_of_memory;
    bool incomplete; /* a file could not be read to its end: names may be missing */
    uint32_t users_size, groups_size, people_size; /* of the policy's growing arrays */
    uint32_t entitlements_size, identities_size;
    struct names from_texts; /* approver sets, each kept once */
    struct numbers *from_people;
    uint32_t from_size;
};

/* Makes room for item `count`; sets reading->out_of_memory and returns false without memory. */
MUST_USE bool read_grow(
    struct reading *reading, void *array, uint32_t *size, size_t count, size_t item);

/* Adds the name to policy->users or policy->groups; the number, or NAMES_NONE without memory. */
uint32_t read_user(struct reading *reading, const struct yaml_node *node, const char *name);
uint32_t read_group(struct reading *reading, const struct yaml_node *node, const char *name);

/* True if the node is one value or a list with at least one item. */
MUST_USE bool read_is_list(struct reading *reading, const struct yaml_node *node);

/* What rules, entitlements and identities are called. */
#define READ_ID_MAX 64
bool read_is_id(const char *text);

/* A name (str_is_name), or NULL; `what` says of whom ("user"). */
const char *read_name(struct reading *reading, const struct yaml_node *node, const char *what);

/* Names of users or groups of the system. */
typedef uint32_t read_adder(
    struct reading *reading, const struct yaml_node *node, const char *name);
void read_names(struct reading *reading, const struct yaml_node *node, read_adder *add,
    struct numbers *ret_numbers);

/* A text for people as one line in the arena: line ends and runs of blanks become one blank. */
const char *read_sentence(struct reading *reading, const struct yaml_node *node);

/* One of the words, or -1. */
struct words {
    const char *const *items;
    size_t count;
};
int read_choice(struct reading *reading, const struct yaml_node *node, struct words words);

/* Some of the words, as bits 1 << index. */
unsigned read_choices(struct reading *reading, const struct yaml_node *node, struct words words);

bool read_bool(struct reading *reading, const struct yaml_node *node);

/* A number from 1 to `max`, or 0. */
unsigned read_number(struct reading *reading, const struct yaml_node *node, unsigned max);

/* A duration over zero up to seven days, or 0. */
uint64_t read_duration(struct reading *reading, const struct yaml_node *node);

/* Where the node stands, for findings after the file's text is gone. */
struct place read_place(struct reading *reading, const struct yaml_node *node);

/* Texts that `read` accepts, each. */
typedef const char *read_item(struct reading *reading, const struct yaml_node *node);
struct text_list read_texts(struct reading *reading, const struct yaml_node *node, read_item *read);

/* `accept:`, findings that are meant: a mapping from their names to reasons. In front of what
 * `accepts` holds already. */
void read_accepts(struct reading *reading, struct yaml_node *node, const struct accept **accepts);
