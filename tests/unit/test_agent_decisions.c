/* Decisions are recorded with their facts, and handed out again: to whom, which, and without
 * holding anybody up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../agent/facts/facts_record.h"
#include "../../cli/base/json.h"
#include "../../cli/base/varlink.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "agent_fixture.h"

#define LIST "io.assent.ListDecisions"
#define TIMEOUT_US (20 * USEC_PER_SEC)

static const char rules[] =
    "  - { id: games-login, owner: leads, certified_until: 2099-12-31, who: { user: games },\n"
    "      what: { service: sshd }, decision: allow }\n"
    "  - { id: no-man, who: { user: man }, decision: deny }\n"
    "  - id: asks\n"
    "    who: { user: daemon }\n"
    "    what: { service: sudo }\n"
    "    decision: escalate\n"
    "    approval: { stages: [ { from: leads, within: 1h } ], strength: local }\n";

static int setup(void **state)
{
    return agent_fixture_begin(state, rules);
}

/* ---- reading them ------------------------------------------------------------------------ */

static struct varlink *ask_decisions(const struct agent_fixture *f, json_t *parameters)
{
    struct varlink *link = NULL;
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    assert_int_equal(varlink_open(f->public, deadline, &link), 0);
    assert_int_equal(varlink_send(link, LIST, parameters, true, deadline), 0);
    json_decref(parameters);
    return link;
}

/* The next one, or NULL behind the last. */
static json_t *next_decision(struct varlink *link)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};

    assert_int_equal(varlink_receive(link, clock_deadline(TIMEOUT_US), &reply), 0);
    assert_null(reply.error);
    if (!reply.continues) {
        assert_int_equal(json_object_size(reply.parameters), 0);
        return NULL;
    }
    return json_incref(json_object_get(reply.parameters, "decision"));
}

static json_t *all_decisions(const struct agent_fixture *f, json_t *parameters)
{
    CLEANUP(cleanup_varlink) struct varlink *link = ask_decisions(f, parameters);
    json_t *array = json_array(), *decision;

    while ((decision = next_decision(link)))
        json_array_append_new(array, decision);
    return array;
}

static const char *text_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void load_facts(struct facts_record *record, const json_t *decision)
{
    assert_null(json_string_value(json_object_get(decision, "facts_left_out")));
    assert_int_equal(facts_record_load(record, json_object_get(decision, "facts")), 0);
}

/* ---- what is recorded ---------------------------------------------------------------------- */

static void test_decisions_keep_their_facts(void **state)
{
    static const char command[] = "/usr/bin/id\0-u\0\xff\n";
    struct agent_fixture *f = *state;
    CLEANUP(facts_record_done) struct facts_record record = {0};
    struct gate_ask login = ask_login(UID_GAMES, "10.0.0.1"), man = ask_login(UID_MAN, "::1");
    struct gate_ask sudo = ask_sudo(UID_DAEMON, command, sizeof(command));
    AUTO_JSON json_t *decisions = NULL;
    const json_t *one;

    sudo.reason = "look";
    sudo.flags = GATE_FLAG_WAIT;
    assert_int_equal(gate_once(f, &login).kind, GATE_ALLOW);
    assert_int_equal(gate_once(f, &man).kind, GATE_DENY);
    assert_int_equal(gate_once(f, &sudo).kind, GATE_WAIT);
    decisions = all_decisions(f, NULL);
    assert_int_equal(json_array_size(decisions), 3);

    one = json_array_get(decisions, 0);
    assert_string_equal(text_in(one, "decision"), "allow");
    assert_string_equal(text_in(one, "rule"), "games-login");
    assert_int_equal(strlen(text_in(one, "policy")), 64);
    load_facts(&record, one);
    assert_int_equal(record.facts.uid, UID_GAMES);
    assert_string_equal(record.facts.user, "games");
    assert_string_equal(record.facts.service, "sshd");
    assert_true(record.facts.command_is_none);
    assert_true(record.facts.rhost_known);
    assert_false(record.facts.groups_known);
    assert_true(record.facts.now_us > 0);

    one = json_array_get(decisions, 1);
    assert_string_equal(text_in(one, "decision"), "deny");
    assert_string_equal(text_in(one, "rule"), "no-man");

    one = json_array_get(decisions, 2);
    assert_string_equal(text_in(one, "event"), "request-opened");
    assert_string_equal(text_in(one, "decision"), "escalate");
    assert_string_equal(text_in(one, "run_as"), "root");
    load_facts(&record, one);
    assert_string_equal(record.facts.command, "/usr/bin/id");
    assert_int_equal(record.facts.argc, 3);
    assert_string_equal(record.facts.argv[2], "\xff\n");
    assert_string_equal(record.facts.reason, "look");
    assert_true(record.facts.run_as_known);
    assert_true(record.facts.rhost_is_none);
    assert_int_equal(record.facts.tty, TTY_PTY);
}

