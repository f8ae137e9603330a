/* kill -9 while a rule is certified and while monitor mode is left: afterwards it has happened and
 * is recorded, or it has not and is not. See kill_round.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/base/json.h"
#include "../../cli/base/varlink.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "kill_round.h"

#define ROUNDS_DEFAULT 20
#define TIMEOUT_US (20 * USEC_PER_SEC)
#define DAYS_MAX 300

/* ---- certificates ---- */

static const char certified[] =
    "  - { id: man-in, who: { user: man }, owner: leads, decision: allow }\n";

/* The last day of the certificate that round `number` gives. */
static void day_of(unsigned number, char ret_day[CLOCK_RFC3339_SIZE])
{
    clock_format_rfc3339(clock_realtime_us() + (40 + number % DAYS_MAX) * USEC_PER_DAY, ret_day);
    ret_day[strlen("2026-11-20")] = '\0';
}

static void assert_member(const json_t *object, const char *name, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!str_equal(text, expected))
        fail_msg(
            "%s: got %s, expected %s", name, text ? text : "null", expected ? expected : "null");
}

/* The certificate, what the agent says of it, and what it does at the door all are of `day` and
 * `reason`; NULL: there is none. */
static void assert_certificate(struct agent_fixture *f, const char *day, const char *reason)
{
    AUTO_JSON json_t *reply = agent_call_good(f, 0, "ListRules", NULL);
    const json_t *rule = json_array_get(json_object_get(reply, "rules"), 0);
    struct gate_ask ask = ask_login(UID_MAN, "10.0.0.1");

    assert_member(rule, "certified_until", day);
    assert_member(rule, "state", day ? "certified" : "lapsed");
    assert_member(json_object_get(rule, "certificate"), "reason", reason);
    assert_int_equal(gate_once(f, &ask).kind, day ? GATE_ALLOW : GATE_WAIT);
}

static unsigned count_records(
    const struct agent_fixture *f, const char *event, const char *member, const char *value)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
        "SELECT count(*) FROM audit WHERE event = '%s' AND json_extract(record, '$.%s') = ?1",
        event, member);
    return ledger_number(f, sql, value);
}

static void test_certified_or_not(void **state)
{
    struct agent_fixture fixture;
    struct kill_rounds rounds = {.count = kill_rounds_count(ROUNDS_DEFAULT)};
    char day[CLOCK_RFC3339_SIZE] = "", reason[32] = "";
    bool any = false;

    (void)state;
    agent_fixture_init(&fixture, certified);
    agent_fixture_start(&fixture);
    for (unsigned i = 0; i < rounds.count; i++) {
        char new_day[CLOCK_RFC3339_SIZE], new_reason[32];
        bool answered, happened;

        day_of(i, new_day);
        snprintf(new_reason, sizeof(new_reason), "round %u", i);
        answered = kill_rounds_call(&rounds, &fixture, "io.assent.RecertifyRule",
            json_pack("{s:s, s:s, s:s}", "rule", "man-in", "until", new_day, "reason", new_reason));
        agent_fixture_start(&fixture);
        happened = count_records(&fixture, "recertified", "reason", new_reason) == 1;
        assert_true(happened || !answered);
        rounds.happened += happened;
        if (happened) {
            memcpy(day, new_day, sizeof(day));
            memcpy(reason, new_reason, sizeof(reason));
            any = true;
        }
        assert_certificate(&fixture, any ? day : NULL, any ? reason : NULL);
    }
    kill_rounds_report(&rounds, "recertify");
    agent_fixture_done(&fixture);
}

/* ---- monitor mode ---- */

#define DOORS_MAX 60 /* that a configuration may name */

static bool is_door(unsigned number)
{
    return number % 2 == 1 && number / 2 < DOORS_MAX;
}

