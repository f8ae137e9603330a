#include "drawn_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

/* A small world, so that things meet. */
static const char *const users[] = {"u0", "u1", "u2", "twin", "gone"}; /* twin has the id of u0 */
static const char *const groups[] = {"g0", "g1", "nogroup"};
static const char *const services[] = {"sshd", "sudo", "su"};
static const char *const kinds[] = {"human", "service"};
static const char *const ttys[] = {"none", "pty"};
static const char *const hosts[] = {"db1", "DB?", "db*", "[!d]*", "web1"};
static const char *const labels[] = {"prod", "test"};
static const char *const networks[] = {"10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "local"};
static const char *const commands[] = {"/bin/a", "/bin/a *", "/bin/? *", "/bin/* x", "/*/b x*",
    "/bin/b ../x", "/bin/b ?*", "any", "/bin/.b *"};
static const char *const days[] = {"mon", "tue", "fri", "sat", "sun"};
static const char *const hours[] = {"", "08:00-18:00", "22:00-06:00", "00:00-06:00"};
static const char *const spans[] = {"", "from: 2026-11-01T00:00Z, ", "until: 2026-12-01T00:00Z, ",
    "from: 2026-11-10T00:00Z, until: 2026-11-20T11:00Z, "};
static const char *const certificates[] = {"", "2026-11-19", "2027-06-30"};
static const char *const owners[] = {"lead", "lead", "lost"};

static const char *const entitlement_names[DRAWN_ENTITLEMENTS] = {"e0", "e1", "e2", "e3"};

static const struct {
    const char *key;
    const char *const *words;
    unsigned count, percent;
} lists[DRAWN_LISTS] = {
    [USERS] = {"user", users, ARRAY_SIZE(users), 35},
    [NOT_USERS] = {"not-user", users, ARRAY_SIZE(users), 15},
    [GROUPS] = {"group", groups, ARRAY_SIZE(groups), 25},
    [NOT_GROUPS] = {"not-group", groups, ARRAY_SIZE(groups), 10},
    [KINDS] = {"kind", kinds, ARRAY_SIZE(kinds), 10},
    [SERVICES] = {"service", services, ARRAY_SIZE(services), 35},
    [RUN_AS] = {"run_as", users, ARRAY_SIZE(users), 30},
    [HOSTS] = {"host", hosts, ARRAY_SIZE(hosts), 20},
    [LABELS] = {"label", labels, ARRAY_SIZE(labels), 10},
    [NETWORKS] = {"rhost", networks, ARRAY_SIZE(networks), 15},
    [TTYS] = {"tty", ttys, ARRAY_SIZE(ttys), 10},
    [COMMANDS] = {"command", commands, ARRAY_SIZE(commands), 25},
    [DAYS] = {"days", days, ARRAY_SIZE(days), 15},
    [ENTITLED] = {"entitlement", entitlement_names, DRAWN_ENTITLEMENTS, 45},
};

static uint64_t seed;

void drawn_seed(uint64_t value)
{
    seed = value;
}

unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

bool chance(unsigned percent)
{
    return draw(100) < percent;
}

static unsigned draw_bits(enum drawn_list list)
{
    unsigned bits = 0;

    for (unsigned i = draw(3) + 1; i > 0; i--)
        bits |= 1U << draw(lists[list].count);
    return bits;
}

static struct drawn_rule draw_rule(void)
{
    static const enum decision decisions[] = {
        DECISION_ALLOW, DECISION_ALLOW, DECISION_ESCALATE, DECISION_DENY};
    struct drawn_rule rule = {
        .decision = decisions[draw(4)],
        .hours = chance(10) ? draw(4) : 0,
        .span = chance(10) ? draw(4) : 0,
        .zone = draw(2),
        .certificate = draw(3),
        .owner = draw(3),
        .writable = chance(20),
        .environment = chance(20),
        .disabled = chance(5),
        .monitored = chance(10),
    };

    for (enum drawn_list list = 0; list < DRAWN_LISTS; list++)
        rule.bits[list] = chance(lists[list].percent) ? draw_bits(list) : 0;
    return rule;
}

/* A rule much like another, so that one often lies over the other. */
static struct drawn_rule draw_like(const struct drawn_rule *other)
{
    struct drawn_rule rule = *other, drawn = draw_rule();
    enum drawn_list list = (enum drawn_list)draw(DRAWN_LISTS);

    if (chance(60))
        rule.decision = drawn.decision;
    rule.bits[list] = drawn.bits[list];
    list = (enum drawn_list)draw(DRAWN_LISTS);
    rule.bits[list] |= drawn.bits[list];
    if (chance(20))
        rule.owner = drawn.owner;
    if (chance(20))
        rule.certificate = drawn.certificate;
    if (chance(20))
        rule.writable = drawn.writable;
    if (chance(20))
        rule.environment = drawn.environment;
    if (chance(20))
        rule.span = drawn.span;
    rule.disabled = drawn.disabled;
    rule.monitored = drawn.monitored;
    return rule;
}

/* ---- as YAML ------------------------------------------------------------------------------- */

static void print_list(struct str_builder *out, enum drawn_list list, unsigned bits)
{
    if (bits == 0)
        return;
    str_appendf(out, "%s: [", lists[list].key);
    for (unsigned i = 0; i < lists[list].count; i++)
        if ((bits >> i & 1) != 0)
            str_appendf(out, "'%s', ", lists[list].words[i]);
    str_append(out, "], ");
}

static void print_lists(struct str_builder *out, const struct drawn_rule *rule,
    enum drawn_list first, enum drawn_list last)
{
    for (enum drawn_list list = first; list <= last; list++)
        print_list(out, list, rule->bits[list]);
}

static void print_when(struct str_builder *out, const struct drawn_rule *rule)
{
    str_appendf(out, "    when: { %s", spans[rule->span]);
    print_list(out, DAYS, rule->bits[DAYS]);
    if (rule->hours > 0)
        str_appendf(out, "hours: '%s', ", hours[rule->hours]);
    if (rule->zone == 1 && (rule->hours > 0 || rule->bits[DAYS] != 0))
        str_append(out, "zone: Europe/Berlin");
    str_append(out, "}\n");
}

static void print_decision(struct str_builder *out, const struct drawn_rule *rule)
{
    str_appendf(out, "    decision: %s\n    owner: %s\n", decision_to_string(rule->decision),
        owners[rule->owner]);
    if (rule->decision == DECISION_ALLOW && rule->certificate > 0)
        str_appendf(out, "    certified_until: %s\n", certificates[rule->certificate]);
    if (rule->decision == DECISION_ESCALATE)
        str_append(out, "    approval: {strength: local, stages: [{from: lead, within: 1m}]}\n");
    if (rule->disabled)
        str_append(out, "    disabled: yes\n");
    else if (rule->monitored)
        str_append(out, "    monitor: yes\n");
}

static void print_rule(struct str_builder *out, const struct drawn_rule *rule)
{
    str_appendf(out, "  - id: r%u\n    who: {", rule->id);
    print_lists(out, rule, USERS, KINDS);
    str_append(out, "}\n    what: {");
    print_lists(out, rule, SERVICES, RUN_AS);
    print_list(out, COMMANDS, rule->bits[COMMANDS]);
    print_list(out, ENTITLED, rule->bits[ENTITLED]);
    if (rule->writable && rule->decision != DECISION_DENY)
        str_append(out, "writable_command: allowed, ");
    if (rule->environment && rule->decision == DECISION_ALLOW)
        str_append(out, "environment: allowed, ");
    str_append(out, "}\n    where: {");
    print_lists(out, rule, HOSTS, TTYS);
    str_append(out, "}\n");
    print_when(out, rule);
    print_decision(out, rule);
}

static void print_entitlement(
    struct str_builder *out, const struct drawn_rule *drawn, unsigned number)
{
    static const char *const renamed[] = {[SERVICES] = "services",
        [HOSTS] = "hosts",
        [LABELS] = "labels",
        [COMMANDS] = "commands",
        [RUN_AS] = "run_as"};

    str_appendf(out,
        "  e%u:\n    owner: lead\n    sensitivity: low\n    max_duration: 1h\n    requesters: {",
        number);
    print_lists(out, drawn, USERS, KINDS);
    str_append(out, "}\n");
    for (enum drawn_list list = SERVICES; list <= COMMANDS; list++) {
        unsigned bits = list == SERVICES && drawn->bits[list] == 0 ? 2 : drawn->bits[list];
        bool first = true;

        if (list >= ARRAY_SIZE(renamed) || !renamed[list] || bits == 0)
            continue;
        str_appendf(out, "    %s: [", renamed[list]);
        for (unsigned i = 0; i < lists[list].count; i++) {
            if ((bits >> i & 1) == 0)
                continue;
            str_appendf(out, "%s'%s'", first ? "" : ", ", lists[list].words[i]);
            first = false;
        }
        str_append(out, "]\n");
    }
}

struct drawn_policy draw_policy(void)
{
    struct drawn_policy policy = {.count = draw(DRAWN_RULES) + 1};

    for (unsigned i = 0; i < DRAWN_ENTITLEMENTS; i++)
        policy.entitlements[i] = draw_rule();
    for (unsigned i = 0; i < policy.count; i++) {
        policy.rules[i] = i > 0 && chance(60) ? draw_like(&policy.rules[draw(i)]) : draw_rule();
        policy.rules[i].id = i;
    }
    return policy;
}

static char *print_policy(const struct drawn_policy *policy)
{
    struct str_builder out = {0};

    str_append(&out, "people: {lead: {}, lost: {accounts: gone-lead}}\nentitlements:\n");
    for (unsigned i = 0; i < DRAWN_ENTITLEMENTS; i++)
        print_entitlement(&out, &policy->entitlements[i], i);
    str_append(&out, "rules:\n");
    for (unsigned i = 0; i < policy->count; i++)
        print_rule(&out, &policy->rules[i]);
    return str_builder_take(&out);
}

void draw_change(struct drawn_rule *rule)
{
    struct drawn_rule drawn = draw_rule();
    enum drawn_list list = (enum drawn_list)draw(DRAWN_LISTS);

    switch (draw(6)) {
    case 0:
        rule->decision = drawn.decision;
        break;
    case 1:
        rule->certificate = drawn.certificate;
        break;
    case 2:
        rule->monitored = drawn.monitored;
        break;
    case 3:
        rule->hours = drawn.hours;
        break;
    default:
        rule->bits[list] = drawn.bits[list];
        break;
    }
}

static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const char *name = policy_user_name(policy, i);
        uid_t uid = name[0] == 'u'              ? (uid_t)(100 + name[1] - '0')
                    : strcmp(name, "twin") == 0 ? 100
                                                : 105;

        policy_resolve_user(policy, i, strncmp(name, "gone", 4) != 0, uid);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++) {
        const char *name = policy_group_name(policy, i);

        policy_resolve_group(policy, i, name[0] == 'g', (gid_t)(200 + name[1] - '0'));
    }
    policy_ready(policy);
}

