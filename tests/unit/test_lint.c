/* Every kind of finding: a policy that has it, one that nearly has it and does not, and one in
 * which it is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/lint/lint.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"

/* 2026-11-20 12:00 UTC */
#define NOW_US (UINT64_C(1795176000) * 1000000)

/* `@` stands where `accept:` of the subject goes. */
#define RULE(more) \
    "groups: { leads: [carol, dave] }\nrules:\n  - id: r\n    @\n    owner: leads\n" more
#define CERTIFIED "    decision: allow\n    certified_until: 2027-06-30\n"
#define ASK(from)                                                               \
    "    decision: escalate\n    approval: { strength: local, stages: [{ " from \
    ", within: 1m }] }\n"
#define FIRST "rules:\n  - { id: first, owner: leads, "
#define SECOND "  - id: r\n    @\n    owner: leads\n"
#define LEADS "groups: { leads: [carol, dave] }\n"
#define ENTITLEMENT(more) \
    LEADS "entitlements:\n  e:\n    @\n    owner: leads\n    max_duration: 1h\n" more
#define PLAIN(more) LEADS "entitlements:\n  e:\n    owner: leads\n    max_duration: 1h\n" more
#define LOW "    sensitivity: low\n"
#define OF_SUDO "    services: sudo\n    commands: /usr/bin/id\n"
#define GIVEN                                                                        \
    "rules:\n  - { id: r, owner: leads, what: { entitlement: e }, decision: allow, " \
    "certified_until: 2027-06-30 }\n"
#define COMMAND(text) RULE(CERTIFIED "    what: { service: sudo, command: '" text "' }\n")

#define IDENTITY(account, owner, day)                                                          \
    "identities:\n  ci:\n    @\n    user: " account "\n    owner: " owner "\n    purpose: p\n" \
    "    expires: " day "\n"
#define FOR(who)                                                                                 \
    LEADS "rules:\n  - { id: r, owner: leads, who: { " who " }, decision: deny }\n  - { id: s, " \
          "owner: leads, who: { " who " }, "                                                     \
          "certified_until: 2027-06-30, decision: allow }\n"

