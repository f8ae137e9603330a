/* Two policies compared: each change in its words, what is no change, and at random: policies that
 * are said to mean the same decide the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/compare/compare.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "drawn_policy.h"

#define LEADS "groups: { leads: [carol, dave] }\n"
#define RULE(more) LEADS "rules:\n  - { id: r, owner: leads, " more " }\n"
#define ALLOW "decision: allow, certified_until: 2027-06-30"
#define ASK(more) "decision: escalate, approval: { strength: local, stages: [{ " more " }] }"
#define ENTITLEMENT(more)                                                          \
    LEADS "entitlements:\n  e: { owner: leads, sensitivity: low, services: sudo, " \
          "max_duration: 1h" more " }\n"                                           \
          "rules:\n  - { id: r, owner: leads, what: { entitlement: e }, decision: deny }\n"

#define IDENTITY(user, owner, purpose, day)                                          \
    LEADS "identities:\n  ci: { user: " user ", owner: " owner ", purpose: " purpose \
          ", expires: " day " }\n"

static const struct {
    const char *before, *after;
    const char *told; /* "" : nothing */
} changes[] = {
    /* what is no change */
    {RULE(ALLOW), "# a comment\n" RULE("certified_until: 2027-06-30, decision: allow"), ""},
    {RULE(ALLOW ", who: { user: [a, b] }"), RULE(ALLOW ", who: { user: [b, a, b] }"), ""},
    {RULE(ALLOW ", what: { command: [/bin/a, '/bin/b  x'] }"),
        RULE(ALLOW ", what: { command: ['/bin/\"b\" x', /bin/a] }"), ""},
    {RULE(ALLOW ", where: { rhost: ['::ffff:10.0.0.1', local] }"),
        RULE(ALLOW ", where: { rhost: [local, 10.0.0.1/32] }"), ""},
    {RULE(ALLOW ", when: { days: mon-wed }"), RULE(ALLOW ", when: { days: [wed, 'mon,tue'] }"), ""},
    {RULE(ALLOW), RULE(ALLOW ", duration: 15m, disabled: no, uses: 7") "",
        "rule r changed: uses none>7\n"},
    {RULE(ALLOW ", duration: 60m"), RULE(ALLOW ", duration: 1h"), ""},
    {RULE(ALLOW ", accept: { disabled: x }"), RULE(ALLOW), ""},
    {RULE(ASK("from: [leads, carol], within: 1m")),
        RULE(ASK("from: [carol, leads], need: 1, within: 60s")), ""},
    {"groups: { leads: [carol, dave] }\n", "groups: { leads: [dave, carol] }\n", ""},

    /* rules, key by key */
    {RULE(ALLOW), LEADS,
        "rule r removed: decision allow>none; owner leads>none; certified_until "
        "2027-06-30>none; duration 15m>none\n"},
    {LEADS, RULE("decision: deny"), "rule r added: decision none>deny; owner none>leads\n"},
    {RULE(ALLOW), RULE("decision: deny"),
        "rule r changed: decision allow>deny; certified_until 2027-06-30>none; duration "
        "15m>none\n"},
    {RULE(ALLOW), RULE(ALLOW ", disabled: yes"), "rule r changed: disabled none>yes\n"},
    {RULE(ALLOW), RULE(ALLOW ", monitor: yes"), "rule r changed: monitor none>yes\n"},
    {RULE(ALLOW), RULE("decision: allow, certified_until: 2027-01-01"),
        "rule r changed: certified_until 2027-06-30>2027-01-01\n"},
    {RULE(ALLOW ", who: { user: [a, b] }"), RULE(ALLOW ", who: { user: [c, a], kind: human }"),
        "rule r changed: who.user a, b>a, c (-b +c); who.kind none>human\n"},
    {RULE(ALLOW ", who: { not-group: g }"), RULE(ALLOW ", who: { group: g }"),
        "rule r changed: who.group none>g; who.not-group g>none\n"},
    {RULE(ALLOW ", what: { command: '/bin/a *', run_as: root }"),
        RULE(ALLOW ", what: { command: any, service: su }"),
        "rule r changed: what.service none>su; what.run_as root>none; what.command '/bin/a *'>any "
        "(-'/bin/a *' +any)\n"},
    {RULE(ALLOW ", what: { writable_command: allowed }"),
        RULE(ALLOW ", what: { environment: allowed }"),
        "rule r changed: what.writable_command allowed>none; what.environment none>allowed\n"},
    {RULE(ALLOW ", where: { host: 'db-*', rhost: 10.0.0.0/8 }"),
        RULE(ALLOW
            ", where: { host: 'web-*', rhost: ['2001:db8::/32', 10.0.0.0/8], tty: pty, label: "
            "prod }"),
        "rule r changed: where.host 'db-*'>'web-*' (-'db-*' +'web-*'); where.label none>prod; "
        "where.rhost 10.0.0.0/8>10.0.0.0/8, 2001:db8::/32 (+2001:db8::/32); where.tty none>pty\n"},
    {RULE(ALLOW ", when: { hours: '08:00-18:00', zone: Europe/Berlin }"),
        RULE(ALLOW ", when: { days: sat, from: 2026-12-24, until: 2026-12-26T18:00+01:00 }"),
        "rule r changed: when.days none>sat; when.hours 08:00-18:00>none; when.zone "
        "Europe/Berlin>none; when.from none>2026-12-24 00:00; when.until "
        "none>2026-12-26T17:00:00Z\n"},
    {RULE(ASK("from: leads, within: 1m")),
        RULE(ASK("from: [leads, carol], need: 2, within: 5m") ", survives_reboot: yes"),
        "rule r changed: survives_reboot none>yes; approval.from leads>carol, leads (+carol); "
        "approval.need 1>2; approval.within 1m>5m\n"},
    {RULE(ASK("from: leads, within: 1m")),
        RULE(ASK("from: leads, within: 1m") ", evidence: { reason: optional, ticket: '^A', peer: "
                                            "[carol, leads], control: [b, a] }"),
        "rule r changed: evidence.reason required, 3 characters>none; evidence.ticket none>^A; "
        "evidence.peer none>carol, leads; evidence.control none>a, b\n"},
    {RULE("decision: deny, reason: no"), RULE("decision: deny, reason: No, instead: ask"),
        "rule r changed: reason no>No; instead none>ask\n"},

    /* entitlements, groups, people */
    {ENTITLEMENT(""), ENTITLEMENT(", commands: [/bin/a], hosts: 'db*', groups: [dba]"),
        "entitlement e changed: hosts none>'db*'; commands none>'/bin/a'; groups none>dba [r]\n"},
    {ENTITLEMENT(""), ENTITLEMENT(", requesters: { group: g }, description: words"),
        "entitlement e changed: description none>words; requesters.group none>g [r]\n"},
    {RULE(ALLOW),
        "groups: { leads: [carol, erin] }\nrules:\n  - { id: r, owner: leads, " ALLOW " }\n",
        "group leads changed: members carol, dave>carol, erin (-dave +erin) [r]\n"},
    {LEADS, "groups: { leads: [carol, dave], more: [] }\n", "group more added: \n"},
    {"people: { carol: {} }\n", "people: { carol: { accounts: [carol, adm], mail: c@x } }\n",
        "person carol changed: accounts carol>adm, carol (+adm); mail none>c@x\n"},
    {IDENTITY("a", "leads", "x", "2027-06-30"), IDENTITY("a", "leads", "x", "2027-06-30"), ""},
    {LEADS, IDENTITY("a", "leads", "Deploys", "2027-06-30"),
        "identity ci added: user none>a; owner none>leads; purpose none>Deploys; expires "
        "none>2027-06-30\n"},
    {IDENTITY("a", "leads", "Deploys", "2027-06-30"), LEADS,
        "identity ci removed: user a>none; owner leads>none; purpose Deploys>none; expires "
        "2027-06-30>none\n"},
    {IDENTITY("a", "leads", "Deploys", "2027-06-30"),
        IDENTITY("b", "dave", "deploys", "9999-12-31"),
        "identity ci changed: user a>b; owner leads>dave; purpose Deploys>deploys; expires "
        "2027-06-30>9999-12-31\n"},
    {"people: { carol: {} }\n", "people: { dave: {} }\n",
        "person carol removed: accounts carol>none\nperson dave added: accounts none>dave\n"},
};

