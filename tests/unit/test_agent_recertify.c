/* Certificates in a whole agent: who may give one, for how long, what it is for, and what becomes
 * of a rule without one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../agent/ledger/ledger.h"
#include "../../agent/state/certificate.h"
#include "../../cli/base/json.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define NOT_ALLOWED "io.assent.NotAllowed"
#define NOT_FOUND "io.assent.NotFound"
#define INVALID "io.assent.Invalid"

/* Today and so many days. */
static const char *day(int days)
{
    static char text[4][CERTIFICATE_DAY_SIZE];
    static unsigned next;
    char *into = text[next++ % 4];

    certificate_last_day(
        clock_realtime_us() + (uint64_t)((int64_t)days * (int64_t)USEC_PER_DAY) + 1, into);
    return into;
}

/* games may log in, by a rule of dave's and carol's that is certified up to then. */
static void write_policy(const struct agent_fixture *f, const char *until, const char *more)
{
    char rules[1024];

    snprintf(rules, sizeof(rules),
        "  - { id: man-login, owner: leads%s%s, who: { user: man }, what: { service: sshd%s },\n"
        "      decision: allow }\n"
        "  - { id: ops-login, owner: ops, who: { user: man }, what: { service: login },\n"
        "      decision: allow, certified_until: 2099-12-31 }\n"
        "  - { id: no-su, owner: leads, who: { user: man }, what: { service: su },\n"
        "      decision: deny }\n",
        until ? ", certified_until: " : "", until ? until : "", more);
    agent_fixture_policy(f, rules);
}

static int setup(void **state)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, "");
    write_policy(&fixture, day(-1), "");
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

/* ---- calling ----------------------------------------------------------------------------- */

static json_t *recertify(struct agent_fixture *f, uid_t uid, const char *rule, const char *until,
    const char *reason, const char **ret_error)
{
    return agent_call(f, uid, "io.assent.RecertifyRule",
        json_pack("{s:s, s:s, s:s}", "rule", rule, "until", until, "reason", reason), ret_error);
}

static void assert_certified(struct agent_fixture *f, uid_t uid, const char *until)
{
    const char *error;
    AUTO_JSON json_t *reply = recertify(f, uid, "man-login", until, "still needed", &error);

    if (!reply)
        fail_msg("%s", error);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(reply, "rule"), "certified_until")),
        until);
}

static void assert_refused(
    struct agent_fixture *f, uid_t uid, const char *rule, const char *until, const char *expected)
{
    const char *error;

    assert_null(recertify(f, uid, rule, until, "still needed", &error));
    assert_string_equal(error, expected);
}

static void reload(struct agent_fixture *f)
{
    const char *error;
    AUTO_JSON json_t *reply = agent_call(f, 0, "io.assent.Reload", NULL, &error);
    const json_t *policy = json_object_get(reply, "policy");

    assert_int_equal(json_array_size(json_object_get(policy, "errors")), 0);
}

static void assert_login(struct agent_fixture *f, uint64_t kind)
{
    struct gate_ask ask = ask_login(UID_MAN, "192.0.2.1");

    assert_int_equal(gate_once(f, &ask).kind, kind);
}

/* What ListRules says of the rule; NULL: not for this caller. */
static json_t *rule_of(struct agent_fixture *f, uid_t uid, const char *id)
{
    const char *error;
    AUTO_JSON json_t *reply = agent_call(f, uid, "io.assent.ListRules", NULL, &error);
    json_t *rule, *found = NULL;
    size_t index;

    assert_non_null(reply);
    assert_true(json_is_null(json_object_get(reply, "next")));
    json_array_foreach(json_object_get(reply, "rules"), index, rule)
    {
        if (str_equal(json_string_value(json_object_get(rule, "id")), id))
            found = json_incref(rule);
    }
    return found;
}

static void assert_text(const json_t *object, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!str_equal(text, expected))
        fail_msg("%s: got %s, expected %s", key, text ? text : "null", expected);
}

/* ---- what it does ------------------------------------------------------------------------ */

static void test_lapsed_asks_its_owner_until_certified(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *before = rule_of(f, 0, "man-login"), *after = NULL;

    assert_text(before, "state", "lapsed");
    assert_text(before, "lapse", "date");
    assert_text(before, "source", "file");
    assert_text(before, "certified_until", day(-1));
    assert_login(f, GATE_WAIT);
    assert_certified(f, UID_GAMES, day(100));
    assert_login(f, GATE_ALLOW);
    after = rule_of(f, 0, "man-login");
    assert_text(after, "state", "certified");
    assert_text(after, "source", "ledger");
    assert_text(json_object_get(after, "certificate"), "by", "dave");
    assert_text(json_object_get(after, "certificate"), "reason", "still needed");
    assert_int_equal(audit_count(f, "recertified"), 1);
}