static const struct {
    const char *lint;
    const char *has, *nearly;
    bool only_on_top; /* it cannot be accepted at its subject */
} kinds[] = {
    {"accept-unknown", RULE(CERTIFIED "    accept: { no-such: x }\n    what: { service: sshd }\n"),
        RULE(CERTIFIED "    accept: { missing-command: x }\n    what: { service: sudo }\n"), true},
    {"accept-unused", RULE(CERTIFIED "    accept: { disabled: x }\n    what: { service: sshd }\n"),
        RULE(CERTIFIED "    accept: { disabled: x }\n    disabled: yes\n"), true},
    {"approver-gone",
        RULE(ASK("from: [leads, ghost]") "    who: { user: u }\npeople: {carol: {}, "
                                         "dave: {}, ghost: {}}\n"),
        RULE(ASK("from: [leads]") "    who: { user: u }\n"), false},
    {"approvers-are-requesters", RULE(ASK("from: leads, need: 2") "    who: { user: dave }\n"),
        RULE(ASK("from: leads, need: 2") "    who: { user: [dave, u] }\n"), false},
    {"approvers-empty",
        "groups: { none: [] }\nrules:\n  - id: r\n    @\n    owner: none\n" CERTIFIED,
        "groups: { none: [] }\nrules:\n  - id: r\n    @\n    owner: none\n    decision: deny\n",
        false},
    {"approvers-unknown", RULE(ASK("from: ghost") "people: { ghost: {} }\n"),
        RULE(ASK("from: [ghost, carol]") "people: { ghost: {}, carol: {}, dave: {} }\n"), false},
    {"asks-for-shell",
        RULE(ASK("from: leads") "    what: { service: sudo, command: /usr/bin/vi }\n"),
        RULE(ASK("from: leads") "    what: { service: sudo, command: /usr/bin/vis }\n"), false},
    {"dead-path", RULE(CERTIFIED "    what: { service: sudo, command: /link/id }\n"),
        RULE(CERTIFIED "    what: { service: sudo, command: /real/id }\n"), false},
    {"denies-su", RULE("    decision: deny\n    what: { command: /usr/bin/id }\n"),
        RULE("    decision: deny\n    what: { service: sudo, command: /usr/bin/id }\n"), false},
    {"disabled", RULE(CERTIFIED "    disabled: yes\n"), RULE(CERTIFIED "    disabled: no\n"),
        false},
    {"duration-over-limit",
        PLAIN(LOW OF_SUDO) "rules:\n  - id: r\n    @\n    what: { entitlement: e }\n    "
                           "duration: 61m\n    owner: leads\n" CERTIFIED,
        PLAIN(LOW OF_SUDO) "rules:\n  - id: r\n    @\n    what: { entitlement: e }\n    "
                           "duration: 1h\n    owner: leads\n" CERTIFIED,
        false},
    {"entitlement-in-parts",
        ENTITLEMENT(LOW OF_SUDO) "rules:\n  - id: r\n    owner: leads\n    what: { entitlement: e, "
                                 "command: '/usr/bin/*' }\n" CERTIFIED,
        ENTITLEMENT(LOW OF_SUDO) "rules:\n  - id: r\n    owner: leads\n    what: { entitlement: e, "
                                 "command: [/usr/bin/id, /bin/a] }\n" CERTIFIED,
        false},
    {"entitlement-unreachable",
        ENTITLEMENT(LOW OF_SUDO) "rules:\n  - id: r\n    what: { entitlement: e }\n    decision: "
                                 "allow\n",
        ENTITLEMENT(LOW OF_SUDO) GIVEN, false},
    {"entitlement-unreachable",
        ENTITLEMENT(LOW OF_SUDO "    requesters: { user: u }\n") "rules:\n  - id: r\n    owner: "
                                                                 "leads\n    what: { entitlement: "
                                                                 "e }\n    who: { user: v "
                                                                 "}\n" CERTIFIED,
        ENTITLEMENT(LOW OF_SUDO "    requesters: { user: u }\n") GIVEN, false},
    {"environment-open",
        RULE(CERTIFIED "    what: { service: sudo, command: /bin/a, environment: allowed }\n"),
        RULE(CERTIFIED "    what: { service: sudo, command: /bin/a }\n"), false},
    {"gives-shell", COMMAND("any"), COMMAND("/usr/bin/any"), false},
    {"gives-shell", COMMAND("/usr/bin/*"), COMMAND("/opt/*/run"), false},
    {"gives-shell", COMMAND("/usr/bin/vi /etc/motd"), COMMAND("/usr/bin/cat /etc/motd"), false},
    {"gives-shell", COMMAND("/usr/local/bin/python3.11"), COMMAND("/usr/bin/python3 /opt/a.py"),
        false},
    {"gives-shell", COMMAND("/usr/bin/find /srv *"), COMMAND("/usr/bin/find /srv -ls"), false},
    {"gives-shell", COMMAND("/usr/bin/systemctl * nginx"), COMMAND("/usr/bin/systemctl restart *"),
        false},
    {"gives-shell", COMMAND("/usr/bin/systemctl --full edit x"), COMMAND("/usr/bin/systemctl"),
        false},
    {"gives-shell", COMMAND("/usr/*/apt-* install *"), COMMAND("/usr/*/apt-cache search *"), false},
    {"gives-shell", ENTITLEMENT(LOW "    services: sudo\n    commands: /usr/bin/less\n") GIVEN,
        ENTITLEMENT(LOW OF_SUDO) GIVEN, false},
    {"identity-ended", FOR("user: a") IDENTITY("a", "leads", "2026-11-19"),
        FOR("user: a") IDENTITY("a", "leads", "2026-11-20"), false},
    {"identity-unused", FOR("user: [b, c]") IDENTITY("a", "leads", "2027-06-30"),
        FOR("user: [b, a]") IDENTITY("a", "leads", "2027-06-30"), false},
    {"identity-unused", FOR("not-user: [b, a]") IDENTITY("a", "leads", "2027-06-30"),
        FOR("not-user: b, group: g") IDENTITY("a", "leads", "2027-06-30"), false},
    {"identity-unused", FOR("kind: human") IDENTITY("a", "leads", "2027-06-30"),
        FOR("kind: [human, service]") IDENTITY("a", "leads", "2027-06-30"), false},
    {"identity-unused",
        PLAIN(LOW OF_SUDO "    requesters: { user: b }\n")
            GIVEN IDENTITY("a", "leads", "2027-06-30"),
        PLAIN(LOW OF_SUDO "    requesters: { user: a }\n")
            GIVEN IDENTITY("a", "leads", "2027-06-30"),
        false},
    {"identity-unused",
        LEADS "rules:\n  - { id: s, owner: leads, monitor: yes, decision: allow }\n" IDENTITY(
            "a", "leads", "2027-06-30"),
        LEADS "rules:\n  - { id: s, owner: leads, decision: allow }\n" IDENTITY(
            "a", "leads", "2027-06-30"),
        false},
    {"identity-without-owner",
        "groups: { leads: [carol], none: [] }\n" IDENTITY("a", "none", "2027-06-30"),
        "groups: { leads: [carol], none: [] }\n" IDENTITY("a", "carol", "2027-06-30"), false},
    {"lapsed", RULE("    decision: allow\n    certified_until: 2026-11-19\n"),
        RULE("    decision: allow\n    certified_until: 2026-11-20\n"), false},
    {"lapses-soon", RULE("    decision: allow\n    certified_until: 2026-12-19\n"),
        RULE("    decision: allow\n    certified_until: 2026-12-20\n"), false},
    {"long-certificate", RULE("    decision: allow\n    certified_until: 2027-12-25\n"),
        RULE("    decision: allow\n    certified_until: 2027-12-24\n"), false},
    {"missing-command", RULE(CERTIFIED "    what: { service: [sshd, sudo] }\n"),
        RULE(CERTIFIED "    what: { service: sshd }\n"), false},
    {"missing-command", RULE(CERTIFIED "    who: { user: u }\n"),
        RULE(ASK("from: leads") "    who: { user: u }\n"), false},
    {"missing-command", ENTITLEMENT(LOW "    services: sudo\n") GIVEN,
        ENTITLEMENT(LOW "    services: sshd\n") GIVEN, false},
    {"monitor", RULE("    decision: deny\n    monitor: yes\n"), RULE("    decision: deny\n"),
        false},
    {"needs-plugin", RULE(CERTIFIED "    what: { service: sudo, run_as: root }\n"),
        RULE(CERTIFIED "    what: { service: su, run_as: root }\n"), false},
    {"needs-plugin",
        PLAIN(LOW OF_SUDO) "rules:\n  - id: r\n    @\n    what: { entitlement: e }\n    "
                           "owner: leads\n" CERTIFIED,
        PLAIN(LOW "    services: sudo\n") GIVEN, false},
    {"never-certified", RULE("    decision: allow\n"), RULE("    decision: deny\n"), false},
    {"never-matches", RULE(CERTIFIED "    who: { user: [u, v], not-user: [v, u, w] }\n"),
        RULE(CERTIFIED "    who: { user: [u, v], not-user: [v, w] }\n"), false},
    {"never-matches", RULE(CERTIFIED "    who: { group: g, not-group: [g, h] }\n"),
        RULE(CERTIFIED "    who: { group: [g, i], not-group: [g, h] }\n"), false},
    {"never-matches", RULE(CERTIFIED "    what: { service: sshd, command: /bin/a }\n"),
        RULE(CERTIFIED "    what: { service: [sshd, sudo], command: /bin/a }\n"), false},
    {"never-matches",
        PLAIN(LOW OF_SUDO) "rules:\n  - id: r\n    @\n    owner: leads\n    what: { "
                           "entitlement: e, service: su }\n" CERTIFIED,
        PLAIN(LOW OF_SUDO) "rules:\n  - id: r\n    @\n    owner: leads\n    what: { "
                           "entitlement: e, service: [su, sudo] }\n" CERTIFIED,
        false},
    {"never-matches",
        PLAIN(LOW OF_SUDO "    run_as: root\n") "rules:\n  - id: r\n    @\n    owner: leads\n    "
                                                "what: { entitlement: e, run_as: u }\n" CERTIFIED,
        PLAIN(LOW "    services: [sshd, sudo]\n    run_as: root\n") "rules:\n  - id: r\n    @\n    "
                                                                    "owner: leads\n    what: { "
                                                                    "entitlement: e, run_as: u "
                                                                    "}\n" CERTIFIED,
        false},
    {"never-matches",
        PLAIN(LOW OF_SUDO "    hosts: 'db*'\n") "rules:\n  - id: r\n    @\n    owner: "
                                                "leads\n    what: { entitlement: e }\n    "
                                                "where: { host: 'web*' }\n" CERTIFIED,
        PLAIN(LOW OF_SUDO "    hosts: 'db*'\n") "rules:\n  - id: r\n    @\n    owner: "
                                                "leads\n    what: { entitlement: e }\n    "
                                                "where: { host: '*1' }\n" CERTIFIED,
        false},
    {"no-owner", LEADS "rules:\n  - id: r\n    @\n" CERTIFIED, RULE(CERTIFIED), false},
    {"not-in-people", "people: { carol: {} }\n" RULE(CERTIFIED),
        "people: { carol: {}, dave: { accounts: dd } }\n" RULE(CERTIFIED), true},
    {"owner-gone",
        "groups: { g: [ghost1, ghost2] }\nrules:\n  - id: r\n    @\n    owner: "
        "g\n" CERTIFIED,
        "groups: { g: [ghost1, erin] }\nrules:\n  - id: r\n    @\n    owner: g\n" CERTIFIED, false},
    {"owner-gone",
        "groups: { g: [locked] }\nrules:\n  - id: r\n    @\n    owner: "
        "g\n    decision: deny\n",
        "people: { erin: { accounts: [locked, erin] } }\ngroups: { g: [erin] }\nrules:\n  - id: "
        "r\n    @\n    owner: g\n    decision: deny\n",
        false},
    {"owner-gone",
        "people: { o: { accounts: [ghost, locked] } }\n" IDENTITY("a", "o", "2027-06-30"),
        "people: { o: { accounts: [ghost, erin] } }\n" IDENTITY("a", "o", "2027-06-30"), false},
    {"shadowed",
        LEADS FIRST "who: { user: [u, v] }, decision: deny }\n" SECOND
                    "    who: { user: u }\n    decision: deny\n",
        LEADS FIRST "who: { user: u }, decision: deny }\n" SECOND
                    "    who: { user: [u, v] }\n    decision: deny\n",
        false},
    {"too-few-approvers", RULE(ASK("from: leads, need: 2")), RULE(ASK("from: leads, need: 1")),
        false},
    {"too-few-approvers", RULE(ASK("from: carol") "    who: { not-user: dave }\n"),
        RULE(ASK("from: carol") "    who: { not-user: carol }\n"), false},
    {"unknown-account", RULE(CERTIFIED "    who: { not-user: ghost }\n"),
        RULE(CERTIFIED "    who: { not-user: u }\n"), false},
    {"unknown-account", LEADS IDENTITY("ghost", "leads", "2027-06-30"),
        LEADS IDENTITY("a", "leads", "2027-06-30"), false},
    {"unknown-group", RULE(CERTIFIED "    who: { not-group: ghost }\n"),
        RULE(CERTIFIED "    who: { not-group: g }\n"), false},
    {"unused-entitlement", ENTITLEMENT(LOW OF_SUDO), ENTITLEMENT(LOW OF_SUDO) GIVEN, false},
    {"unused-group",
        "groups: { leads: [carol], more: [erin] }\nrules:\n  - id: r\n    owner: leads\n" CERTIFIED,
        "groups: { leads: [carol], more: [erin] }\nrules:\n  - id: r\n    owner: leads\n    "
        "evidence: { peer: [carol, more] }\n" CERTIFIED,
        true},
    {"weak-approval", RULE(ASK("from: leads") "    what: { run_as: [u, root] }\n"),
        RULE(ASK("from: leads") "    what: { run_as: u }\n"), false},
    {"weak-approval", RULE(ASK("from: leads") "    what: { service: sshd }\n"),
        RULE(ASK("from: leads") "    what: { service: sshd }\n    who: { user: u }\n"), false},
    {"weak-approval",
        RULE(ASK("from: leads") "    what: { service: [sshd, su] }\n    who: { user: u }\n"),
        RULE(ASK("from: leads") "    what: { service: sshd }\n    who: { group: g }\n"), false},
    {"weak-approval",
        RULE(ASK("from: leads") "    what: { service: sshd }\n    who: { user: root }\n"),
        RULE(
            ASK("from: leads") "    what: { service: [sshd, login] }\n    who: { user: [u, v] }\n"),
        false},
    {"weak-evidence",
        ENTITLEMENT("    sensitivity: high\n    evidence: { reason: optional }\n" OF_SUDO) GIVEN,
        ENTITLEMENT("    sensitivity: low\n    evidence: { reason: optional }\n" OF_SUDO) GIVEN,
        false},
    {"window-over", RULE(CERTIFIED "    when: { until: 2026-11-20T12:00Z }\n"),
        RULE(CERTIFIED "    when: { until: 2026-11-20T12:01Z }\n"), false},
    {"window-over", RULE(CERTIFIED "    when: { until: 2026-11-18, zone: Europe/Berlin }\n"),
        RULE(CERTIFIED "    when: { until: 2026-11-20, zone: Europe/Berlin }\n"), false},
    {"writable-open",
        RULE(CERTIFIED "    what: { service: sudo, command: /bin/a, writable_command: allowed }\n"),
        RULE(CERTIFIED "    what: { service: sudo, command: /bin/a, run_as: u, writable_command: "
                       "allowed }\n"),
        false},
};