/* ---- telling ----------------------------------------------------------------------------- */

static struct policy *compile(const char *text)
{
    struct yaml_errors errors = {0};
    const struct policy_file file = {"p.yaml", text, strlen(text)};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        fail_msg("%u:%u: %s in\n%s", errors.items[0].line, errors.items[0].column,
            errors.items[0].message, text);
    return policy;
}

static void tell_field(struct str_builder *out, const struct compare_field *field)
{
    str_appendf(out, "%s %s>%s", field->key, field->before ? field->before : "none",
        field->after ? field->after : "none");
    if (field->gone || field->more)
        str_appendf(out, " (%s%s%s%s%s)", field->gone ? "-" : "", field->gone ? field->gone : "",
            field->gone && field->more ? " " : "", field->more ? "+" : "",
            field->more ? field->more : "");
}

static void tell(const struct compare_change *change, void *userdata)
{
    struct str_builder *out = userdata;

    assert_true((change->before.file == NULL) == (change->kind == COMPARE_ADDED) ||
                change->subject == COMPARE_PERSON);
    assert_true((change->after.file == NULL) == (change->kind == COMPARE_REMOVED) ||
                change->subject == COMPARE_PERSON);
    str_appendf(out, "%s %s %s: ", compare_subject_to_string(change->subject), change->name,
        compare_kind_to_string(change->kind));
    for (size_t i = 0; i < change->field_count; i++) {
        str_append(out, i > 0 ? "; " : "");
        tell_field(out, &change->fields[i]);
    }
    if (change->rules)
        str_appendf(out, " [%s]", change->rules);
    if (change->past)
        str_appendf(out, "%s %s", change->now_first ? "before" : "behind", change->past);
    str_append(out, "\n");
}