struct policy *drawn_compile(const struct drawn_policy *drawn, char **ret_text)
{
    struct yaml_errors errors = {0};
    char *text = print_policy(drawn);
    const struct policy_file file = {"p.yaml", text, strlen(text)};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        fail_msg("%u: %s in\n%s", errors.items[0].line, errors.items[0].message, text);
    resolve(policy);
    *ret_text = text;
    return policy;
}

/* ---- facts --------------------------------------------------------------------------------- */

static void draw_groups(struct facts *facts, struct drawn_memory *memory)
{
    facts->groups_known = chance(85);
    facts->groups = memory->groups;
    for (unsigned i = 0; facts->groups_known && i < 2; i++)
        if (chance(50))
            memory->groups[facts->group_count++] = 200 + i;
}

static void draw_rhost(struct facts *facts)
{
    static const uint8_t v4[][4] = {{10, 1, 2, 3}, {10, 9, 9, 9}, {192, 0, 2, 1}};
    unsigned which = draw(6);

    facts->rhost_is_none = which == 5;
    facts->rhost_known = which < 4;
    facts->rhost = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    if (which < 3)
        memcpy(&facts->rhost.s6_addr[12], v4[which], 4);
    else
        facts->rhost = (struct in6_addr){.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 5}};
}

static void draw_command(struct facts *facts, struct drawn_memory *memory)
{
    static const char *const paths[] = {"/bin/a", "/bin/b", "/sbin/b", "/bin/.b", "/x"};
    static const char *const arguments[] = {"x", "xx", "../x", "", "y/../x", "-x"};

    if (facts->service && strcmp(facts->service, "sshd") == 0) {
        facts->command_is_none = true;
        return;
    }
    if (chance(10))
        return;
    facts->command = paths[draw(ARRAY_SIZE(paths))];
    if (chance(10))
        return;
    facts->argv = memory->argv;
    memory->argv[facts->argc++] = "name";
    for (unsigned i = draw(3); i > 0; i--)
        memory->argv[facts->argc++] = arguments[draw(ARRAY_SIZE(arguments))];
}