/* ---- looking ------------------------------------------------------------------------------ */

/* "ghost..." does not exist, nobody can log in as "locked". */
static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        const char *name = policy_user_name(policy, i);

        policy_resolve_user(policy, i, strncmp(name, "ghost", 5) != 0,
            strcmp(name, "root") == 0 ? 0 : (uid_t)(1000 + i));
        policy_note_account(policy, i, strcmp(name, "locked") == 0, 0);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++)
        policy_resolve_group(
            policy, i, strncmp(policy_group_name(policy, i), "ghost", 5) != 0, (gid_t)(1000 + i));
    policy_ready(policy);
}

static struct policy *compile(const char *text)
{
    struct yaml_errors errors = {0};
    const struct policy_file file = {"p.yaml", text, strlen(text)};
    struct policy *policy = policy_compile(&file, 1, &errors);

    if (!policy)
        fail_msg("%u:%u: %s in\n%s", errors.items[0].line, errors.items[0].column,
            errors.items[0].message, text);
    resolve(policy);
    return policy;
}

/* What was found of one kind, and of the two about `accept:`. */
struct found {
    const char *lint;
    const char *only; /* of the subject of that name; NULL: of all */
    unsigned count, accepted, about_accept;
    struct str_builder log;
};

static void note(const struct lint_finding *finding, void *userdata)
{
    struct found *found = userdata;

    assert_non_null(finding->place.file);
    assert_true(finding->place.line > 0);
    assert_true(strlen(finding->message) > 0);
    str_appendf(
        &found->log, "%u: %s: %s\n", finding->place.line, finding->lint->name, finding->message);
    found->about_accept += strncmp(finding->lint->name, "accept-", 7) == 0;
    if (strcmp(finding->lint->name, found->lint) != 0 ||
        (found->only && strcmp(finding->name, found->only) != 0))
        return;
    if (finding->accepted) {
        assert_string_equal(finding->accepted, "because");
        found->accepted++;
    } else {
        found->count++;
    }
}

