/* Explain: what the agent tells about a decision, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../cli/base/json.h"
#include "../../cli/base/varlink.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define EXPLAIN "io.assent.Explain"
#define NOT_FOUND "io.assent.NotFound"
#define NOT_ALLOWED "io.assent.NotAllowed"
#define INVALID "io.assent.Invalid"

static const char rules[] =
    "  - { id: games-login, owner: leads, certified_until: 2099-12-31, who: { user: games },\n"
    "      what: { service: sshd }, where: { rhost: 10.0.0.0/8 }, decision: allow }\n"
    "  - { id: no-man, who: { user: man }, what: { service: sudo }, decision: deny,\n"
    "      reason: Not man, instead: Ask carol }\n"
    "  - id: asks\n"
    "    who: { user: daemon }\n"
    "    what: { service: sudo, run_as: root }\n"
    "    decision: escalate\n"
    "    duration: 10m\n"
    "    uses: 2\n"
    "    evidence: { ticket: \"^INC-[0-9]+$\" }\n"
    "    approval: { stages: [ { from: leads, within: 1h } ], strength: local }\n"
    "  - { id: carols, owner: leads, certified_until: 2026-01-01, who: { user: bin },\n"
    "      what: { service: sudo }, decision: allow }\n"
    "  - { id: of-group, who: { group: nogroup }, what: { service: su }, decision: deny }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, rules);
}

/* The explanation, or NULL with the error's name. */
static json_t *explain(
    const struct agent_fixture *f, uid_t uid, json_t *parameters, const char **ret_error)
{
    AUTO_JSON json_t *reply = agent_call(f, uid, EXPLAIN, parameters, ret_error);

    return json_incref(json_object_get(reply, "explanation"));
}

static json_t *facts(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    return json_pack("{s:o}", "facts", json);
}

static void expect_text(const json_t *object, const char *key, const char *expected)
{
    const char *found = json_string_value(json_object_get(object, key));

    if (expected)
        assert_string_equal(found ? found : "(none)", expected);
    else
        assert_true(json_is_null(json_object_get(object, key)));
}

static void expect_list(const json_t *object, const char *key, const char *expected)
{
    AUTO_FREE char *found =
        json_dumps(json_object_get(object, key), JSON_COMPACT | JSON_ENCODE_ANY);

    assert_string_equal(found ? found : "(none)", expected);
}

static const json_t *rule_in(const json_t *explanation, const char *id)
{
    size_t index;
    json_t *rule;

    json_array_foreach(json_object_get(explanation, "rules"), index, rule)
    {
        if (strcmp(json_string_value(json_object_get(rule, "id")), id) == 0)
            return rule;
    }
    fail_msg("no rule %s", id);
    return NULL;
}

static void test_root_asks_about_anybody(void **state)
{
    struct agent_fixture *f = *state;
    const char *error = NULL;
    AUTO_JSON json_t *why = explain(f, 0,
        facts("{\"user\":\"daemon\",\"service\":\"sudo\",\"run_as\":\"root\",\"rhost\":\"local\","
              "\"command\":[\"/usr/bin/id\",\"a \\n\"],\"ticket\":\"INC-7\"}"),
        &error);

    assert_null(error);
    expect_text(why, "decision", "escalate");
    expect_text(why, "rule", "asks");
    expect_text(why, "reason", "a rule asks for approval");
    assert_int_equal(json_integer_value(json_object_get(why, "duration")), 600);
    assert_int_equal(json_integer_value(json_object_get(why, "uses")), 2);
    expect_list(why, "missing", "[\"reason\"]");
    expect_list(why, "approvers", "[\"carol\",\"dave\"]");
    expect_text(why, "run_as", "root");
    expect_list(json_object_get(why, "facts"), "argv", "[\"/usr/bin/id\",\"a \\\\x0a\"]");
    expect_list(json_object_get(why, "facts"), "kind", "\"service\"");
    assert_null(json_object_get(json_object_get(why, "facts"), "groups"));
    assert_non_null(json_object_get(json_object_get(why, "facts"), "host"));
    assert_non_null(json_object_get(json_object_get(why, "facts"), "at"));
    expect_text(rule_in(why, "asks"), "standing", "decides");
    expect_text(rule_in(why, "asks"), "condition", NULL);
    expect_text(rule_in(why, "games-login"), "standing", "fails");
    expect_text(rule_in(why, "games-login"), "condition", "who.user");
    expect_text(rule_in(why, "games-login"), "why", "who.user does not hold");
    expect_text(rule_in(why, "carols"), "lapse", "its certificate has run out");
}