static void test_what_policy_was_not_asked_has_none(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask root = ask_sudo(0, "/usr/bin/id", sizeof("/usr/bin/id"));
    struct gate_ask possible = ask_sudo(UID_MAN, NULL, 0);
    AUTO_JSON json_t *decisions = NULL;

    possible.phase = GATE_PHASE_POSSIBLE;
    possible.run_as = NULL;
    assert_int_equal(gate_once(f, &root).kind, GATE_ALLOW);
    assert_int_equal(gate_once(f, &possible).kind, GATE_DENY);
    decisions = all_decisions(f, NULL);
    assert_int_equal(json_array_size(decisions), 2);
    for (size_t i = 0; i < 2; i++)
        assert_null(json_object_get(json_array_get(decisions, i), "facts"));
    assert_string_equal(text_in(json_array_get(decisions, 0), "facts_left_out"),
        "root needs no elevation, so policy is not asked");
    assert_string_equal(
        text_in(json_array_get(decisions, 1), "facts_left_out"), "its command was not known yet");
}

static void test_a_long_command_line_is_left_out(void **state)
{
    static char command[6000] = "/usr/bin/id";
    struct agent_fixture *f = *state;
    struct gate_ask sudo;
    AUTO_JSON json_t *decisions = NULL;

    memset(command + sizeof("/usr/bin/id"), 'x', sizeof(command) - sizeof("/usr/bin/id") - 1);
    sudo = ask_sudo(UID_MAN, command, sizeof(command));
    assert_int_equal(gate_once(f, &sudo).kind, GATE_DENY);
    decisions = all_decisions(f, NULL);
    assert_string_equal(text_in(json_array_get(decisions, 0), "facts_left_out"),
        "its command line is longer than 4 KiB");
}

/* ---- for whom, and from when --------------------------------------------------------------- */

static const char *error_of(const struct agent_fixture *f, uid_t uid)
{
    const char *error;
    json_t *reply = agent_call(f, uid, LIST, json_object(), &error);

    json_decref(reply);
    return error;
}

static void test_only_auditors_and_root_may_read_them(void **state)
{
    struct agent_fixture *f = *state;
    FILE *config;

    assert_string_equal(error_of(f, UID_DAEMON), "org.varlink.service.PermissionDenied");
    assert_string_equal(error_of(f, UID_BIN), "org.varlink.service.PermissionDenied");
    /* agent_call() does not ask for "more" */
    assert_string_equal(error_of(f, 0), "io.assent.Invalid");
    config = fopen(f->config, "we");
    assert_non_null(config);
    assert_true(fputs("auditors: nogroup\n", config) >= 0);
    assert_int_equal(fclose(config), 0);
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    assert_string_equal(error_of(f, UID_DAEMON), "io.assent.Invalid");
}

static void test_since_is_a_time(void **state)
{
    static const char *const bad[] = {"", "yesterday", "2026-11-20", "30d"};
    struct agent_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(cleanup_varlink)
        struct varlink *link = ask_decisions(f, json_pack("{s:s}", "since", bad[i]));
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};

        assert_int_equal(varlink_receive(link, clock_deadline(TIMEOUT_US), &reply), 0);
        assert_string_equal(reply.error, "io.assent.Invalid");
    }
}

/* ---- many ---------------------------------------------------------------------------------- */

#define BASE_US UINT64_C(1795168800000000) /* 2026-11-20T10:00:00Z */

struct writer {
    sqlite3 *db;
    sqlite3_stmt *statement;
};

