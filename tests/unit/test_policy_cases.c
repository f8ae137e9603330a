/* The cases of tests/policy/: a policy, facts, and the verdict expected. README there. Each is
 * decided twice, with and without the index. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/file.h"
#include "../../common/parse.h"

#define DIRECTORY "tests/policy"
#define LIST_MAX 64
#define NOW_US (UINT64_C(1795132800) * 1000000) /* in November 2026 */

/* Facts and the memory they point into. */
struct given {
    struct facts facts;
    gid_t groups[LIST_MAX];
    const char *argv[LIST_MAX];
    struct zone_time zones[POLICY_ZONES_MAX];
};

static void print_errors(const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        print_error("%s:%u:%u: %s\n", errors->items[i].file, errors->items[i].line,
            errors->items[i].column, errors->items[i].message);
}

/* root is 0, names that begin with "ghost" do not exist, others get a number out of their letters.
 */
static bool resolve(const char *name, uint32_t *ret_id)
{
    uint32_t id = 5381;

    for (const char *p = name; *p; p++)
        id = id * 33 + (unsigned char)*p;
    *ret_id = strcmp(name, "root") == 0 ? 0 : 1000 + id % 1000000;
    return strncmp(name, "ghost", 5) != 0;
}

static void resolve_all(struct policy *policy)
{
    uint32_t id;

    for (size_t i = 0; i < policy_user_count(policy); i++) {
        bool exists = resolve(policy_user_name(policy, i), &id);

        policy_resolve_user(policy, i, exists, id);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++) {
        bool exists = resolve(policy_group_name(policy, i), &id);

        policy_resolve_group(policy, i, exists, id);
    }
}

static const char *text_at(struct yaml_node *mapping, const char *key)
{
    struct yaml_node *node = yaml_take(mapping, key);
    struct yaml_errors errors = {0};

    return node ? yaml_text(node, &errors) : NULL;
}

static const char *item_text(const struct yaml_node *node, size_t index)
{
    struct yaml_errors errors = {0};
    const char *text = yaml_text(yaml_item(node, index), &errors);

    assert_non_null(text);
    return text;
}

