/* What the agent is told and finds: hostile words, files in the spool, a ledger of another boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "hostile.h"

/* ---- words ----------------------------------------------------------------------------------- */

static void assert_records_are_plain(const struct agent_fixture *f)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(f->ledger, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db, "SELECT record FROM audit UNION ALL SELECT body FROM state", -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *record = (const char *)sqlite3_column_text(statement, 0);

        /* JSON writes controls as \u001b: neither as they are nor so */
        for (const char *p = record; *p != '\0'; p++)
            assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
        assert_null(strstr(record, "\\u00"));
        assert_null(strstr(record, "\\n"));
        assert_null(strstr(record, "\xe2\x80\xae"));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void test_words_arrive_escaped(void **state)
{
    struct agent_fixture *f = *state;
    static const char hostile[] =
        "ok\n2026 assentd: carol approved\x1b]0;x\x07\xe2\x80\xae\xff\x01";
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result wait;
    json_t *reply;
    const char *error;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = hostile;
    ask.ticket = hostile;
    ask.tty = hostile;
    ask.cwd = hostile;
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    reply = agent_call(
        f, UID_GAMES, "io.assent.GetRequest", json_pack("{s:s}", "id", wait.request), &error);
    assert_non_null(reply);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(reply, "request"), "reason")),
        "ok\\x0a2026 assentd: carol approved\\x1b]0;x\\x07\\xe2\\x80\\xae\\xff\\x01");
    json_decref(reply);
    assert_null(hostile_call_error(f, UID_GAMES, "io.assent.DenyRequest",
        json_pack("{s:s, s:s}", "id", wait.request, "reason", "no\n\x1b[2Jnever\xe2\x80\xae")));
    ask = ask_login(UID_MAN, hostile);
    ask.auth_info = hostile;
    ask.session = hostile;
    ask.tie = hostile;
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
    assert_records_are_plain(f);
}

/* A blank is no reason, whichever way it comes. */
static void test_blank_reason(void **state)
{
    struct agent_fixture *f = *state;

    assert_string_equal(hostile_call_error(f, UID_DAEMON, "io.assent.OpenRequest",
                            json_pack("{s:s, s:s, s:[s, s]}", "service", "sudo", "reason", "  ",
                                "command", "/usr/bin/id", "-u")),
        "io.assent.Refused");
}

/* ---- what is left behind --------------------------------------------------------------------- */

static void leave_in_spool(const struct agent_fixture *f, unsigned number)
{
    char from[160], to[160];
    FILE *file;

    snprintf(from, sizeof(from), "%s/spooled", f->directory);
    snprintf(to, sizeof(to), "%s/rescue-%u", f->spool, number);
    file = fopen(from, "we");
    assert_non_null(file);
    fprintf(file, "time=1\nservice=sshd\nuser=erin\nuid=1005\nwhy=number %u\n", number);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(from, to), 0);
}

static void test_spooled_once_recorded_once(void **state)
{
    struct agent_fixture *f = *state;
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);

    for (unsigned i = 0; i < 30; i++)
        leave_in_spool(f, i);
    while (hostile_count_entries(f->spool) > 0 && clock_remaining_ms(deadline) > 0)
        usleep(10000);
    assert_int_equal(hostile_count_entries(f->spool), 0);
    assert_int_equal(audit_count(f, "rescue-used"), 30);
}

/* Only root's own files count, and nothing is followed. */
static void test_spool_of_others(void **state)
{
    struct agent_fixture *f = *state;
    char path[160];
    int fd;

    snprintf(path, sizeof(path), "%s/link", f->spool);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    snprintf(path, sizeof(path), "%s/pipe", f->spool);
    assert_int_equal(mkfifo(path, 0644), 0);
    snprintf(path, sizeof(path), "%s/foreign", f->spool);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_int_equal(fchown(fd, UID_MAN, UID_MAN), 0);
    dprintf(fd, "user=root\nservice=sshd\n");
    close(fd);
    leave_in_spool(f, 1);
    while (audit_count(f, "rescue-used") == 0)
        usleep(10000);
    assert_true(hostile_login_is_soon(f));
    assert_int_equal(audit_count(f, "rescue-used"), 1);
}

/* A watcher that stays connected to the end: the fixture's agent must still end cleanly. */
static void test_watchers_stay_to_the_end(void **state)
{
    struct agent_fixture *f = *state;
    static const char call[] = "{\"method\":\"io.assent.Watch\",\"more\":true}";
    int fds[40];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = hostile_connect(i < 20 ? UID_MAN : UID_GAMES, f->public, SOCK_STREAM);
        assert_int_equal(send(fds[i], call, sizeof(call), MSG_NOSIGNAL), sizeof(call));
    }
    assert_true(hostile_login_is_soon(f));
    agent_fixture_kill(f, SIGTERM);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    agent_fixture_start(f);
}

/* A grant of an earlier boot whose end cannot be written must not come to life again: its
 * times are of another clock. */
static void test_earlier_boot_on_a_broken_disk(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);
    sqlite3 *db;

    assert_null(hostile_call_error(
        f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", wait.request)));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                         "UPDATE state SET body = json_set(body, '$.boot', "
                         "'00000000-0000-4000-8000-000000000000') WHERE kind = 2;"
                         "CREATE TRIGGER broken BEFORE INSERT ON state WHEN NEW.kind = 2 "
                         "BEGIN SELECT RAISE(ABORT, 'broken'); END;"
                         "CREATE TRIGGER broken2 BEFORE UPDATE ON state WHEN NEW.kind = 2 "
                         "BEGIN SELECT RAISE(ABORT, 'broken'); END;",
                         NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    agent_fixture_start(f);
    /* the disk recovers, after the agent has tried */
    assert_int_not_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(
        sqlite3_exec(db, "DROP TRIGGER broken; DROP TRIGGER broken2;", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_not_equal(gate_once(f, &ask).kind, GATE_ALLOW);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, hostile_set_up, hostile_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_words_arrive_escaped),
        TEST(test_blank_reason),
        TEST(test_spooled_once_recorded_once),
        TEST(test_spool_of_others),
        TEST(test_watchers_stay_to_the_end),
        TEST(test_earlier_boot_on_a_broken_disk),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