static void write_record(
    struct writer *writer, uint64_t time_us, const char *event, const char *text)
{
    assert_int_equal(sqlite3_bind_int64(writer->statement, 1, (sqlite3_int64)time_us), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(writer->statement, 2, event, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(writer->statement, 3, text, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(writer->statement), SQLITE_DONE);
    assert_int_equal(sqlite3_reset(writer->statement), SQLITE_OK);
}

/* Writes into the ledger of the agent, which is stopped meanwhile. */
static void open_writer(struct agent_fixture *f, struct writer *writer)
{
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(sqlite3_open(f->ledger, &writer->db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer->db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(writer->db,
                         "INSERT INTO audit(time, chain, event, record) VALUES(?1, '', ?2, ?3)", -1,
                         &writer->statement, NULL),
        SQLITE_OK);
}

static void close_writer(struct agent_fixture *f, struct writer *writer)
{
    sqlite3_finalize(writer->statement);
    assert_int_equal(sqlite3_exec(writer->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(writer->db), SQLITE_OK);
    agent_fixture_start(f);
}

/* One decision a second, something else between any two. */
static void write_many(struct agent_fixture *f, unsigned count, size_t size)
{
    AUTO_FREE char *reason = calloc(1, size + 1);
    struct writer writer;

    memset(reason, 'r', size);
    open_writer(f, &writer);
    for (unsigned i = 0; i < count; i++) {
        AUTO_FREE char *text = NULL;

        assert_true(asprintf(&text,
                        "{\"event\":\"decided\",\"decision\":\"allow\",\"rule\":\"r%u\",\"facts\":"
                        "{\"uid\":%u,\"reason\":\"%s\"}}",
                        i, i, reason) > 0);
        write_record(&writer, BASE_US + i * USEC_PER_SEC, "decided", text);
        write_record(&writer, BASE_US + i * USEC_PER_SEC, "used", "{\"event\":\"used\"}");
    }
    close_writer(f, &writer);
}

static unsigned uid_of(const json_t *decision)
{
    return (unsigned)json_integer_value(json_object_get(json_object_get(decision, "facts"), "uid"));
}

/* Reads to the end; they must be `count` in order from the uid `first` on. */
static void read_in_order(struct varlink *link, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        AUTO_JSON json_t *decision = next_decision(link);

        assert_non_null(decision);
        assert_int_equal(uid_of(decision), first + i);
    }
    assert_null(next_decision(link));
}

static void test_all_come_once_and_in_order(void **state)
{
    struct agent_fixture *f = *state;
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;

    write_many(f, 20000, 100);
    link = ask_decisions(f, NULL);
    read_in_order(link, 0, 20000);
}

static void test_since_leaves_out_what_is_older(void **state)
{
    static const struct {
        const char *since;
        unsigned first, count;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 6000},
        {"2026-11-20T10:00:00Z", 0, 6000},
        {"2026-11-20T10:00:01Z", 1, 5999},
        {"2026-11-20T12:30:00.5+01:00", 5401, 599},
        {"2026-11-20T11:39:59Z", 5999, 1},
        {"2026-11-20T11:40:00Z", 0, 0},
        {"9999-12-31T23:59:59Z", 0, 0},
    };
    struct agent_fixture *f = *state;

    write_many(f, 6000, 10);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(cleanup_varlink)
        struct varlink *link = ask_decisions(f, json_pack("{s:s}", "since", cases[i].since));

        read_in_order(link, cases[i].first, cases[i].count);
    }
}

/* A clock that was wrong for a while leaves records that are older than those before them. */
static void test_since_with_a_clock_that_went_back(void **state)
{
    static const uint64_t times[] = {50, 1, 2, 60, 3, 70};
    struct agent_fixture *f = *state;
    struct writer writer;
    AUTO_JSON json_t *decisions = NULL;

    open_writer(f, &writer);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        write_record(
            &writer, BASE_US + times[i] * USEC_PER_SEC, "decided", "{\"decision\":\"deny\"}");
    close_writer(f, &writer);
    decisions = all_decisions(f, json_pack("{s:s}", "since", "2026-11-20T10:00:50Z"));
    assert_int_equal(json_array_size(decisions), 3);
}

/* What rules in monitor mode would have made of it comes with its facts, or with why there are
 * none.
 */
static void test_what_would_have_been_comes_too(void **state)
{
    static const char *const records[] = {
        "{\"decision\":\"deny\",\"would\":\"allow\",\"would_rule\":\"a\",\"facts\":{\"uid\":7}}",
        "{\"decision\":\"deny\",\"would\":\"allow\",\"facts_left_out\":\"too long\"}",
    };
    struct agent_fixture *f = *state;
    struct writer writer;
    AUTO_JSON json_t *decisions = NULL;

    open_writer(f, &writer);
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        write_record(&writer, BASE_US, "decided", records[i]);
    close_writer(f, &writer);
    decisions = all_decisions(f, NULL);
    assert_int_equal(json_array_size(decisions), 2);
    assert_string_equal(text_in(json_array_get(decisions, 0), "would_rule"), "a");
    assert_int_equal(uid_of(json_array_get(decisions, 0)), 7);
    assert_string_equal(text_in(json_array_get(decisions, 1), "would"), "allow");
    assert_string_equal(text_in(json_array_get(decisions, 1), "facts_left_out"), "too long");
}

static void test_damaged_records_do_not_stop_the_others(void **state)
{
    static const char *const bad[] = {"", "{", "not json", "null", "[]", "\"text\"",
        "{\"facts\":[1]}", "{\"decision\":7,\"facts\":\"x\"}", "{\"a\":1}{"};
    struct agent_fixture *f = *state;
    AUTO_FREE char *huge = calloc(1, 700001);
    struct writer writer;
    AUTO_JSON json_t *decisions = NULL;

    memset(huge, ' ', 700000);
    memcpy(huge, "{}", 2);
    open_writer(f, &writer);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        write_record(&writer, BASE_US, "decided", bad[i]);
    write_record(&writer, BASE_US, "decided", huge);
    write_record(&writer, BASE_US, "request-opened", "{\"facts\":{\"uid\":7}}");
    close_writer(f, &writer);
    decisions = all_decisions(f, NULL);
    assert_int_equal(json_array_size(decisions), ARRAY_SIZE(bad) + 2);
    for (size_t i = 0; i < json_array_size(decisions); i++) {
        const json_t *one = json_array_get(decisions, i);

        assert_true(json_is_integer(json_object_get(one, "seq")));
        assert_string_equal(text_in(one, "time"), "2026-11-20T10:00:00Z");
    }
    assert_int_equal(uid_of(json_array_get(decisions, ARRAY_SIZE(bad) + 1)), 7);
}

/* ---- readers that do not read ---------------------------------------------------------------- */

/* A connection that has asked and takes nothing. */
static int start_idle_reader(const struct agent_fixture *f)
{
    static const char call[] = "{\"method\":\"" LIST "\",\"more\":true}";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, f->public, strlen(f->public) + 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, call, sizeof(call), MSG_NOSIGNAL), sizeof(call));
    return fd;
}

