/* Random policies and random facts: the engine, with its index and without, against an
 * evaluator that knows nothing of YAML, indices or three-valued logic, only the sentences of
 * assent-policy(5). The seed is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

#define POLICIES 1500
#define FACTS_EACH 160
#define RULES_MAX 300 /* in every fiftieth policy; else up to RULES_FEW */
#define RULES_FEW 24
#define UNKNOWN (-1)
#define NONE (-2) /* a login has no command */

/* A small world, so that things meet. Number 0..n-1 of each; the last user and group do not exist.
 */
static const char *const users[] = {"u0", "u1", "u2", "u3", "u4", "gone"};
static const char *const groups[] = {"g0", "g1", "g2", "g3", "nogroup"};
static const char *const services[] = {"sshd", "sudo", "su"};
static const char *const kinds[] = {"human", "service"};
static const char *const ttys[] = {"none", "pty", "console"};
static const char *const hosts[] = {"db1", "db2", "web1"};
static const char *const networks[] = {"10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "local"};
static const char *const commands[] = {"/bin/a", "/bin/b", "/sbin/c"};

/* Patterns with what they accept, as bits over `hosts` and `commands`. */
static const struct {
    const char *text;
    unsigned accepts;
} host_patterns[] = {{"db1", 1}, {"DB2", 2}, {"web1", 4}, {"db*", 3}, {"*1", 5}, {"[!w]b?", 3}};

static const struct {
    const char *text;
    unsigned accepts;
    int arguments; /* exact number, UNKNOWN for any */
} command_patterns[] = {
    {"/bin/a", 1, 0},
    {"/bin/b", 2, 0},
    {"/sbin/c *", 4, UNKNOWN},
    {"/bin/* *", 3, UNKNOWN},
    {"/*/? x*", 7, 1},
    {"any", 7, UNKNOWN},
    {"/sbin/c x1", 4, 1},
};

/* A rule as drawn: bits over the arrays above, 0 for a condition that is left out. */
struct drawn {
    enum decision decision;
    unsigned users, groups, kinds, services, run_as, ttys, hosts, networks, commands;
    bool writable, environment;
    bool timed;
    unsigned days;
    int from, to;
};

/* Facts as drawn: UNKNOWN or a number, bits for the groups. */
struct state {
    int user, kind, service, run_as, tty, host, address, command, arguments, weekday, minute;
    int groups;
    bool writable, changed;
};

static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

/* Mostly nothing, else one to three of `count`. */
static unsigned draw_bits(unsigned count, unsigned percent)
{
    unsigned bits = 0;

    if (draw(100) >= percent)
        return 0;
    for (unsigned i = draw(3) + 1; i > 0; i--)
        bits |= 1U << draw(count);
    return bits;
}

static struct drawn draw_rule(void)
{
    static const enum decision decisions[] = {
        DECISION_ALLOW, DECISION_ALLOW, DECISION_ESCALATE, DECISION_DENY};
    struct drawn rule = {
        .decision = decisions[draw(4)],
        .users = draw_bits(ARRAY_SIZE(users), 45),
        .groups = draw_bits(ARRAY_SIZE(groups), 40),
        .kinds = draw_bits(ARRAY_SIZE(kinds), 15),
        .services = draw_bits(ARRAY_SIZE(services), 50),
        .run_as = draw_bits(ARRAY_SIZE(users), 20),
        .ttys = draw_bits(ARRAY_SIZE(ttys), 15),
        .hosts = draw_bits(ARRAY_SIZE(host_patterns), 25),
        .networks = draw_bits(ARRAY_SIZE(networks), 20),
        .commands = draw_bits(ARRAY_SIZE(command_patterns), 30),
        .timed = draw(100) < 20,
        .days = draw(127) + 1,
        .from = (int)draw(24) * 60,
    };

    rule.writable = rule.decision != DECISION_DENY && draw(4) == 0;
    rule.environment = rule.decision == DECISION_ALLOW && draw(4) == 0;
    rule.to = (rule.from + (int)(draw(23) + 1) * 60) % 1440;
    return rule;
}

static void print_list(
    struct str_builder *out, const char *key, const char *const *words, unsigned bits)
{
    bool first = true;

    if (bits == 0)
        return;
    str_appendf(out, "%s: [", key);
    for (unsigned i = 0; bits >> i != 0; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        str_appendf(out, "%s'%s'", first ? "" : ", ", words[i]);
        first = false;
    }
    str_append(out, "], ");
}

static void print_when(struct str_builder *out, const struct drawn *rule)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    if (!rule->timed)
        return;
    str_append(out, "    when: {");
    print_list(out, "days", days, rule->days);
    str_appendf(out, "hours: '%02d:00-%02d:00'}\n", rule->from / 60, rule->to / 60);
}