static char *real_directory(const char *pattern, void *userdata)
{
    (void)userdata;
    return strncmp(pattern, "/link/", 6) == 0 ? strdup("/real") : NULL;
}

static const struct lint_options all_of_it = {
    .now_us = NOW_US, .host = true, .real_directory = real_directory};

static struct found look_at(
    const char *text, const char *lint, const char *only, const struct lint_options *options)
{
    CLEANUP(cleanup_policy) struct policy *policy = compile(text);
    struct found found = {.lint = lint, .only = only};

    assert_int_equal(policy_lint(policy, options, note, &found), 0);
    return found;
}

static struct found look(const char *text, const char *lint, const struct lint_options *options)
{
    return look_at(text, lint, NULL, options);
}

/* The text with each line that holds "@" replaced; `accept` NULL: by nothing. */
static char *with_accept(const char *text, const char *accept)
{
    struct str_builder out = {0};

    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n") + 1;
        bool marked = memchr(at, '@', length) != NULL;

        if (!marked)
            str_append_n(&out, at, length);
        else if (accept)
            str_appendf(&out, "    accept: { %s: because }\n", accept);
        at += length;
    }
    return str_builder_take(&out);
}

static void expect(const char *text, const char *lint, unsigned count, unsigned accepted)
{
    struct found found = look(text, lint, &all_of_it);

    if ((found.count > 0) != (count > 0) || (found.accepted > 0) != (accepted > 0))
        fail_msg("%s: found %u and %u accepted, not %u and %u, in\n%s\n%s", lint, found.count,
            found.accepted, count, accepted, text, found.log.text ? found.log.text : "");
    if (accepted > 0 && found.about_accept > 0)
        fail_msg("%s: %s", lint, found.log.text);
    str_builder_done(&found.log);
}

