/* pam_assent.so in the auth phase: one prompt, then a bounded wait for people. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"

#define KEY_LINE "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3Nz"
#define WHO "Request K7QM-2F9X will be put to carol or dave."

static const struct gate_answer need_reason = {.kind = GATE_NEED,
    .need = GATE_NEED_REASON,
    .text = WHO,
    .request = "K7QM-2F9X",
    .asked = "carol or dave"};
static const struct gate_answer waiting = {.kind = GATE_WAIT,
    .text = "Waiting for carol or dave.",
    .request = "K7QM-2F9X",
    .asked = "carol or dave",
    .left_ms = 600000};

static void begin(const char *service, const char *arguments)
{
    host_begin(service, "alice", arguments);
    if (strcmp(service, SERVICE_SSHD) == 0)
        host_env(KEY_LINE);
    else
        host_tty("/dev/pts/3");
}

static uid_t caller(const char *service)
{
    return strcmp(service, SERVICE_SSHD) == 0 ? 0 : ALICE_UID;
}

static int visit(void (*play)(int), const char *service, const char *arguments, const char *reason)
{
    struct fake_gate gate = fake_gate_start(play);
    int code;

    begin(service, arguments);
    if (reason)
        host_will_answer(reason);
    code = host_run(HOST_AUTH, caller(service), 0);
    host_end();
    assert_true(fake_gate_finish(&gate));
    return code;
}

/* Takes the first two questions and answers that people are asked. */
static int open_request(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.phase == GATE_PHASE_AUTH);
    EXPECT(ask.flags == (GATE_FLAG_WAIT | GATE_FLAG_PROMPT));
    EXPECT(!ask.reason);
    gate_say(fd, need_reason);
    ask = gate_take(fd);
    EXPECT((ask.flags & GATE_FLAG_ASKED) != 0);
    EXPECT(strcmp(ask.reason, "replica is stuck") == 0);
    gate_say(fd, waiting);
    return fd;
}

static void play_approved(int listener)
{
    int fd = open_request(listener);
    struct gate_ask ask;

    gate_say(fd, waiting);
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    ask = gate_take(fd);
    EXPECT((ask.flags & GATE_FLAG_ASKED) != 0 && strcmp(ask.reason, "replica is stuck") == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW, .tie = "t2"});
    gate_take_end(fd);
}

static void reason_then_wait_then_in(void **state)
{
    (void)state;
    assert_int_equal(visit(play_approved, SERVICE_SSHD, "", "  replica is stuck\t"), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 1);
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, WHO "\nReason: "));
    /* The same news twice is shown once. */
    assert_int_equal(host_count(PAM_TEXT_INFO), 1);
    /* sudo prints PAM_TEXT_INFO on stdout. */
    assert_int_equal(visit(play_approved, SERVICE_SUDO, "", "replica is stuck"), PAM_IGNORE);
    assert_int_equal(host_count(PAM_TEXT_INFO), 0);
    assert_true(host_showed(PAM_ERROR_MSG, "Waiting for carol"));
}

static void play_refused(int listener)
{
    int fd = open_request(listener);

    gate_say(fd, (struct gate_answer){.kind = GATE_DENY, .text = "carol says: not today."});
    gate_take_end(fd);
}

static void refused_while_waiting(void **state)
{
    (void)state;
    assert_int_equal(visit(play_refused, SERVICE_SSHD, "", "replica is stuck"), PAM_MAXTRIES);
    assert_true(host_showed(PAM_ERROR_MSG, "carol says: not today."));
    assert_int_equal(visit(play_refused, SERVICE_SU, "", "replica is stuck"), PAM_ABORT);
}

static void play_stale_allow(int listener)
{
    int fd = open_request(listener);

    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void an_allow_without_a_fresh_ask_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(visit(play_stale_allow, SERVICE_SSHD, "", "replica is stuck"), PAM_MAXTRIES);
}

static void play_left(int listener)
{
    int fd = open_request(listener);

    gate_take_leave(fd);
    gate_take_end(fd);
}

static void nobody_answers_in_time(void **state)
{
    uint64_t began = clock_boottime_us(), took;

    (void)state;
    assert_int_equal(
        visit(play_left, SERVICE_SSHD, "wait=300ms", "replica is stuck"), PAM_MAXTRIES);
    took = clock_boottime_us() - began;
    assert_in_range(took, 300 * USEC_PER_MSEC, 600 * USEC_PER_MSEC);
    assert_true(host_showed(PAM_ERROR_MSG,
        "Not answered yet. Request K7QM-2F9X stays open; log in again after approval."));
}

static void play_only_asks(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, need_reason);
    gate_take_end(fd);
}

