/* A run of a policy's tests, and how it is shown. */
#pragma once

#include <jansson.h>

#include "../../agent/study/suite.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/str.h"
#include "../base/cli.h"

/* Zero-initialise but for the directory; free with trial_done(). */
struct trial {
    const char *directory;
    struct yaml_errors errors; /* any: nothing was run */
    struct policy *policy;
    struct suite *suite;
    struct suite_result *results; /* one a test */
    uint64_t *took_us;            /* how long each took */
    size_t count, failed;
    bool shows_cover;
};

/* Reads the policy of the directory and its tests and runs them all. Returns 0, with errors in
 * `trial->errors` and nothing run if there are any, or -ENOMEM. */
MUST_USE int trial_run(struct trial *trial);
void trial_done(struct trial *trial);

/* What the tests reach: of the rules those that are not disabled. */
struct trial_cover {
    size_t rules, rules_reached;
    size_t entitlements, entitlements_reached;
    unsigned percent; /* of both together, rounded down; 100 where there are none */
};
struct trial_cover trial_cover(const struct trial *trial);

/* The place of the next rule or entitlement that no test reaches: `*index`, from 0, is moved behind
 * it. False: there is none any more. */
bool trial_next_rule(const struct trial *trial, size_t *index, struct rule_info *ret_rule);
bool trial_next_entitlement(
    const struct trial *trial, size_t *index, struct entitlement_info *ret_entitlement);

/* In each of the formats. Names and texts of the policy are escaped. */
void trial_put_text(
    struct str_builder *out, const struct trial *trial, const struct cli_options *options);
void trial_put_tap(struct str_builder *out, const struct trial *trial);   /* TAP version 14 */
void trial_put_junit(struct str_builder *out, const struct trial *trial); /* JUnit's XML */

/* NULL on OOM. */
json_t *trial_to_json(const struct trial *trial);
