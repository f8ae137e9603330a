/* Reading a directory: order, trust, and what is refused; the digest; the examples in the
 * manual and the file that is shipped. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/file.h"
#include "../../common/macro.h"
#include "../../common/str.h"

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/policy-test.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void put(const char *name, const char *text)
{
    assert_int_equal(file_write_atomic(path_of(name), text, strlen(text), 0644), 0);
}

static const char *first_rule(const struct policy *policy)
{
    struct facts facts = {.uid = 1};
    struct verdict verdict;

    policy_decide(policy, &facts, &verdict);
    return verdict.rule;
}

static struct policy *load(struct yaml_errors *errors)
{
    return policy_load(directory, geteuid(), errors);
}

static void check_refused(const char *name, const char *message)
{
    struct yaml_errors errors = {0};

    assert_null(load(&errors));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.items[0].file, name ? path_of(name) : directory);
    assert_int_equal(errors.items[0].line, 0);
    assert_non_null(strstr(errors.items[0].message, message));
    yaml_errors_done(&errors);
}

static void test_name_order(void **state)
{
    struct yaml_errors errors = {0};
    struct policy *policy;

    (void)state;
    put("20-b.yaml", "rules: [{id: b, decision: deny}]\n");
    put("10-a.yaml", "rules: [{id: a, decision: deny}]\n");
    put(".hidden.yaml", "not: policy\n");
    put("README", "not: policy\n");
    put("30-c.yaml.dpkg-old", "not: policy\n");
    policy = load(&errors);
    assert_non_null(policy);
    assert_int_equal(policy_rule_count(policy), 2);
    assert_string_equal(first_rule(policy), "a");
    policy_free(policy);
}

static void test_places_name_the_file(void **state)
{
    struct yaml_errors errors = {0};

    (void)state;
    put("a.yaml", "rule: []\n");
    assert_null(load(&errors));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.items[0].file, path_of("a.yaml"));
    assert_int_equal(errors.items[0].line, 1);
    yaml_errors_done(&errors);
}

static void test_missing_or_empty(void **state)
{
    struct yaml_errors errors = {0};
    struct policy *policy = load(&errors);

    (void)state;
    assert_non_null(policy);
    assert_int_equal(policy_rule_count(policy), 0);
    assert_null(first_rule(policy));
    policy_free(policy);
    policy = policy_load("/tmp/policy-test-that-is-not-there", geteuid(), &errors);
    assert_non_null(policy);
    assert_int_equal(policy_rule_count(policy), 0);
    policy_free(policy);
    assert_int_equal(errors.count, 0);
}

static void test_writable_by_others(void **state)
{
    (void)state;
    put("a.yaml", "rules: []\n");
    assert_int_equal(chmod(path_of("a.yaml"), 0664), 0);
    check_refused("a.yaml", "others than root can write this");
    assert_int_equal(chmod(path_of("a.yaml"), 0646), 0);
    check_refused("a.yaml", "others than root can write this");
    assert_int_equal(chmod(path_of("a.yaml"), 0644), 0);
    assert_int_equal(chmod(directory, 0770), 0);
    check_refused(NULL, "others than root can write this");
    assert_int_equal(chmod(directory, 0700), 0);
}

static void test_odd_files(void **state)
{
    (void)state;
    put("a.yml", "rules: []\n");
    check_refused("a.yml", "policy files end in .yaml");
    assert_int_equal(unlink(path_of("a.yml")), 0);
    assert_int_equal(symlink("/etc/hostname", path_of("a.yaml")), 0);
    check_refused("a.yaml", "it is a symbolic link");
    assert_int_equal(unlink(path_of("a.yaml")), 0);
    assert_int_equal(mkfifo(path_of("a.yaml"), 0600), 0);
    check_refused("a.yaml", "it is not a file; move it away, or call it otherwise");
    assert_int_equal(unlink(path_of("a.yaml")), 0);
    assert_int_equal(mkdir(path_of("a.yaml"), 0700), 0);
    check_refused("a.yaml", "it is not a file; move it away, or call it otherwise");
}

static void test_too_large(void **state)
{
    (void)state;
    put("a.yaml", "");
    assert_int_equal(truncate(path_of("a.yaml"), (off_t)YAML_SIZE_MAX + 1), 0);
    check_refused("a.yaml", "the file is larger than 16 MiB");
}

static void test_not_a_directory(void **state)
{
    struct yaml_errors errors = {0};

    (void)state;
    put("a.yaml", "rules: []\n");
    assert_null(policy_load(path_of("a.yaml"), geteuid(), &errors));
    assert_int_equal(errors.count, 1);
    yaml_errors_done(&errors);
}

/* ---- the digest --------------------------------------------------------------------------- */