static void test_unknown_and_lapsed(void **state)
{
    struct agent_fixture *f = *state;
    const char *error = NULL;
    AUTO_JSON json_t *login = explain(
        f, 0, facts("{\"user\":\"games\",\"service\":\"sshd\",\"command\":\"none\"}"), &error);
    AUTO_JSON json_t *lapsed = explain(f, 0,
        facts("{\"user\":\"sys\",\"service\":\"sudo-i\",\"reason\":\"disk is full\"}"), &error);
    AUTO_JSON json_t *own = explain(
        f, 0, facts("{\"user\":\"bin\",\"service\":\"sudo\",\"reason\":\"disk is full\"}"), &error);
    AUTO_JSON json_t *earlier = explain(f, 0,
        facts("{\"user\":\"bin\",\"service\":\"sudo\",\"at\":\"2025-12-31T23:59:59+00:00\"}"),
        &error);

    assert_null(error);
    expect_text(login, "decision", "deny");
    expect_text(login, "rule", NULL);
    expect_text(rule_in(login, "games-login"), "standing", "unknown");
    expect_text(rule_in(login, "games-login"), "condition", "where.rhost");
    expect_text(lapsed, "decision", "deny");
    expect_text(own, "decision", "escalate");
    expect_text(own, "lapse", "its certificate has run out");
    expect_list(own, "approvers", "[\"dave\"]"); /* bin is carol's */
    expect_text(earlier, "decision", "allow");
    expect_list(earlier, "approvers", "[]");
}

static void test_people_ask_about_themselves(void **state)
{
    struct agent_fixture *f = *state;
    const char *error = NULL;
    AUTO_JSON json_t *own =
        explain(f, UID_MAN, facts("{\"service\":\"sudo\",\"run_as\":\"root\"}"), &error);
    AUTO_JSON json_t *named = explain(
        f, UID_BIN, facts("{\"user\":\"sys\",\"service\":\"sudo\",\"run_as\":\"root\"}"), &error);

    assert_null(error);
    expect_text(own, "decision", "deny");
    expect_text(own, "rule", "no-man");
    expect_text(own, "reason", "Not man");
    expect_text(own, "instead", "Ask carol");
    expect_list(json_object_get(own, "facts"), "user", "\"man\"");
    expect_list(json_object_get(own, "facts"), "uid", "6");
    assert_true(json_array_size(json_object_get(json_object_get(own, "facts"), "groups")) > 0);
    expect_list(json_object_get(named, "facts"), "uid", "3");
}

static void expect_refused(
    const struct agent_fixture *f, uid_t uid, const char *text, const char *expected)
{
    const char *error = NULL;
    AUTO_JSON json_t *reply = agent_call(f, uid, EXPLAIN, facts(text), &error);

    assert_string_equal(error ? error : "(none)", expected);
    assert_int_equal(reply != NULL, error == NULL);
}

static void test_others_facts_are_refused(void **state)
{
    struct agent_fixture *f = *state;

    expect_refused(f, UID_MAN, "{\"user\":\"daemon\",\"service\":\"sudo\"}", NOT_ALLOWED);
    expect_refused(f, UID_MAN, "{\"user\":\"root\",\"service\":\"sudo\"}", NOT_ALLOWED);
    expect_refused(f, UID_MAN, "{\"user\":\"nobody-here\",\"service\":\"sudo\"}", NOT_ALLOWED);
    expect_refused(f, UID_MAN, "{\"groups\":[\"nogroup\"],\"service\":\"su\"}", NOT_ALLOWED);
    expect_refused(f, UID_MAN, "{\"kind\":\"human\",\"service\":\"su\"}", NOT_ALLOWED);
}

/* As root, what is said about it. */
static void expect_mistake(
    const struct agent_fixture *f, const char *parameters, const char *message)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    AUTO_JSON json_t *json = json_loads(parameters, 0, NULL);
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);

    assert_int_equal(varlink_open(f->public, deadline, &link), 0);
    assert_int_equal(varlink_send(link, EXPLAIN, json, false, deadline), 0);
    assert_int_equal(varlink_receive(link, deadline, &reply), 0);
    assert_string_equal(reply.error ? reply.error : "(none)", INVALID);
    expect_text(reply.parameters, "message", message);
}

