#include "gate_script.h"

#include <string.h>

const struct gate_step *gate_script;
size_t gate_script_length;
struct gate_answer gate_last;

static bool told(const char *fact, const char *expected)
{
    return expected ? fact && strcmp(fact, expected) == 0 : !fact;
}

void gate_take_step(int fd, const struct gate_step *step)
{
    struct gate_ask ask = gate_take(fd);

    EXPECT((ask.flags & GATE_FLAG_ASKED) != 0);
    /* The command travels along each time. */
    EXPECT((gate_passed_fd >= 0) == (ask.phase == GATE_PHASE_COMMAND));
    EXPECT(told(ask.reason, step->reason));
    EXPECT(told(ask.ticket, step->ticket));
    EXPECT(told(ask.control, step->control));
    EXPECT(told(ask.peer, step->peer));
}

static void say_need(int fd, const struct gate_step *step)
{
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = step->need, .text = step->text});
}

/* The first question tells nothing yet; then `count` steps are supplied. */
static int play(int listener, size_t count)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.flags == (GATE_FLAG_WAIT | GATE_FLAG_PROMPT));
    EXPECT(!ask.reason && !ask.ticket && !ask.control && !ask.peer);
    say_need(fd, &gate_script[0]);
    for (size_t i = 0; i < count; i++) {
        gate_take_step(fd, &gate_script[i]);
        if (i + 1 < gate_script_length)
            say_need(fd, &gate_script[i + 1]);
    }
    return fd;
}

int gate_play_steps(int listener)
{
    return play(listener, gate_script_length);
}

void gate_play_script(int listener)
{
    int fd = gate_play_steps(listener);

    gate_say(fd, gate_last);
    gate_take_end(fd);
}

void gate_play_given_up(int listener)
{
    gate_take_end(play(listener, gate_script_length - 1));
}