static void no_reason_no_access(void **state)
{
    (void)state;
    assert_int_equal(visit(play_only_asks, SERVICE_SSHD, "", "   "), PAM_MAXTRIES);
    assert_true(host_showed(PAM_ERROR_MSG, "no reason"));
    /* The client cannot be asked (BatchMode). */
    assert_int_equal(visit(play_only_asks, SERVICE_SSHD, "", NULL), PAM_MAXTRIES);
}

static void play_asks_for_ever(int listener)
{
    int fd = gate_accept(listener);

    for (int i = 0; i < 3; i++) {
        (void)gate_take(fd);
        gate_say(fd, need_reason);
    }
    (void)gate_take(fd);
    gate_say(fd, need_reason);
    gate_take_end(fd);
}

static void questions_come_to_an_end(void **state)
{
    struct fake_gate gate = fake_gate_start(play_asks_for_ever);

    (void)state;
    begin(SERVICE_SSHD, "");
    for (int i = 0; i < 3; i++)
        host_will_answer("because");
    assert_int_equal(host_run(HOST_AUTH, 0, 0), PAM_MAXTRIES);
    host_end();
    assert_true(fake_gate_finish(&gate));
}

static void play_ready_for_ever(int listener)
{
    int fd = gate_accept(listener);

    for (int i = 0; i < 32; i++) {
        (void)gate_take(fd);
        gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    }
    gate_take_end(fd);
}

static void readiness_comes_to_an_end(void **state)
{
    (void)state;
    assert_int_equal(visit(play_ready_for_ever, SERVICE_SSHD, "", NULL), PAM_MAXTRIES);
}

static void play_ticket(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    gate_say(fd, (struct gate_answer){.kind = GATE_NEED,
                     .need = GATE_NEED_REASON | GATE_NEED_TICKET | GATE_NEED_GROUPS});
    ask = gate_take(fd);
    EXPECT(strcmp(ask.reason, "upgrade") == 0 && strcmp(ask.ticket, "CHG-12") == 0);
    EXPECT(ask.group_count > 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void reason_and_ticket(void **state)
{
    struct fake_gate gate = fake_gate_start(play_ticket);

    (void)state;
    begin(SERVICE_SSHD, "");
    host_will_answer("upgrade");
    host_will_answer("CHG-12");
    assert_int_equal(host_run(HOST_AUTH, 0, 0), PAM_SUCCESS);
    host_end();
    assert_true(fake_gate_finish(&gate));
}

/* ---- the agent restarts --------------------------------------------------------------- */

static void play_restart(int listener)
{
    int fd = open_request(listener);
    struct gate_ask ask;

    (void)close(fd);
    fd = gate_accept(listener);
    ask = gate_take(fd);
    EXPECT(strcmp(ask.reason, "replica is stuck") == 0);
    gate_say(fd, waiting);
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    (void)gate_take(fd);
    /* Once more, now between the question and its answer. */
    (void)close(fd);
    fd = gate_accept(listener);
    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void the_wait_survives_a_restart(void **state)
{
    (void)state;
    assert_int_equal(visit(play_restart, SERVICE_SSHD, "", "replica is stuck"), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 1);
}

static void play_dies(int listener)
{
    int fd = open_request(listener);

    (void)close(listener);
    (void)close(fd);
}

static void an_agent_that_stays_away_ends_the_wait(void **state)
{
    uint64_t began = clock_boottime_us();

    (void)state;
    assert_int_equal(
        visit(play_dies, SERVICE_SSHD, "deadline=500ms", "replica is stuck"), PAM_MAXTRIES);
    assert_true(clock_boottime_us() - began < 900 * USEC_PER_MSEC);
    assert_true(host_showed(PAM_ERROR_MSG, "does not answer"));
}

static void play_overdue(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_WAIT, .left_ms = 100, .text = "Soon."});
    gate_take_end(fd);
}

static void a_request_past_its_end_means_a_frozen_agent(void **state)
{
    (void)state;
    assert_int_equal(visit(play_overdue, SERVICE_SSHD, "deadline=200ms", NULL), PAM_MAXTRIES);
    assert_true(host_showed(PAM_ERROR_MSG, "does not answer"));
}

/* ---- signals and vanished clients ----------------------------------------------------- */

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static void play_signal_then_end(int listener, int number)
{
    int fd = open_request(listener);

    EXPECT(kill(getppid(), number) == 0);
    gate_take_end(fd); /* no LEAVE: the request is withdrawn */
}

static void play_interrupt(int listener)
{
    play_signal_then_end(listener, SIGINT);
}

static void play_quit(int listener)
{
    play_signal_then_end(listener, SIGQUIT);
}

static void play_term(int listener)
{
    play_signal_then_end(listener, SIGTERM);
}

static void play_hangup(int listener)
{
    play_signal_then_end(listener, SIGHUP);
}

static void play_ready_under_signal(int listener)
{
    int fd = open_request(listener);

    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    (void)gate_take(fd);
    EXPECT(kill(getppid(), SIGTERM) == 0);
    gate_say_perhaps(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void a_signal_cancels_and_reaches_its_own_handler(void **state)
{
    static const struct {
        void (*play)(int);
        int number;
    } cases[] = {{play_interrupt, SIGINT}, {play_quit, SIGQUIT}, {play_term, SIGTERM},
        {play_hangup, SIGHUP}, {play_ready_under_signal, SIGTERM}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sigaction mine = {.sa_handler = on_signal}, found;

        caught = 0;
        assert_int_equal(sigaction(cases[i].number, &mine, &found), 0);
        assert_int_equal(visit(cases[i].play, SERVICE_SUDO, "", "replica is stuck"), PAM_ABORT);
        assert_int_equal(sigaction(cases[i].number, &found, NULL), 0);
        assert_int_equal(caught, cases[i].number);
        assert_true(host_showed(PAM_ERROR_MSG, "Cancelled."));
    }
}

static void play_allow_at_once(int listener)
{
    int fd = gate_accept(listener);
    uint8_t byte;

    /* The client may be gone before it has sent anything. */
    if (recv(fd, &byte, 1, 0) > 0)
        (void)send(fd, "", 0, MSG_NOSIGNAL);
}

static void a_signal_pending_before_ends_it_at_once(void **state)
{
    struct fake_gate gate = fake_gate_start(play_allow_at_once);
    const struct timespec no_time = {0};
    sigset_t interrupt, found;

    (void)state;
    /* As sudo does around pam_authenticate. */
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    assert_int_equal(sigprocmask(SIG_BLOCK, &interrupt, &found), 0);
    assert_int_equal(raise(SIGINT), 0);
    begin(SERVICE_SUDO, "");
    assert_int_equal(host_run(HOST_AUTH, ALICE_UID, 0), PAM_ABORT);
    host_end();
    assert_int_equal(sigtimedwait(&interrupt, NULL, &no_time), SIGINT);
    assert_int_equal(sigprocmask(SIG_SETMASK, &found, NULL), 0);
    assert_true(fake_gate_finish(&gate));
}

/* A client's TCP connection: this end is sshd's, the other one can be closed. */
static int connect_client(int *ret_client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;
    char connection[128];

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*ret_client, (struct sockaddr *)&address, sizeof(address)), 0);
    server = accept(listener, (struct sockaddr *)&address, &length);
    assert_true(server >= 0);
    (void)close(listener);
    snprintf(connection, sizeof(connection), "SSH_CONNECTION=127.0.0.1 %u 127.0.0.1 22",
        (unsigned)ntohs(address.sin_port));
    host_env(connection);
    return server;
}

static int vanishing_client = -1;

static void play_client_vanishes(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, waiting);
    /* What the client has typed meanwhile is not a hang-up. */
    EXPECT(send(vanishing_client, "data", 4, MSG_NOSIGNAL) == 4);
    EXPECT(gate_is_quiet(fd, 150));
    EXPECT(shutdown(vanishing_client, SHUT_RDWR) == 0);
    gate_take_end(fd);
}

