#include "suite.h"

#include <errno.h>
#include <string.h>

#include "../../common/str.h"
#include "../facts/given.h"
#include "../facts/zones.h"
#include "expect.h"
#include "why.h"

#define NAME_MAX_BYTES 200

struct test {
    const char *name;
    struct place_info place;
    struct given given;
    struct expect expect;
};

struct suite {
    struct policy *policy; /* borrowed */
    struct yaml_document **documents;
    size_t document_count;
    struct test *tests;
    size_t count, size;
    struct names names;
    struct arena arena;
    struct cast cast;
    struct zones *zones;
    bool changed; /* the policy's names stand as some test wanted them */
    bool indexed;
    bool *rules, *entitlements; /* that were reached */
};

/* ---- reading --------------------------------------------------------------------------- */

/* The host's own zone is UTC, so that a test goes the same everywhere. */
static struct zones *make_zones(const struct policy *policy)
{
    const char *names[POLICY_ZONES_MAX] = {"UTC"};
    size_t count = policy_zone_count(policy);

    for (size_t i = 1; i < count && i < POLICY_ZONES_MAX; i++)
        names[i] = policy_zone_name(policy, i);
    return zones_new_named(names, count);
}

static struct test *add_test(struct suite *suite)
{
    size_t size = suite->size > 0 ? 2 * suite->size : 16;
    struct test *tests;

    if (suite->count == suite->size) {
        tests = reallocarray(suite->tests, size, sizeof(*tests));
        if (!tests)
            return NULL;
        suite->tests = tests;
        suite->size = size;
    }
    suite->tests[suite->count] = (struct test){0};
    return &suite->tests[suite->count++];
}

static const char *read_name(
    struct suite *suite, struct yaml_node *node, struct yaml_errors *errors)
{
    const struct yaml_node *value = yaml_take(node, "name");
    const char *name = value ? yaml_text(value, errors) : NULL;
    uint32_t before = suite->names.count, number;

    if (!value)
        yaml_error(errors, node, "a test needs a 'name' that says what is to hold");
    if (!name)
        return NULL;
    if (name[strspn(name, " \t\r\n")] == '\0' || strlen(name) > NAME_MAX_BYTES) {
        yaml_error(errors, value, "the name of a test has 1 to %d bytes", NAME_MAX_BYTES);
        return NULL;
    }
    number = names_add(&suite->names, &suite->arena, name, value);
    if (number == NAMES_NONE)
        yaml_error(errors, value, "out of memory");
    else if (number < before)
        yaml_error(errors, value, "there is a test of that name already, in %s:%u",
            yaml_file(suite->names.places[number]), yaml_line(suite->names.places[number]));
    return name;
}

static struct yaml_node *take_part(
    struct yaml_node *test, const char *key, const char *what, struct yaml_errors *errors)
{
    struct yaml_node *node = yaml_take(test, key);

    if (!node)
        yaml_error(errors, test, "a test needs '%s': %s", key, what);
    return node;
}

static void read_given(
    struct suite *suite, struct yaml_node *node, struct test *test, struct yaml_errors *errors)
{
    const struct given_world world = {suite->policy, &suite->cast, suite->zones, &suite->arena};

    given_read(&test->given, node, &world, errors);
    if (!test->given.has_user && yaml_kind_of(node) == YAML_MAPPING)
        yaml_error(errors, node, "'given' needs a 'user': the account that asks");
}

/* One that is not well is left out. */
static void read_test(struct suite *suite, struct yaml_node *node, struct yaml_errors *errors)
{
    size_t before = yaml_errors_total(errors);
    struct yaml_node *given, *expect;
    struct test *test;

    if (!yaml_expect(node, YAML_MAPPING, errors))
        return;
    test = add_test(suite);
    if (!test) {
        yaml_error(errors, node, "out of memory");
        return;
    }
    test->name = read_name(suite, node, errors);
    test->place = (struct place_info){yaml_file(node), yaml_line(node), yaml_column(node)};
    given = take_part(node, "given", "the facts that are known", errors);
    expect = take_part(node, "expect", "what is to come of them", errors);
    if (given)
        read_given(suite, given, test, errors);
    if (expect)
        expect_read(&test->expect, expect, suite->policy, &suite->arena, errors);
    yaml_finish(node, errors);
    if (yaml_errors_total(errors) > before)
        suite->count--;
}

/* The policy was compiled from this text, so that nothing is wrong with it but for its tests. */
static void read_file(
    struct suite *suite, const struct policy_file *file, struct yaml_errors *errors)
{
    struct yaml_document *document = yaml_parse(file->name, file->text, file->length, errors);
    struct yaml_node *tests;

    if (!document)
        return;
    suite->documents[suite->document_count++] = document;
    tests = yaml_take(yaml_root(document), "tests");
    if (!tests || !yaml_expect(tests, YAML_SEQUENCE, errors))
        return;
    for (size_t i = 0; i < yaml_count(tests); i++)
        read_test(suite, yaml_item(tests, i), errors);
}

static const struct cast_changes unchanged;

static struct suite *suite_new(struct policy *policy, size_t files)
{
    struct suite *suite = calloc(1, sizeof(*suite));

