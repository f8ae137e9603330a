#include "rules.h"

#include <stdint.h>

static unsigned draw(uint64_t *state, unsigned below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*state >> 33) % below;
}

static void draw_some(uint64_t *state, unsigned *numbers, unsigned count, unsigned below)
{
    for (unsigned i = 0; i < count; i++)
        numbers[i] = draw(state, below);
}

void rule_draw(unsigned number, unsigned rules, struct drawn_rule *ret_rule)
{
    uint64_t state = (UINT64_C(0x853c49e6748fea9b) ^ number) * UINT64_C(6364136223846793005);
    struct drawn_rule rule = {.number = number};

    if (number % 10 != 9) {
        rule.user_count = number % 2 == 0 ? RULE_USERS : 0;
        rule.group_count = number % 2 == 0 ? 0 : RULE_GROUPS;
    }
    draw_some(&state, rule.users, rule.user_count, rules);
    draw_some(&state, rule.groups, rule.group_count, rules / 5 + 10);
    draw_some(&state, rule.hosts, RULE_HOSTS, rules);
    *ret_rule = rule;
}

const char *rule_decision(const struct drawn_rule *rule)
{
    static const char *const decisions[] = {"allow", "deny", "escalate"};

    return decisions[rule->number % 3];
}

void rule_draw_last(unsigned rules, struct drawn_rule *ret_rule)
{
    for (unsigned number = rules - 1; number > 0; number--) {
        rule_draw(number, rules, ret_rule);
        if (ret_rule->user_count > 0 && number % 3 != 1)
            return;
    }
}

static void print_some(FILE *out, const char *stem, const unsigned *numbers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "%s%s%u", i > 0 ? ", " : "", stem, numbers[i]);
}

void rules_print_head(FILE *out)
{
    fprintf(out, "people: {carol: {accounts: [carol]}, dave: {accounts: [dave]}}\n"
                 "groups: {leads: [carol, dave]}\nrules:\n");
}

static void print_list(
    FILE *out, const char *key, const char *stem, const unsigned *numbers, unsigned count)
{
    fprintf(out, "{%s: [", key);
    print_some(out, stem, numbers, count);
    fprintf(out, "]}");
}

static void print_rule(FILE *out, const struct drawn_rule *rule, const char *what)
{
    fprintf(out, "  - {id: rule-%u, owner: leads, decision: %s", rule->number, rule_decision(rule));
    if (rule->user_count > 0) {
        fprintf(out, ", who: ");
        print_list(out, "user", "user", rule->users, rule->user_count);
    } else if (rule->group_count > 0) {
        fprintf(out, ", who: ");
        print_list(out, "group", "group", rule->groups, rule->group_count);
    }
    fprintf(out, ", what: {%s}, where: ", what);
    print_list(out, "host", "host", rule->hosts, RULE_HOSTS);
    fprintf(out, ", reason: Only for those on call");
    if (rule->number % 3 == 0)
        fprintf(out, ", certified_until: 2099-12-31");
    if (rule->number % 3 == 2)
        fprintf(out, ", approval: {strength: local, stages: [{from: leads, within: 10m}]}");
    fprintf(out, "}\n");
}

void rule_print_login(FILE *out, const struct drawn_rule *rule)
{
    print_rule(out, rule, "service: sshd");
}

void rule_print_sudo(FILE *out, const struct drawn_rule *rule)
{
    char what[128];

    snprintf(what, sizeof(what), "service: sudo, run_as: root, command: %s restart unit%u",
        RULE_COMMAND, rule->number);
    print_rule(out, rule, what);
}

void rule_print_sudoers(FILE *out, const struct drawn_rule *rule)
{
    print_some(out, "user", rule->users, rule->user_count);
    print_some(out, "%group", rule->groups, rule->group_count);
    fprintf(out, "%s ", rule->user_count + rule->group_count == 0 ? "ALL" : "");
    print_some(out, "host", rule->hosts, RULE_HOSTS);
    fprintf(out, " = (root) %s%s restart unit%u\n", rule->number % 3 == 1 ? "!" : "", RULE_COMMAND,
        rule->number);
}