static char *compare(const struct policy *before, const struct policy *after)
{
    struct str_builder out = {0};

    assert_int_equal(policy_compare(before, after, tell, &out), 0);
    return str_builder_take(&out);
}

static void expect(const char *before, const char *after, const char *told)
{
    CLEANUP(cleanup_policy) struct policy *a = compile(before), *b = compile(after);
    AUTO_FREE char *text = compare(a, b);

    assert_string_equal(text, told);
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        expect(changes[i].before, changes[i].after, changes[i].told);
        expect(changes[i].after, changes[i].after, "");
    }
}

/* ---- order --------------------------------------------------------------------------------- */

#define A "  - { id: a, owner: leads, who: { group: g }, " ALLOW ", duration: 1h }\n"
#define B "  - { id: b, owner: leads, what: { service: sudo }, " ALLOW ", duration: 2h }\n"
#define C "  - { id: c, owner: leads, what: { service: su }, " ALLOW ", duration: 1h }\n"
#define D "  - { id: d, owner: leads, decision: deny }\n"
#define LIKE_A "  - { id: z, owner: leads, who: { group: h }, " ALLOW ", duration: 1h }\n"
#define RULES LEADS "rules:\n"

static void test_order(void **state)
{
    (void)state;
    expect(RULES A B C, RULES A C B, "");       /* they cannot meet */
    expect(RULES A D B, RULES D A B, "");       /* a deny comes first anyway */
    expect(RULES A LIKE_A, RULES LIKE_A A, ""); /* it comes to the same */
    expect(RULES A B, RULES B A, "rule b moved: before a\n");
    expect(RULES A B C, RULES B C A, "rule a moved: behind b\n");
    expect(RULES B C A, RULES A B C, "rule a moved: before b\n");
    expect(RULES A D B, RULES B A,
        "rule d removed: decision deny>none; owner leads>none\n"
        "rule b moved: before a\n");
    expect(RULES A B,
        RULES "  - { id: b, owner: leads, what: { service: su }, " ALLOW ", duration: 2h }\n" A,
        "rule b moved: what.service sudo>su (-sudo +su)before a\n");
}

/* ---- what is said to mean the same ----------------------------------------------------------- */

static void shuffle_some(struct drawn_policy *drawn)
{
    for (unsigned i = draw(3); i > 0; i--) {
        unsigned a = draw(drawn->count), b = draw(drawn->count);
        struct drawn_rule rule = drawn->rules[a];

        drawn->rules[a] = drawn->rules[b];
        drawn->rules[b] = rule;
    }
}

/* What it would be with the rules that are only watched. */
static enum decision watched(const struct verdict *verdict)
{
    return verdict->would != 0 ? verdict->would : verdict->decision;
}

static bool is_same_verdict(const struct verdict *a, const struct verdict *b)
{
    return a->decision == b->decision && a->duration_us == b->duration_us && a->lapse == b->lapse &&
           a->missing == b->missing && watched(a) == watched(b) &&
           str_equal(a->entitlement, b->entitlement);
}

static void check(const struct policy *before, const struct policy *after, const char *texts[2])
{
    struct drawn_memory memory;
    struct facts facts = draw_facts(&memory);
    struct verdict a, b;

    policy_decide(before, &facts, &a);
    policy_decide(after, &facts, &b);
    if (is_same_verdict(&a, &b))
        return;
    fprintf(stderr, "%s\n---\n%s\n", texts[0], texts[1]);
    fail_msg("%s by %s, then %s by %s", decision_to_string(a.decision), a.rule ? a.rule : "none",
        decision_to_string(b.decision), b.rule ? b.rule : "none");
}

static void test_what_means_the_same_decides_the_same(void **state)
{
    unsigned same = 0, different = 0;

    (void)state;
    drawn_seed(UINT64_C(0x2545f4914f6cdd1d));
    for (unsigned i = 0; i < 6000; i++) {
        struct drawn_policy drawn = draw_policy();
        AUTO_FREE char *before_text = NULL, *after_text = NULL, *told = NULL;
        CLEANUP(cleanup_policy) struct policy *before = drawn_compile(&drawn, &before_text);
        CLEANUP(cleanup_policy) struct policy *after = NULL;

        shuffle_some(&drawn);
        if (chance(30))
            draw_change(&drawn.rules[draw(drawn.count)]);
        after = drawn_compile(&drawn, &after_text);
        told = compare(before, after);
        if (*told != '\0') {
            different++;
            continue;
        }
        same++;
        for (unsigned j = 0; j < 300; j++)
            check(before, after, (const char *[]){before_text, after_text});
    }
    print_message("%u pairs the same, %u different\n", same, different);
    assert_true(same > 1500 && different > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_what_means_the_same_decides_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
