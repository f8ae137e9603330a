/* The yardstick of login decisions: FreeIPA's evaluator of host-based access rules, as sssd calls
 * it, on the rules and the subject of bench_policy; none matches.
 *
 *     bench_hbac RULES ROUNDS */
#include <ipa_hbac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "rules.h"

/* A rule with all that it points to. */
struct hbac {
    struct hbac_rule rule;
    struct hbac_rule_element services, users, hosts, sources;
    const char *user_names[RULE_USERS + 1], *group_names[RULE_GROUPS + 1];
    const char *host_names[RULE_HOSTS + 1];
};

static const char *nothing[] = {NULL};
static const char *sshd[] = {"sshd", NULL};

static const char *make_name(const char *stem, unsigned number)
{
    char *name;

    if (asprintf(&name, "%s%u", stem, number) < 0)
        bench_die("memory", 0);
    return name;
}

static void make_names(const char **names, const char *stem, const unsigned *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        names[i] = make_name(stem, numbers[i]);
}

static void make_rule(struct hbac *hbac, unsigned number, unsigned rules)
{
    struct drawn_rule drawn;

    rule_draw(number, rules, &drawn);
    make_names(hbac->user_names, "user", drawn.users, drawn.user_count);
    make_names(hbac->group_names, "group", drawn.groups, drawn.group_count);
    make_names(hbac->host_names, "host", drawn.hosts, RULE_HOSTS);
    hbac->services.names = sshd;
    hbac->users.names = hbac->user_names;
    hbac->users.groups = hbac->group_names;
    hbac->hosts.names = hbac->host_names;
    hbac->sources.category = HBAC_CATEGORY_ALL;
    if (drawn.user_count + drawn.group_count == 0)
        hbac->users.category = HBAC_CATEGORY_ALL;
    hbac->rule = (struct hbac_rule){
        .name = make_name("rule-", number),
        .enabled = true,
        .services = &hbac->services,
        .users = &hbac->users,
        .targethosts = &hbac->hosts,
        .srchosts = &hbac->sources,
    };
}

static struct hbac_rule **make_rules(unsigned count)
{
    struct hbac *all = calloc(count, sizeof(*all));
    struct hbac_rule **rules = calloc((size_t)count + 1, sizeof(struct hbac_rule *));

    if (!all || !rules)
        bench_die("memory", 0);
    for (unsigned i = 0; i < count; i++) {
        make_rule(&all[i], i, count);
        rules[i] = &all[i].rule;
    }
    return rules;
}

static void expect(
    struct hbac_rule **rules, struct hbac_eval_req *request, enum hbac_eval_result result)
{
    struct hbac_info *info = NULL;

    if (hbac_evaluate(rules, request, &info) != result)
        bench_die("hbac_evaluate does not say what it should", 0);
    hbac_free_info(info);
}

static void check_last(struct hbac_rule **rules, struct hbac_eval_req *request, unsigned count)
{
    struct drawn_rule rule;

    rule_draw_last(count, &rule);
    request->user->name = make_name("user", rule.users[0]);
    request->targethost->name = make_name("host", rule.hosts[0]);
    expect(rules, request, HBAC_EVAL_ALLOW);
}

int main(int argc, char **argv)
{
    unsigned count = (unsigned)bench_number(argc > 1 ? argv[1] : NULL, 50000);
    size_t rounds = bench_number(argc > 2 ? argv[2] : NULL, 100000);
    struct hbac_rule **rules = make_rules(count);
    const char *groups[ASKING_GROUPS + 1] = {NULL};
    struct hbac_request_element service = {"sshd", nothing}, host = {"elsewhere", nothing};
    struct hbac_request_element user = {make_name("user", ASKING_USER), groups}, source = host;
    struct hbac_eval_req request = {
        .service = &service, .user = &user, .targethost = &host, .srchost = &source};
    uint64_t *ns = calloc(rounds, sizeof(*ns));

    if (!ns)
        bench_die("memory", 0);
    for (unsigned i = 0; i < ASKING_GROUPS; i++)
        groups[i] = make_name("group", i);
    expect(rules, &request, HBAC_EVAL_DENY);
    for (size_t i = 0; i < rounds; i++) {
        uint64_t start = bench_now_ns();

        expect(rules, &request, HBAC_EVAL_DENY);
        ns[i] = bench_now_ns() - start;
    }
    bench_print_times("hbac_login", ns, rounds);
    check_last(rules, &request, count);
    return 0;
}
