/* Identities in a whole agent: what is recorded of one, and that nothing opens for it once it has
 * lapsed, whatever was granted before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define UPTIME "/usr/bin/uptime"
#define ID_UID "/usr/bin/id\0-u"
#define LENGTH(text) sizeof(text)

#define RULES                                                                                   \
    "  - { id: in, owner: leads, certified_until: 2099-12-31, who: { kind: service }, what: { " \
    "service: sshd }, decision: allow }\n"                                                      \
    "  - { id: tools-ask, owner: leads, what: { entitlement: tools }, decision: escalate,\n"    \
    "      approval: { stages: [ { from: leads, within: 5m } ], strength: local } }\n"          \
    "  - { id: id-asks, owner: leads, who: { user: daemon }, what: { service: sudo, command: "  \
    "/usr/bin/id -u },\n      evidence: { reason: optional }, decision: escalate,\n"            \
    "      approval: { stages: [ { from: leads, within: 5m } ], strength: local } }\n"          \
    "entitlements:\n"                                                                           \
    "  tools: { services: sudo, run_as: root, commands: [/usr/bin/uptime], owner: leads, "      \
    "sensitivity: low, max_duration: 1h }\n"
#define IDENTITY(account, owner, day)                                                     \
    "identities:\n  ci: { user: " account ", owner: " owner ", purpose: Deploys the web " \
    "tier, expires: " day " }\n"

static const char alive[] = RULES IDENTITY("daemon", "dave", "2099-12-31");
static const char ended[] = RULES IDENTITY("daemon", "dave", "2020-01-31");
static const char unowned[] = RULES IDENTITY("daemon", "none", "2099-12-31");
static const char another[] = RULES IDENTITY("man", "dave", "2020-01-31");
static const char without[] = RULES;

/* A group of people who are not in `people:`. */
static void add_strangers(const struct agent_fixture *f)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/20-none.yaml", f->policy);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("groups: { none: [nobody-here] }\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static int setup(void **state)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, alive);
    add_strangers(&fixture);
    *state = &fixture;
    return 0;
}

static json_t *call(struct agent_fixture *f, uid_t uid, const char *method, json_t *parameters)
{
    char name[64];
    const char *error;
    json_t *reply;

    snprintf(name, sizeof(name), "io.assent.%s", method);
    reply = agent_call(f, uid, name, parameters, &error);
    if (!reply)
        fail_msg("%s: %s", method, error);
    return reply;
}

static void load(struct agent_fixture *f, const char *policy)
{
    agent_fixture_policy(f, policy);
    json_decref(call(f, 0, "Reload", NULL));
}

static char *ask_for_tools(struct agent_fixture *f)
{
    json_t *reply = call(f, UID_DAEMON, "OpenRequest",
        json_pack("{s:s, s:s}", "entitlement", "tools", "reason", "look around"));
    const char *id = json_string_value(json_object_get(json_object_get(reply, "request"), "id"));
    char *copy = id ? strdup(id) : NULL;

    assert_non_null(copy);
    json_decref(reply);
    return copy;
}

static void approve(struct agent_fixture *f, const char *id)
{
    json_decref(call(f, UID_BIN, "ApproveRequest", json_pack("{s:s}", "id", id)));
}

static struct gate_result run(struct agent_fixture *f, const char *argv, size_t length)
{
    struct gate_ask ask = ask_sudo(UID_DAEMON, argv, length);

    ask.flags = 0;
    return gate_once(f, &ask);
}

static uint64_t possible(struct agent_fixture *f)
{
    struct gate_ask ask = ask_sudo(UID_DAEMON, NULL, 0);

    ask.phase = GATE_PHASE_POSSIBLE;
    ask.flags = 0;
    return gate_once(f, &ask).kind;
}

static struct gate_result login(struct agent_fixture *f, uid_t uid)
{
    struct gate_ask ask = ask_login(uid, "192.0.2.1");

    ask.flags = 0;
    return gate_once(f, &ask);
}

static void expect_record(struct agent_fixture *f, const char *event, const char *part)
{
    AUTO_FREE char *record = audit_record(f, event);

    assert_non_null(record);
    if (!strstr(record, part))
        fail_msg("no %s in %s", part, record);
}

static void test_what_is_recorded(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_result result;

    agent_fixture_start(f);
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_ALLOW);
    expect_record(f, "decided", "\"subject_kind\":\"service\"");
    expect_record(f, "decided", "\"identity\":\"ci\"");
    expect_record(f, "decided", "\"owner\":\"leads\"");
    load(f, ended);
    result = login(f, UID_DAEMON);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "the identity ci ended on 2020-01-31"));
    assert_non_null(strstr(result.text, "Ask its owner, dave,"));
    expect_record(f, "decided", "\"owner\":\"dave\"");
    expect_record(f, "decided", "\"identity\":\"ci\"");
    expect_record(f, "decided", "\"lapse\":\"date\"");
    load(f, unowned);
    result = login(f, UID_DAEMON);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "nobody of none is left"));
    expect_record(f, "decided", "\"lapse\":\"owner\"");
    load(f, without);
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_ALLOW);
}

