/* Questions, requests and changes without end, and many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "hostile.h"

/* ---- floods -------------------------------------------------------------------------------- */

static void ask_on_and_on(const struct agent_fixture *f, unsigned number)
{
    static char arguments[90 << 10];

    for (unsigned i = 0;; i++) {
        struct gate_ask ask;
        int length;

        memset(arguments, 1, sizeof(arguments));
        length = snprintf(arguments, 64, "/usr/bin/whoami%c%u-%u", '\0', number, i) + 1;
        arguments[length - 1] = ' ';
        arguments[sizeof(arguments) - 1] = '\0';
        ask = ask_sudo(UID_DAEMON, arguments, sizeof(arguments));
        gate_once(f, &ask);
    }
}

static void test_flood_of_questions(void **state)
{
    struct agent_fixture *f = *state;
    pid_t pids[4];

    for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
        pids[i] = hostile_start(ask_on_and_on, f, i);
    usleep(500000); /* they are at it */
    assert_true(hostile_login_is_soon(f));
    assert_true(hostile_answers(f, UID_MAN));
    for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
        hostile_stop(pids[i]);
}

/* Each differs from the last, so that they are not counted as equal ones. */
static void test_refusals_do_not_fill_the_disk(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask man;
    unsigned decided;
    char arguments[64];

    for (unsigned i = 0; i < 600; i++) {
        int length = snprintf(arguments, sizeof(arguments), "/usr/bin/whoami%c%u", '\0', i) + 1;

        man = ask_sudo(UID_MAN, arguments, (size_t)length);
        assert_int_equal(gate_once(f, &man).kind, GATE_DENY);
    }
    decided = audit_count(f, "decided");
    assert_true(decided >= 1);
    assert_true(decided < 100);
    /* another's refusal is recorded all the same */
    man = ask_sudo(UID_DAEMON, "/usr/bin/whoami", sizeof("/usr/bin/whoami"));
    assert_int_equal(gate_once(f, &man).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "decided"), decided + 1);
}

static void test_requests_of_one_person_are_bounded(void **state)
{
    struct agent_fixture *f = *state;
    unsigned open = 0;

    for (unsigned i = 0; i < 20; i++) {
        char source[24];
        struct gate_ask ask;

        snprintf(source, sizeof(source), "10.0.1.%u", i);
        ask = ask_login(i % 2 ? UID_BIN : UID_SYS, source);
        open += gate_once(f, &ask).kind == GATE_WAIT;
    }
    assert_int_equal(open, 8);
}

static void test_opening_and_withdrawing_in_a_loop(void **state)
{
    struct agent_fixture *f = *state;
    unsigned opened = 0;

    for (unsigned i = 0; i < 120; i++) {
        char source[24];
        struct gate_ask ask;
        struct gate_result result;

        snprintf(source, sizeof(source), "10.0.2.%u", i);
        ask = ask_login(UID_DAEMON, source);
        result = gate_once(f, &ask);
        if (result.kind != GATE_WAIT)
            continue;
        opened++;
        assert_null(hostile_call_error(
            f, UID_DAEMON, "io.assent.WithdrawRequest", json_pack("{s:s}", "id", result.request)));
    }
    assert_true(opened >= 16);
    assert_true(opened <= 64);
    assert_true(hostile_login_is_soon(f));
}

/* ---- uses ----------------------------------------------------------------------------------- */

static unsigned count_allowed(const struct agent_fixture *f, const struct gate_ask *ask)
{
    pid_t pids[100];
    unsigned allowed = 0;

    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(gate_once(f, ask).kind == GATE_ALLOW ? 77 : 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        allowed += WEXITSTATUS(status) == 77;
    }
    return allowed;
}

static void test_one_use_under_a_hundred_at_once(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result wait;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = "the backup needs it";
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    assert_null(hostile_call_error(
        f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", wait.request)));
    ask.flags = 0;
    assert_int_equal(count_allowed(f, &ask), 1);
    assert_int_equal(audit_count(f, "used"), 1);
}

static uint64_t receive(struct client *client, char ret_request[16])
{
    struct gate_answer answer;

    assert_int_equal(client_receive(client, clock_deadline(20 * USEC_PER_SEC), -1, &answer), 0);
    snprintf(ret_request, 16, "%s", answer.request ? answer.request : "");
    return answer.kind;
}

/* Two wait for one request of one use: who comes second asks anew, under a new id. */
static void test_an_id_is_one_request(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);
    struct client client = CLIENT_NULL;
    char prompted[16], opened[16], again[16];

    ask.flags = GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    assert_int_equal(client_open(&client, f->gate, deadline), 0);
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(receive(&client, prompted), GATE_NEED);
    ask.reason = "the backup needs it";
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(receive(&client, opened), GATE_WAIT);
    assert_string_equal(opened, prompted);
    assert_null(hostile_call_error(
        f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", opened)));
    assert_int_equal(receive(&client, again), GATE_READY);
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(receive(&client, again), GATE_WAIT);
    assert_string_not_equal(again, opened);
    client_close(&client);
}

/* ---- changes meanwhile ---------------------------------------------------------------------- */

static void reload_on_and_on(const struct agent_fixture *f, unsigned number)
{
    (void)number;
    for (;;)
        json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &(const char *){NULL}));
}

static void wait_and_leave(const struct agent_fixture *f, unsigned number)
{
    for (unsigned i = 0;; i++) {
        int fd = hostile_hold_at_the_prompt(f, UID_DAEMON, number * 1000 + i % 5);

        close(fd);
    }
}

static void test_reloads_while_questions_are_answered(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    pid_t reloader = hostile_start(reload_on_and_on, f, 0),
          waiter = hostile_start(wait_and_leave, f, 1);
    struct gate_result first = hostile_ask(f, &ask);

    assert_int_equal(first.kind, GATE_WAIT);
    for (unsigned i = 0; i < 100 || audit_count(f, "policy-loaded") < 3; i++) {
        struct gate_result again = hostile_ask(f, &ask);

        assert_int_equal(again.kind, GATE_WAIT);
        assert_string_equal(again.request, first.request);
        hostile_login(f);
    }
    hostile_stop(reloader);
    hostile_stop(waiter);
}

static void test_stopped_and_continued(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");

    for (unsigned i = 0; i < 10; i++) {
        pid_t pid;
        int status;

        assert_int_equal(kill(f->pid, SIGSTOP), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(gate_once(f, &ask).kind == GATE_ALLOW ? 77 : 0);
        usleep(20000 * i);
        assert_int_equal(kill(f->pid, SIGCONT), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, hostile_set_up, hostile_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_flood_of_questions),
        TEST(test_refusals_do_not_fill_the_disk),
        TEST(test_requests_of_one_person_are_bounded),
        TEST(test_opening_and_withdrawing_in_a_loop),
        TEST(test_one_use_under_a_hundred_at_once),
        TEST(test_an_id_is_one_request),
        TEST(test_reloads_while_questions_are_answered),
        TEST(test_stopped_and_continued),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