static void test_survives_restarts(void **state)
{
    struct agent_fixture *f = *state;

    assert_certified(f, UID_SYS, day(100));
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    assert_login(f, GATE_ALLOW);
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    assert_login(f, GATE_ALLOW);
}

static void test_is_for_the_rule_as_it_was(void **state)
{
    struct agent_fixture *f = *state;

    assert_certified(f, UID_GAMES, day(100));
    write_policy(f, day(-1), ", run_as: root");
    reload(f);
    assert_login(f, GATE_DENY);
    write_policy(f, day(-2), "");
    reload(f);
    assert_login(f, GATE_ALLOW); /* the date in the file is no part of the rule */
    agent_fixture_policy(f,
        "  - { id: man-login, owner: leads, who: { user: man, kind: service },\n"
        "      what: { service: sshd }, decision: allow }\n");
    reload(f);
    assert_login(f, GATE_WAIT);
}

static void test_the_later_date_counts(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *rule = NULL;

    assert_certified(f, UID_GAMES, day(10));
    write_policy(f, day(20), "");
    reload(f);
    rule = rule_of(f, UID_GAMES, "man-login");
    assert_text(rule, "certified_until", day(20));
    assert_text(rule, "source", "file");
    assert_text(rule, "state", "lapsing");
    assert_refused(f, UID_GAMES, "man-login", day(20), INVALID);
    assert_refused(f, UID_GAMES, "man-login", day(15), INVALID);
    assert_certified(f, UID_GAMES, day(21));
}

#define MANY 3000 /* rules to look at, after the ledger was read */

static void write_many(const struct agent_fixture *f)
{
    struct str_builder rules = {0};
    AUTO_FREE char *text = NULL;

    for (unsigned i = 0; i < MANY; i++)
        str_appendf(&rules,
            "  - { id: r%u, owner: leads, who: { user: man }, what: { service: s%u }, decision: "
            "allow }\n",
            i, i);
    text = str_builder_take(&rules);
    assert_non_null(text);
    agent_fixture_policy(f, text);
}

/* Certifies one rule after another while a policy is loaded; how many. */
static unsigned certify_meanwhile(struct agent_fixture *f, unsigned from)
{
    pid_t pid = fork();
    unsigned done = from;
    const char *error;
    char id[16];

    assert_true(pid >= 0);
    if (pid == 0) {
        json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &error));
        _exit(0);
    }
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        snprintf(id, sizeof(id), "r%u", done++);
        json_decref(recertify(f, UID_GAMES, id, day(100), "still needed", &error));
        assert_null(error);
    }
    return done;
}

/* Loads that have read the ledger before a certificate was in it. */
static void test_given_while_a_policy_is_loaded(void **state)
{
    struct agent_fixture *f = *state;
    unsigned count = 0;
    char id[16];

    write_many(f);
    reload(f);
    for (unsigned i = 0; i < 3; i++)
        count = certify_meanwhile(f, count);
    assert_int_equal(audit_count(f, "recertified"), count);
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "r%u", i);
        assert_refused(f, UID_GAMES, id, day(100), INVALID); /* it counts already */
    }
}

static void put_row(const struct agent_fixture *f, int kind, const char *id, const char *body)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(f->ledger, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                         "INSERT OR REPLACE INTO state(kind, id, live, body) VALUES(?1, ?2, 1, ?3)",
                         -1, &statement, NULL),
        SQLITE_OK);
    sqlite3_bind_int(statement, 1, kind);
    sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, body, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void test_unreadable_certificates_certify_nothing(void **state)
{
    static const char *const bodies[] = {"", "no JSON", "[]", "{}", "{\"rule\":7}",
        ("{\"rule\":\"man-login\",\"digest\":\"of another\",\"until\":9000000000000000000,"
         "\"by\":\"x\",\"reason\":\"x\"}"),
        "{\"rule\":\"man-login\",\"digest\":\"id\",\"until\":-1}"};
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *status = NULL;
    AUTO_FREE char *text = NULL;
    const char *error;

    agent_fixture_kill(f, SIGTERM);
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        char id[8];

        snprintf(id, sizeof(id), "id-%zu", i);
        put_row(f, LEDGER_CERTIFICATE, id, bodies[i]);
        put_row(f, LEDGER_NOTICE, id, bodies[i]);
    }
    agent_fixture_start(f);
    assert_login(f, GATE_WAIT);
    status = agent_call(f, 0, "io.assent.GetStatus", NULL, &error);
    text = json_dumps(status, 0);
    assert_non_null(strstr(text, "7 certificates in the ledger cannot be read"));
    assert_certified(f, UID_GAMES, day(100));
    assert_login(f, GATE_ALLOW);
}