/* Whatever the range of people's numbers in assent.yaml. */
static void test_is_a_service(void **state)
{
    struct agent_fixture *f = *state;
    FILE *config = fopen(f->config, "we");

    assert_non_null(config);
    assert_true(fputs("human_uids: 1-60000\n", config) >= 0);
    assert_int_equal(fclose(config), 0);
    agent_fixture_start(f);
    assert_int_equal(login(f, UID_MAN).kind, GATE_DENY);
    expect_record(f, "decided", "\"subject_kind\":\"human\"");
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_ALLOW);
    expect_record(f, "decided", "\"subject_kind\":\"service\"");
    load(f, without);
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_DENY);
}

/* I5: of an entitlement and of a command, at the account phase too. */
static void test_grants_open_nothing(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_UID, LENGTH(ID_UID));
    AUTO_FREE char *tools = NULL;
    struct gate_result result;
    json_t *reply;

    agent_fixture_start(f);
    reply = call(f, UID_DAEMON, "ListEntitlements", NULL);
    assert_int_equal(json_array_size(json_object_get(reply, "entitlements")), 1);
    json_decref(reply);
    tools = ask_for_tools(f);
    approve(f, tools);
    ask.flags = GATE_FLAG_WAIT;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_WAIT);
    approve(f, result.request);
    assert_int_equal(run(f, UPTIME, LENGTH(UPTIME)).kind, GATE_ALLOW);
    assert_int_equal(run(f, ID_UID, LENGTH(ID_UID)).kind, GATE_ALLOW);
    assert_int_equal(possible(f), GATE_ALLOW);
    load(f, ended);
    result = run(f, UPTIME, LENGTH(UPTIME));
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text, "the identity ci ended on 2020-01-31"));
    assert_int_equal(run(f, ID_UID, LENGTH(ID_UID)).kind, GATE_DENY);
    assert_int_equal(possible(f), GATE_DENY);
    load(f, unowned);
    assert_int_equal(run(f, UPTIME, LENGTH(UPTIME)).kind, GATE_DENY);
    assert_int_equal(run(f, ID_UID, LENGTH(ID_UID)).kind, GATE_DENY);
    /* renewed in time it is as it was */
    load(f, alive);
    assert_int_equal(run(f, UPTIME, LENGTH(UPTIME)).kind, GATE_ALLOW);
    assert_int_equal(run(f, ID_UID, LENGTH(ID_UID)).kind, GATE_ALLOW);
    /* and so is an account that no identity has */
    load(f, another);
    assert_int_equal(run(f, UPTIME, LENGTH(UPTIME)).kind, GATE_ALLOW);
}

static void test_asks_for_nothing(void **state)
{
    struct agent_fixture *f = *state;
    const char *error;
    json_t *reply;

    agent_fixture_policy(f, ended);
    agent_fixture_start(f);
    reply = call(f, UID_DAEMON, "ListEntitlements", NULL);
    assert_int_equal(json_array_size(json_object_get(reply, "entitlements")), 0);
    json_decref(reply);
    assert_null(agent_call(f, UID_DAEMON, "io.assent.OpenRequest",
        json_pack("{s:s, s:s}", "entitlement", "tools", "reason", "look around"), &error));
    assert_string_equal(error, "io.assent.Refused");
    assert_int_equal(run(f, ID_UID, LENGTH(ID_UID)).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "request-opened"), 0);
}

/* What waits for people while the identity lapses can be refused, and not approved. */
static void test_lapses_while_it_waits(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *id = NULL;
    const char *error;

    agent_fixture_start(f);
    id = ask_for_tools(f);
    expect_record(f, "request-opened", "\"identity\":\"ci\"");
    expect_record(f, "request-opened", "\"owner\":\"leads\"");
    load(f, ended);
    assert_null(
        agent_call(f, UID_BIN, "io.assent.ApproveRequest", json_pack("{s:s}", "id", id), &error));
    assert_string_equal(error, "io.assent.NotAllowed");
    assert_int_equal(audit_count(f, "approval"), 0);
    json_decref(call(
        f, UID_BIN, "DenyRequest", json_pack("{s:s, s:s}", "id", id, "reason", "it has ended")));
    assert_int_equal(audit_count(f, "refusal"), 1);
}

/* Its entry is gone, which makes it an account like any other: the request goes on. */
static void test_is_taken_out_while_it_waits(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *id = NULL;

    agent_fixture_start(f);
    id = ask_for_tools(f);
    load(f, without);
    approve(f, id);
    assert_int_equal(run(f, UPTIME, LENGTH(UPTIME)).kind, GATE_ALLOW);
}

static size_t count_listed(struct agent_fixture *f, uid_t uid, int from, int *ret_next)
{
    json_t *reply = call(f, uid, "ListIdentities", json_pack("{s:i}", "from", from));
    size_t count = json_array_size(json_object_get(reply, "identities"));

    *ret_next = (int)json_integer_value(json_object_get(reply, "next"));
    json_decref(reply);
    return count;
}

