/* Evidence that is missing, in words, for what a real policy says of real facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/door/evidence.h"
#include "../../agent/state/scope.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/record.h"

static const char text[] =
    "people:\n"
    "  alice: { accounts: [alice, alice-adm] }\n"
    "  carol: { accounts: [carol] }\n"
    "  dave: { accounts: [dave] }\n"
    "  erin: { accounts: [erin] }\n"
    "groups: { dba-leads: [carol, erin] }\n"
    "entitlements:\n"
    "  db-admin:\n"
    "    description: Administer PostgreSQL\n"
    "    owner: dba-leads\n"
    "    sensitivity: critical\n"
    "    services: [sudo]\n"
    "    run_as: [root]\n"
    "    commands: [/usr/bin/id *]\n"
    "    max_duration: 1h\n"
    "    evidence:\n"
    "      reason_length: 12\n"
    "      reason_repeats: 2\n"
    "      ticket: '^(INC|CHG)-[0-9]+\\.?$'\n"
    "      peer: dba-leads\n"
    "      control: [snapshot, four-eyes, freeze]\n"
    "rules:\n"
    "- id: dba\n"
    "  decision: escalate\n"
    "  what: { entitlement: db-admin }\n"
    "  approval: { stages: [{ from: dba-leads, within: 10m }], strength: local }\n"
    "- id: web\n"
    "  decision: escalate\n"
    "  what: { service: su }\n"
    "  approval: { stages: [{ from: dba-leads, within: 10m }], strength: local }\n"
    "  evidence: { reason: required, ticket: required, peer: required }\n";

#define UID_ALICE 1001
#define UID_CAROL 1002
#define UID_DAVE 1003

static struct policy *load(void)
{
    const struct policy_file file = {"p.yaml", text, sizeof(text) - 1};
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(&file, 1, &errors);

    for (size_t i = 0; i < errors.count; i++)
        print_error("%s\n", errors.items[i].message);
    assert_non_null(policy);
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        static const struct {
            const char *name;
            uid_t uid;
        } accounts[] = {{"root", 0}, {"alice", UID_ALICE}, {"alice-adm", 1011},
            {"carol", UID_CAROL}, {"dave", UID_DAVE}};

        for (size_t k = 0; k < ARRAY_SIZE(accounts); k++)
            if (strcmp(policy_user_name(policy, i), accounts[k].name) == 0)
                policy_resolve_user(policy, i, true, accounts[k].uid);
    }
    policy_ready(policy);
    yaml_errors_done(&errors);
    return policy;
}

static const char *const id_argv[] = {"/usr/bin/id", "-u"};

static struct facts sudo_facts(void)
{
    return (struct facts){
        .uid = UID_ALICE,
        .user = "alice",
        .kind = SUBJECT_HUMAN,
        .service = "sudo",
        .host = "db1",
        .run_as_known = true,
        .rhost_is_none = true,
        .command = id_argv[0],
        .argv = id_argv,
        .argc = 2,
        .now_us = UINT64_C(1800000000000000),
    };
}

static void assert_prompt(
    const struct policy *policy, const struct facts *facts, uint64_t need, const char *expected)
{
    struct verdict verdict;
    char *prompt;

    policy_decide(policy, facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_ESCALATE);
    assert_int_equal(evidence_need(evidence_next(&verdict)), need);
    prompt = evidence_prompt(policy, &verdict, facts, "carol will be asked.");
    assert_string_equal(prompt, expected);
    free(prompt);
}

static void test_one_kind_after_the_other(void **state)
{
    struct policy *policy = load();
    struct facts facts = sudo_facts();
    struct verdict verdict;

    (void)state;
    assert_prompt(policy, &facts, GATE_NEED_REASON,
        "carol will be asked.\n"
        "Reason (db-admin, sensitivity critical; 12 characters at least): ");
    facts.reason = "replica is stuck";
    assert_prompt(policy, &facts, GATE_NEED_TICKET, "Ticket (like ^(INC|CHG)-[0-9]+\\.?$): ");
    facts.ticket = "INC-12";
    assert_prompt(policy, &facts, GATE_NEED_CONTROL, "Control (snapshot, four-eyes or freeze): ");
    facts.control = "snapshot";
    assert_prompt(policy, &facts, GATE_NEED_PEER, "Colleague who confirms (of dba-leads): ");
    facts.peer = "carol";
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.missing, 0);
    assert_int_equal(evidence_next(&verdict), 0);
    policy_free(policy);
}

/* A rule without an entitlement is named itself, and what has no form shows none. */
static void test_a_plain_rule(void **state)
{
    struct policy *policy = load();
    struct facts facts = sudo_facts();

    (void)state;
    facts.service = "su";
    facts.command = NULL;
    facts.argc = 0;
    assert_prompt(policy, &facts, GATE_NEED_REASON, "carol will be asked.\nReason (rule web): ");
    facts.reason = "x";
    assert_prompt(policy, &facts, GATE_NEED_REASON, "\"x\" is too short a reason.\nReason: ");
    facts.reason = "because";
    assert_prompt(policy, &facts, GATE_NEED_TICKET, "Ticket: ");
    facts.ticket = "1234567890123456789012345678901234567890123456789012345678901234567890";
    assert_prompt(policy, &facts, GATE_NEED_TICKET,
        "\"12345678901234567890123456789012345678901234...\" is too long for one.\nTicket: ");
    facts.ticket = "any";
    assert_prompt(policy, &facts, GATE_NEED_PEER, "Colleague who confirms: ");
    facts.peer = "zoe";
    assert_prompt(policy, &facts, GATE_NEED_PEER,
        "Nobody among the people of the policy is called \"zoe\".\nColleague who confirms: ");
    policy_free(policy);
}