/* Nothing counts that is not in the ledger. */
static void test_what_cannot_be_written_does_not_count(void **state)
{
    struct agent_fixture *f = *state;

    ledger_execute(f, "CREATE TRIGGER broken BEFORE INSERT ON state WHEN NEW.kind = 4 "
                      "BEGIN SELECT RAISE(ABORT, 'broken'); END;");
    assert_refused(f, UID_GAMES, "man-login", day(100), "io.assent.Unavailable");
    assert_login(f, GATE_WAIT);
    assert_int_equal(audit_count(f, "recertified"), 0);
    ledger_execute(f, "DROP TRIGGER broken;");
    assert_certified(f, UID_GAMES, day(100));
    assert_login(f, GATE_ALLOW);
}

/* The one request there is, as the people who are asked see it. */
static json_t *open_request(struct agent_fixture *f)
{
    const char *error;
    AUTO_JSON json_t *reply = agent_call(
        f, UID_GAMES, "io.assent.ListRequests", json_pack("{s:s}", "scope", "approvable"), &error);
    const json_t *requests = json_object_get(reply, "requests");

    assert_int_equal(json_array_size(requests), 1);
    return json_incref(json_array_get(requests, 0));
}

static void test_people_are_told_why_they_are_asked(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_MAN, "192.0.2.1");
    struct gate_result result = gate_once(f, &ask);
    AUTO_JSON json_t *request = NULL;
    AUTO_FREE char *record = NULL;

    assert_non_null(strstr(result.text,
        "This login needs the approval of carol or dave, because the certificate of rule "
        "man-login has run out: request "));
    request = open_request(f);
    assert_text(request, "lapse", "date");
    assert_string_equal(json_string_value(json_array_get(json_object_get(request, "unusual"), 1)),
        "Rule man-login would allow this by itself, but it has lapsed (its certificate has run "
        "out), so its owner is asked.");
    record = audit_record(f, "request-opened");
    assert_non_null(strstr(record, "\"lapse\":\"date\""));
    assert_non_null(strstr(record, "(rule man-login, its certificate has run out)"));
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    json_decref(request);
    request = open_request(f);
    assert_text(request, "lapse", "date");
}

/* sudo -n: nobody can be asked for a reason here. */
static void test_who_cannot_wait_is_told_why(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_MAN, "/usr/bin/id", sizeof("/usr/bin/id"));
    struct gate_result result;

    agent_fixture_policy(f,
        "  - { id: man-sudo, owner: leads, certified_until: 2020-02-29,\n"
        "      who: { user: man }, what: { service: sudo }, decision: allow }\n");
    reload(f);
    ask.flags = 0;
    result = gate_once(f, &ask);
    assert_int_equal(result.kind, GATE_DENY);
    assert_non_null(strstr(result.text,
        "and the approval of leads, because the certificate of rule man-sudo has run out.\n"));
}

static void test_never_certified(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_MAN, "192.0.2.1");
    struct gate_result result;

    write_policy(f, NULL, "");
    reload(f);
    result = gate_once(f, &ask);
    assert_non_null(strstr(result.text, ", because rule man-login has not been certified: "));
}

/* ---- who may ----------------------------------------------------------------------------- */

static void test_only_owners_and_root(void **state)
{
    struct agent_fixture *f = *state;

    assert_refused(f, UID_DAEMON, "man-login", day(100), NOT_ALLOWED);
    assert_refused(f, UID_MAN, "man-login", day(100), NOT_ALLOWED);
    assert_refused(f, UID_GAMES, "ops-login", day(100), NOT_ALLOWED);
    /* who owns nothing is not told which rules there are */
    assert_refused(f, UID_DAEMON, "no-such", day(100), NOT_ALLOWED);
    assert_refused(f, 0, "no-such", day(100), NOT_FOUND);
    assert_login(f, GATE_WAIT);
    assert_certified(f, 0, day(100));
    assert_login(f, GATE_ALLOW);
}

static void test_only_from_their_own_login(void **state)
{
    struct agent_fixture *f = *state;

    agent_fixture_session(f, "1"); /* sudo or su: the shell is daemon's */
    assert_refused(f, UID_GAMES, "man-login", day(100), NOT_ALLOWED);
    agent_fixture_session(f, "none");
    assert_refused(f, UID_GAMES, "man-login", day(100), NOT_ALLOWED);
    agent_fixture_session(f, "5@"); /* their user manager, where sudo -u gets too */
    assert_refused(f, UID_GAMES, "man-login", day(100), NOT_ALLOWED);
    agent_fixture_session(f, "3"); /* the other account of the same person */
    assert_certified(f, UID_BIN, day(100));
    agent_fixture_session(f, NULL);
    assert_int_equal(audit_count(f, "recertified"), 1);
}

