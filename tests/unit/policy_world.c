#include "policy_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../common/macro.h"
#include "../../common/str.h"

static const char *const users[WORLD_USERS] = {"u0", "u1", "u2", "u3", "u4", "gone"};
static const char *const identity_users[WORLD_IDENTITIES] = {"u3", "u4", "twin", "gone"};
static const char *const groups[WORLD_GROUPS] = {"g0", "g1", "g2", "g3", "nogroup"};
static const char *const services[] = {"sshd", "sudo", "su"};
static const char *const kinds[] = {"human", "service"};
static const char *const ttys[] = {"none", "pty", "console"};
static const char *const hosts[] = {"db1", "db2", "web1"};
static const char *const labels[] = {"web", "env=prod", "db"};
static const char *const networks[] = {"10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "local"};
static const char *const commands[] = {"/bin/a", "/bin/b", "/sbin/c"};
static const char *const controls[] = {"recorded", "screen-shared"};
static const char *const zones[] = {"", "Asia/Tokyo"};
static const char *const words[] = {"", "required", "optional"};
static const char *const ticket_patterns[WORLD_PATTERNS] = {
    "^INC-[0-9]+$", "INC", "[A-Z]-[0-9]{2}"};
static const char *const entitlements[] = {"e0", "e1", "e2", "e3", "no-such"};

const struct world_pattern world_host_patterns[] = {
    {"db1", 1, 0}, {"DB2", 2, 0}, {"web1", 4, 0}, {"db*", 3, 0}, {"*1", 5, 0}, {"[!w]b?", 3, 0}};

const struct world_pattern world_command_patterns[] = {
    {"/bin/a", 1, 0},
    {"/bin/b", 2, 0},
    {"/sbin/c *", 4, UNKNOWN},
    {"/bin/* *", 3, UNKNOWN},
    {"/*/? x*", 7, 1},
    {"any", 7, UNKNOWN},
    {"/sbin/c x1", 4, 1},
};

/* ann has u0 and u1, ben u2; cat's account does not exist, dan's is locked, eve's runs out, and fay
 * stands in a group, but not among the people. */
static const char people_text[] =
    "people:\n  ann: {accounts: [u0, u1]}\n  ben: {accounts: u2}\n  cat: {accounts: nocat}\n"
    "  dan: {}\n  eve: {}\n"
    "groups:\n  ops: [ann, ben]\n  left: [cat, dan]\n  half: [cat, eve]\n  strangers: [fay]\n";
static const char *const people[] = {"ann", "ben", "cat", "dan", "eve", "fay", "nobody"};

const struct world_people world_owners[] = {{"ops", 1 | 2}, {"ben", 2}, {"left", 4 | 8},
    {"half", 4 | 16}, {"strangers", 32}, {"dan", 8}, {NULL, 0}};

const struct world_people world_peers[] = {{"ops", 1 | 2}, {"[ben, dan]", 2 | 8}, {"half", 4 | 16},
    {"strangers", 32}, {"u1", 1}, {"[left, ben]", 2 | 4 | 8}};

const struct world_reason world_reasons[] = {{NULL, 0}, {"", 0}, {"a b", 2}, {"a b\tc", 3},
    {"because", 7}, {"\xc3\xa9t\xc3\xa9", 3}, {"disk is full on db1", 15}};

const struct world_ticket world_tickets[] = {{NULL, 0, false}, {"", 0, false},
    {"INC-1", 1 | 2, true}, {"CHG-77", 4, true}, {"x INC-50 y", 2 | 4, true},
    {"INC-111111111111111111111111111111111111111111111111111111111111111", 7, false}};

const int world_ahead[] = {60, 540};

/* ---- drawing ---------------------------------------------------------------------------- */

static uint64_t seed;

void world_seed(uint64_t value)
{
    seed = value;
}

unsigned world_draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

static bool chance(unsigned percent)
{
    return world_draw(100) < percent;
}

/* Mostly nothing, else one to three of `count`. */
static unsigned draw_bits(unsigned count, unsigned percent)
{
    unsigned bits = 0;

    if (!chance(percent))
        return 0;
    for (unsigned i = world_draw(3) + 1; i > 0; i--)
        bits |= 1U << world_draw(count);
    return bits;
}

static struct world_who draw_who(unsigned percent)
{
    return (struct world_who){
        .users = draw_bits(WORLD_USERS, percent),
        .not_users = draw_bits(WORLD_USERS, percent / 4),
        .groups = draw_bits(WORLD_GROUPS, percent),
        .not_groups = draw_bits(WORLD_GROUPS, percent / 4),
        .kinds = draw_bits(ARRAY_SIZE(kinds), percent / 3),
    };
}

static struct world_what draw_what(unsigned percent)
{
    return (struct world_what){
        .services = draw_bits(ARRAY_SIZE(services), percent),
        .run_as = draw_bits(WORLD_USERS, percent / 2),
        .commands = draw_bits(WORLD_COMMAND_PATTERNS, percent),
    };
}

static struct world_hosts draw_hosts(void)
{
    return (struct world_hosts){
        .names = draw_bits(WORLD_HOST_PATTERNS, 25),
        .labels = draw_bits(ARRAY_SIZE(labels), 15),
    };
}

static struct world_evidence draw_evidence(void)
{
    struct world_evidence evidence = {
        .said = true,
        .reason = world_draw(3),
        .ticket = world_draw(4),
        .peer = chance(40) ? world_draw(4) : UNSAID,
        .pattern = world_draw(WORLD_PATTERNS),
        .peers = world_draw(WORLD_PEERS),
        .controls = draw_bits(ARRAY_SIZE(controls), 20),
    };

    if (evidence.reason != OPTIONAL) {
        evidence.length = chance(30) ? world_draw(9) + 1 : 0;
        evidence.repeats = chance(30) ? world_draw(4) + 1 : 0;
    }
    return evidence;
}

static struct world_entitlement draw_entitlement(void)
{
    struct world_entitlement entitlement = {
        .who = draw_who(15),
        .what = draw_what(40),
        .hosts = draw_hosts(),
        .sensitivity = world_draw(4),
        .minutes = world_draw(120) + 1,
    };

    if (entitlement.what.services == 0)
        entitlement.what.services = 1U << world_draw(ARRAY_SIZE(services));
    if (chance(40))
        entitlement.evidence = draw_evidence();
    return entitlement;
}

/* The first week for a beginning, the second for an end. */
static struct world_moment draw_moment(unsigned week)
{
    struct world_moment moment = {
        .form = world_draw(4),
        .minute = (int)(week * 7 * 1440 + world_draw(7 * 1440)),
    };

    if (moment.form == MOMENT_DATE)
        moment.minute -= moment.minute % 1440;
    return moment;
}

static void draw_when(struct world_rule *rule)
{
    rule->weekly = chance(20);
    rule->days = world_draw(127) + 1;
    rule->from = (int)world_draw(24) * 60;
    rule->to = (rule->from + (int)(world_draw(23) + 1) * 60) % 1440;
    if (chance(12))
        rule->since = draw_moment(0);
    if (chance(12))
        rule->before = draw_moment(1);
    if (rule->weekly || rule->since.form >= MOMENT_CLOCK || rule->before.form >= MOMENT_CLOCK)
        rule->zone = chance(30);
}

static void draw_terms(struct world_rule *rule)
{
    rule->writable = rule->decision != DECISION_DENY && chance(25);
    rule->environment = rule->decision == DECISION_ALLOW && chance(25);
    rule->minutes = world_draw(120) + 1;
    rule->owner = chance(60) ? world_draw(2) : world_draw(WORLD_OWNERS);
    rule->certified = chance(70) ? 20 : (int)world_draw(15) - 1;
    rule->certified_too = chance(20) ? (int)world_draw(14) : UNKNOWN;
    if (rule->decision != DECISION_DENY && rule->entitlements == 0 && chance(30))
        rule->evidence = draw_evidence();
}

static struct world_rule draw_rule(void)
{
    static const enum decision decisions[] = {
        DECISION_ALLOW, DECISION_ALLOW, DECISION_ESCALATE, DECISION_DENY};
    struct world_rule rule = {
        .decision = decisions[world_draw(4)],
        .disabled = chance(4),
        .who = draw_who(40),
        .entitlements = draw_bits(WORLD_ENTITLEMENTS, 35),
        .what = draw_what(35),
        .hosts = draw_hosts(),
        .networks = draw_bits(ARRAY_SIZE(networks), 15),
        .ttys = draw_bits(ARRAY_SIZE(ttys), 12),
    };

    /* A rule that names entitlements says little itself. */
    if (rule.entitlements != 0 && chance(60))
        rule.what = (struct world_what){0};
    rule.monitored = !rule.disabled && chance(8);
    draw_when(&rule);
    draw_terms(&rule);
    return rule;
}

static struct world_identity draw_identity(void)
{
    return (struct world_identity){
        .there = chance(50),
        .owner = chance(60) ? world_draw(2) : world_draw(WORLD_OWNERS - 1),
        .last_day = chance(60) ? 20 : (int)world_draw(15) - 1,
    };
}

void world_draw_policy(struct world_policy *policy, unsigned rule_count)
{
    policy->rule_count = rule_count;
    for (unsigned i = 0; i < WORLD_IDENTITIES; i++)
        policy->identities[i] = draw_identity();
    for (unsigned i = 0; i < WORLD_ENTITLEMENTS; i++)
        policy->entitlements[i] = draw_entitlement();
    for (unsigned i = 0; i < rule_count; i++)
        policy->rules[i] = draw_rule();
}

static int draw_fact(unsigned count)
{
    return world_draw(8) == 0 ? UNKNOWN : (int)world_draw(count);
}

static void draw_what_is_asked(struct world_facts *facts)
{
    facts->asked = chance(15) ? (int)world_draw(WORLD_ENTITLEMENTS) : UNKNOWN;
    if (facts->asked != UNKNOWN && chance(5))
        facts->asked = WORLD_ENTITLEMENTS;
    facts->whole = facts->asked != UNKNOWN && chance(60);
    if (facts->whole)
        facts->service = facts->run_as = facts->command = UNKNOWN;
}

static void draw_shown(struct world_facts *facts)
{
    facts->reason = world_draw(WORLD_REASONS);
    facts->seen = world_draw(5);
    facts->ticket = world_draw(WORLD_TICKETS);
    facts->ticket_state = world_draw(3);
    facts->peer = (int)world_draw(ARRAY_SIZE(people) + 1) - 1;
    facts->control = (int)world_draw(ARRAY_SIZE(controls) + 1) - 1;
}

void world_draw_facts(struct world_facts *facts)
{
    *facts = (struct world_facts){
        .user = (int)world_draw(6), /* 5 is nobody the policies name */
        .kind = draw_fact(ARRAY_SIZE(kinds)),
        .service = draw_fact(ARRAY_SIZE(services)),
        .run_as = draw_fact(5),
        .tty = draw_fact(ARRAY_SIZE(ttys)),
        .host = draw_fact(ARRAY_SIZE(hosts)),
        .address = draw_fact(5),
        .command = world_draw(8) == 0 ? NONE : draw_fact(ARRAY_SIZE(commands)),
        .arguments = draw_fact(3),
        .groups = world_draw(6) == 0 ? UNKNOWN : (int)world_draw(16),
        .labels = world_draw(8),
        .minute = world_draw(16) == 0 ? UNKNOWN : (int)world_draw(WORLD_MINUTES),
        .zone_known = {!chance(10), !chance(10)},
        .writable = chance(15),
        .changed = chance(15),
    };
    draw_what_is_asked(facts);
    draw_shown(facts);
}

/* ---- text ------------------------------------------------------------------------------- */

static void print_list(
    struct str_builder *out, const char *key, const char *const *items, unsigned bits)
{
    bool first = true;

    if (bits == 0)
        return;
    str_appendf(out, "%s: [", key);
    for (unsigned i = 0; bits >> i != 0; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        str_appendf(out, "%s'%s'", first ? "" : ", ", items[i]);
        first = false;
    }
    str_append(out, "], ");
}

static void print_patterns(struct str_builder *out, const char *key,
    const struct world_pattern *patterns, unsigned count, unsigned bits)
{
    const char *texts[8];

    for (unsigned i = 0; i < count; i++)
        texts[i] = patterns[i].text;
    print_list(out, key, texts, bits);
}

/* One kind alone is said by the other half of the time. */
static void print_who(struct str_builder *out, const char *key, const struct world_who *who)
{
    str_appendf(out, "%s: {", key);
    print_list(out, "user", users, who->users);
    print_list(out, "not-user", users, who->not_users);
    print_list(out, "group", groups, who->groups);
    print_list(out, "not-group", groups, who->not_groups);
    if (who->kinds == 1 && who->users % 2 == 0)
        str_append(out, "not-kind: service");
    else
        print_list(out, "kind", kinds, who->kinds);
    str_append(out, "}");
}

static void print_word(struct str_builder *out, const char *key, enum world_word word)
{
    if (word == REQUIRED || word == OPTIONAL)
        str_appendf(out, "%s: %s, ", key, words[word]);
}

static void print_evidence(struct str_builder *out, const struct world_evidence *evidence)
{
    str_append(out, "evidence: {");
    print_word(out, "reason", evidence->reason);
    if (evidence->length != 0)
        str_appendf(out, "reason_length: %u, ", evidence->length);
    if (evidence->repeats != 0)
        str_appendf(out, "reason_repeats: %u, ", evidence->repeats);
    print_word(out, "ticket", evidence->ticket);
    if (evidence->ticket == LISTED)
        str_appendf(out, "ticket: '%s', ", ticket_patterns[evidence->pattern]);
    print_word(out, "peer", evidence->peer);
    if (evidence->peer == LISTED)
        str_appendf(out, "peer: %s, ", world_peers[evidence->peers].text);
    print_list(out, "control", controls, evidence->controls);
    str_append(out, "}");
}

/* The day and time of a minute of the world. */
static const char *make_day(int minute, char day[static 32])
{
    time_t time = (time_t)(WORLD_BASE_S + (int64_t)minute * 60);
    struct tm tm;

    if (!gmtime_r(&time, &tm) || strftime(day, 32, "%F", &tm) == 0)
        abort();
    return day;
}

static void print_moment(
    struct str_builder *out, const char *key, const struct world_moment *moment)
{
    bool odd = moment->form == MOMENT_UTC && moment->minute % 2 == 1;
    int minute = moment->minute + (odd ? 330 : 0);
    char day[32];

    if (moment->form == MOMENT_UNSAID)
        return;
    str_appendf(out, "%s: '%s", key, make_day(minute, day));
    if (moment->form != MOMENT_DATE)
        str_appendf(out, "%c%02d:%02d", moment->form == MOMENT_CLOCK ? ' ' : 'T',
            minute % 1440 / 60, minute % 60);
    if (moment->form == MOMENT_UTC)
        str_append(out, odd ? ":00+05:30" : "Z");
    str_append(out, "', ");
}

static void print_when(struct str_builder *out, const struct world_rule *rule)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    str_append(out, "    when: {");
    if (rule->weekly) {
        print_list(out, "days", days, rule->days);
        str_appendf(out, "hours: '%02d:00-%02d:00', ", rule->from / 60, rule->to / 60);
    }
    print_moment(out, "from", &rule->since);
    print_moment(out, "until", &rule->before);
    if (rule->zone != 0)
        str_appendf(out, "zone: %s", zones[rule->zone]);
    str_append(out, "}\n");
}