    if (!suite)
        return NULL;
    suite->policy = policy;
    suite->documents = calloc(files + 1, sizeof(*suite->documents));
    suite->zones = make_zones(policy);
    suite->rules = calloc(policy_rule_count(policy) + 1, sizeof(*suite->rules));
    suite->entitlements =
        calloc(policy_entitlement_count(policy) + 1, sizeof(*suite->entitlements));
    if (suite->documents && suite->zones && suite->rules && suite->entitlements &&
        cast_resolve(&suite->cast, policy, &unchanged) == 0)
        return suite;
    suite_free(suite);
    return NULL;
}

struct suite *suite_read(struct policy *policy, const struct policy_file *files, size_t count,
    struct yaml_errors *errors)
{
    struct suite *suite = suite_new(policy, count);

    if (!suite)
        return NULL;
    policy_trust_certificates(policy);
    for (size_t i = 0; i < count; i++)
        read_file(suite, &files[i], errors);
    yaml_errors_sort(errors);
    return suite;
}

void suite_free(struct suite *suite)
{
    if (!suite)
        return;
    for (size_t i = 0; i < suite->document_count; i++)
        yaml_document_free(suite->documents[i]);
    free(suite->documents);
    free(suite->tests);
    free(suite->rules);
    free(suite->entitlements);
    names_done(&suite->names);
    arena_done(&suite->arena);
    cast_done(&suite->cast);
    zones_free(suite->zones);
    free(suite);
}

/* On a policy of its own: reading tests makes up ids. */
void suite_check(const struct policy_file *files, size_t count, struct yaml_errors *errors)
{
    CLEANUP(cleanup_policy) struct policy *policy = policy_compile(files, count, errors);
    CLEANUP(cleanup_suite)
    struct suite *suite = policy ? suite_read(policy, files, count, errors) : NULL;

    if (!suite && yaml_errors_total(errors) == 0)
        yaml_errors_add(errors, "", 0, 0, "out of memory");
}

size_t suite_count(const struct suite *suite)
{
    return suite->count;
}

const char *suite_name(const struct suite *suite, size_t index)
{
    return suite->tests[index].name;
}

struct place_info suite_place(const struct suite *suite, size_t index)
{
    return suite->tests[index].place;
}

/* ---- running --------------------------------------------------------------------------- */

static bool has_changes(const struct cast_changes *changes)
{
    return changes->absent_count > 0 || changes->gone_count > 0;
}

/* The policy as this test wants it. */
static int prepare(struct suite *suite, const struct test *test, bool index)
{
    const struct cast_changes *changes = &test->given.changes;
    bool change = has_changes(changes);

    if (change || suite->changed) {
        if (cast_resolve(&suite->cast, suite->policy, changes) < 0)
            return -ENOMEM;
        suite->changed = change;
        suite->indexed = false;
    }
    if (index && !suite->indexed) {
        policy_ready(suite->policy);
        suite->indexed = true;
    }
    return 0;
}

static void note_rule(struct suite *suite, const char *rule)
{
    int64_t index = rule ? policy_find_rule(suite->policy, rule) : -1;

    if (index >= 0)
        suite->rules[index] = true;
}

static void note_reached(struct suite *suite, const struct verdict *verdict)
{
    int64_t index =
        verdict->entitlement ? policy_find_entitlement(suite->policy, verdict->entitlement) : -1;

    note_rule(suite, verdict->rule);
    note_rule(suite, verdict->would_rule);
    if (index >= 0)
        suite->entitlements[index] = true;
}

static int add_difference(
    struct suite_result *result, const struct test *test, enum expected key, const char *found)
{
    const char *expected = test->expect.texts[key];
    struct difference *differences =
        reallocarray(result->differences, result->count + 1, sizeof(*differences));
    char *copy = strdup(found);

    if (differences)
        result->differences = differences;
    if (!differences || !copy) {
        free(copy);
        return -ENOMEM;
    }
    differences[result->count++] =
        (struct difference){expected_to_string(key), expected ? expected : EXPECT_NONE, copy};
    return 0;
}

static int compare(
    const struct test *test, const struct outcome *outcome, struct suite_result *result)
{
    for (unsigned i = 0; i < EXPECTED_MAX_; i++) {
        char text[OUTCOME_TEXT_SIZE];
        const char *found = outcome_text(outcome, (enum expected)i, text);

        if (!expect_met(&test->expect, (enum expected)i, found) &&
            add_difference(result, test, (enum expected)i, found) < 0)
            return -ENOMEM;
    }
    return 0;
}

int suite_run(struct suite *suite, size_t number, bool index, struct suite_result *ret_result)
{
    const struct test *test = &suite->tests[number];
    struct suite_result result = {0};
    struct str_builder why = {0};
    struct outcome outcome;
    int r = prepare(suite, test, index);

    if (r < 0)
        return r;
    outcome_find(suite->policy, &test->given.facts, &outcome);
    note_reached(suite, &outcome.verdict);
    r = compare(test, &outcome, &result);
    if (r == 0 && result.count > 0)
        why_put(&why, suite->policy, &test->given.facts, &test->expect, &outcome);
    result.why = str_builder_take(&why);
    if (r < 0 || !result.why) {
        suite_result_done(&result);
        return -ENOMEM;
    }
    *ret_result = result;
    return 0;
}

void suite_result_done(struct suite_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        free(result->differences[i].found);
    free(result->differences);
    free(result->why);
    *result = (struct suite_result){0};
}

bool suite_reached_rule(const struct suite *suite, size_t index)
{
    return suite->rules[index];
}

bool suite_reached_entitlement(const struct suite *suite, size_t index)
{
    return suite->entitlements[index];
}