static void digest_of(const char *text, char ret_digest[POLICY_DIGEST_SIZE])
{
    struct policy_file file = {.name = "p.yaml", .text = text, .length = strlen(text)};
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        fail_msg("%u: %s in\n%s", errors.items[0].line, errors.items[0].message, text);
    assert_int_equal(strlen(policy_digest(policy)), 64);
    memcpy(ret_digest, policy_digest(policy), POLICY_DIGEST_SIZE);
    policy_free(policy);
}

static bool same_digest(const char *a, const char *b)
{
    char first[POLICY_DIGEST_SIZE], second[POLICY_DIGEST_SIZE];

    digest_of(a, first);
    digest_of(b, second);
    return strcmp(first, second) == 0;
}

static void test_digest_ignores_writing(void **state)
{
    (void)state;
    assert_true(same_digest(
        "rules: [{id: a, decision: allow}]", "# x\nrules:\n  - decision: allow\n    id: \"a\"\n"));
    assert_true(same_digest("rules: [{id: a, decision: allow}]",
                    "rules: [{id: a, decision: allow, duration: 900s, uses: 7}]") == false);
    assert_true(same_digest(
        "rules: [{id: a, decision: allow}]", "rules: [{id: a, decision: allow, duration: 900s}]"));
    assert_true(same_digest("rules: [{id: a, decision: deny, who: {user: x}}]",
        "rules: [{id: a, decision: deny, who: {user: [x]}}]"));
    assert_true(same_digest("rules: [{id: a, decision: deny, when: {days: mon-wed}}]",
        "rules: [{id: a, decision: deny, when: {days: [tue, 'wed,mon'], hours: '00:00-24:00'}}]"));
    assert_true(same_digest("rules: [{id: a, decision: deny, what: {command: '/a \"b\" [^c]'}}]",
        "rules: [{id: a, decision: deny, what: {command: '/a   b [!c]'}}]"));
    assert_true(same_digest("people: {a: {}, b: {}}\ngroups: {g: [a], h: [b]}",
        "groups: {h: [b], g: [a]}\npeople: {b: {accounts: [b]}, a: {}}"));
    assert_true(same_digest("rules: [{id: a, decision: deny, reason: a b}]",
        "rules: [{id: a, decision: deny, reason: \"a\\n  b\"}]"));
    assert_true(same_digest("rules: [{id: a, decision: deny, where: {rhost: 10.0.0.0/8}}]",
        "rules: [{id: a, decision: deny, where: {rhost: '::ffff:10.0.0.0/104'}}]"));
    assert_true(same_digest("people: {o: {}}\nidentities:\n"
                            "  a: {user: a, owner: o, purpose: x, expires: 2027-01-01}\n"
                            "  b: {user: b, owner: o, purpose: x, expires: 2027-01-01}\n",
        "identities:\n"
        "  b: {expires: 2027-01-01, user: b, owner: o, purpose: x, accept: {identity-unused: y}}\n"
        "  a: {kind: service, user: a, owner: o, purpose: x, expires: 2027-01-01}\n"
        "people: {o: {}}\n"));
    assert_true(same_digest("identities: {}", ""));
}

#define IDENTITY(name, user, owner, purpose, day)                                \
    "groups: {g: [x, y]}\nidentities: {" name ": {user: " user ", owner: " owner \
    ", purpose: " purpose ", expires: " day "}}"