static void test_what_was_wrong_is_said(void **state)
{
    struct policy *policy = load();
    struct facts facts = sudo_facts();

    (void)state;
    facts.reason = "short";
    assert_prompt(policy, &facts, GATE_NEED_REASON,
        "\"short\" is too short a reason.\nReason (12 characters at least): ");
    facts.reason = "replica is stuck";
    facts.reason_seen = 2;
    assert_prompt(policy, &facts, GATE_NEED_REASON,
        "That reason was given 2 times lately: say what is different now.\n"
        "Reason (12 characters at least): ");
    facts.reason_seen = 1;
    facts.ticket = "4711";
    assert_prompt(policy, &facts, GATE_NEED_TICKET,
        "\"4711\" does not look like one.\nTicket (like ^(INC|CHG)-[0-9]+\\.?$): ");
    facts.ticket = "INC-1";
    facts.ticket_state = TICKET_REJECTED;
    assert_prompt(policy, &facts, GATE_NEED_TICKET,
        "The ticket system does not accept \"INC-1\".\nTicket (like ^(INC|CHG)-[0-9]+\\.?$): ");
    facts.ticket_state = TICKET_CONFIRMED;
    facts.control = "prayer";
    assert_prompt(policy, &facts, GATE_NEED_CONTROL,
        "\"prayer\" is none of them.\nControl (snapshot, four-eyes or freeze): ");
    policy_free(policy);
}

static void test_who_cannot_confirm(void **state)
{
    static const struct {
        const char *peer, *words;
    } cases[] = {
        {"mallory", "Nobody among the people of the policy is called \"mallory\"."},
        {"dba-leads", "Nobody among the people of the policy is called \"dba-leads\"."},
        {"alice", "You cannot confirm for yourself."},
        {"dave", "dave may not confirm this."},
        {"erin", "erin has no account on this host, and cannot confirm."},
    };
    struct policy *policy = load();
    struct facts facts = sudo_facts();

    (void)state;
    facts.reason = "replica is stuck";
    facts.ticket = "INC-12";
    facts.control = "freeze";
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char expected[256];

        facts.peer = cases[i].peer;
        snprintf(expected, sizeof(expected),
            "%s\nColleague who confirms (of dba-leads): ", cases[i].words);
        assert_prompt(policy, &facts, GATE_NEED_PEER, expected);
    }
    facts.uid = 1011; /* another account of the same person */
    facts.peer = "alice";
    assert_prompt(policy, &facts, GATE_NEED_PEER,
        "You cannot confirm for yourself.\nColleague who confirms (of dba-leads): ");
    policy_free(policy);
}

static void test_hostile_input_is_escaped_and_cut(void **state)
{
    static char endless[4000];
    struct policy *policy = load();
    struct facts facts = sudo_facts();

    (void)state;
    facts.reason = "replica is stuck";
    facts.ticket = "\x1b[2J\nTicket: \xe2\x80\xae\\";
    assert_prompt(policy, &facts, GATE_NEED_TICKET,
        "\"\\x1b[2J\\x0aTicket: \\xe2\\x80\\xae\\\\\" does not look like one.\n"
        "Ticket (like ^(INC|CHG)-[0-9]+\\.?$): ");
    memset(endless, 'a', sizeof(endless) - 1);
    facts.ticket = endless;
    assert_prompt(policy, &facts, GATE_NEED_TICKET,
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" does not look like one.\n"
        "Ticket (like ^(INC|CHG)-[0-9]+\\.?$): ");
    policy_free(policy);
}