static void wait_for_input(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&poller, 1, 20000), 1);
}

static size_t resident_kib(const struct agent_fixture *f)
{
    char path[64], line[128];
    size_t kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)f->pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "VmRSS: %zu kB", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

static void test_a_reader_that_stops_costs_two_pieces(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask login = ask_login(UID_GAMES, "10.0.0.1");
    size_t before;
    int fds[3];

    write_many(f, 20000, 3000); /* 60 MB for each of them */
    assert_int_equal(gate_once(f, &login).kind, GATE_ALLOW);
    before = resident_kib(f);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = start_idle_reader(f);
        wait_for_input(fds[i]);
    }
    for (int i = 0; i < 50; i++)
        assert_int_equal(gate_once(f, &login).kind, GATE_ALLOW);
    /* what the sanitizer keeps of freed memory is in it */
    assert_true(resident_kib(f) < before + 40 * 1024);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
}

static void test_readers_are_few(void **state)
{
    struct agent_fixture *f = *state;
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    CLEANUP(cleanup_varlink) struct varlink *late = NULL, *after = NULL;
    int fds[4];

    write_many(f, 2000, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = start_idle_reader(f);
        wait_for_input(fds[i]);
    }
    late = ask_decisions(f, NULL);
    assert_int_equal(varlink_receive(late, clock_deadline(TIMEOUT_US), &reply), 0);
    assert_string_equal(reply.error, "io.assent.TooMany");
    /* one leaves half way, and its place is free again */
    shutdown(fds[0], SHUT_RDWR);
    close(fds[0]);
    after = ask_decisions(f, NULL);
    read_in_order(after, 0, 2000);
    for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
}

static void test_leaving_and_coming_back_a_hundred_times(void **state)
{
    struct agent_fixture *f = *state;
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;

    write_many(f, 2000, 1000);
    for (int i = 0; i < 100; i++) {
        int fd = start_idle_reader(f);

        if (i % 2 == 0)
            wait_for_input(fd);
        close(fd);
    }
    link = ask_decisions(f, NULL);
    read_in_order(link, 0, 2000);
}

/* The fixture demands a clean end, and the sanitizer that nothing is left behind. */
static void test_the_agent_ends_while_it_is_read(void **state)
{
    struct agent_fixture *f = *state;
    int fds[2];

    write_many(f, 5000, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = start_idle_reader(f);
    wait_for_input(fds[1]);
    agent_fixture_kill(f, SIGTERM);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    agent_fixture_start(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_decisions_keep_their_facts),
        TEST(test_what_policy_was_not_asked_has_none),
        TEST(test_a_long_command_line_is_left_out),
        TEST(test_only_auditors_and_root_may_read_them),
        TEST(test_since_is_a_time),
        TEST(test_all_come_once_and_in_order),
        TEST(test_since_leaves_out_what_is_older),
        TEST(test_since_with_a_clock_that_went_back),
        TEST(test_what_would_have_been_comes_too),
        TEST(test_damaged_records_do_not_stop_the_others),
        TEST(test_a_reader_that_stops_costs_two_pieces),
        TEST(test_readers_are_few),
        TEST(test_leaving_and_coming_back_a_hundred_times),
        TEST(test_the_agent_ends_while_it_is_read),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