static void test_mistakes_are_named(void **state)
{
    struct agent_fixture *f = *state;
    static const struct {
        const char *parameters, *message;
    } table[] = {
        {"{\"facts\":{\"usr\":\"daemon\"}}", "unknown key 'usr', did you mean 'user'?"},
        {"{\"facts\":{\"command\":[\"id\"]}}",
            "a command begins with its absolute path; 'none' is a login, which has none"},
        {"{\"facts\":{\"gone\":[\"carol\"]}}",
            "'absent' and 'gone' are for policies that are tried out, not for the one in force"},
        {"{\"facts\":{\"entitlement\":\"x\"}}", "this policy has no entitlement 'x'"},
        {"{\"facts\":[]}", "either 'facts', an object, or 'id' is needed"},
        {"{}", "either 'facts', an object, or 'id' is needed"},
        {"{\"facts\":{},\"id\":\"K7QM-2F9X\"}", "either 'facts', an object, or 'id' is needed"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        expect_mistake(f, table[i].parameters, table[i].message);
}

static void test_too_many_groups(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *parameters = facts("{\"user\":\"man\",\"service\":\"su\",\"groups\":[]}");
    json_t *groups = json_object_get(json_object_get(parameters, "facts"), "groups");
    const char *error = NULL;

    for (int i = 0; i < 64; i++)
        json_array_append_new(groups, json_sprintf("group%d", i));
    {
        AUTO_JSON json_t *most = explain(f, 0, json_deep_copy(parameters), &error);

        assert_null(error);
        assert_non_null(most);
    }
    json_array_append_new(groups, json_string("nogroup"));
    {
        AUTO_JSON json_t *more = agent_call(f, 0, EXPLAIN, json_incref(parameters), &error);

        assert_null(more);
        assert_string_equal(error, INVALID);
    }
}

/* ---- a request --------------------------------------------------------------------------- */

static struct gate_result open_request(const struct agent_fixture *f)
{
    static const char command[] = "/usr/bin/id\0-u\0\xff";
    struct gate_ask ask = ask_sudo(UID_DAEMON, command, sizeof(command));
    struct gate_result result;

    ask.reason = "disk is full";
    ask.ticket = "INC-4711";
    ask.flags = GATE_FLAG_WAIT;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_WAIT);
    return result;
}

static json_t *explain_id(
    const struct agent_fixture *f, uid_t uid, const char *id, const char **ret_error)
{
    return explain(f, uid, json_pack("{s:s}", "id", id), ret_error);
}

static void test_a_request_by_its_id(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result request = open_request(f);
    static const uid_t may[] = {0, UID_DAEMON, UID_BIN, UID_SYS, UID_GAMES};
    const char *error = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(may); i++) {
        AUTO_JSON json_t *why = explain_id(f, may[i], request.request, &error);

        assert_null(error);
        expect_text(why, "decision", "escalate");
        expect_text(why, "rule", "asks");
        expect_text(why, "run_as", "root");
        expect_list(why, "missing", "[]");
        expect_list(json_object_get(why, "facts"), "argv", "[\"/usr/bin/id\",\"-u\",\"\\\\xff\"]");
        expect_list(json_object_get(why, "facts"), "ticket", "\"INC-4711\"");
    }
    {
        AUTO_JSON json_t *why = explain_id(f, UID_MAN, request.request, &error);

        assert_null(why);
        assert_string_equal(error, NOT_FOUND);
    }
}

/* Its facts are in the ledger; the policy is the one in force now. */
static void test_a_request_after_it_has_ended(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result request = open_request(f);
    const char *error = NULL;
    AUTO_JSON json_t *withdrawn = agent_call(f, UID_DAEMON, "io.assent.WithdrawRequest",
        json_pack("{s:s}", "id", request.request), &error);

    assert_null(error);
    assert_non_null(withdrawn);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_policy(f, "  - { id: stop, who: { user: daemon }, decision: deny }\n");
    agent_fixture_start(f);
    {
        AUTO_JSON json_t *why = explain_id(f, UID_DAEMON, request.request, &error);

        assert_null(error);
        expect_text(why, "decision", "deny");
        expect_text(why, "rule", "stop");
        expect_list(why, "approvers", "[]");
        expect_list(json_object_get(why, "facts"), "ticket", "\"INC-4711\"");
    }
}

