/* What a test expects of a verdict, and what came of it. For this folder. */
#pragma once

#include "../policy/policy.h"
#include "../yaml/arena.h"
#include "../yaml/yaml.h"

#define EXPECT_NONE "none" /* a value of many keys */

/* The keys of `expect:`, in the order in which differences are told. */
enum expected {
    EXPECTED_DECISION,
    EXPECTED_RULE,
    EXPECTED_MISSING,
    EXPECTED_LAPSE,
    EXPECTED_ENTITLEMENT,
    EXPECTED_IDENTITY,
    EXPECTED_REASON,
    EXPECTED_INSTEAD,
    EXPECTED_DURATION,
    EXPECTED_USES,
    EXPECTED_NEED,
    EXPECTED_FROM,
    EXPECTED_STRENGTH,
    EXPECTED_KEEP,
    EXPECTED_SURVIVES_REBOOT,
    EXPECTED_WOULD,
    EXPECTED_WOULD_RULE,
    EXPECTED_POSSIBLE,
    EXPECTED_DENIED_BY,
    EXPECTED_MAX_,
};

/* The key as it is written. */
const char *expected_to_string(enum expected key);

/* Values in the form that expect_put() gives; NULL: any will do. */
struct expect {
    const char *texts[EXPECTED_MAX_];
};

/* What policy says to the facts of a test. */
struct outcome {
    struct verdict verdict;
    enum decision possible;
    const char *denied_by; /* or NULL */
};

/* Reads the mapping; texts are borrowed from its document or in the arena. All that is wrong is
 * added to `errors`. */
void expect_read(struct expect *expect, struct yaml_node *node, const struct policy *policy,
    struct arena *arena, struct yaml_errors *errors);

void outcome_find(
    const struct policy *policy, const struct facts *facts, struct outcome *ret_outcome);

/* What it is, in words of the test: borrowed from the policy, or in `buffer`. */
#define OUTCOME_TEXT_SIZE 64
const char *outcome_text(
    const struct outcome *outcome, enum expected key, char buffer[OUTCOME_TEXT_SIZE]);

/* Whether that is what was expected. An expected `allow` opens: while evidence is missing it does
 * not, unless that is expected too. */
bool expect_met(const struct expect *expect, enum expected key, const char *found);
