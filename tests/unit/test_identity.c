/* Identities of a policy: whose account a uid is, in a large inventory too, and when they lapse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"

/* 2026-11-20 12:00 UTC */
#define NOW_US (UINT64_C(1795176000) * USEC_PER_SEC)
#define MANY 10000

#define IDENTITY(name, user, owner, day) \
    "  " name ": { user: " user ", owner: " owner ", purpose: p, expires: " day " }\n"
#define ALLOW                                                                               \
    "rules:\n  - { id: r, owner: o, certified_until: 2099-12-31, what: { service: sshd }, " \
    "decision: allow }\n"

static struct policy *compile(const char *text)
{
    struct yaml_errors errors = {0};
    const struct policy_file file = {"p.yaml", text, strlen(text)};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        fail_msg(
            "%u:%u: %s", errors.items[0].line, errors.items[0].column, errors.items[0].message);
    return policy;
}

static void tell(struct policy *policy, const char *name, bool exists, uid_t uid)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        if (strcmp(policy_user_name(policy, i), name) == 0)
            policy_resolve_user(policy, i, exists, uid);
}

static struct verdict decide(const struct policy *policy, uid_t uid)
{
    const struct facts facts = {.uid = uid, .service = "sshd", .now_us = NOW_US};
    struct verdict verdict;

    policy_decide(policy, &facts, &verdict);
    return verdict;
}

static void expect(const struct policy *policy, uid_t uid, const char *identity, bool allowed)
{
    struct verdict verdict = decide(policy, uid);

    if (identity)
        assert_string_equal(verdict.identity, identity);
    else
        assert_null(verdict.identity);
    assert_int_equal(verdict.decision, allowed ? DECISION_ALLOW : DECISION_DENY);
}

/* I6: each of them must be alive, whichever is defined first, with the index and without. */
static void test_one_uid_of_two_accounts(void **state)
{
    CLEANUP(cleanup_policy)
    struct policy *policy = compile(
        "people: { o: {}, away: { accounts: nobody-here } }\nidentities:\n" IDENTITY("alive", "a",
            "o", "2027-06-30") IDENTITY("ended", "e", "o", "2026-11-19") IDENTITY("unowned", "u",
            "away", "2027-06-30") IDENTITY("too", "t", "o", "2026-11-20") ALLOW);

    (void)state;
    tell(policy, "o", true, 1);
    tell(policy, "a", true, 10);
    tell(policy, "t", true, 10);
    for (unsigned indexed = 0; indexed < 2; indexed++) {
        expect(policy, 10, "alive", true);
        expect(policy, 11, NULL, true);
        expect(policy, 1, NULL, true);
        policy_ready(policy);
    }
    tell(policy, "u", true, 10);
    expect(policy, 10, "unowned", false);
    tell(policy, "e", true, 10);
    for (unsigned indexed = 0; indexed < 2; indexed++) {
        expect(policy, 10, "ended", false);
        policy_ready(policy);
    }
    tell(policy, "e", true, 12);
    tell(policy, "u", false, 10);
    expect(policy, 10, "alive", true);
    expect(policy, 12, "ended", false);
    policy_ready(policy);
    expect(policy, 10, "alive", true);
    expect(policy, 12, "ended", false);
}

/* Nobody's id, and that of an account that is not there, is no identity. */
static void test_no_uid(void **state)
{
    CLEANUP(cleanup_policy)
    struct policy *policy =
        compile("people: { o: {} }\nidentities:\n" IDENTITY("i", "a", "o", "2020-01-01") ALLOW);

    (void)state;
    tell(policy, "o", true, 1);
    expect(policy, 0, NULL, true);
    tell(policy, "a", true, (uid_t)-1);
    policy_ready(policy);
    expect(policy, (uid_t)-1, NULL, true);
    tell(policy, "a", true, 0);
    policy_ready(policy);
    expect(policy, 0, "i", false);
}

/* A person whose account has the same number is that identity when they ask. */
static void test_uid_of_a_person(void **state)
{
    CLEANUP(cleanup_policy)
    struct policy *policy =
        compile("people: { o: {} }\nidentities:\n" IDENTITY("i", "a", "o", "2020-01-01") ALLOW);

    (void)state;
    tell(policy, "o", true, 7);
    tell(policy, "a", true, 7);
    policy_ready(policy);
    expect(policy, 7, "i", false);
    assert_int_equal(policy_person_of(policy, 7), 0);
}