static void test_every_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO_FREE char *has = with_accept(kinds[i].has, NULL);
        AUTO_FREE char *nearly = with_accept(kinds[i].nearly, NULL);
        AUTO_FREE char *accepting = with_accept(kinds[i].has, kinds[i].lint);

        expect(has, kinds[i].lint, 1, 0);
        expect(nearly, kinds[i].lint, 0, 0);
        if (!kinds[i].only_on_top)
            expect(accepting, kinds[i].lint, 0, 1);
    }
}

static void test_accepted_for_the_whole_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO_FREE char *has = with_accept(kinds[i].has, NULL), *text = NULL;
        struct found found;

        assert_true(asprintf(&text, "%saccept: { %s: because }\n", has, kinds[i].lint) > 0);
        found = look(text, kinds[i].lint, &all_of_it);
        if (found.count > 0 || found.accepted == 0)
            fail_msg("%s:\n%s", kinds[i].lint, found.log.text);
        str_builder_done(&found.log);
    }
}

static void test_none_is_left_out_above(void **state)
{
    (void)state;
    for (size_t i = 0; lints[i].name; i++) {
        bool tested = false;

        for (size_t j = 0; j < ARRAY_SIZE(kinds); j++)
            tested |= strcmp(kinds[j].lint, lints[i].name) == 0;
        if (!tested)
            fail_msg("%s is not tested", lints[i].name);
        assert_true(i == 0 || strcmp(lints[i - 1].name, lints[i].name) < 0);
    }
}

