/* pam_assent.so in the auth phase: what the agent needs is asked for, kind by kind, and what is
 * not good enough once more. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "gate_script.h"
#include "pam_host.h"

#define KEY_LINE "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3Nz"
#define AHEAD "\nAsk ahead: assent request --service sshd "

static int run(const char *service, void (*play)(int), int flags)
{
    bool ssh = strcmp(service, SERVICE_SSHD) == 0;
    struct fake_gate gate = fake_gate_start(play);
    int code;

    if (ssh)
        host_env(KEY_LINE);
    else
        host_tty("/dev/pts/3");
    code = host_run(HOST_AUTH, ssh ? 0 : ALICE_UID, flags);
    host_end();
    assert_true(fake_gate_finish(&gate));
    return code;
}

static const struct gate_step all_kinds[] = {
    {GATE_NEED_REASON, "To run id as root a reason is needed.\nReason: ", "upgrade", NULL, NULL,
        NULL},
    {GATE_NEED_TICKET, "Ticket (like ^INC-[0-9]+$): ", "upgrade", "INC-12", NULL, NULL},
    {GATE_NEED_CONTROL, "Control (snapshot or four-eyes): ", "upgrade", "INC-12", "snapshot", NULL},
    {GATE_NEED_PEER, "Colleague (of dba-leads): ", "upgrade", "INC-12", "snapshot", "carol"},
};

static void answer_all_kinds(void)
{
    host_will_answer("  upgrade\t");
    host_will_answer("INC-12");
    host_will_answer("snapshot ");
    host_will_answer("carol");
}

static void every_kind_is_asked_for_in_turn(void **state)
{
    static const char *const services[] = {SERVICE_SSHD, SERVICE_SUDO, SERVICE_SU};

    (void)state;
    GATE_SCRIPT(all_kinds);
    gate_last = (struct gate_answer){.kind = GATE_ALLOW, .tie = "t"};
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        host_begin(services[i], "alice", "");
        answer_all_kinds();
        /* PAM_SILENT silences no question. */
        assert_int_equal(run(services[i], gate_play_script, i == 2 ? PAM_SILENT : 0),
            i == 0 ? PAM_SUCCESS : PAM_IGNORE);
        assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 4);
        assert_int_equal(host_count(PAM_PROMPT_ECHO_OFF), 0);
        assert_int_equal(host_count(PAM_ERROR_MSG) + host_count(PAM_TEXT_INFO), 0);
        for (size_t k = 0; k < ARRAY_SIZE(all_kinds); k++)
            assert_true(host_showed(PAM_PROMPT_ECHO_ON, all_kinds[k].text));
    }
}

static void what_is_not_good_enough_is_asked_for_again(void **state)
{
    static const struct gate_step steps[] = {
        {GATE_NEED_REASON, "Reason: ", "x", NULL, NULL, NULL},
        {GATE_NEED_REASON, "Too short: 10 characters at least.\nReason: ", "replica is stuck", NULL,
            NULL, NULL},
        {GATE_NEED_TICKET, "Ticket: ", "replica is stuck", "INC 12", NULL, NULL},
        {GATE_NEED_TICKET, "\"INC 12\" does not look like ^INC-[0-9]+$.\nTicket: ",
            "replica is stuck", "INC-12", NULL, NULL},
    };

    (void)state;
    GATE_SCRIPT(steps);
    gate_last = (struct gate_answer){.kind = GATE_ALLOW};
    host_begin(SERVICE_SSHD, "alice", "");
    host_will_answer("x");
    host_will_answer("replica is stuck");
    host_will_answer("INC 12");
    host_will_answer("INC-12");
    assert_int_equal(run(SERVICE_SSHD, gate_play_script, 0), PAM_SUCCESS);
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, steps[3].text));
}

