/* This program is also the child, as assentd is its own: see main(). What kind of child it
 * plays is told by an environment variable, which children inherit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "../../agent/resolve.h"

#define CHILD_VARIABLE "ASSENT_TEST_CHILD"

struct fixture {
    sd_event *event;
    bool done;
    int result;
    size_t count;
    struct resolve_name names[8]; /* without the names */
};

static void on_done(int result, const struct resolve_name *names, size_t count, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_false(fixture->done);
    fixture->done = true;
    fixture->result = result;
    fixture->count = count;
    for (size_t i = 0; i < count && i < 8; i++)
        fixture->names[i] = names[i];
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(sd_event_new(&fixture->event) >= 0);
    *state = fixture;
    return 0;
}

/* Nothing may be left: no child, dead or alive. */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    while (waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0)
        assert_true(sd_event_run(fixture->event, 60 * 1000 * 1000) > 0);
    assert_int_equal(errno, ECHILD);
    sd_event_unref(fixture->event);
    free(fixture);
    return unsetenv(CHILD_VARIABLE);
}

static struct resolve_job *start(
    struct fixture *fixture, const struct resolve_name *names, size_t count, uint64_t timeout)
{
    struct resolve_question question = {
        .names = names,
        .count = count,
        .timeout_us = timeout,
        .done = on_done,
        .userdata = fixture,
    };
    struct resolve_job *job = NULL;

    assert_int_equal(resolve_start(fixture->event, &question, &job), 0);
    return job;
}

static void run(
    struct fixture *fixture, const struct resolve_name *names, size_t count, uint64_t timeout)
{
    (void)start(fixture, names, count, timeout);
    assert_false(fixture->done);
    while (!fixture->done)
        assert_true(sd_event_run(fixture->event, 60 * 1000 * 1000) > 0);
}

static char root[] = "root", daemon_name[] = "daemon", nobody[] = "no-such-user",
            bad[] = "a:b\nu root";

static const struct resolve_name question[] = {
    {.name = root},
    {.name = bad},
    {.name = nobody},
    {.name = daemon_name, .is_group = true},
    {.name = nobody, .is_group = true},
};

static void run_child_kind(struct fixture *fixture, const char *kind)
{
    assert_int_equal(setenv(CHILD_VARIABLE, kind, 1), 0);
    run(fixture, question, ARRAY_SIZE(question), 10 * 1000 * 1000);
}

static void test_names(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, question, ARRAY_SIZE(question), 10 * 1000 * 1000);
    assert_int_equal(fixture->result, 0);
    assert_int_equal(fixture->count, ARRAY_SIZE(question));
    assert_true(fixture->names[0].exists);
    assert_int_equal(fixture->names[0].id, 0);
    assert_false(fixture->names[1].exists);
    assert_false(fixture->names[2].exists);
    assert_true(fixture->names[3].exists);
    assert_int_equal(fixture->names[3].id, 1);
    assert_false(fixture->names[4].exists);
}

static void test_none(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, NULL, 0, 10 * 1000 * 1000);
    assert_int_equal(fixture->result, 0);
    assert_int_equal(fixture->count, 0);
}

/* More than the pipes hold in both directions. */
static void test_many(void **state)
{
    struct fixture *fixture = *state;
    struct resolve_name *names = calloc(20000, sizeof(*names));

    assert_non_null(names);
    for (size_t i = 0; i < 20000; i++)
        names[i] = (struct resolve_name){.name = i % 2 ? root : nobody};
    run(fixture, names, 20000, 60 * 1000 * 1000);
    assert_int_equal(fixture->result, 0);
    assert_int_equal(fixture->count, 20000);
    assert_true(fixture->names[7].exists);
    assert_false(fixture->names[6].exists);
    free(names);
}

static void test_failed_lookup(void **state)
{
    run_child_kind(*state, "unsure");
    assert_int_equal(((struct fixture *)*state)->result, -EAGAIN);
}

static void test_garbage(void **state)
{
    static const char *const kinds[] = {
        "garbage", "short", "long", "endless", "unended", "reserved"};

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct fixture *fixture = *state;

        fixture->done = false;
        run_child_kind(fixture, kinds[i]);
        assert_int_equal(fixture->result, -EBADMSG);
    }
}

static void test_child_fails(void **state)
{
    struct fixture *fixture = *state;

    run_child_kind(fixture, "exit");
    assert_int_equal(fixture->result, -ECHILD);
    fixture->done = false;
    run_child_kind(fixture, "killed");
    assert_int_equal(fixture->result, -ECHILD);
}

static void test_timeout(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(setenv(CHILD_VARIABLE, "hang", 1), 0);
    run(fixture, question, ARRAY_SIZE(question), 100 * 1000);
    assert_int_equal(fixture->result, -ETIMEDOUT);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    struct resolve_job *job;

    assert_int_equal(setenv(CHILD_VARIABLE, "hang", 1), 0);
    job = start(fixture, question, ARRAY_SIZE(question), 10000);
    resolve_cancel(job);
    assert_true(sd_event_run(fixture->event, 60 * 1000 * 1000) > 0); /* the child's end */
    assert_false(fixture->done);
    resolve_cancel(NULL);
}

/* The loop blocks signals; the child must not inherit that. */
static void test_child_signals(void **state)
{
    struct fixture *fixture = *state;

    signal(SIGPIPE, SIG_IGN);
    run_child_kind(fixture, "signals");
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(fixture->result, 0);
}

/* ---- the child ---- */

static int check_signals(void)
{
    sigset_t mask;
    struct sigaction action;

    if (sigprocmask(SIG_SETMASK, NULL, &mask) < 0 || sigismember(&mask, SIGCHLD) ||
        sigaction(SIGPIPE, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
        return EXIT_FAILURE;
    return resolve_main();
}

/* Four of the five names are asked for. */
static int child(const char *kind)
{
    static const struct {
        const char *kind, *output;
    } outputs[] = {
        {"unsure", "0\n-\n?\n-\n"},
        {"garbage", "0\n-\nroot\n-\n"},
        {"short", "0\n-\n1\n"},
        {"long", "0\n-\n1\n-\n-\n"},
        {"unended", "0\n-\n1\n-"},
        {"reserved", "0\n-\n4294967295\n-\n"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
        if (strcmp(kind, outputs[i].kind) == 0)
            return fputs(outputs[i].output, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (strcmp(kind, "exit") == 0)
        return resolve_main() == EXIT_SUCCESS ? EXIT_FAILURE : EXIT_SUCCESS;
    if (strcmp(kind, "killed") == 0)
        return raise(SIGKILL);
    if (strcmp(kind, "signals") == 0)
        return check_signals();
    if (strcmp(kind, "endless") == 0)
        for (int i = 0; i < 1000; i++)
            puts("-");
    while (strcmp(kind, "hang") == 0)
        pause();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_lookup, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_child_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_child_signals, set_up, tear_down),
    };
    const char *kind = getenv(CHILD_VARIABLE);
    sigset_t mask;

    if (argc == 2 && strcmp(argv[1], "--resolve") == 0)
        return kind ? child(kind) : resolve_main();
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
