/* assent_sudo.so: what the agent needs is asked for at sudo's terminal, kind by kind. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate_script.h"
#include "pam_host.h"
#include "sudo_host.h"

/* On a line of its own where it does not fit behind the words. */
#define AHEAD "\nAsk ahead: assent request --service sudo "
#define AHEAD_BELOW "\nAsk ahead:\n  assent request --service sudo "

static const struct gate_step steps[] = {
    {GATE_NEED_REASON, "Refused without a reason: db-admin is sensitive.\nReason: ", "upgrade",
        NULL, NULL, NULL},
    {GATE_NEED_TICKET, "Ticket (like ^INC-[0-9]+$): ", "upgrade", "12", NULL, NULL},
    {GATE_NEED_TICKET, "\"12\" does not look like ^INC-[0-9]+$.\nTicket: ", "upgrade", "INC-12",
        NULL, NULL},
    {GATE_NEED_CONTROL, "Control (snapshot or four-eyes): ", "upgrade", "INC-12", "snapshot", NULL},
    {GATE_NEED_PEER, "Colleague (of dba-leads): ", "upgrade", "INC-12", "snapshot", "carol"},
};

static void type_lines(size_t count)
{
    static const char *const lines[] = {"upgrade", "12", "INC-12 ", "snapshot", "carol"};

    for (size_t i = 0; i < count; i++)
        sudo_will_type(lines[i]);
}

static void every_kind_is_asked_for_in_turn(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    GATE_SCRIPT(steps);
    gate_last = (struct gate_answer){.kind = GATE_ALLOW};
    type_lines(5);
    assert_int_equal(sudo_check_with(&call, gate_play_script), 1);
    assert_int_equal(sudo_prompts, 5);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        assert_non_null(strstr(sudo_screen, steps[i].text));
}

static void play_wait(int listener)
{
    int fd = gate_play_steps(listener);

    gate_say(fd, (struct gate_answer){.kind = GATE_WAIT,
                     .text = "carol has to confirm.",
                     .request = "K7QM-2F9X",
                     .asked = "carol",
                     .left_ms = 600000});
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    gate_take_step(fd, &steps[ARRAY_SIZE(steps) - 1]);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void then_people_are_waited_for(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    GATE_SCRIPT(steps);
    type_lines(5);
    assert_int_equal(sudo_check_with(&call, play_wait), 1);
    assert_non_null(strstr(sudo_screen, "Request K7QM-2F9X waits for carol (0s, ^C gives up)"));
}

static void three_tries_for_a_kind(void **state)
{
    static const struct gate_step again[] = {
        {GATE_NEED_CONTROL, "Control: ", NULL, NULL, "a", NULL},
        {GATE_NEED_CONTROL, "Not one of them.\nControl: ", NULL, NULL, "b", NULL},
        {GATE_NEED_CONTROL, "Not one of them.\nControl: ", NULL, NULL, "c", NULL},
        {GATE_NEED_CONTROL, "Not one of them.\nControl: ", NULL, NULL, NULL, NULL},
    };
    struct sudo_call call = sudo_new_call();

    (void)state;
    GATE_SCRIPT(again);
    sudo_will_type("a");
    sudo_will_type("b");
    sudo_will_type("c");
    assert_int_equal(sudo_check_with(&call, gate_play_given_up), 0);
    assert_int_equal(sudo_prompts, 3);
    assert_non_null(strstr(sudo_screen,
        "assent: The command was not run: no control was accepted in 3 tries." AHEAD
        "--control WORD --wait -- COMMAND\n"));
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static void no_answer_no_command(void **state)
{
    static const char *const lines[] = {"", "\t ", host_end_of_input, host_interrupt};
    struct sigaction mine = {.sa_handler = on_signal}, found;

    (void)state;
    assert_int_equal(sigaction(SIGINT, &mine, &found), 0);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct sudo_call call = sudo_new_call();

        caught = 0;
        gate_script = steps;
        gate_script_length = 4;
        type_lines(3);
        sudo_will_type(lines[i]);
        assert_int_equal(sudo_check_with(&call, gate_play_given_up), 0);
        assert_int_equal(sudo_prompts, 4);
        assert_int_equal(caught, lines[i] == host_interrupt ? SIGINT : 0);
        assert_non_null(strstr(sudo_screen,
            "assent: The command was not run: no control was given." AHEAD_BELOW
            "--reason \"...\" --ticket TICKET --control WORD --wait -- COMMAND\n"));
    }
    assert_int_equal(sigaction(SIGINT, &found, NULL), 0);
}

static void play_needs_at_once(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT((ask.flags & (GATE_FLAG_WAIT | GATE_FLAG_PROMPT)) == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED,
                     .need = GATE_NEED_REASON | GATE_NEED_TICKET | GATE_NEED_PEER,
                     .text = "Reason: "});
    gate_take_end(fd);
}

static void play_names_what_is_missing(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_DENY,
                     .text = "Refused: a ticket is needed.\nAsk first: assent request"});
    gate_take_end(fd);
}

/* `sudo -n`, and sudo without a terminal. */
static void where_nobody_can_be_asked_it_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sudo_call call = sudo_new_call();

        if (i == 0)
            call.settings[2] = "noninteractive=true";
        else
            call.user_info[5] = "host=db1";
        call.command_info[1] = "runas_user=postgres";
        assert_int_equal(sudo_check_with(&call, play_needs_at_once), 0);
        assert_string_equal(sudo_screen,
            "assent: The command was not run: a reason, a ticket and the name of a colleague are "
            "needed, which\n  cannot be asked for here." AHEAD_BELOW
            "--run-as postgres --reason \"...\" --ticket TICKET --peer PERSON --wait -- COMMAND\n");
        call = sudo_new_call();
        call.settings[2] = "noninteractive=true";
        assert_int_equal(sudo_check_with(&call, play_names_what_is_missing), 0);
        assert_string_equal(
            sudo_screen, "assent: Refused: a ticket is needed.\nAsk first: assent request\n");
        assert_int_equal(sudo_prompts, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_asked_for_in_turn),
        cmocka_unit_test(then_people_are_waited_for),
        cmocka_unit_test(three_tries_for_a_kind),
        cmocka_unit_test(no_answer_no_command),
        cmocka_unit_test(where_nobody_can_be_asked_it_is_named),
    };

    return cmocka_run_group_tests(tests, sudo_setup, sudo_teardown);
}
