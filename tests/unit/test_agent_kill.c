/* kill -9 of the agent at any moment of a request's life. Whatever was acknowledged before is
 * there after the restart; whatever was not approved opens nothing; a single use stays single.
 *
 * ASSENT_KILL_ROUNDS sets the number of rounds (default 50), ASSENT_KILL_SEED the seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_fixture.h"

#define ROUNDS_DEFAULT 50
#define STEPS_MAX 6 /* questions in one round; below the limit of open requests */
#define KILL_AFTER_MAX_US 25000

static const char rules[] =
    "  - id: many\n"
    "    who: { user: daemon }\n"
    "    what: { service: sshd }\n"
    "    decision: escalate\n"
    "    duration: 1h\n"
    "    approval: { stages: [ { from: leads, within: 1h } ], strength: local }\n"
    "  - id: once\n"
    "    who: { user: daemon }\n"
    "    what: { service: login }\n"
    "    decision: escalate\n"
    "    duration: 1h\n"
    "    uses: 1\n"
    "    approval: { stages: [ { from: leads, within: 1h } ], strength: local }\n";

/* What is known of one question when the agent dies: what was acknowledged, and what was asked
 * without an answer. */
struct step {
    bool once;
    char rhost[24];
    char request[16];
    bool opened, approve_sent, approved, use_sent, used, withdraw_sent, withdrawn;
};

static struct gate_ask ask_of(const struct step *step)
{
    struct gate_ask ask = ask_login(UID_DAEMON, step->rhost);

    if (step->once)
        ask.service = "login";
    return ask;
}

static bool call(struct agent_fixture *f, uid_t uid, const char *method, const char *id)
{
    const char *error;
    json_t *reply = agent_call(f, uid, method, json_pack("{s:s}", "id", id), &error);

    /* no answer at all is the only failure there may be */
    if (error)
        assert_string_equal(error, "closed");
    json_decref(reply);
    return error == NULL;
}

/* Goes through a life as far as the agent lives. Returns false once it does not answer. */
static bool live(struct agent_fixture *f, struct step *step)
{
    struct gate_ask ask = ask_of(step);
    struct gate_result result = gate_once(f, &ask);

    if (result.kind != GATE_WAIT)
        return false;
    step->opened = true;
    memcpy(step->request, result.request, sizeof(step->request));
    if (rand() % 5 == 0) {
        step->withdraw_sent = true;
        step->withdrawn = call(f, UID_DAEMON, "io.assent.WithdrawRequest", step->request);
        return step->withdrawn;
    }
    if (rand() % 4 == 0)
        return true;
    step->approve_sent = true;
    step->approved = call(f, UID_GAMES, "io.assent.ApproveRequest", step->request);
    if (!step->approved)
        return false;
    step->use_sent = true;
    step->used = gate_once(f, &ask).kind == GATE_ALLOW;
    return step->used;
}

static void check(struct agent_fixture *f, const struct step *step)
{
    struct gate_ask ask = ask_of(step);
    struct gate_result result = gate_once(f, &ask);

    if (!step->approve_sent) {
        assert_int_equal(result.kind, GATE_WAIT);
        if (step->opened && !step->withdraw_sent)
            assert_string_equal(result.request, step->request);
        if (step->withdrawn)
            assert_string_not_equal(result.request, step->request);
    } else if (step->once && step->used) {
        assert_int_equal(result.kind, GATE_WAIT);
        assert_string_not_equal(result.request, step->request);
    } else if (step->approved && !(step->once && step->use_sent)) {
        assert_int_equal(result.kind, GATE_ALLOW);
    } else {
        /* half done when it died: one or the other, nothing else */
        assert_true(result.kind == GATE_ALLOW || result.kind == GATE_WAIT);
    }
    if (result.kind == GATE_WAIT)
        assert_true(call(f, UID_DAEMON, "io.assent.WithdrawRequest", result.request));
}

static pid_t kill_later(pid_t target, unsigned after_us)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        usleep(after_us);
        kill(target, SIGKILL);
        _exit(0);
    }
    return pid;
}

static unsigned one_round(struct agent_fixture *f, unsigned round)
{
    struct step steps[STEPS_MAX] = {0};
    unsigned count = 0;
    bool alive = true;
    pid_t killer = kill_later(f->pid, (unsigned)rand() % KILL_AFTER_MAX_US);

    while (alive && count < STEPS_MAX) {
        struct step *step = &steps[count++];

        step->once = rand() % 2 == 0;
        snprintf(
            step->rhost, sizeof(step->rhost), "10.%u.%u.%u", round / 250 + 1, round % 250, count);
        alive = live(f, step);
    }
    assert_int_equal(waitpid(killer, NULL, 0), killer);
    assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
    agent_fixture_start(f);
    for (unsigned i = 0; i < count; i++)
        check(f, &steps[i]);
    return count;
}

static unsigned setting(const char *name, unsigned fallback)
{
    const char *text = getenv(name);

    return text ? (unsigned)strtoul(text, NULL, 10) : fallback;
}

static void test_kill_at_any_moment(void **state)
{
    struct agent_fixture fixture;
    unsigned rounds = setting("ASSENT_KILL_ROUNDS", ROUNDS_DEFAULT), steps = 0;
    unsigned seed = setting("ASSENT_KILL_SEED", (unsigned)getpid());

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    agent_fixture_init(&fixture, rules);
    agent_fixture_start(&fixture);
    for (unsigned i = 0; i < rounds; i++)
        steps += one_round(&fixture, i);
    print_message("%u rounds, %u requests\n", rounds, steps);
    agent_fixture_done(&fixture);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill_at_any_moment)};

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