static void test_ids_that_are_none(void **state)
{
    static const char *const ids[] = {"", "K7QM-2F9X", "../../etc/passwd", "a\nb", "%s%n"};
    struct agent_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        const char *error = NULL;
        AUTO_JSON json_t *why = explain_id(f, 0, ids[i], &error);

        assert_null(why);
        assert_string_equal(error, NOT_FOUND);
    }
}

/* ---- many rules -------------------------------------------------------------------------- */

static void test_what_is_about_something_else_is_left_out(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder text = {0};
    AUTO_FREE char *many = NULL;
    const char *error = NULL;

    for (int i = 0; i < 2000; i++)
        str_appendf(&text, "  - { id: r%d, who: { user: u%d }, decision: deny }\n", i, i);
    str_append(&text, "  - { id: near, who: { user: man }, what: { service: sudo },\n"
                      "      where: { tty: console }, decision: deny }\n");
    many = str_builder_take(&text);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_policy(f, many);
    agent_fixture_start(f);
    {
        AUTO_JSON json_t *few =
            explain(f, 0, facts("{\"user\":\"man\",\"service\":\"sudo\",\"tty\":\"pty\"}"), &error);
        AUTO_JSON json_t *parameters =
            facts("{\"user\":\"man\",\"service\":\"sudo\",\"tty\":\"console\"}");
        AUTO_JSON json_t *all = NULL;

        assert_null(error);
        assert_int_equal(json_array_size(json_object_get(few, "rules")), 1);
        assert_int_equal(json_integer_value(json_object_get(few, "rules_left_out")), 2000);
        expect_text(rule_in(few, "near"), "condition", "where.tty");
        json_object_set_new(parameters, "all", json_true());
        all = explain(f, 0, json_incref(parameters), &error);
        assert_null(error);
        /* the one that decides is there, however many are not */
        assert_int_equal(json_array_size(json_object_get(all, "rules")), 251);
        assert_int_equal(json_integer_value(json_object_get(all, "rules_left_out")), 1750);
        expect_text(rule_in(all, "near"), "standing", "decides");
    }
}

/* What would be denied is let through there, which has to be said. */
static void test_a_service_in_monitor_mode(void **state)
{
    static const char *const services[] = {"su", "sudo"};
    struct agent_fixture *f = *state;
    FILE *config;

    agent_fixture_kill(f, SIGTERM);
    config = fopen(f->config, "w");
    assert_non_null(config);
    assert_true(fputs("monitor: [su]\n", config) >= 0);
    assert_int_equal(fclose(config), 0);
    agent_fixture_start(f);
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        const char *error = NULL;
        AUTO_JSON json_t *why = explain(f, 0,
            json_pack("{s:{s:s, s:s}}", "facts", "user", "man", "service", services[i]), &error);

        assert_null(error);
        expect_list(why, "enforced", i == 0 ? "false" : "true");
    }
}

/* Who asks and goes away at once leaves nothing behind. */
static void test_callers_that_go_away(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *parameters = facts("{\"user\":\"man\",\"service\":\"su\"}");
    const char *error = NULL;

    for (int i = 0; i < 50; i++) {
        CLEANUP(cleanup_varlink) struct varlink *link = NULL;
        uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);

        assert_int_equal(varlink_open(f->public, deadline, &link), 0);
        assert_int_equal(varlink_send(link, EXPLAIN, parameters, false, deadline), 0);
    }
    {
        AUTO_JSON json_t *why = explain(f, 0, json_incref(parameters), &error);

        assert_null(error);
        expect_text(why, "decision", "deny");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_root_asks_about_anybody, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_unknown_and_lapsed, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_people_ask_about_themselves, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_others_facts_are_refused, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_mistakes_are_named, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_too_many_groups, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_a_request_by_its_id, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(
            test_a_request_after_it_has_ended, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_ids_that_are_none, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_a_service_in_monitor_mode, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_callers_that_go_away, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(
            test_what_is_about_something_else_is_left_out, setup, agent_fixture_end),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