static void test_root_is_named_by_its_login(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *rule = NULL;
    const json_t *certificate;

    agent_fixture_session(f, "5");
    assert_certified(f, 0, day(100));
    rule = rule_of(f, 0, "man-login");
    certificate = json_object_get(rule, "certificate");
    assert_text(certificate, "by", "dave");
    assert_int_equal(json_integer_value(json_object_get(certificate, "uid")), 0);
    assert_int_equal(json_integer_value(json_object_get(certificate, "login_uid")), 5);
    assert_true(json_is_false(json_object_get(certificate, "own")));
    agent_fixture_session(f, NULL);
}

static void test_own_advantage_is_recorded(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *rule = NULL;

    agent_fixture_policy(f, "  - { id: man-login, owner: leads, who: { user: games },\n"
                            "      what: { service: sshd }, decision: allow }\n");
    reload(f);
    assert_certified(f, UID_GAMES, day(100));
    rule = rule_of(f, 0, "man-login");
    assert_true(json_is_true(json_object_get(json_object_get(rule, "certificate"), "own")));
}

static void test_rules_are_shown_to_their_owners(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *own = rule_of(f, UID_BIN, "man-login");
    AUTO_JSON json_t *other = rule_of(f, UID_BIN, "ops-login");
    AUTO_JSON json_t *nobody = rule_of(f, UID_MAN, "man-login");
    AUTO_JSON json_t *root = rule_of(f, 0, "ops-login");

    assert_non_null(own);
    assert_null(other);
    assert_null(nobody);
    assert_non_null(root);
    assert_text(own, "owner", "leads");
    assert_int_equal(json_array_size(json_object_get(own, "owners")), 2);
}

/* ---- how far ----------------------------------------------------------------------------- */

static void test_limits(void **state)
{
    struct agent_fixture *f = *state;

    assert_refused(f, UID_GAMES, "man-login", day(-1), INVALID);
    assert_refused(f, UID_GAMES, "man-login", day(401), INVALID);
    assert_refused(f, UID_GAMES, "man-login", "9999-12-31", INVALID);
    assert_refused(f, UID_GAMES, "man-login", "2027-02-30", INVALID);
    assert_refused(f, UID_GAMES, "man-login", "2027-02-01T00:00:00Z", INVALID);
    assert_refused(f, UID_GAMES, "man-login", "", INVALID);
    assert_refused(f, UID_GAMES, "no-su", day(100), INVALID);
    assert_certified(f, UID_GAMES, day(0));
    assert_certified(f, UID_GAMES, day(400));
    assert_int_equal(audit_count(f, "recertified"), 2);
}

static void test_reasons(void **state)
{
    static const char hostile[] = "\x1b[2J\r\nrule x recertified \xe2\x80\xae";
    struct agent_fixture *f = *state;
    AUTO_JSON json_t *rule = NULL;
    const char *error, *kept;
    char big[5000];

    assert_null(agent_call(f, 0, "io.assent.RecertifyRule",
        json_pack("{s:s, s:s}", "rule", "man-login", "until", day(9)), &error));
    assert_string_equal(error, INVALID);
    assert_null(recertify(f, UID_GAMES, "man-login", day(9), " \t\n ", &error));
    assert_string_equal(error, INVALID);
    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    assert_null(recertify(f, UID_GAMES, "man-login", day(9), big, &error));
    assert_string_equal(error, INVALID);
    big[4000] = '\0';
    json_decref(recertify(f, UID_GAMES, "man-login", day(9), big, &error));
    json_decref(recertify(f, UID_GAMES, "man-login", day(10), hostile, &error));
    rule = rule_of(f, 0, "man-login");
    kept = json_string_value(json_object_get(json_object_get(rule, "certificate"), "reason"));
    assert_string_equal(kept, "\\x1b[2J\\x0d\\x0arule x recertified \\xe2\\x80\\xae");
    assert_int_equal(audit_count(f, "recertified"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lapsed_asks_its_owner_until_certified),
        TEST(test_survives_restarts),
        TEST(test_is_for_the_rule_as_it_was),
        TEST(test_the_later_date_counts),
        TEST(test_given_while_a_policy_is_loaded),
        TEST(test_unreadable_certificates_certify_nothing),
        TEST(test_what_cannot_be_written_does_not_count),
        TEST(test_people_are_told_why_they_are_asked),
        TEST(test_who_cannot_wait_is_told_why),
        TEST(test_never_certified),
        TEST(test_only_owners_and_root),
        TEST(test_only_from_their_own_login),
        TEST(test_root_is_named_by_its_login),
        TEST(test_own_advantage_is_recorded),
        TEST(test_rules_are_shown_to_their_owners),
        TEST(test_limits),
        TEST(test_reasons),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
