#include "kill_round.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../cli/base/varlink.h"
#include "../../common/clock.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)
#define FIRST_US (100 * USEC_PER_MSEC) /* the first kill, when nothing is known */
#define MANY 60

unsigned kill_rounds_count(unsigned fallback)
{
    const char *rounds = getenv("ASSENT_KILL_ROUNDS"), *seed = getenv("ASSENT_KILL_SEED");
    unsigned number = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid();

    print_message("seed %u\n", number);
    srand(number);
    return rounds ? (unsigned)strtoul(rounds, NULL, 10) : fallback;
}

static volatile pid_t target;

static void on_alarm(int signal)
{
    (void)signal;
    kill(target, SIGKILL);
}

static void kill_in(pid_t pid, uint64_t delay_us)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval timer = {
        .it_value = {(time_t)(delay_us / USEC_PER_SEC), (suseconds_t)(delay_us % USEC_PER_SEC)}};

    target = pid;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* The end, where it is written and answered, is looked at most closely. */
static uint64_t draw_delay(const struct kill_rounds *rounds)
{
    uint64_t takes = rounds->takes_us, end = takes * 5 / 4 + rounds->goes_on_us;
    uint64_t begin = rand() % 2 == 0 ? 0 : takes * 3 / 4;

    return takes == 0 ? FIRST_US : 1 + begin + (uint64_t)rand() % (end - begin);
}

/* Whether there was an answer. The alarm may come while it is waited for. */
static bool receive(struct varlink *link, uint64_t deadline_us, const char *method)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    int r;

    do
        r = varlink_receive(link, deadline_us, &reply);
    while (r == -EINTR);
    if (r == 0 && reply.error)
        fail_msg("%s: %s", method, reply.error);
    return r == 0;
}

bool kill_rounds_call(struct kill_rounds *rounds, struct agent_fixture *fixture, const char *method,
    json_t *parameters)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    uint64_t deadline = clock_deadline(TIMEOUT_US), begun, took;
    bool answered;
    int status;

    assert_int_equal(varlink_open(fixture->public, deadline, &link), 0);
    kill_in(fixture->pid, draw_delay(rounds));
    begun = clock_boottime_us();
    answered = varlink_send(link, method, parameters, false, deadline) == 0 &&
               receive(link, deadline, method);
    took = clock_boottime_us() - begun;
    json_decref(parameters);
    /* those that are answered are the quick ones */
    if (!answered)
        rounds->takes_us += rounds->takes_us / 16;
    else
        rounds->takes_us = rounds->takes_us == 0 ? took + 1 : (3 * rounds->takes_us + took) / 4 + 1;
    rounds->acknowledged += answered;
    rounds->cut_off += !answered;
    while (waitpid(fixture->pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    fixture->pid = 0;
    return answered;
}

void kill_rounds_report(const struct kill_rounds *rounds, const char *what)
{
    print_message("%s: %u rounds, %u answered, %u cut off; done in %u all the same\n", what,
        rounds->count, rounds->acknowledged, rounds->cut_off,
        rounds->happened - rounds->acknowledged);
    assert_true(rounds->count < MANY || (rounds->cut_off > 0 && rounds->acknowledged > 0));
}