static void print_hosts(
    struct str_builder *out, const char *const keys[2], const struct world_hosts *where)
{
    print_patterns(out, keys[0], world_host_patterns, WORLD_HOST_PATTERNS, where->names);
    print_list(out, keys[1], labels, where->labels);
}

static void print_rule(struct str_builder *out, const struct world_rule *rule, unsigned number)
{
    static const char *const keys[] = {"host", "label"};
    char day[32];

    str_appendf(
        out, "  - id: r%u\n    decision: %s\n    ", number, decision_to_string(rule->decision));
    print_who(out, "who", &rule->who);
    str_append(out, "\n    what: {");
    print_list(out, "entitlement", entitlements, rule->entitlements);
    print_list(out, "service", services, rule->what.services);
    print_list(out, "run_as", users, rule->what.run_as);
    print_patterns(
        out, "command", world_command_patterns, WORLD_COMMAND_PATTERNS, rule->what.commands);
    str_append(out, rule->writable ? "writable_command: allowed, " : "");
    str_append(out, rule->environment ? "environment: allowed}\n" : "}\n");
    str_append(out, "    where: {");
    print_hosts(out, keys, &rule->hosts);
    print_list(out, "rhost", networks, rule->networks);
    print_list(out, "tty", ttys, rule->ttys);
    str_append(out, "}\n");
    print_when(out, rule);
    if (rule->evidence.said) {
        str_append(out, "    ");
        print_evidence(out, &rule->evidence);
        str_append(out, "\n");
    }
    str_append(out, rule->disabled ? "    disabled: yes\n" : "");
    str_append(out, rule->monitored ? "    monitor: yes\n" : "");
    if (world_owners[rule->owner].text)
        str_appendf(out, "    owner: %s\n", world_owners[rule->owner].text);
    if (rule->decision != DECISION_DENY)
        str_appendf(out, "    duration: %um\n", rule->minutes);
    if (rule->decision == DECISION_ALLOW && rule->certified != UNKNOWN)
        str_appendf(out, "    certified_until: %s\n", make_day(rule->certified * 1440, day));
    if (rule->decision == DECISION_ESCALATE)
        str_append(out, "    approval: {strength: local, stages: [{from: left, within: 1m}]}\n");
}