/* All that is only watched, and once enforced refuses man: a rule each, or a door each. */
static char *make_rules(unsigned count)
{
    struct str_builder text = {0};
    char *rules;

    for (unsigned i = 0; i < count; i++)
        str_appendf(&text,
            "  - { id: no-%u, who: { user: man }, what: { service: %s%u }, decision: deny%s }\n", i,
            is_door(i) ? "door" : "rule", i, is_door(i) ? "" : ", monitor: yes");
    str_append(&text, "  - { id: man-in, who: { user: man }, owner: ops, decision: allow,\n"
                      "      certified_until: 2099-12-31 }\n");
    rules = str_builder_take(&text);
    assert_non_null(rules);
    return rules;
}

static void write_doors(const struct agent_fixture *f, unsigned count)
{
    FILE *file = fopen(f->config, "we");

    assert_non_null(file);
    fputs("monitor: [", file);
    for (unsigned i = 0; i < count; i++)
        if (is_door(i))
            fprintf(file, "door%u,", i);
    fputs("]\n", file);
    assert_int_equal(fclose(file), 0);
}

/* Holds all of them, as rules and configuration had said before. */
static void begin_watching(struct agent_fixture *f, unsigned count)
{
    AUTO_FREE char *rules = make_rules(count), *end;

    agent_fixture_init(f, rules);
    write_doors(f, count);
    agent_fixture_start(f);
    /* the words are taken back */
    while ((end = strstr(rules, ", monitor: yes")))
        memmove(end, end + strlen(", monitor: yes"), strlen(end + strlen(", monitor: yes")) + 1);
    agent_fixture_policy(f, rules);
    write_doors(f, 0);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
}

/* Whoever leaves monitor mode has read what that would stop. */
static void read_decisions(const struct agent_fixture *f)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    bool more = true;

    assert_int_equal(varlink_open(f->public, deadline, &link), 0);
    assert_int_equal(varlink_send(link, "io.assent.ListDecisions", NULL, true, deadline), 0);
    while (more) {
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};

        assert_int_equal(varlink_receive(link, deadline, &reply), 0);
        assert_null(reply.error);
        more = reply.continues;
    }
}

static bool is_watched(const struct agent_fixture *f, const char *what)
{
    AUTO_FREE char *held = ledger_text(f, "SELECT value FROM meta WHERE key = 'monitor'", NULL);
    char line[40];

    snprintf(line, sizeof(line), "%s\n", what);
    return held && strstr(held, line);
}

/* Returns whether it is enforced now, and recorded so. */
static bool assert_one_or_the_other(struct agent_fixture *f, unsigned number, const char *what)
{
    bool happened = count_records(f, "enforced", "detail", what) == 1;
    struct gate_ask ask = ask_login(UID_MAN, "10.0.0.1");
    char service[24];

    snprintf(service, sizeof(service), "%s%u", is_door(number) ? "door" : "rule", number);
    ask.service = service;
    assert_int_equal(is_watched(f, what), !happened);
    assert_int_equal(gate_once(f, &ask).kind, happened ? GATE_DENY : GATE_ALLOW);
    return happened;
}

static void test_enforced_or_not(void **state)
{
    struct agent_fixture fixture;
    struct kill_rounds rounds = {.count = kill_rounds_count(ROUNDS_DEFAULT)};
    unsigned next = 0;

    (void)state;
    begin_watching(&fixture, rounds.count + 1);
    for (unsigned i = 0; i < rounds.count; i++) {
        char what[32];
        bool answered, happened;

        snprintf(what, sizeof(what), is_door(next) ? "door%u" : "rule:no-%u", next);
        read_decisions(&fixture);
        assert_true(is_watched(&fixture, what));
        answered = kill_rounds_call(
            &rounds, &fixture, "io.assent.LeaveMonitor", json_pack("{s:s}", "what", what));
        agent_fixture_start(&fixture);
        happened = assert_one_or_the_other(&fixture, next, what);
        assert_true(happened || !answered);
        rounds.happened += happened;
        next += happened;
    }
    kill_rounds_report(&rounds, "enforce");
    agent_fixture_done(&fixture);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certified_or_not),
        cmocka_unit_test(test_enforced_or_not),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