static void print_rule(struct str_builder *out, const struct drawn *rule, unsigned number)
{
    const char *host_texts[ARRAY_SIZE(host_patterns)];
    const char *command_texts[ARRAY_SIZE(command_patterns)];

    for (size_t i = 0; i < ARRAY_SIZE(host_patterns); i++)
        host_texts[i] = host_patterns[i].text;
    for (size_t i = 0; i < ARRAY_SIZE(command_patterns); i++)
        command_texts[i] = command_patterns[i].text;
    str_appendf(out, "  - id: r%u\n    decision: %s\n    who: {", number,
        decision_to_string(rule->decision));
    print_list(out, "user", users, rule->users);
    print_list(out, "group", groups, rule->groups);
    print_list(out, "kind", kinds, rule->kinds);
    str_append(out, "}\n    what: {");
    print_list(out, "service", services, rule->services);
    print_list(out, "run_as", users, rule->run_as);
    print_list(out, "command", command_texts, rule->commands);
    str_append(out, rule->writable ? "writable_command: allowed, " : "");
    str_append(out, rule->environment ? "environment: allowed}\n" : "}\n");
    str_append(out, "    where: {");
    print_list(out, "host", host_texts, rule->hosts);
    print_list(out, "rhost", networks, rule->networks);
    print_list(out, "tty", ttys, rule->ttys);
    str_append(out, "}\n");
    print_when(out, rule);
    if (rule->decision == DECISION_ALLOW)
        str_append(out, "    owner: lead\n    certified_until: 2099-12-31\n");
    if (rule->decision == DECISION_ESCALATE)
        str_append(out, "    approval: {strength: local, stages: [{from: lead, within: 1m}]}\n");
}

static struct policy *compile(const struct drawn *rules, unsigned count)
{
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;
    struct yaml_errors errors = {0};
    struct policy_file file = {.name = "p.yaml"};
    struct policy *policy;

    str_append(&out, "people: {lead: {accounts: lead}}\nrules:\n");
    for (unsigned i = 0; i < count; i++)
        print_rule(&out, &rules[i], i);
    text = str_builder_take(&out);
    assert_non_null(text);
    file.text = text;
    file.length = strlen(text);
    policy = policy_compile(&file, 1, &errors);
    if (!policy)
        fail_msg("%u: %s in\n%s", errors.items[0].line, errors.items[0].message, text);
    return policy;
}

/* uN is uid 100+N, gN gid 200+N; "gone" and "nogroup" are told as not existing. */
static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const char *name = policy_user_name(policy, i);

        if (name[0] == 'u')
            policy_resolve_user(policy, i, true, (uid_t)(100 + name[1] - '0'));
        else
            policy_resolve_user(policy, i, strcmp(name, "lead") == 0, 105);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++) {
        const char *name = policy_group_name(policy, i);

        policy_resolve_group(
            policy, i, name[0] == 'g', name[0] == 'g' ? (gid_t)(200 + name[1] - '0') : 204);
    }
}

/* ---- the evaluator ------------------------------------------------------------------------ */

enum answer { NO, MAYBE, YES };

static enum answer holds(unsigned bits, int value)
{
    if (bits == 0)
        return YES;
    if (value == UNKNOWN)
        return MAYBE;
    return (bits >> value & 1) != 0 ? YES : NO;
}

static enum answer group_holds(unsigned bits, int known)
{
    unsigned existing = bits & 0xf;

    if (bits == 0)
        return YES;
    if (existing == 0)
        return NO;
    if (known == UNKNOWN)
        return MAYBE;
    return (existing & (unsigned)known) != 0 ? YES : NO;
}

static enum answer run_as_holds(unsigned bits, const struct state *state)
{
    if (bits != 0 && ((bits & 0x1f) == 0 || state->command == NONE))
        return NO;
    return holds(bits == 0 ? 0 : bits & 0x1f, state->run_as);
}

static enum answer host_holds(unsigned bits, int host)
{
    unsigned accepted = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(host_patterns); i++)
        if ((bits >> i & 1) != 0)
            accepted |= host_patterns[i].accepts;
    return holds(accepted, host);
}

/* Addresses: 0 is 10.1.2.3, 1 is 10.9.9.9, 2 is 2001:db8::5, 3 is none, 4 is 192.0.2.1. */
static enum answer address_holds(unsigned bits, int address)
{
    static const unsigned in[] = {1 | 2, 1, 4, 8, 0};