static void test_defined_in_two_files(void **state)
{
    static const char first[] =
        "people: { o: {} }\nidentities:\n" IDENTITY("a", "x", "later", "2027-06-30");
    static const char second[] = "groups: { later: [o] }\nidentities:\n" IDENTITY(
        "a", "y", "o", "2027-06-30") IDENTITY("b", "x", "o", "2027-06-30");
    const struct policy_file files[] = {
        {"1.yaml", first, strlen(first)}, {"2.yaml", second, strlen(second)}};
    struct yaml_errors errors = {0};

    (void)state;
    assert_null(policy_compile(files, 2, &errors));
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.items[0].message, "identity 'a' is defined at 1.yaml:3:3 already");
    assert_string_equal(
        errors.items[1].message, "account 'x' is that of identity 'a' at 1.yaml:3:14");
    assert_int_equal(errors.items[1].line, 4);
    yaml_errors_done(&errors);
}

static void test_what_is_told_of_one(void **state)
{
    CLEANUP(cleanup_policy)
    struct policy *policy = compile("groups: { g: [c, d] }\nidentities:\n  # a comment\n"
                                    "  ci: { user: deploy, owner: g, purpose: \"Deploys\\tthe  "
                                    "web\", expires: 2027-06-30 }\n");
    struct identity_info info;

    (void)state;
    assert_int_equal(policy_identity_count(policy), 1);
    policy_identity(policy, 0, &info);
    assert_string_equal(info.name, "ci");
    assert_string_equal(info.account, "deploy");
    assert_false(info.has_uid);
    assert_string_equal(info.owner, "g");
    assert_int_equal(info.people_count, 2);
    assert_string_equal(info.purpose, "Deploys the web");
    assert_string_equal(info.last_day, "2027-06-30");
    assert_int_equal(info.place.line, 4);
    assert_int_equal(info.place.column, 3);
    assert_int_equal(policy_find_identity(policy, "ci"), 0);
    assert_int_equal(policy_find_identity(policy, "c"), -1);
    assert_int_equal(policy_find_identity(policy, NULL), -1);
    assert_int_equal(policy_identity_state(policy, 0, NOW_US), IDENTITY_UNOWNED);
    tell(policy, "d", true, 5);
    assert_int_equal(policy_identity_state(policy, 0, NOW_US), IDENTITY_ALIVE);
    assert_int_equal(policy_identity_state(policy, 0, info.expires_us - 1), IDENTITY_ALIVE);
    assert_int_equal(policy_identity_state(policy, 0, info.expires_us), IDENTITY_ENDED);
    assert_int_equal(policy_identity_state(policy, 0, 0), IDENTITY_TIMELESS);
    assert_null(policy_identity_reason(policy, 0, IDENTITY_ALIVE));
    assert_non_null(strstr(policy_identity_reason(policy, 0, IDENTITY_TIMELESS), "not known"));
}

static struct policy *compile_many(void)
{
    struct str_builder text = {0};
    AUTO_FREE char *taken = NULL;
    struct policy *policy;

    str_append(&text, "people: { o: {} }\n" ALLOW "identities:\n");
    for (unsigned i = 0; i < MANY; i++)
        str_appendf(&text, "  i%u: { user: u%u, owner: o, purpose: p, expires: 20%s-06-30 }\n", i,
            i, i % 2 == 0 ? "27" : "26");
    taken = str_builder_take(&text);
    policy = compile(taken);
    tell(policy, "o", true, 1);
    for (size_t i = 0; i < policy_user_count(policy); i++)
        if (policy_user_name(policy, i)[0] == 'u')
            policy_resolve_user(
                policy, i, true, (uid_t)(1000 + atoi(policy_user_name(policy, i) + 1)));
    return policy;
}

static uint64_t time_decisions(const struct policy *policy, uid_t first, unsigned count)
{
    uint64_t start = clock_boottime_us();

    for (unsigned i = 0; i < count; i++)
        (void)decide(policy, first + i % MANY);
    return clock_boottime_us() - start;
}

static void test_many(void **state)
{
    struct policy *policy = compile_many(),
                  *few = compile("people: { o: {} }\nidentities:\n" IDENTITY(
                      "i", "u", "o", "2027-06-30") ALLOW);
    uint64_t of_many, of_few;

    (void)state;
    policy_ready(policy);
    tell(few, "o", true, 1);
    policy_ready(few);
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];

        snprintf(name, sizeof(name), "i%u", i);
        expect(policy, 1000 + i, name, i % 2 == 0);
    }
    expect(policy, 999, NULL, true);
    expect(policy, 1000 + MANY, NULL, true);
    of_few = time_decisions(few, 1000, 100000);
    of_many = time_decisions(policy, 1000, 100000);
    print_message("100000 decisions: %llu us with one identity, %llu us with %d\n",
        (unsigned long long)of_few, (unsigned long long)of_many, MANY);
    assert_true(of_many < 50 * (of_few + 1000));
    policy_free(policy);
    policy_free(few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_uid_of_two_accounts),
        cmocka_unit_test(test_no_uid),
        cmocka_unit_test(test_uid_of_a_person),
        cmocka_unit_test(test_defined_in_two_files),
        cmocka_unit_test(test_what_is_told_of_one),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