static void draw_times(struct facts *facts, struct drawn_memory *memory)
{
    facts->now_us = chance(90) ? DRAWN_NOW_US : 0;
    facts->zones = memory->zones;
    for (size_t i = 0; i < 2; i++)
        memory->zones[i] = (struct zone_time){
            .known = chance(85), .weekday = (int)draw(7), .minute = (int)draw(1440), .day = 20777};
}

static void draw_asked(struct facts *facts)
{
    if (!chance(40))
        return;
    facts->entitlement = chance(95) ? entitlement_names[draw(DRAWN_ENTITLEMENTS)] : "none";
    facts->whole = chance(50);
    if (!facts->whole)
        return;
    facts->service = NULL;
    facts->run_as_known = false;
    facts->command = NULL;
    facts->argv = NULL;
    facts->argc = 0;
    facts->command_is_none = false;
}

struct facts draw_facts(struct drawn_memory *memory)
{
    static const char *const names[] = {"db1", "dbx", "web1", "DB1"};
    struct facts facts = {
        .uid = (uid_t)(100 + draw(5)),
        .kind = (enum subject_kind)draw(3),
        .service = chance(90) ? services[draw(3)] : NULL,
        .host = chance(90) ? names[draw(4)] : NULL,
        .run_as_known = chance(80),
        .run_as = (uid_t)(100 + draw(4)),
        .tty = (enum tty_kind)draw(4),
        .command_writable = chance(15),
        .environment_changed = chance(25),
        .labels = memory->labels,
    };

    for (unsigned i = 0; i < 2; i++)
        if (chance(50))
            memory->labels[facts.label_count++] = labels[i];
    draw_groups(&facts, memory);
    draw_rhost(&facts);
    draw_command(&facts, memory);
    draw_times(&facts, memory);
    draw_asked(&facts);
    return facts;
}
