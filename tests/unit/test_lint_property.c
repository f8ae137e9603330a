/* Random policies and random facts: a rule that is said never to decide does not, nor is an
 * entitlement given that is said to be out of reach. The seed is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/glob.h"
#include "../../agent/policy/lint/lint.h"
#include "../../agent/policy/lint/pieces.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

#define POLICIES 3000
#define FACTS_EACH 400
#define RULES 14
#define ENTITLEMENTS 4
#define NOW_US (UINT64_C(1795176000) * 1000000)

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

/* The lists a rule is made of, one bit for each member. */
enum list {
    USERS,
    NOT_USERS,
    GROUPS,
    NOT_GROUPS,
    KINDS,
    SERVICES,
    RUN_AS,
    HOSTS,
    LABELS,
    NETWORKS,
    TTYS,
    COMMANDS,
    DAYS,
    ENTITLED,
    LISTS,
};

static const char *const entitlement_names[ENTITLEMENTS] = {"e0", "e1", "e2", "e3"};

static const struct {
    const char *key;
    const char *const *words;
    unsigned count, percent;
} lists[LISTS] = {
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
    [ENTITLED] = {"entitlement", entitlement_names, ENTITLEMENTS, 45},
};

struct drawn {
    enum decision decision;
    unsigned bits[LISTS];
    unsigned hours, span, zone, certificate, owner;
    bool writable, environment, disabled, monitored;
};

static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

static bool chance(unsigned percent)
{
    return draw(100) < percent;
}

static unsigned draw_bits(enum list list)
{
    unsigned bits = 0;

    for (unsigned i = draw(3) + 1; i > 0; i--)
        bits |= 1U << draw(lists[list].count);
    return bits;
}

static struct drawn draw_rule(void)
{
    static const enum decision decisions[] = {
        DECISION_ALLOW, DECISION_ALLOW, DECISION_ESCALATE, DECISION_DENY};
    struct drawn rule = {
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

    for (enum list list = 0; list < LISTS; list++)
        rule.bits[list] = chance(lists[list].percent) ? draw_bits(list) : 0;
    return rule;
}

/* A rule much like another, so that one often lies over the other. */
static struct drawn draw_like(const struct drawn *other)
{
    struct drawn rule = *other, drawn = draw_rule();
    enum list list = (enum list)draw(LISTS);