static void a_vanished_client_withdraws(void **state)
{
    struct fake_gate gate;
    uint64_t began = clock_boottime_us();
    int server;

    (void)state;
    begin(SERVICE_SSHD, "");
    server = connect_client(&vanishing_client);
    gate = fake_gate_start(play_client_vanishes);
    assert_int_equal(host_run(HOST_AUTH, 0, 0), PAM_MAXTRIES);
    assert_true(clock_boottime_us() - began < 2 * USEC_PER_SEC);
    host_end();
    (void)close(server);
    (void)close(vanishing_client);
    assert_true(fake_gate_finish(&gate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reason_then_wait_then_in),
        cmocka_unit_test(refused_while_waiting),
        cmocka_unit_test(an_allow_without_a_fresh_ask_is_not_believed),
        cmocka_unit_test(nobody_answers_in_time),
        cmocka_unit_test(no_reason_no_access),
        cmocka_unit_test(questions_come_to_an_end),
        cmocka_unit_test(readiness_comes_to_an_end),
        cmocka_unit_test(reason_and_ticket),
        cmocka_unit_test(the_wait_survives_a_restart),
        cmocka_unit_test(an_agent_that_stays_away_ends_the_wait),
        cmocka_unit_test(a_request_past_its_end_means_a_frozen_agent),
        cmocka_unit_test(a_signal_cancels_and_reaches_its_own_handler),
        cmocka_unit_test(a_signal_pending_before_ends_it_at_once),
        cmocka_unit_test(a_vanished_client_withdraws),
    };

    return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