/* Every key changes it, and so does every way to move text from one field into the next. */
static void test_digest_sees_meaning(void **state)
{
    static const char *const texts[] = {
        "",
        "people: {x: {}}",
        "people: {x: {mail: x@y}}",
        "people: {x: {accounts: [x, z]}}",
        "groups: {g: [x]}",
        "groups: {g: [x, y]}",
        "groups: {h: [x]}",
        "rules: [{id: a, decision: deny}]",
        "rules: [{id: b, decision: deny}]",
        "rules: [{id: a, decision: deny}, {id: b, decision: deny}]",
        "rules: [{id: b, decision: deny}, {id: a, decision: deny}]",
        "rules: [{id: a, decision: allow}]",
        "rules: [{id: a, decision: allow, duration: 16m}]",
        "rules: [{id: a, decision: allow, uses: 1}]",
        "rules: [{id: a, decision: allow, uses: 127}]",
        "rules: [{id: a, decision: allow, uses: 128}]",
        "rules: [{id: a, decision: allow, uses: 129}]",
        "rules: [{id: a, decision: allow, uses: 255}]",
        "rules: [{id: a, decision: allow, uses: 256}]",
        "rules: [{id: a, decision: allow, uses: 16383}]",
        "rules: [{id: a, decision: allow, uses: 16384}]",
        "rules: [{id: a, decision: allow, survives_reboot: yes}]",
        "rules: [{id: a, decision: deny, reason: x}]",
        "rules: [{id: a, decision: deny, instead: x}]",
        "rules: [{id: a, decision: deny, who: {user: x}}]",
        "rules: [{id: a, decision: deny, who: {group: x}}]",
        "rules: [{id: a, decision: deny, who: {kind: human}}]",
        "rules: [{id: a, decision: deny, who: {kind: service}}]",
        "rules: [{id: a, decision: deny, who: {kind: [human, service]}}]",
        "rules: [{id: a, decision: deny, what: {service: x}}]",
        "rules: [{id: a, decision: deny, what: {run_as: x}}]",
        "rules: [{id: a, decision: deny, what: {command: any}}]",
        "rules: [{id: a, decision: deny, what: {command: /x}}]",
        "rules: [{id: a, decision: deny, what: {command: /x *}}]",
        "rules: [{id: a, decision: deny, what: {command: '/x \\*'}}]",
        "rules: [{id: a, decision: deny, what: {command: [/x, /y]}}]",
        "rules: [{id: a, decision: deny, what: {command: /x /y}}]",
        "rules: [{id: a, decision: allow, what: {writable_command: allowed}}]",
        "rules: [{id: a, decision: allow, what: {environment: allowed}}]",
        "rules: [{id: a, decision: deny, where: {host: x}}]",
        "rules: [{id: a, decision: deny, where: {rhost: local}}]",
        "rules: [{id: a, decision: deny, where: {rhost: 10.0.0.0/8}}]",
        "rules: [{id: a, decision: deny, where: {rhost: 10.0.0.0/9}}]",
        "rules: [{id: a, decision: deny, where: {rhost: [10.0.0.0/8, local]}}]",
        "rules: [{id: a, decision: deny, where: {tty: none}}]",
        "rules: [{id: a, decision: deny, where: {tty: pty}}]",
        "rules: [{id: a, decision: deny, when: {days: mon}}]",
        "rules: [{id: a, decision: deny, when: {hours: '01:00-02:00'}}]",
        "rules: [{id: a, decision: deny, when: {hours: '01:00-02:01'}}]",
        "rules: [{id: a, decision: deny, when: {hours: '01:00-02:00', zone: UTC}}]",
        "groups: {g: [x]}\nrules: [{id: a, decision: deny, owner: g}]",
        "groups: {g: [x, y]}\nrules: [{id: a, decision: escalate, approval: {strength: local, "
        "stages: [{from: g, within: 1m}]}}]",
        "groups: {g: [x, y]}\nrules: [{id: a, decision: escalate, approval: {strength: local, "
        "stages: [{from: x, within: 1m}]}}]",
        "groups: {g: [x, y]}\nrules: [{id: a, decision: escalate, approval: {strength: local, "
        "stages: [{from: g, within: 2m}]}}]",
        "groups: {g: [x, y]}\nrules: [{id: a, decision: escalate, approval: {strength: local, "
        "stages: [{from: g, need: 2, within: 1m}]}}]",
        "groups: {g: [x, y]}\nrules: [{id: a, decision: escalate, approval: {strength: local, "
        "keep: yes, stages: [{from: g, within: 1m}]}}]",
        "groups: {g: [x, y]}\nrules: [{id: a, decision: escalate, evidence: {reason: optional}, "
        "approval: {strength: local, stages: [{from: g, within: 1m}]}}]",
        IDENTITY("a", "u", "x", "p", "2027-06-30"),
        IDENTITY("b", "u", "x", "p", "2027-06-30"),
        IDENTITY("a", "v", "x", "p", "2027-06-30"),
        IDENTITY("a", "u", "y", "p", "2027-06-30"),
        IDENTITY("a", "u", "x", "q", "2027-06-30"),
        IDENTITY("a", "u", "x", "p", "2027-07-01"),
    };
    char digests[ARRAY_SIZE(texts)][POLICY_DIGEST_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        digest_of(texts[i], digests[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(digests[i], digests[j]) == 0)
                fail_msg("same digest:\n%s\n%s", texts[i], texts[j]);
    }
}

/* A change of the canonical form gives every policy in the field a new name: not by accident. */
static void test_digest_is_stable(void **state)
{
    char digest[POLICY_DIGEST_SIZE];

    (void)state;
    digest_of("rules: [{id: a, decision: deny}]", digest);
    assert_string_equal(digest, "965d04f1a05ae8f5402601a653035993029720215c84ab4bb9bb2f51993459f8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_name_order, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(
            test_places_name_the_file, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_missing_or_empty, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_writable_by_others, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_odd_files, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_too_large, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_not_a_directory, make_directory, remove_directory),
        cmocka_unit_test(test_digest_ignores_writing),
        cmocka_unit_test(test_digest_sees_meaning),
        cmocka_unit_test(test_digest_is_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