/* One of the words; 0 for no text at all. */
static int word_number(const char *text, const char *const *words, int count)
{
    if (!text)
        return 0;
    for (int i = 1; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    fail_msg("'%s' is not a word known here", text);
    return 0;
}

static struct zone_time parse_time(const char *text)
{
    static const char *const days[] = {"", "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    char day[4] = {0};
    unsigned hour, minute;

    assert_int_equal(sscanf(text, "%3s %u:%u", day, &hour, &minute), 3);
    return (struct zone_time){
        .known = true,
        .weekday = word_number(day, days, 8) - 1,
        .minute = (int)(hour * 60 + minute),
    };
}

/* `at` holds in every zone but those in `zones`. */
static void read_times(struct given *given, struct yaml_node *node, const struct policy *policy)
{
    const char *at = text_at(node, "at");
    struct yaml_node *zones = yaml_take(node, "zones");

    if (!at && !zones)
        return;
    given->facts.zones = given->zones;
    for (size_t i = 0; i < policy_zone_count(policy); i++) {
        const char *text = zones ? text_at(zones, policy_zone_name(policy, i)) : NULL;

        if (text || at)
            given->zones[i] = parse_time(text ? text : at);
    }
}

static void read_groups(struct given *given, struct yaml_node *node)
{
    const struct yaml_node *groups = yaml_take(node, "groups");

    if (!groups)
        return;
    given->facts.groups_known = true;
    given->facts.groups = given->groups;
    given->facts.group_count = yaml_count(groups);
    assert_true(yaml_count(groups) <= LIST_MAX);
    for (size_t i = 0; i < yaml_count(groups); i++)
        (void)resolve(item_text(groups, i), &given->groups[i]);
}

static void read_command(struct given *given, struct yaml_node *node)
{
    const struct yaml_node *command = yaml_take(node, "command");
    const char *writable = text_at(node, "writable"), *argv = text_at(node, "argv");
    const char *environment = text_at(node, "environment");

    given->facts.command_writable = writable && strcmp(writable, "yes") == 0;
    given->facts.environment_changed = environment && strcmp(environment, "changed") == 0;
    if (!command)
        return;
    assert_true(yaml_count(command) <= LIST_MAX);
    given->facts.command_is_none = strcmp(item_text(command, 0), "none") == 0;
    if (given->facts.command_is_none)
        return;
    for (size_t i = 0; i < yaml_count(command); i++)
        given->argv[i] = item_text(command, i);
    given->facts.command = given->argv[0];
    if (argv)
        assert_string_equal(argv, "unknown");
    else
        given->facts.argv = given->argv;
    given->facts.argc = argv ? 0 : yaml_count(command);
}

static void read_rhost(struct given *given, struct yaml_node *node)
{
    const char *rhost = text_at(node, "rhost");
    char mapped[64];

    given->facts.rhost_is_none = rhost && strcmp(rhost, "local") == 0;
    if (!rhost || given->facts.rhost_is_none)
        return;
    given->facts.rhost_known = true;
    snprintf(mapped, sizeof(mapped), "%s%s", strchr(rhost, ':') ? "" : "::ffff:", rhost);
    assert_int_equal(inet_pton(AF_INET6, mapped, &given->facts.rhost), 1);
}

static void read_given(struct given *given, struct yaml_node *node, const struct policy *policy)
{
    static const char *const kinds[] = {"", "human", "service"};
    static const char *const ttys[] = {"", "none", "pty", "console"};
    struct yaml_errors errors = {0};
    const char *run_as = text_at(node, "run_as");

    *given = (struct given){.facts.now_us = NOW_US};
    given->facts.user = text_at(node, "user");
    assert_non_null(given->facts.user);
    (void)resolve(given->facts.user, &given->facts.uid);
    given->facts.kind = (enum subject_kind)word_number(text_at(node, "kind"), kinds, 3);
    given->facts.tty = (enum tty_kind)word_number(text_at(node, "tty"), ttys, 4);
    given->facts.service = text_at(node, "service");
    given->facts.host = text_at(node, "host");
    given->facts.run_as_known = run_as && resolve(run_as, &given->facts.run_as);
    read_groups(given, node);
    read_command(given, node);
    read_rhost(given, node);
    read_times(given, node, policy);
    yaml_finish(node, &errors);
    print_errors(&errors);
    assert_int_equal(errors.count, 0);
}

static void check_text(const char *name, const char *what, const char *found, const char *expected)
{
    if (!expected)
        return;
    if (strcmp(found ? found : "none", expected) != 0)
        fail_msg("%s: %s is '%s', expected '%s'", name, what, found ? found : "none", expected);
}

static void check_terms(const char *name, const struct verdict *verdict, struct yaml_node *expect)
{
    const char *duration = text_at(expect, "duration"), *uses = text_at(expect, "uses");
    const char *need = text_at(expect, "need"), *from = text_at(expect, "from");
    char text[PARSE_DURATION_SIZE];

    format_duration(verdict->duration_us, text);
    check_text(name, "duration", text, duration);
    snprintf(text, sizeof(text), "%u", verdict->uses);
    check_text(name, "uses", text, uses);
    snprintf(text, sizeof(text), "%u", verdict->stage_count ? verdict->stages->need : 0);
    check_text(name, "need", text, need);
    check_text(name, "from", verdict->stage_count ? verdict->stages->from_text : NULL, from);
    check_text(name, "keep", verdict->keep ? "yes" : "no", text_at(expect, "keep"));
    check_text(name, "reason required", verdict->missing & EVIDENCE_REASON ? "yes" : "no",
        text_at(expect, "reason_required"));
    check_text(name, "survives reboot", verdict->survives_reboot ? "yes" : "no",
        text_at(expect, "survives_reboot"));
}

static void check_verdicts(const struct policy *policy, const char *name, const struct given *given,
    struct yaml_node *expect)
{
    const char *possible = text_at(expect, "possible"), *denied = text_at(expect, "denied_by");
    struct verdict verdict;

    policy_decide(policy, &given->facts, &verdict);
    check_text(name, "decision", decision_to_string(verdict.decision), text_at(expect, "decision"));
    check_text(name, "rule", verdict.rule, text_at(expect, "rule"));
    check_text(name, "reason", verdict.reason, text_at(expect, "reason"));
    check_text(name, "advice", verdict.advice, text_at(expect, "instead"));
    check_terms(name, &verdict, expect);
    policy_possible(policy, &given->facts, &verdict);
    check_text(name, "possible", decision_to_string(verdict.decision), possible);
    if (!policy_denies(policy, &given->facts, &verdict))
        verdict.rule = NULL;
    check_text(name, "denied by", verdict.rule, denied);
}

static void run_case(struct policy *policy, struct yaml_node *node)
{
    const char *name = text_at(node, "name");
    struct yaml_node *given_node = yaml_take(node, "given"), *expect = yaml_take(node, "expect");
    struct yaml_errors errors = {0};
    struct given given;

    assert_non_null(name);
    assert_non_null(given_node);
    assert_non_null(expect);
    read_given(&given, given_node, policy);
    check_verdicts(policy, name, &given, expect);
    yaml_finish(node, &errors);
    yaml_finish(expect, &errors);
    print_errors(&errors);
    assert_int_equal(errors.count, 0);
}

static struct policy *compile(const char *name, struct yaml_node *root)
{
    const char *text = text_at(root, "policy");
    struct yaml_errors errors = {0};
    struct policy *policy;
    struct policy_file file = {.name = name, .text = text};

    assert_non_null(text);
    file.length = strlen(text);
    policy = policy_compile(&file, 1, &errors);
    print_errors(&errors);
    assert_non_null(policy);
    resolve_all(policy);
    return policy;
}

static size_t run_file(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    struct yaml_errors errors = {0};
    struct yaml_document *document;
    struct yaml_node *cases;
    struct policy *policy;
    size_t length = 0, count;

    assert_int_equal(file_read_all(fd, YAML_SIZE_MAX, &text, &length), 0);
    document = yaml_parse(path, text, length, &errors);
    print_errors(&errors);
    assert_non_null(document);
    policy = compile(path, yaml_root(document));
    cases = yaml_take(yaml_root(document), "cases");
    assert_non_null(cases);
    count = yaml_count(cases);
    for (size_t i = 0; i < count; i++)
        run_case(policy, yaml_item(cases, i));
    policy_ready(policy);
    for (size_t i = 0; i < count; i++)
        run_case(policy, yaml_item(cases, i));
    policy_free(policy);
    yaml_document_free(document);
    return count;
}

static int is_yaml(const struct dirent *entry)
{
    return fnmatch("*.yaml", entry->d_name, 0) == 0;
}

static void test_cases(void **state)
{
    struct dirent **entries = NULL;
    int files = scandir(DIRECTORY, &entries, is_yaml, alphasort);
    size_t cases = 0;

    (void)state;
    assert_true(files >= 8);
    for (int i = 0; i < files; i++) {
        char path[512];

        snprintf(path, sizeof(path), DIRECTORY "/%s", entries[i]->d_name);
        cases += run_file(path);
        free(entries[i]);
    }
    free(entries);
    print_message("%zu cases in %d files\n", cases, files);
    assert_true(cases >= 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