static const char *text_in(const json_t *list, size_t index, const char *key)
{
    return json_string_value(json_object_get(json_array_get(list, index), key));
}

/* Auditors and root see all, others what they are or own. */
static void test_who_sees_which(void **state)
{
    static const char four[] =
        RULES "identities:\n"
              "  a: { user: man, owner: dave, purpose: Reads, expires: 2099-12-31 }\n"
              "  b: { user: mail, owner: carol, purpose: Writes, expires: 2020-01-31 }\n"
              "  c: { user: no-such-account, owner: leads, purpose: Sleeps, expires: 2099-12-31 }\n"
              "  d: { user: news, owner: none, purpose: Waits, expires: 2099-12-31 }\n";
    struct agent_fixture *f = *state;
    json_t *reply, *list;
    int next;

    agent_fixture_policy(f, four);
    agent_fixture_start(f);
    assert_int_equal(count_listed(f, 0, 1, &next), 4);
    assert_int_equal(count_listed(f, UID_GAMES, 1, &next), 2); /* dave */
    assert_int_equal(count_listed(f, UID_SYS, 1, &next), 2);   /* carol */
    assert_int_equal(count_listed(f, UID_MAN, 1, &next), 1);
    assert_int_equal(count_listed(f, UID_DAEMON, 1, &next), 0);
    assert_int_equal(next, 0);
    assert_int_equal(count_listed(f, 0, 3, &next), 2);
    assert_int_equal(count_listed(f, 0, 1000000, &next), 0);
    reply = call(f, 0, "ListIdentities", NULL);
    list = json_object_get(reply, "identities");
    assert_string_equal(text_in(list, 0, "state"), "active");
    assert_string_equal(text_in(list, 0, "account"), "man");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "uid")), UID_MAN);
    assert_string_equal(text_in(list, 1, "state"), "ended");
    assert_string_equal(text_in(list, 1, "expires"), "2020-01-31");
    assert_string_equal(text_in(list, 1, "ends"), "2020-02-01T00:00:00Z");
    assert_true(json_is_null(json_object_get(json_array_get(list, 2), "uid")));
    assert_string_equal(text_in(list, 3, "state"), "unowned");
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 3), "missing")), 1);
    json_decref(reply);
}

#define MANY 10000

/* Ten thousand load, are listed page by page, and hold up nobody. */
static void test_a_large_inventory(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder text = {0};
    AUTO_FREE char *policy = NULL;
    size_t count = 0;
    int next = 1;

    str_append(&text, RULES "identities:\n  ci: { user: daemon, owner: dave, purpose: p, expires: "
                            "2099-12-31 }\n");
    for (unsigned i = 0; i < MANY; i++)
        str_appendf(&text,
            "  i%u: { user: no-such-%u, owner: leads, purpose: Number %u, expires: 2020-01-01 }\n",
            i, i, i);
    policy = str_builder_take(&text);
    agent_fixture_start(f);
    load(f, policy);
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_ALLOW);
    for (unsigned pages = 0; pages < 3; pages++)
        count += count_listed(f, 0, next, &next);
    assert_int_equal(next, count + 1);
    assert_int_equal(count_listed(f, 0, MANY - 8, &next), 10);
    assert_int_equal(next, 0);
    assert_int_equal(count_listed(f, UID_MAN, 1, &next), 0);
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_ALLOW);
    load(f, ended);
    assert_int_equal(login(f, UID_DAEMON).kind, GATE_DENY);
}

/* An answer has room for so many names of owners. */
static void test_many_owners(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder text = {0};
    AUTO_FREE char *policy = NULL;
    char path[128];
    FILE *file;
    int next;

    snprintf(path, sizeof(path), "%s/30-many.yaml", f->policy);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("groups:\n  crowd:\n", file) >= 0);
    for (unsigned i = 0; i < 600; i++)
        assert_true(fprintf(file, "    - person-%u\n", i) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
    str_append(&text, RULES "identities:\n");
    for (unsigned i = 0; i < 5; i++)
        str_appendf(&text,
            "  i%u: { user: no-such-%u, owner: crowd, purpose: p, expires: "
            "2099-12-31 }\n",
            i, i);
    policy = str_builder_take(&text);
    agent_fixture_start(f);
    load(f, policy);
    assert_int_equal(count_listed(f, 0, 1, &next), 2);
    assert_int_equal(next, 3);
    assert_int_equal(count_listed(f, 0, 3, &next), 2);
    assert_int_equal(count_listed(f, 0, 5, &next), 1);
    assert_int_equal(next, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_recorded, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_is_a_service, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_grants_open_nothing, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_asks_for_nothing, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_lapses_while_it_waits, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_is_taken_out_while_it_waits, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_who_sees_which, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_a_large_inventory, setup, agent_fixture_end),
        cmocka_unit_test_setup_teardown(test_many_owners, setup, agent_fixture_end),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
