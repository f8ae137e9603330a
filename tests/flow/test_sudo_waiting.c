/* assent_sudo.so while people are asked: what is shown, and what has changed when they answered. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sudo_plugin.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"
#include "sudo_host.h"

static const struct gate_answer waiting = {.kind = GATE_WAIT,
    .text = "Request K7QM-2F9X is open: carol or dave can approve it.",
    .request = "K7QM-2F9X",
    .asked = "carol or dave",
    .left_ms = 600000};

static int open_request(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    gate_say(fd,
        (struct gate_answer){
            .kind = GATE_NEED, .need = GATE_NEED_REASON, .text = "carol or dave will be asked."});
    ask = gate_take(fd);
    EXPECT(strcmp(ask.reason, "disk is full") == 0 && (ask.flags & GATE_FLAG_ASKED) != 0);
    EXPECT(gate_passed_fd >= 0);
    gate_say(fd, waiting);
    return fd;
}

static const char *swapped = "/usr/libexec/swapped";

static void play_approved(int listener)
{
    int fd = open_request(listener);
    struct stat first, second;
    struct gate_ask ask;

    EXPECT(fstat(gate_passed_fd, &first) == 0);
    /* Longer than a tick: the line is redrawn. */
    EXPECT(gate_is_quiet(fd, 1200));
    EXPECT(unlink(swapped) == 0);
    EXPECT(close(open(swapped, O_CREAT | O_WRONLY | O_CLOEXEC, 0777)) == 0);
    EXPECT(chmod(swapped, 0777) == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    ask = gate_take(fd);
    EXPECT((ask.flags & GATE_FLAG_ASKED) != 0);
    EXPECT(strcmp(ask.reason, "disk is full") == 0);
    /* The file is opened afresh, and judged afresh. */
    EXPECT((ask.flags & GATE_FLAG_WRITABLE) != 0);
    EXPECT(gate_passed_fd >= 0 && fstat(gate_passed_fd, &second) == 0);
    EXPECT(first.st_ino != second.st_ino);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void waiting_shows_progress_and_asks_afresh(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    sudo_make_file(swapped, 0755);
    call.command_info[0] = "command=/usr/libexec/swapped";
    sudo_will_type("disk is full");
    assert_int_equal(sudo_check_with(&call, play_approved), 1);
    assert_non_null(strstr(sudo_screen, "carol or dave will be asked.\nReason: "));
    assert_non_null(strstr(sudo_screen, "assent: Request K7QM-2F9X is open: carol or dave can"));
    assert_non_null(
        strstr(sudo_screen, "\rRequest K7QM-2F9X waits for carol or dave (0s, ^C gives up)"));
    assert_non_null(
        strstr(sudo_screen, "\rRequest K7QM-2F9X waits for carol or dave (1s, ^C gives up)"));
    /* The line is taken away before the command writes. */
    assert_string_equal(sudo_screen + strlen(sudo_screen) - 3, "  \r");
}

static const char *crossing = "/usr/libexec/crossing";

static void play_leads_elsewhere(int listener)
{
    int fd = open_request(listener);

    EXPECT(unlink(crossing) == 0);
    EXPECT(symlink("right", crossing) == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    gate_take_end(fd);
}

static void what_leads_elsewhere_when_approved_does_not_run(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    assert_int_equal(mkdir("/usr/libexec/left", 0755), 0);
    assert_int_equal(mkdir("/usr/libexec/right", 0755), 0);
    sudo_make_file("/usr/libexec/left/tool", 0755);
    sudo_make_file("/usr/libexec/right/tool", 0755);
    assert_int_equal(symlink("left", crossing), 0);
    call.command_info[0] = "command=/usr/libexec/crossing/tool";
    sudo_will_type("disk is full");
    assert_int_equal(sudo_check_with(&call, play_leads_elsewhere), 0);
    assert_non_null(strstr(sudo_screen, "its path leads elsewhere now"));
}

static void play_denied_later(int listener)
{
    int fd = open_request(listener);

    gate_say(fd, (struct gate_answer){.kind = GATE_DENY, .text = "carol says: no."});
    gate_take_end(fd);
}

static void refused_while_waiting(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    sudo_will_type("disk is full");
    assert_int_equal(sudo_check_with(&call, play_denied_later), 0);
    assert_non_null(strstr(sudo_screen, "\rassent: carol says: no.\n"));
}

static void play_only_asks(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_REASON});
    gate_take_end(fd);
}

static void no_reason_no_command(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    assert_int_equal(sudo_check_with(&call, play_only_asks), 0);
    assert_int_equal(sudo_prompts, 1);
    assert_non_null(strstr(sudo_screen, "assent: The command was not run: no reason was given.\n"));
}

static void play_restart(int listener)
{
    int fd = open_request(listener);

    (void)close(fd);
    fd = gate_accept(listener);
    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_READY});
    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void the_wait_survives_a_restart(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    sudo_will_type("disk is full");
    assert_int_equal(sudo_check_with(&call, play_restart), 1);
}

static volatile sig_atomic_t caught;
static int number_to_send;

static void on_signal(int number)
{
    caught = number;
}

static void play_signal(int listener)
{
    int fd = open_request(listener);

    EXPECT(kill(getppid(), number_to_send) == 0);
    gate_take_end(fd);
}

static void play_signal_with_allow(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    EXPECT(kill(getppid(), number_to_send) == 0);
    gate_say_perhaps(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void a_signal_means_the_command_does_not_run(void **state)
{
    static const int numbers[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(numbers); i++) {
        struct sigaction mine = {.sa_handler = on_signal}, found;
        struct sudo_call call = sudo_new_call();

        caught = 0;
        number_to_send = numbers[i / 2];
        if (i % 2 == 0)
            sudo_will_type("disk is full");
        assert_int_equal(sigaction(number_to_send, &mine, &found), 0);
        assert_int_equal(
            sudo_check_with(&call, i % 2 == 0 ? play_signal : play_signal_with_allow), 0);
        assert_int_equal(sigaction(number_to_send, &found, NULL), 0);
        assert_int_equal(caught, number_to_send);
        assert_non_null(strstr(sudo_screen, "assent: Cancelled. The command was not run.\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_shows_progress_and_asks_afresh),
        cmocka_unit_test(what_leads_elsewhere_when_approved_does_not_run),
        cmocka_unit_test(refused_while_waiting),
        cmocka_unit_test(no_reason_no_command),
        cmocka_unit_test(the_wait_survives_a_restart),
        cmocka_unit_test(a_signal_means_the_command_does_not_run),
    };

    return cmocka_run_group_tests(tests, sudo_setup, sudo_teardown);
}