    if (bits == 0)
        return YES;
    if (address == UNKNOWN)
        return MAYBE;
    return (in[address] & bits) != 0 ? YES : NO;
}

static enum answer command_holds(unsigned bits, const struct state *state)
{
    if (bits == 0)
        return YES;
    if (state->command == NONE)
        return NO;
    if (state->command == UNKNOWN)
        return MAYBE;
    for (unsigned i = 0; i < ARRAY_SIZE(command_patterns); i++) {
        int arguments = command_patterns[i].arguments;

        if ((bits >> i & 1) != 0 && (command_patterns[i].accepts >> state->command & 1) != 0 &&
            (arguments == UNKNOWN || arguments == state->arguments))
            return YES;
    }
    return NO;
}

static enum answer time_holds(const struct drawn *rule, const struct state *state)
{
    if (!rule->timed)
        return YES;
    if (state->weekday == UNKNOWN)
        return MAYBE;
    for (int minute = rule->from, day = 0; minute != rule->to;) {
        int began = (state->weekday + 7 - day) % 7;

        if (minute == state->minute && (rule->days >> began & 1) != 0)
            return YES;
        minute++;
        if (minute == 1440) {
            minute = 0;
            day = 1;
        }
    }
    return NO;
}

static enum answer worst(const enum answer *answers, size_t count)
{
    enum answer result = YES;

    for (size_t i = 0; i < count; i++)
        result = answers[i] < result ? answers[i] : result;
    return result;
}

static enum answer rest_holds(const struct drawn *rule, const struct state *state)
{
    const enum answer answers[] = {
        rule->users == 0 || ((rule->users & 0x1f) >> state->user & 1) != 0 ? YES : NO,
        group_holds(rule->groups, state->groups),
        holds(rule->kinds, state->kind),
        holds(rule->services, state->service),
        holds(rule->ttys, state->tty),
        host_holds(rule->hosts, state->host),
        address_holds(rule->networks, state->address),
        time_holds(rule, state),
    };

    return worst(answers, ARRAY_SIZE(answers));
}

static enum answer command_part_holds(const struct drawn *rule, const struct state *state)
{
    const enum answer answers[] = {
        run_as_holds(rule->run_as, state), command_holds(rule->commands, state)};

    return worst(answers, ARRAY_SIZE(answers));
}

/* Leave for a file that others can write, and for variables that the caller changed; who is asked
 * for approval sees the variables. */
static bool gives_leave(const struct drawn *rule, const struct state *state)
{
    if (state->writable && !rule->writable)
        return false;
    return !state->changed || rule->environment || rule->decision == DECISION_ESCALATE;
}

/* The number of the deciding rule, or -1. */
static int evaluate(const struct drawn *rules, unsigned count, const struct state *state)
{
    for (unsigned i = 0; i < count; i++)
        if (rules[i].decision == DECISION_DENY && rest_holds(&rules[i], state) != NO &&
            command_part_holds(&rules[i], state) != NO)
            return (int)i;
    for (unsigned i = 0; i < count; i++)
        if (rules[i].decision != DECISION_DENY && rest_holds(&rules[i], state) == YES &&
            command_part_holds(&rules[i], state) == YES && gives_leave(&rules[i], state))
            return (int)i;
    return -1;
}

static bool evaluate_possible(const struct drawn *rules, unsigned count, const struct state *state)
{
    for (unsigned i = 0; i < count; i++)
        if (rules[i].decision == DECISION_DENY && rest_holds(&rules[i], state) != NO &&
            command_part_holds(&rules[i], state) == YES)
            return false;
    for (unsigned i = 0; i < count; i++) {
        bool refused = state->command >= 0 && !gives_leave(&rules[i], state);

        if (rules[i].decision != DECISION_DENY && rest_holds(&rules[i], state) == YES &&
            command_part_holds(&rules[i], state) != NO && !refused)
            return true;
    }
    return false;
}

/* ---- facts -------------------------------------------------------------------------------- */

static int draw_fact(unsigned count)
{
    return draw(8) == 0 ? UNKNOWN : (int)draw(count);
}

static struct state draw_state(void)
{
    return (struct state){
        .user = (int)draw(6), /* 5 is nobody the policies name */
        .kind = draw_fact(2),
        .service = draw_fact(3),
        .run_as = draw_fact(5),
        .tty = draw_fact(3),
        .host = draw_fact(3),
        .address = draw_fact(5),
        .command = draw(8) == 0 ? NONE : draw_fact(3),
        .arguments = (int)draw(3),
        .weekday = draw_fact(7),
        .minute = (int)draw(1440),
        .groups = draw(6) == 0 ? UNKNOWN : (int)draw(16),
        .writable = draw(6) == 0,
        .changed = draw(6) == 0,
    };
}