static void three_tries_for_a_kind(void **state)
{
    static const struct gate_step steps[] = {
        {GATE_NEED_REASON, "Reason: ", "a", NULL, NULL, NULL},
        {GATE_NEED_REASON, "Longer.\nReason: ", "because", NULL, NULL, NULL},
        {GATE_NEED_TICKET, "Ticket: ", "because", "1", NULL, NULL},
        {GATE_NEED_TICKET, "No.\nTicket: ", "because", "2", NULL, NULL},
        {GATE_NEED_TICKET, "No.\nTicket: ", "because", "3", NULL, NULL},
        {GATE_NEED_TICKET, "No.\nTicket: ", NULL, NULL, NULL, NULL},
    };

    (void)state;
    GATE_SCRIPT(steps);
    host_begin(SERVICE_SSHD, "alice", "");
    host_will_answer("a");
    host_will_answer("because");
    host_will_answer("1");
    host_will_answer("2");
    host_will_answer("3");
    assert_int_equal(run(SERVICE_SSHD, gate_play_given_up, 0), PAM_MAXTRIES);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 5);
    assert_true(
        host_showed(PAM_ERROR_MSG, "Access refused: no ticket was accepted in 3 tries." AHEAD
                                   "--reason \"...\" --ticket TICKET --wait"));
}

static void twelve_questions_in_all(void **state)
{
    static const uint64_t needs[] = {
        GATE_NEED_PEER, GATE_NEED_CONTROL, GATE_NEED_TICKET, GATE_NEED_REASON};
    static struct gate_step steps[13];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        steps[i] = (struct gate_step){
            .need = needs[i % 4],
            .peer = "no",
            .control = i > 0 ? "no" : NULL,
            .ticket = i > 1 ? "no" : NULL,
            .reason = i > 2 ? "no" : NULL,
        };
    GATE_SCRIPT(steps);
    host_begin(SERVICE_SU, "alice", "");
    for (size_t i = 0; i < 12; i++)
        host_will_answer("no");
    assert_int_equal(run(SERVICE_SU, gate_play_given_up, 0), PAM_ABORT);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 12);
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, "Colleague: "));
    assert_true(host_showed(PAM_ERROR_MSG, "no name of a colleague was accepted in 3 tries."));
}

/* Nothing more is asked after a line that says nothing. */
static void an_empty_line_ends_it(void **state)
{
    static char paste[3000];
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"", "no ticket was given."},
        {" \t", "no ticket was given."},
        {host_end_of_input, "no ticket was given."},
        {NULL, "no ticket was given."}, /* the client cannot be asked */
        {paste, "the ticket was too long."},
    };

    (void)state;
    memset(paste, 'a', sizeof(paste) - 1);
    gate_script = all_kinds;
    gate_script_length = 2;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        host_begin(SERVICE_SSHD, "alice", "");
        host_will_answer("upgrade");
        if (cases[i].line)
            host_will_answer(cases[i].line);
        assert_int_equal(run(SERVICE_SSHD, gate_play_given_up, 0), PAM_MAXTRIES);
        assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 2);
        assert_int_equal(host_count(PAM_ERROR_MSG), 1);
        assert_true(host_showed(PAM_ERROR_MSG, cases[i].words));
        assert_true(host_showed(PAM_ERROR_MSG, AHEAD "--reason \"...\" --ticket TICKET --wait"));
    }
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static void an_interrupt_ends_it(void **state)
{
    struct sigaction mine = {.sa_handler = on_signal}, found;
    sigset_t interrupt, mask;

    (void)state;
    gate_script = all_kinds;
    gate_script_length = 2;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    assert_int_equal(sigaction(SIGINT, &mine, &found), 0);
    for (int held = 0; held < 2; held++) {
        caught = 0;
        host_begin(SERVICE_SUDO, "alice", "");
        host_will_answer("upgrade");
        host_will_answer(host_interrupt);
        /* As sudo does around pam_authenticate. */
        if (held)
            assert_int_equal(sigprocmask(SIG_BLOCK, &interrupt, &mask), 0);
        assert_int_equal(run(SERVICE_SUDO, gate_play_given_up, 0), PAM_ABORT);
        assert_int_equal(caught, held ? 0 : SIGINT);
        if (held)
            assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
        assert_int_equal(caught, SIGINT);
        assert_true(host_showed(PAM_ERROR_MSG, held ? "Cancelled." : "no ticket was given."));
    }
    assert_int_equal(sigaction(SIGINT, &found, NULL), 0);
}

