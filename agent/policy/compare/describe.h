/* What is said of a rule, an entitlement, an identity, a group or a person, key by key, as texts
 * that can be compared and shown. */
#pragma once

#include "../../yaml/arena.h"
#include "../model.h"

#define DESCRIBE_KEYS_MAX 48

/* A NULL text: not said, or the default. */
struct description_value {
    const char *key;
    const char *text;
    const char *const *items; /* of a set: sorted, each once; NULL: it is none */
    size_t count;
};

/* Two of the same kind have the same keys at the same places. */
struct description {
    struct description_value values[DESCRIBE_KEYS_MAX];
    size_t count;
};

/* Zero-initialise but for the policy and the arena, which holds the texts. */
struct describer {
    const struct policy *policy;
    struct arena *arena;
    struct description *description;
    bool failed; /* out of memory; sticks */
};

void describe_rule(struct describer *describer, const struct rule *rule);
void describe_entitlement(struct describer *describer, const struct entitlement *entitlement);
void describe_identity(struct describer *describer, const struct identity *identity);
void describe_group(struct describer *describer, uint32_t team);
void describe_person(struct describer *describer, const struct owner *owner);

/* ---- for the files of this folder that describe -------------------------------------------- */

/* Adds a value; `text` is copied. */
void describe_text(struct describer *describer, const char *key, const char *text);
void describe_flag(struct describer *describer, const char *key, bool value);
void describe_number(
    struct describer *describer, const char *key, unsigned value);                 /* 0: not said */
void describe_duration(struct describer *describer, const char *key, uint64_t us); /* 0: not said */
void describe_day(struct describer *describer, const char *key, uint64_t end_us);  /* 0: not said */

/* Adds a set of texts, which are borrowed; each in `quote`s if that is not "". */
void describe_set(
    struct describer *describer, const char *key, const struct text_list *texts, const char *quote);
void describe_names(struct describer *describer, const char *key, const struct names *names,
    const struct numbers *numbers);

/* Adds what "dba-leads, carol" names. */
void describe_list(struct describer *describer, const char *key, const char *list);

/* Adds the words whose bits are set. */
void describe_bits(
    struct describer *describer, const char *key, unsigned bits, const char *const *words);

/* Room for `count` pointers that lives as long as the description; NULL without memory. */
const char **describe_room(struct describer *describer, size_t count);

void describe_who(struct describer *describer, const char *const keys[5], const struct who *who);
void describe_commands(struct describer *describer, const char *key, const struct what *what);
void describe_patterns(
    struct describer *describer, const char *key, const struct text_list *patterns);
void describe_evidence(struct describer *describer, const struct evidence_rule *evidence);
