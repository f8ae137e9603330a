/* What a decision costs with 10 and with 10,000 rules, none of which matches. The subject is one
 * of those named, in thirty groups, so that some rules have to be looked at.
 *
 *     bench_policy RULES...
 *
 * Prints for each number of rules the times of a decision on a login, on a login whose groups are
 * not known and on a sudo command, and bytes resident. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/parse.h"
#include "bench.h"
#include "rules.h"

#define BATCHES 401
#define BATCH 200
#define FIRST_ID 1000

typedef void print_rule(FILE *out, const struct drawn_rule *rule);

static const struct zone_time zone = {.known = true, .weekday = 2, .minute = 600};

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

static char *write_rules(unsigned rules, print_rule *print)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        bench_die("memory", 0);
    rules_print_head(out);
    for (unsigned i = 0; i < rules; i++) {
        struct drawn_rule rule;

        rule_draw(i, rules, &rule);
        print(out, &rule);
    }
    if (fclose(out) != 0)
        bench_die("memory", 0);
    return text;
}

/* As in bench_make's accounts: STEM0 has the first id. */
static bool id_of(const char *name, const char *stem, uint32_t *ret_id)
{
    size_t length = strlen(stem);
    uint64_t number;

    if (strncmp(name, stem, length) != 0 || parse_u64(name + length, UINT16_MAX, &number) < 0)
        return false;
    *ret_id = FIRST_ID + (uint32_t)number;
    return true;
}

static void resolve(struct policy *policy)
{
    uint32_t id;

    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const char *name = policy_user_name(policy, i);

        if (!id_of(name, "user", &id))
            id = strcmp(name, "root") == 0 ? 0 : 900 + (uint32_t)i; /* those who own the rules */
        policy_resolve_user(policy, i, true, id);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++)
        if (id_of(policy_group_name(policy, i), "group", &id))
            policy_resolve_group(policy, i, true, id);
    policy_ready(policy);
}

static struct policy *load(unsigned rules, print_rule *print)
{
    AUTO_FREE char *text = write_rules(rules, print);
    struct policy_file file = {.name = "bench.yaml", .text = text, .length = strlen(text)};
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        bench_die(errors.items[0].message, 0);
    resolve(policy);
    return policy;
}

static void time_decisions(const char *name, const struct policy *policy, const struct facts *facts)
{
    static uint64_t batches[BATCHES];
    struct verdict verdict;

    for (unsigned i = 0; i < BATCHES; i++) {
        uint64_t start = bench_now_ns();

        for (unsigned j = 0; j < BATCH; j++) {
            policy_decide(policy, facts, &verdict);
            if (verdict.rule)
                bench_die("a rule matches", 0);
        }
        batches[i] = bench_now_ns() - start;
    }
    bench_print_batches(name, batches, BATCHES, BATCH);
}

static void check_last(const struct policy *policy, const struct facts *facts, unsigned rules)
{
    struct facts met = *facts;
    struct drawn_rule rule;
    struct verdict verdict;
    char host[32], unit[32];
    const char *const argv[] = {"systemctl", "restart", unit};

    rule_draw_last(rules, &rule);
    snprintf(host, sizeof(host), "host%u", rule.hosts[0]);
    snprintf(unit, sizeof(unit), "unit%u", rule.number);
    met.uid = FIRST_ID + rule.users[0];
    met.host = host;
    if (met.command)
        met.argv = argv;
    policy_decide(policy, &met, &verdict);
    if (!verdict.rule)
        bench_die("no rule matches where one has to", 0);
}

static struct facts make_facts(const char *service, gid_t groups[ASKING_GROUPS])
{
    for (unsigned i = 0; i < ASKING_GROUPS; i++)
        groups[i] = FIRST_ID + i;
    return (struct facts){
        .uid = FIRST_ID + ASKING_USER,
        .kind = SUBJECT_HUMAN,
        .groups_known = true,
        .groups = groups,
        .group_count = ASKING_GROUPS,
        .service = service,
        .host = "elsewhere",
        .run_as_known = true,
        .rhost_is_none = true,
        .tty = TTY_PTY,
        .now_us = UINT64_C(1800000000) * 1000000,
        .zones = &zone,
    };
}

static void measure_login(unsigned rules)
{
    struct policy *policy = load(rules, rule_print_login);
    gid_t groups[ASKING_GROUPS];
    struct facts facts = make_facts("sshd", groups);
    char name[64];

    facts.command_is_none = true;
    snprintf(name, sizeof(name), "policy_login_%u", rules);
    time_decisions(name, policy, &facts);
    check_last(policy, &facts, rules);
    facts.groups_known = false;
    snprintf(name, sizeof(name), "policy_login_%u_no_groups", rules);
    time_decisions(name, policy, &facts);
    policy_free(policy);
}

static void measure_sudo(unsigned rules)
{
    static const char *const argv[] = {"systemctl", "restart", "other"};
    struct policy *policy;
    gid_t groups[ASKING_GROUPS];
    struct facts facts = make_facts("sudo", groups);
    char name[64];
    size_t before;

    malloc_trim(0);
    before = resident_bytes();
    policy = load(rules, rule_print_sudo);
    malloc_trim(0);
    printf("policy_bytes_%u %zu bytes\n", rules, resident_bytes() - before);
    facts.command = RULE_COMMAND;
    facts.argv = argv;
    facts.argc = ARRAY_SIZE(argv);
    snprintf(name, sizeof(name), "policy_sudo_%u", rules);
    time_decisions(name, policy, &facts);
    check_last(policy, &facts, rules);
    policy_free(policy);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        bench_die("usage: RULES...", 0);
    for (int i = 1; i < argc; i++) {
        unsigned rules = (unsigned)bench_number(argv[i], 50000);

        measure_sudo(rules);
        measure_login(rules);
    }
    return 0;
}