static void print_entitlement(
    struct str_builder *out, const struct world_entitlement *entitlement, const char *name)
{
    static const char *const keys[] = {"hosts", "labels"};

    str_appendf(out, "  %s: {owner: ben, sensitivity: %s, max_duration: %um, groups: joined, ",
        name, sensitivity_to_string(entitlement->sensitivity), entitlement->minutes);
    print_list(out, "services", services, entitlement->what.services);
    print_list(out, "run_as", users, entitlement->what.run_as);
    print_patterns(out, "commands", world_command_patterns, WORLD_COMMAND_PATTERNS,
        entitlement->what.commands);
    print_hosts(out, keys, &entitlement->hosts);
    if (entitlement->evidence.said) {
        print_evidence(out, &entitlement->evidence);
        str_append(out, ", ");
    }
    print_who(out, "requesters", &entitlement->who);
    str_append(out, "}\n");
}

static void print_identities(struct str_builder *out, const struct world_policy *policy)
{
    char day[32];

    str_append(out, "identities: {");
    for (unsigned i = 0; i < WORLD_IDENTITIES; i++)
        if (policy->identities[i].there)
            str_appendf(out, "i%u: {user: %s, owner: %s, purpose: p, expires: %s}, ", i,
                identity_users[i], world_owners[policy->identities[i].owner].text,
                make_day(policy->identities[i].last_day * 1440, day));
    str_append(out, "}\n");
}

