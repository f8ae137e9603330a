/* What a decision costs with 10 and with 10,000 rules, none of which matches. Each rule names
 * five users, two groups, five hosts and a command, as a fleet's policy would; the subject is one
 * of those named, in thirty groups, so that some rules have to be looked at. Prints lines "name
 * value": medians in nanoseconds over batches, the time to load in microseconds, and bytes
 * resident. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

#define BATCHES 401
#define BATCH 200
#define GROUPS 30

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static size_t resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static uint32_t draw(uint32_t below)
{
    static uint64_t state = UINT64_C(0x853c49e6748fea9b);

    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static void print_some(
    struct str_builder *out, const char *key, const char *letter, unsigned count, uint32_t of)
{
    str_appendf(out, "%s: [", key);
    for (unsigned i = 0; i < count; i++)
        str_appendf(out, "%s%s%u", i > 0 ? ", " : "", letter, draw(of));
    str_append(out, "]");
}

/* A tenth of the rules name nobody and differ in what is run. */
static void print_rule(struct str_builder *out, unsigned number, unsigned rules)
{
    static const char *const decisions[] = {"allow", "deny", "escalate"};
    const char *decision = decisions[number % 3];

    str_appendf(out, "- {id: rule-%u, owner: leads, decision: %s, who: {", number, decision);
    if (number % 10 != 9) {
        print_some(out, "user", "user", 5, rules);
        str_append(out, ", ");
        print_some(out, "group", "group", 2, rules / 5 + 10);
    }
    str_appendf(out, "}, what: {service: sudo, run_as: root, command: /usr/bin/tool%u *}, where: {",
        number);
    print_some(out, "host", "host", 5, rules);
    str_append(out, "}, reason: Only for those on call");
    if (number % 3 == 2)
        str_append(out, ", approval: {strength: local, stages: [{from: leads, within: 10m}]}");
    str_append(out, "}\n");
}

static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        policy_resolve_user(policy, i, true, (uid_t)(1000 + i));
    for (size_t i = 0; i < policy_group_count(policy); i++)
        policy_resolve_group(policy, i, true, (gid_t)(1000 + i));
    policy_ready(policy);
}

static struct policy *load(unsigned rules)
{
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;
    struct yaml_errors errors = {0};
    struct policy_file file = {.name = "bench.yaml"};
    struct policy *policy;
    size_t before;
    uint64_t start;

    str_append(&out, "groups: {leads: [carol, dave]}\nrules:\n");
    for (unsigned i = 0; i < rules; i++)
        print_rule(&out, i, rules);
    text = str_builder_take(&out);
    if (!text)
        exit(1);
    file.text = text;
    file.length = strlen(text);
    malloc_trim(0);
    before = resident_bytes();
    start = now_ns();
    policy = policy_compile(&file, 1, &errors);
    if (!policy) {
        fprintf(stderr, "%u: %s\n", errors.items[0].line, errors.items[0].message);
        exit(1);
    }
    resolve(policy);
    printf("policy-load-us-%u %llu\n", rules, (unsigned long long)((now_ns() - start) / 1000));
    malloc_trim(0);
    printf("policy-bytes-%u %zu\n", rules, resident_bytes() - before);
    return policy;
}

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static uint64_t median_ns(const struct policy *policy, const struct facts *facts)
{
    static uint64_t batches[BATCHES];
    struct verdict verdict;

    for (unsigned i = 0; i < BATCHES; i++) {
        uint64_t start = now_ns();

        for (unsigned j = 0; j < BATCH; j++) {
            policy_decide(policy, facts, &verdict);
            if (verdict.rule)
                exit(1);
        }
        batches[i] = (now_ns() - start) / BATCH;
    }
    qsort(batches, BATCHES, sizeof(*batches), compare);
    return batches[BATCHES / 2];
}

static void measure(unsigned rules)
{
    const char *argv[] = {"tool", "-x"};
    struct zone_time zone = {.known = true, .weekday = 2, .minute = 600};
    struct policy *policy = load(rules);
    gid_t groups[GROUPS];
    struct facts facts = {
        .uid = 1007,
        .kind = SUBJECT_HUMAN,
        .groups_known = true,
        .groups = groups,
        .group_count = GROUPS,
        .service = "sudo",
        .host = "elsewhere",
        .run_as_known = true,
        .rhost_is_none = true,
        .tty = TTY_PTY,
        .command = "/usr/bin/other",
        .argv = argv,
        .argc = 2,
        .zones = &zone,
    };

    for (unsigned i = 0; i < GROUPS; i++)
        groups[i] = 1000 + i;
    printf("policy-decide-%u %llu\n", rules, (unsigned long long)median_ns(policy, &facts));
    facts.groups_known = false;
    printf(
        "policy-decide-no-groups-%u %llu\n", rules, (unsigned long long)median_ns(policy, &facts));
    policy_free(policy);
}

int main(void)
{
    measure(10);
    measure(10000);
    return 0;
}