    if (chance(60))
        rule.decision = drawn.decision;
    rule.bits[list] = drawn.bits[list];
    list = (enum list)draw(LISTS);
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

static void print_list(struct str_builder *out, enum list list, unsigned bits)
{
    if (bits == 0)
        return;
    str_appendf(out, "%s: [", lists[list].key);
    for (unsigned i = 0; i < lists[list].count; i++)
        if ((bits >> i & 1) != 0)
            str_appendf(out, "'%s', ", lists[list].words[i]);
    str_append(out, "], ");
}

static void print_lists(
    struct str_builder *out, const struct drawn *rule, enum list first, enum list last)
{
    for (enum list list = first; list <= last; list++)
        print_list(out, list, rule->bits[list]);
}

static void print_when(struct str_builder *out, const struct drawn *rule)
{
    str_appendf(out, "    when: { %s", spans[rule->span]);
    print_list(out, DAYS, rule->bits[DAYS]);
    if (rule->hours > 0)
        str_appendf(out, "hours: '%s', ", hours[rule->hours]);
    if (rule->zone == 1 && (rule->hours > 0 || rule->bits[DAYS] != 0))
        str_append(out, "zone: Europe/Berlin");
    str_append(out, "}\n");
}

static void print_decision(struct str_builder *out, const struct drawn *rule)
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

static void print_rule(struct str_builder *out, const struct drawn *rule, unsigned number)
{
    str_appendf(out, "  - id: r%u\n    who: {", number);
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

static void print_entitlement(struct str_builder *out, const struct drawn *drawn, unsigned number)
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
    for (enum list list = SERVICES; list <= COMMANDS; list++) {
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

static char *draw_policy(void)
{
    struct str_builder out = {0};
    struct drawn rules[RULES];
    unsigned count = draw(RULES) + 1;

    str_append(&out, "people: {lead: {}, lost: {accounts: gone-lead}}\nentitlements:\n");
    for (unsigned i = 0; i < ENTITLEMENTS; i++) {
        struct drawn drawn = draw_rule();

        print_entitlement(&out, &drawn, i);
    }
    str_append(&out, "rules:\n");
    for (unsigned i = 0; i < count; i++) {
        rules[i] = i > 0 && chance(60) ? draw_like(&rules[draw(i)]) : draw_rule();
        print_rule(&out, &rules[i], i);
    }
    return str_builder_take(&out);
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

static struct policy *compile(const char *text)
{
    struct yaml_errors errors = {0};
    const struct policy_file file = {"p.yaml", text, strlen(text)};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        fail_msg("%u: %s in\n%s", errors.items[0].line, errors.items[0].message, text);
    resolve(policy);
    return policy;
}

/* ---- facts --------------------------------------------------------------------------------- */

struct memory {
    gid_t groups[2];
    const char *argv[4];
    struct zone_time zones[POLICY_ZONES_MAX];
    const char *labels[2];
};

static void draw_groups(struct facts *facts, struct memory *memory)
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

static void draw_command(struct facts *facts, struct memory *memory)
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

static void draw_times(struct facts *facts, struct memory *memory)
{
    facts->now_us = chance(90) ? NOW_US : 0;
    facts->zones = memory->zones;
    for (size_t i = 0; i < 2; i++)
        memory->zones[i] = (struct zone_time){
            .known = chance(85), .weekday = (int)draw(7), .minute = (int)draw(1440), .day = 20777};
}

static void draw_asked(struct facts *facts)
{
    if (!chance(40))
        return;
    facts->entitlement = chance(95) ? entitlement_names[draw(ENTITLEMENTS)] : "none";
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

static struct facts draw_facts(struct memory *memory)
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

/* ---- what is said, and what happens -----------------------------------------------------------
 */

struct said {
    bool never[RULES];                  /* the rule decides nothing */
    bool never_by[RULES][ENTITLEMENTS]; /* not by that entitlement */
    bool out_of_reach[ENTITLEMENTS];
    unsigned shadowed, contradicting, unreachable;
};

static void hear(const struct lint_finding *finding, void *userdata)
{
    struct said *said = userdata;
    const char *name = finding->lint->name;
    const char *by = strstr(finding->message, "by entitlement 'e");

    if (strcmp(name, "shadowed") == 0) {
        said->never[atoi(finding->name + 1)] = true;
        said->shadowed++;
    } else if (strcmp(name, "never-matches") == 0) {
        said->contradicting++;
        if (by)
            said->never_by[atoi(finding->name + 1)][by[strlen("by entitlement 'e")] - '0'] = true;
        else
            said->never[atoi(finding->name + 1)] = true;
    } else if (strcmp(name, "entitlement-unreachable") == 0 ||
               strcmp(name, "unused-entitlement") == 0) {
        said->out_of_reach[finding->name[1] - '0'] = true;
        said->unreachable++;
    }
}

/* The policy is longer than a message may be. */
#define refuse(text, ...)              \
    do {                               \
        fprintf(stderr, "%s\n", text); \
        fail_msg(__VA_ARGS__);         \
    } while (0)

static void check(const struct said *said, const struct verdict *verdict, const char *text)
{
    int rule = verdict->rule ? atoi(verdict->rule + 1) : -1;
    int would = verdict->would_rule ? atoi(verdict->would_rule + 1) : -1;
    int entitlement = verdict->entitlement ? verdict->entitlement[1] - '0' : -1;

    if ((rule >= 0 && said->never[rule]) || (would >= 0 && said->never[would]))
        refuse(text, "r%d decided, or r%d would", rule, would);
    if (rule < 0 || entitlement < 0 || verdict->decision == DECISION_DENY)
        return;
    if (said->never_by[rule][entitlement] || said->out_of_reach[entitlement])
        refuse(text, "r%d gave e%d", rule, entitlement);
}

static void test_what_never_decides(void **state)
{
    const struct lint_options options = {.now_us = NOW_US, .host = true};
    unsigned shadowed = 0, contradicting = 0, unreachable = 0;

    (void)state;
    seed = UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned i = 0; i < POLICIES; i++) {
        AUTO_FREE char *text = draw_policy();
        CLEANUP(cleanup_policy) struct policy *policy = compile(text);
        struct said said = {0};

        assert_int_equal(policy_lint(policy, &options, hear, &said), 0);
        shadowed += said.shadowed;
        contradicting += said.contradicting;
        unreachable += said.unreachable;
        for (unsigned j = 0; j < FACTS_EACH; j++) {
            struct memory memory;
            struct facts facts = draw_facts(&memory);
            struct verdict verdict;

            policy_decide(policy, &facts, &verdict);
            check(&said, &verdict, text);
        }
    }
    print_message("%u rules shadowed, %u contradicting themselves, %u entitlements out of reach\n",
        shadowed, contradicting, unreachable);
    assert_true(shadowed > 2000 && contradicting > 500 && unreachable > 500);
}

/* ---- patterns against patterns ----------------------------------------------------------------
 */

static const char *const pieces[] = {
    "a", "b", ".", "/", "*", "?", "[ab]", "[!a]", "[a-c]", "A", "\\*"};

#define PIECES 5

/* Indices into `pieces`. */
struct drawn_pattern {
    unsigned items[PIECES];
    unsigned count;
};

static struct drawn_pattern draw_pattern(void)
{
    struct drawn_pattern pattern = {.count = draw(PIECES)};

    for (unsigned i = 0; i < pattern.count; i++)
        pattern.items[i] = draw(ARRAY_SIZE(pieces));
    return pattern;
}

/* Much the same, so that one often covers the other. */
static struct drawn_pattern draw_pattern_like(struct drawn_pattern pattern)
{
    if (pattern.count == 0 || chance(30))
        return draw_pattern();
    if (chance(50)) {
        unsigned from = draw(pattern.count);

        for (unsigned i = from; i + 1 < pattern.count; i++)
            pattern.items[i] = pattern.items[i + 1];
        pattern.count--;
    } else {
        pattern.items[draw(pattern.count)] = draw(ARRAY_SIZE(pieces));
    }
    return pattern;
}

static void print_pattern(const struct drawn_pattern *pattern, char *ret_text)
{
    *ret_text = '\0';
    for (unsigned i = 0; i < pattern->count; i++)
        strcat(ret_text, pieces[pattern->items[i]]);
}

/* A text that the pattern has a good chance to match. */
static void draw_text(const struct drawn_pattern *pattern, char *ret_text)
{
    static const char letters[] = "ab./cA*";
    size_t length = 0;

    for (unsigned i = 0; i < pattern->count; i++) {
        const char *piece = pieces[pattern->items[i]];
        unsigned some = *piece == '*' ? draw(3) : *piece == '?' || *piece == '[' ? 1 : 0;

        if (*piece != '*' && some == 0)
            ret_text[length++] = piece[strlen(piece) - 1];
        while (some-- > 0)
            ret_text[length++] = letters[draw(sizeof(letters) - 1)];
    }
    ret_text[length] = '\0';
}

/* What is said to be covered is, what is said not to meet does not. */
static void test_patterns(void **state)
{
    static const int flags[] = {0, GLOB_PATH, GLOB_FOLD};
    unsigned covered = 0, apart = 0;

    (void)state;
    seed = UINT64_C(0xd1b54a32d192ed03);
    for (unsigned i = 0; i < 300000; i++) {
        struct drawn_pattern of_wide = draw_pattern(), of_narrow = draw_pattern_like(of_wide);
        char wide[64], narrow[64], text[64];
        int flag = flags[draw(3)];
        bool covers, meets;

        print_pattern(&of_wide, wide);
        print_pattern(&of_narrow, narrow);
        covers = pattern_covers(wide, narrow, flag);
        meets = pattern_meets(wide, narrow, flag);
        covered += covers;
        apart += !meets;
        for (unsigned j = 0; j < 20; j++) {
            draw_text(&of_narrow, text);
            if (!glob_match(narrow, text, flag))
                continue;
            if (covers && !glob_match(wide, text, flag))
                fail_msg("'%s' does not cover '%s': %s (%d)", wide, narrow, text, flag);
            if (!meets && glob_match(wide, text, flag))
                fail_msg("'%s' meets '%s': %s (%d)", wide, narrow, text, flag);
        }
    }
    print_message("%u covered, %u apart\n", covered, apart);
    assert_true(covered > 20000 && apart > 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_what_never_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
