/* The tests of a policy: `tests:` in its files (assent-policy(5), "TESTS"). They are no part of the
 * policy: the agent leaves them in the files, and its digest does not know them. Here they are
 * read, checked and run against the policy, whose people and accounts are made up, so that no host
 * is needed. One thread; no I/O but for the system's time zones. */
#pragma once

#include "../policy/policy.h"

struct suite;

/* Reads the tests of the files that `policy` was compiled from, and gives all its names made-up
 * ids: the policy is for trying out from then on. What is wrong with a test is added to `errors`;
 * those that are well are kept. NULL on OOM. Policy borrowed; texts are copied out of `files`. */
struct suite *suite_read(struct policy *policy, const struct policy_file *files, size_t count,
    struct yaml_errors *errors);
void suite_free(struct suite *suite);

/* Only adds what is wrong with the tests of files that a policy was compiled from. */
void suite_check(const struct policy_file *files, size_t count, struct yaml_errors *errors);
static inline void cleanup_suite(struct suite **suite)
{
    suite_free(*suite);
}

size_t suite_count(const struct suite *suite);
const char *suite_name(const struct suite *suite, size_t index);
struct place_info suite_place(const struct suite *suite, size_t index);

/* One thing that is not as expected. */
struct difference {
    const char *what;     /* the key in `expect:` */
    const char *expected; /* borrowed from the suite */
    char *found;          /* owned by the result */
};

/* How a test went. Zero-initialise; free with suite_result_done(). */
struct suite_result {
    struct difference *differences; /* none: it passed */
    size_t count;
    char *why; /* lines that say why it went so, each ended by \n; "" when it passed */
};

/* Runs one test. With `index` policy decides by its index from now on, as an agent does; the
 * answers are the same without. Returns 0 or -ENOMEM. */
MUST_USE int suite_run(
    struct suite *suite, size_t number, bool index, struct suite_result *ret_result);
void suite_result_done(struct suite_result *result);

/* Whether some test that was run was decided by that rule, in monitor mode too, or by that
 * entitlement. */
bool suite_reached_rule(const struct suite *suite, size_t index);
bool suite_reached_entitlement(const struct suite *suite, size_t index);