char *world_print(const struct world_policy *policy)
{
    struct str_builder out = {0};

    str_append(&out, people_text);
    print_identities(&out, policy);
    str_append(&out, "entitlements:\n");
    for (unsigned i = 0; i < WORLD_ENTITLEMENTS; i++)
        print_entitlement(&out, &policy->entitlements[i], entitlements[i]);
    str_append(&out, "rules:\n");
    for (unsigned i = 0; i < policy->rule_count; i++)
        print_rule(&out, &policy->rules[i], i);
    return str_builder_take(&out);
}

/* ---- ids and facts ------------------------------------------------------------------------ */

static uint64_t day_us(int day)
{
    return (uint64_t)(WORLD_BASE_S + (int64_t)day * 86400) * 1000000;
}

/* uN is uid 100+N, gN gid 200+N; people with other accounts come behind them. */
static void resolve_user(struct policy *policy, size_t i, const char *name)
{
    bool numbered = name[0] == 'u' && name[2] == '\0';
    bool exists = strcmp(name, "gone") != 0 && strcmp(name, "nocat") != 0;

    uid_t uid = numbered ? (uid_t)(100 + name[1] - '0') : (uid_t)(150 + i);

    policy_resolve_user(policy, i, exists, strcmp(name, "twin") == 0 ? 104 : uid);
    policy_note_account(
        policy, i, strcmp(name, "dan") == 0, strcmp(name, "eve") == 0 ? day_us(WORLD_DAY_ENDS) : 0);
}