/* What hangs on a host or on the day is left out when that is not known, and accepting it then is
 * no mistake. */
static void test_what_is_not_known_is_not_found(void **state)
{
    static const struct lint_options nothing_known = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO_FREE char *text = with_accept(kinds[i].has, NULL);
        struct found found = look(text, kinds[i].lint, &nothing_known);
        const struct lint *lint = lints;

        while (strcmp(lint->name, kinds[i].lint) != 0)
            lint++;
        if ((lint->needs == LINT_FILES) != (found.count > 0))
            fail_msg("%s: found %u", lint->name, found.count);
        str_builder_done(&found.log);
    }
}

/* ---- which rule lies over which ------------------------------------------------------------- */

#define OVER "groups: { leads: [carol, dave] }\nrules:\n  - { id: a, owner: leads, "
#define UNDER "  - { id: b, owner: leads, "
#define ALLOW "decision: allow, certified_until: 2027-06-30 }\n"
#define DENY "decision: deny }\n"
#define ESCALATE                                                                              \
    "decision: escalate, approval: { strength: local, stages: [{ from: leads, within: 1m }] " \
    "} }\n"

static const struct {
    const char *text;
    bool shadowed; /* rule b */
} pairs[] = {
    {OVER ALLOW UNDER ALLOW, true},
    {OVER ALLOW UNDER ESCALATE, false}, /* a changed environment */
    {OVER ESCALATE UNDER ALLOW, true},
    {OVER ALLOW UNDER DENY, false},
    {OVER DENY UNDER ALLOW, true},
    {OVER "monitor: yes, " DENY UNDER ALLOW, false},
    {OVER "monitor: yes, " DENY UNDER "monitor: yes, " ALLOW, true},
    {OVER "disabled: yes, " DENY UNDER ALLOW, false},
    {OVER "who: { group: g }, " DENY UNDER "who: { group: g, kind: human }, " ALLOW, true},
    {OVER "who: { group: [g, h] }, " DENY UNDER "who: { group: g }, " ALLOW, true},
    {OVER "who: { group: g }, " DENY UNDER "who: { group: [g, h] }, " ALLOW, false},
    {OVER "who: { group: g }, " DENY UNDER "who: { user: u }, " ALLOW, false},
    {OVER "who: { not-user: u }, " DENY UNDER "who: { user: v }, " ALLOW, true},
    {OVER "who: { not-user: u }, " DENY UNDER "who: { user: [u, v] }, " ALLOW, false},
    {OVER "who: { not-user: u }, " DENY UNDER "who: { not-user: [u, v] }, " ALLOW, true},
    {OVER "who: { not-group: g }, " DENY UNDER "who: { group: h }, " ALLOW, false},
    {OVER "who: { not-group: g }, " DENY UNDER "who: { not-group: [h, g] }, " ALLOW, true},
    {OVER "who: { kind: [human, service] }, " DENY UNDER ALLOW, false},
    {OVER "what: { service: [sudo, su] }, " DENY UNDER "what: { service: su }, " ALLOW, true},
    {OVER "what: { service: su }, " DENY UNDER ALLOW, false},
    {OVER "what: { run_as: [root, u] }, " DENY UNDER "what: { run_as: u }, " ALLOW, true},
    {OVER "what: { command: '/usr/bin/* *' }, " DENY UNDER
          "what: { command: '/usr/bin/id -[ab]' }, " ALLOW,
        true},
    {OVER "what: { command: '/usr/*/id' }, " DENY UNDER "what: { command: '/usr/bin/i?' }, " ALLOW,
        false},
    {OVER "what: { command: '/bin/cat /var/log/*' }, " ALLOW UNDER
          "what: { command: '/bin/cat /var/log/a*' }, " ALLOW,
        true},
    {OVER "what: { command: '/bin/cat /var/log/*' }, " ALLOW UNDER
          "what: { command: '/bin/cat /var/log/../a' }, " ALLOW,
        false},
    {OVER "what: { command: '/bin/cat /var/log/*' }, " ALLOW UNDER
          "what: { command: '/bin/cat *' }, " ALLOW,
        false},
    {OVER "what: { command: '/bin/cat ?*' }, " ALLOW UNDER
          "what: { command: '/bin/cat *' }, " ALLOW,
        false},
    {OVER "what: { command: '/bin/cat' }, " ALLOW UNDER "what: { command: '/bin/cat *' }, " ALLOW,
        false},
    {OVER "what: { command: any }, " ALLOW UNDER "what: { command: '/bin/c* * x' }, " ALLOW, true},
    {OVER ALLOW UNDER "what: { command: /a, writable_command: allowed }, " ALLOW, false},
    {OVER "what: { writable_command: allowed }, " ALLOW UNDER
          "what: { command: /a, writable_command: allowed }, " ALLOW,
        true},
    {OVER ALLOW UNDER "what: { environment: allowed }, " ALLOW, false},
    {OVER "where: { host: '*.example.org' }, " DENY UNDER
          "where: { host: ['A.Example.org', 'b?.example.org'] }, " ALLOW,
        true},
    {OVER "where: { host: 'db[0-9]' }, " DENY UNDER "where: { host: 'DB[0-4]' }, " ALLOW, true},
    {OVER "where: { host: 'db[0-4]' }, " DENY UNDER "where: { host: 'db[0-9]' }, " ALLOW, false},
    {OVER "where: { label: [a, b] }, " DENY UNDER "where: { label: a }, " ALLOW, true},
    {OVER "where: { rhost: [10.0.0.0/8, local] }, " DENY UNDER
          "where: { rhost: [10.1.0.0/16, local] }, " ALLOW,
        true},
    {OVER "where: { rhost: '::/0' }, " DENY UNDER "where: { rhost: 10.0.0.1 }, " ALLOW, false},
    {OVER "where: { rhost: 10.0.0.0/8 }, " DENY UNDER "where: { rhost: [10.0.0.1, local] }, " ALLOW,
        false},
    {OVER "where: { tty: [pty, none] }, " DENY UNDER "where: { tty: pty }, " ALLOW, true},
    {OVER "when: { days: mon-fri, hours: '08:00-18:00' }, " DENY UNDER
          "when: { days: tue, hours: '08:00-17:30' }, " ALLOW,
        true},
    {OVER "when: { days: mon-fri, hours: '08:00-18:00' }, " DENY UNDER
          "when: { days: tue, hours: '08:00-17:30', zone: Europe/Berlin }, " ALLOW,
        false},
    {OVER "when: { days: fri, hours: '22:00-06:00' }, " DENY UNDER
          "when: { days: sat, hours: '00:00-06:00' }, " ALLOW,
        true},
    {OVER "when: { days: fri, hours: '22:00-06:00' }, " DENY UNDER
          "when: { days: fri, hours: '00:00-06:00' }, " ALLOW,
        false},
    {OVER "when: { from: 2026-01-01T00:00Z }, " DENY UNDER
          "when: { from: 2026-02-01T00:00Z, until: 2027-02-01T00:00Z }, " ALLOW,
        true},
    {OVER "when: { from: 2026-01-01T00:00Z }, " DENY UNDER "when: { from: 2026-02-01 }, " ALLOW,
        false},
    /* entitlements: e opens sudo of two commands as root, f sshd as well */
    {OVER "what: { service: sudo }, " DENY UNDER "what: { entitlement: e }, " ALLOW, true},
    {OVER "what: { service: sudo }, " DENY UNDER "what: { entitlement: f }, " ALLOW, false},
    {OVER "what: { command: /bin/a }, " DENY UNDER "what: { entitlement: f }, " ALLOW, false},
    {OVER DENY UNDER "what: { entitlement: e }, " ALLOW, true},
    {OVER ALLOW UNDER "what: { entitlement: e }, " ALLOW, false},
    {OVER "what: { entitlement: e }, " ALLOW UNDER
          "what: { entitlement: e }, who: { user: u }, " ALLOW,
        true},
    {OVER "what: { entitlement: [e, f] }, " ALLOW UNDER "what: { entitlement: f }, " ALLOW, true},
    {OVER "what: { entitlement: e }, " ALLOW UNDER "what: { entitlement: [e, f] }, " ALLOW, false},
    {OVER "what: { entitlement: e, command: /bin/a }, " ALLOW UNDER
          "what: { entitlement: e, command: '/bin/a' }, " ALLOW,
        true},
    {OVER "what: { entitlement: e }, " ALLOW UNDER
          "what: { service: sudo, run_as: root, command: /bin/a }, " ALLOW,
        true},
    {OVER "what: { entitlement: e }, " ALLOW UNDER
          "what: { service: sudo, run_as: root, command: /bin/c }, " ALLOW,
        false},
    {OVER "what: { entitlement: f }, " ALLOW UNDER "what: { service: sshd }, " ALLOW, false},
    /* the one denies those who ask for all of f as well */
    {OVER "what: { entitlement: e }, " DENY UNDER
          "what: { service: sudo, run_as: root, command: /bin/a }, " DENY,
        false},
    {OVER "what: { command: '/bin/*' }, " DENY UNDER "what: { command: /bin/a }, " DENY, false},
    {OVER "what: { command: [/bin/a, /bin/b] }, " DENY UNDER "what: { command: /bin/a }, " DENY,
        true},
    {OVER "what: { entitlement: e, command: '/bin/*' }, " ALLOW UNDER
          "what: { entitlement: e, command: [/bin/a, /bin/b] }, " ALLOW,
        false},
    {OVER "when: { from: 2026-01-01, zone: Asia/Tokyo }, " DENY UNDER
          "when: { from: 2026-02-01 }, " ALLOW,
        false},
    {OVER "what: { command: '/bin/cat ** x' }, " ALLOW UNDER
          "what: { command: '/bin/cat * x' }, " ALLOW,
        false},
};

#define ENTITLEMENTS                                                                           \
    "entitlements:\n"                                                                          \
    "  e: { owner: leads, sensitivity: low, services: sudo, run_as: root, commands: [/bin/a, " \
    "/bin/b], max_duration: 1h }\n"                                                            \
    "  f: { owner: leads, sensitivity: low, services: [sshd, sudo], run_as: root, commands: "  \
    "/bin/a, max_duration: 1h }\n"

static void test_shadowed_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        AUTO_FREE char *text = NULL;
        struct found found;

        assert_true(asprintf(&text, ENTITLEMENTS "%s", pairs[i].text) > 0);
        found = look_at(text, "shadowed", "b", &all_of_it);
        if ((found.count > 0) != pairs[i].shadowed)
            fail_msg("found %u in\n%s\n%s", found.count, pairs[i].text,
                found.log.text ? found.log.text : "");
        str_builder_done(&found.log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_accepted_for_the_whole_policy),
        cmocka_unit_test(test_none_is_left_out_above),
        cmocka_unit_test(test_what_is_not_known_is_not_found),
        cmocka_unit_test(test_shadowed_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