static struct scope scope_of_sudo(const char *run_as)
{
    struct gate_ask ask;
    struct scope scope;

    record_init_ask(&ask);
    ask.service = "sudo";
    ask.uid = UID_ALICE;
    ask.user = "alice";
    ask.run_as = run_as;
    ask.command = id_argv[0];
    ask.argv = (struct gate_list){"/usr/bin/id\0a b", 16};
    assert_int_equal(scope_from_ask(&ask, &scope), 0);
    return scope;
}

static void assert_refusal(const struct policy *policy, const struct facts *facts,
    const struct scope *scope, const char *expected)
{
    struct verdict verdict;
    char *refusal;

    policy_decide(policy, facts, &verdict);
    refusal = evidence_refusal(policy, &verdict, facts, scope);
    assert_string_equal(refusal, expected);
    free(refusal);
}

static void test_a_refusal_names_everything(void **state)
{
    struct policy *policy = load();
    struct facts facts = sudo_facts();
    struct scope root = scope_of_sudo("root"), postgres = scope_of_sudo("postgres");

    (void)state;
    assert_refusal(policy, &facts, &root,
        "Refused: a reason (12 characters at least), a ticket (like ^(INC|CHG)-[0-9]+\\.?$), a "
        "control (snapshot, four-eyes or freeze) and a colleague who confirms (of dba-leads) are "
        "needed (db-admin, sensitivity critical), and the approval of dba-leads.\n"
        "Ask first: assent request --service sudo --reason \"...\" --ticket TICKET --control WORD "
        "--peer PERSON --wait -- /usr/bin/id 'a b'");
    /* What was given is judged; at the door it has to be given once more. */
    facts.reason = "replica is stuck";
    facts.ticket = "4711";
    facts.control = "freeze";
    facts.peer = "alice";
    assert_refusal(policy, &facts, &postgres,
        "Refused: a ticket (like ^(INC|CHG)-[0-9]+\\.?$) and a colleague who confirms (of "
        "dba-leads) are needed (db-admin, sensitivity critical), and the approval of dba-leads. "
        "\"4711\" does not look like one. You cannot confirm for yourself.\n"
        "Ask first: assent request --service sudo --run-as postgres --reason \"...\" --ticket "
        "TICKET --control WORD --peer PERSON --wait -- /usr/bin/id 'a b'");
    /* At the command line only what is missing. */
    facts.peer = "carol";
    assert_refusal(policy, &facts, NULL,
        "Refused: a ticket (like ^(INC|CHG)-[0-9]+\\.?$) is needed (db-admin, sensitivity "
        "critical), and the approval of dba-leads. \"4711\" does not look like one.\n"
        "Add: --ticket TICKET");
    scope_done(&root);
    scope_done(&postgres);
    policy_free(policy);
}

/* The longest that policy may say still makes a prompt that fits the wire. */
static void test_long_forms_are_cut(void **state)
{
    static char word[65], peers[2000], pattern[257];
    const char *controls[32];
    struct evidence_terms terms = {
        .required = EVIDENCE_CONTROL | EVIDENCE_PEER | EVIDENCE_TICKET,
        .ticket_pattern = pattern,
        .peers_text = peers,
        .controls = controls,
        .control_count = ARRAY_SIZE(controls),
    };
    const struct verdict verdict = {
        .evidence = &terms, .missing = terms.required, .rule = "r", .reason = ""};
    struct policy *policy = load();
    struct facts facts = sudo_facts();
    char *refusal, *prompt;

    (void)state;
    memset(word, 'c', sizeof(word) - 1);
    memset(peers, 'p', sizeof(peers) - 1);
    memset(pattern, '\\', sizeof(pattern) - 1);
    for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
        controls[i] = word;
    prompt = evidence_prompt(policy, &verdict, &facts, NULL);
    assert_true(strlen(prompt) < 400);
    assert_non_null(strstr(prompt, "...): "));
    free(prompt);
    refusal = evidence_refusal(policy, &verdict, &facts, NULL);
    assert_true(strlen(refusal) < 1200);
    free(refusal);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_kind_after_the_other),
        cmocka_unit_test(test_a_plain_rule),
        cmocka_unit_test(test_what_was_wrong_is_said),
        cmocka_unit_test(test_who_cannot_confirm),
        cmocka_unit_test(test_hostile_input_is_escaped_and_cut),
        cmocka_unit_test(test_a_refusal_names_everything),
        cmocka_unit_test(test_long_forms_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
