/* What policy_compare() finds, as JSON and in words. */
#pragma once

#include <jansson.h>

#include "../../agent/policy/compare/compare.h"
#include "../view/view.h"

/* The changes as an array (new reference); NULL without memory. */
json_t *differences_find(const struct policy *before, const struct policy *after);

/* The array in words; nothing for an empty one. */
void differences_put(struct str_builder *out, const struct view *view, const json_t *changes);

/* "2 rules changed, 1 group added" */
void differences_put_counts(struct str_builder *out, const json_t *changes);