struct memory {
    gid_t groups[4];
    struct zone_time zone;
};

static struct in6_addr make_address(int number)
{
    static const uint8_t v4[][4] = {{10, 1, 2, 3}, {10, 9, 9, 9}, {0}, {0}, {192, 0, 2, 1}};
    struct in6_addr address = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

    if (number == 2)
        return (struct in6_addr){.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 5}};
    memcpy(&address.s6_addr[12], v4[number], 4);
    return address;
}

static struct facts make_facts(const struct state *state, struct memory *memory)
{
    static const char *const arguments[] = {"argv0", "x1", "x2"};
    struct facts facts = {
        .uid = (uid_t)(100 + state->user),
        .now_us = 1,
        .kind = (enum subject_kind)(state->kind + 1),
        .tty = (enum tty_kind)(state->tty + 1),
        .service = state->service == UNKNOWN ? NULL : services[state->service],
        .host = state->host == UNKNOWN ? NULL : hosts[state->host],
        .run_as_known = state->run_as != UNKNOWN,
        .run_as = (uid_t)(100 + state->run_as),
        .rhost_is_none = state->address == 3,
        .rhost_known = state->address != UNKNOWN && state->address != 3,
        .command_is_none = state->command == NONE,
        .command = state->command < 0 ? NULL : commands[state->command],
        .argv = arguments,
        .argc = (size_t)state->arguments + 1,
        .command_writable = state->writable,
        .environment_changed = state->changed,
        .groups_known = state->groups != UNKNOWN,
        .groups = memory->groups,
        .zones = state->weekday == UNKNOWN ? NULL : &memory->zone,
    };

    memory->zone =
        (struct zone_time){.known = true, .weekday = state->weekday, .minute = state->minute};
    for (unsigned i = 0; facts.groups_known && i < 4; i++)
        if (((unsigned)state->groups >> i & 1) != 0)
            memory->groups[facts.group_count++] = 200 + i;
    if (facts.rhost_known)
        facts.rhost = make_address(state->address);
    return facts;
}

static void check(
    const struct policy *policy, const struct facts *facts, int expected, bool possible)
{
    enum decision could = possible ? DECISION_ALLOW : DECISION_DENY;
    struct verdict verdict;
    char rule[8];
    bool denied;

    policy_decide(policy, facts, &verdict);
    snprintf(rule, sizeof(rule), "r%d", expected);
    if (expected < 0)
        assert_null(verdict.rule);
    else
        assert_string_equal(verdict.rule ? verdict.rule : "none", rule);
    denied = expected >= 0 && verdict.decision == DECISION_DENY;
    assert_int_equal(policy_denies(policy, facts, &verdict), denied);
    policy_possible(policy, facts, &verdict);
    assert_int_equal(verdict.decision, could);
}

static void check_policy(unsigned count, unsigned *tally)
{
    struct drawn rules[RULES_MAX];
    struct policy *plain, *indexed;

    for (unsigned i = 0; i < count; i++)
        rules[i] = draw_rule();
    plain = compile(rules, count);
    indexed = compile(rules, count);
    resolve(plain);
    resolve(indexed);
    policy_ready(indexed);
    for (unsigned i = 0; i < FACTS_EACH; i++) {
        struct state state = draw_state();
        struct memory memory;
        struct facts facts = make_facts(&state, &memory);
        int expected = evaluate(rules, count, &state);
        bool possible = evaluate_possible(rules, count, &state);

        tally[expected < 0 ? 0 : rules[expected].decision == DECISION_DENY ? 1 : 2]++;
        check(plain, &facts, expected, possible);
        check(indexed, &facts, expected, possible);
    }
    policy_free(plain);
    policy_free(indexed);
}

static void test_against_evaluator(void **state)
{
    unsigned tally[3] = {0}; /* no rule, denied, allowed or escalated */

    (void)state;
    seed = UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned i = 0; i < POLICIES; i++)
        check_policy(i % 50 == 0 ? RULES_MAX : draw(RULES_FEW) + 1, tally);
    print_message("%u without a rule, %u denied, %u granted\n", tally[0], tally[1], tally[2]);
    assert_true(tally[0] + tally[1] + tally[2] >= 200000);
    for (size_t i = 0; i < 3; i++)
        assert_true(tally[i] > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_evaluator)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