void world_resolve(struct policy *policy, const struct world_policy *drawn)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        resolve_user(policy, i, policy_user_name(policy, i));
    for (size_t i = 0; i < policy_group_count(policy); i++) {
        const char *name = policy_group_name(policy, i);

        policy_resolve_group(
            policy, i, name[0] == 'g', name[0] == 'g' ? (gid_t)(200 + name[1] - '0') : 204);
    }
    for (unsigned i = 0; i < drawn->rule_count; i++)
        if (drawn->rules[i].certified_too != UNKNOWN)
            policy_certify(policy, i, day_us(drawn->rules[i].certified_too + 1));
}

static struct in6_addr make_address(int number)
{
    static const uint8_t v4[][4] = {{10, 1, 2, 3}, {10, 9, 9, 9}, {0}, {0}, {192, 0, 2, 1}};
    struct in6_addr address = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

    if (number == 2)
        return (struct in6_addr){.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 5}};
    memcpy(&address.s6_addr[12], v4[number], 4);
    return address;
}

static struct zone_time make_zone(const struct world_facts *facts, unsigned zone)
{
    int local = facts->minute + world_ahead[zone];

    if (facts->minute == UNKNOWN || !facts->zone_known[zone])
        return (struct zone_time){0};
    return (struct zone_time){
        .known = true,
        .weekday = local / 1440 % 7,
        .minute = local % 1440,
        .day = (int32_t)(WORLD_BASE_S / 86400 + local / 1440),
    };
}

