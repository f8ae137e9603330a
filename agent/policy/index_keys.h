/* The values rules are filed under, as hashes; see index.h. A hash is never 0 for a value that a
 * request can have. */
#pragma once

#include "model.h"

uint32_t index_hash_number(uint32_t number, enum index_key key, bool denies);
uint32_t index_hash_text(const char *text, enum index_key key, bool denies);

/* Without case. 0 for a host longer than the language accepts: no literal matches it. */
uint32_t index_hash_host(const char *host, bool denies);

/* How many values the rule can be filed under by this key; 0: it cannot be. */
size_t index_count_values(const struct policy *policy, const struct rule *rule, enum index_key key);

/* The hash of one of them, or 0 when nobody can have it: a name that does not exist. */
uint32_t index_hash_value(
    const struct policy *policy, const struct rule *rule, enum index_key key, size_t i);