/* An agent that words nothing, or too much for the wire, still gets a prompt with a label. */
static void a_prompt_always_says_what_it_asks_for(void **state)
{
    static const struct gate_step steps[] = {
        {GATE_NEED_PEER, "Somebody has to confirm...", NULL, NULL, NULL, "carol"},
        {GATE_NEED_CONTROL, NULL, NULL, NULL, "snapshot", "carol"},
        /* several at once: the text belongs to the first */
        {GATE_NEED_REASON | GATE_NEED_TICKET, "Why? ", "upgrade", "INC-12", "snapshot", "carol"},
    };

    (void)state;
    GATE_SCRIPT(steps);
    gate_last = (struct gate_answer){.kind = GATE_DENY, .text = "Refused: a freeze is on."};
    host_begin(SERVICE_SSHD, "alice", "");
    host_will_answer("carol");
    host_will_answer("snapshot");
    host_will_answer("upgrade");
    host_will_answer("INC-12");
    assert_int_equal(run(SERVICE_SSHD, gate_play_script, 0), PAM_MAXTRIES);
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, "Somebody has to confirm...\nColleague: "));
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, "Control: "));
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, "Ticket: "));
    assert_true(host_showed(PAM_ERROR_MSG, "Refused: a freeze is on."));
}

static void a_prompt_is_no_last_word(void **state)
{
    (void)state;
    gate_script = all_kinds;
    gate_script_length = 1;
    gate_last = (struct gate_answer){.kind = GATE_BUSY};
    host_begin(SERVICE_SSHD, "alice", "");
    host_will_answer("upgrade");
    assert_int_equal(run(SERVICE_SSHD, gate_play_script, 0), PAM_MAXTRIES);
    assert_true(host_showed(PAM_ERROR_MSG, "agent is busy"));
    assert_false(host_showed(PAM_ERROR_MSG, "Reason: "));
}

static void play_wait_and_restart(int listener)
{
    int fd = gate_play_steps(listener);
    const struct gate_step *whole = &gate_script[gate_script_length - 1];

    gate_say(
        fd, (struct gate_answer){
                .kind = GATE_WAIT, .text = "Waiting.", .request = "K7QM-2F9X", .left_ms = 600000});
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    gate_take_step(fd, whole);
    (void)close(fd);
    fd = gate_accept(listener);
    gate_take_step(fd, whole);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void nothing_typed_is_lost_while_people_think(void **state)
{
    (void)state;
    GATE_SCRIPT(all_kinds);
    host_begin(SERVICE_SSHD, "alice", "");
    answer_all_kinds();
    assert_int_equal(run(SERVICE_SSHD, play_wait_and_restart, 0), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 4);
}

static void play_falls_silent(int listener)
{
    int fd = gate_play_steps(listener);

    gate_take_end(fd);
}

static void the_deadline_starts_again_after_typing(void **state)
{
    uint64_t began = clock_boottime_us(), took;

    (void)state;
    GATE_SCRIPT(all_kinds);
    host_begin(SERVICE_SSHD, "alice", "deadline=300ms");
    answer_all_kinds();
    assert_int_equal(run(SERVICE_SSHD, play_falls_silent, 0), PAM_MAXTRIES);
    took = clock_boottime_us() - began;
    assert_in_range(took, 300 * USEC_PER_MSEC, 900 * USEC_PER_MSEC);
    assert_true(host_showed(PAM_ERROR_MSG, "does not answer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_asked_for_in_turn),
        cmocka_unit_test(what_is_not_good_enough_is_asked_for_again),
        cmocka_unit_test(three_tries_for_a_kind),
        cmocka_unit_test(twelve_questions_in_all),
        cmocka_unit_test(an_empty_line_ends_it),
        cmocka_unit_test(an_interrupt_ends_it),
        cmocka_unit_test(a_prompt_always_says_what_it_asks_for),
        cmocka_unit_test(a_prompt_is_no_last_word),
        cmocka_unit_test(nothing_typed_is_lost_while_people_think),
        cmocka_unit_test(the_deadline_starts_again_after_typing),
    };

    return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