static void add_lists(
    struct facts *facts, const struct world_facts *drawn, struct world_memory *memory)
{
    for (unsigned i = 0; facts->groups_known && i < 4; i++)
        if (((unsigned)drawn->groups >> i & 1) != 0)
            memory->groups[facts->group_count++] = 200 + i;
    for (unsigned i = 0; i < ARRAY_SIZE(labels); i++)
        if ((drawn->labels >> i & 1) != 0)
            memory->labels[facts->label_count++] = labels[i];
    facts->groups = memory->groups;
    facts->labels = memory->labels;
}

static void add_shown(struct facts *facts, const struct world_facts *drawn)
{
    facts->reason = world_reasons[drawn->reason].text;
    facts->reason_seen = drawn->seen;
    facts->ticket = world_tickets[drawn->ticket].text;
    facts->ticket_state = drawn->ticket_state;
    facts->peer = drawn->peer < 0 ? NULL : people[drawn->peer];
    facts->control = drawn->control < 0 ? NULL : controls[drawn->control];
}

struct facts world_make_facts(
    const struct policy *policy, const struct world_facts *drawn, struct world_memory *memory)
{
    static const char *const arguments[] = {"argv0", "x1", "x2"};
    struct facts facts = {
        .uid = (uid_t)(100 + drawn->user),
        .now_us = drawn->minute == UNKNOWN ? 0 : day_us(0) + (uint64_t)drawn->minute * 60000000,
        .kind = (enum subject_kind)(drawn->kind + 1),
        .tty = (enum tty_kind)(drawn->tty + 1),
        .service = drawn->service == UNKNOWN ? NULL : services[drawn->service],
        .host = drawn->host == UNKNOWN ? NULL : hosts[drawn->host],
        .run_as_known = drawn->run_as != UNKNOWN,
        .run_as = (uid_t)(100 + drawn->run_as),
        .rhost_is_none = drawn->address == 3,
        .rhost_known = drawn->address != UNKNOWN && drawn->address != 3,
        .command_is_none = drawn->command == NONE,
        .command = drawn->command < 0 ? NULL : commands[drawn->command],
        .argv = drawn->arguments == UNKNOWN ? NULL : arguments,
        .argc = (size_t)(drawn->arguments + 1),
        .command_writable = drawn->writable,
        .environment_changed = drawn->changed,
        .groups_known = drawn->groups != UNKNOWN,
        .zones = memory->zones,
        .entitlement = drawn->asked == UNKNOWN ? NULL : entitlements[drawn->asked],
        .whole = drawn->whole,
    };

    for (unsigned i = 0; i < policy_zone_count(policy); i++)
        memory->zones[i] = make_zone(drawn, i);
    add_lists(&facts, drawn, memory);
    add_shown(&facts, drawn);
    if (facts.rhost_known)
        facts.rhost = make_address(drawn->address);
    return facts;
}
