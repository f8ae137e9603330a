/* What children.c promises, seen from outside: this program runs itself with tests that fail in
 * their children. */
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

#include "../../common/file.h"
#include "../../common/macro.h"

#define OUTPUT_MAX 65536

/* ---- the tests that are run inside -------------------------------------------------------- */

static void fail_in_child(void **state UNUSED)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        assert_int_equal(1, 2);
    /* as a test that forgets to look at the status */
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void fail_in_grandchild(void **state UNUSED)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        pid = fork();
        if (pid == 0)
            assert_int_equal(1, 2);
        _exit(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 7 : 8);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void crash_in_child(void **state UNUSED)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        raise(SIGSEGV); /* which cmocka takes for a failure, too */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

static void say_after(void **state UNUSED)
{
    printf("after, once\n");
}

/* Leaves a child behind that holds standard output open until it ends. */
static void leave_behind(void **state UNUSED)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    while (pid == 0)
        pause();
    kill(getpid(), SIGKILL);
}

static int run_inside(const char *what)
{
    const struct {
        const char *name;
        struct CMUnitTest test;
    } all[] = {
        {"child", cmocka_unit_test(fail_in_child)},
        {"grandchild", cmocka_unit_test(fail_in_grandchild)},
        {"crash", cmocka_unit_test(crash_in_child)},
        {"leave", cmocka_unit_test(leave_behind)},
        {"nothing", cmocka_unit_test(say_after)},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        const struct CMUnitTest tests[] = {all[i].test, cmocka_unit_test(say_after)};

        if (strcmp(all[i].name, what) == 0)
            return cmocka_run_group_tests(tests, NULL, NULL);
    }
    return 99;
}

/* ---- from outside ------------------------------------------------------------------------- */

/* Runs it to its end, and all its children to theirs. Returns what it said, in fresh memory. */
static char *run(const char *what, int *ret_status)
{
    char *output = NULL;
    size_t length;
    int pipes[2];
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        unsetenv("CMOCKA_TEST_ABORT"); /* it is no child of a test there */
        execl("/proc/self/exe", "test_children", "--inside", what, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    assert_int_equal(file_read_all(pipes[0], OUTPUT_MAX, &output, &length), 0);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, ret_status, 0), pid);
    return output;
}

static unsigned count(const char *text, const char *word)
{
    unsigned found = 0;

    while ((text = strstr(text, word))) {
        text += strlen(word);
        found++;
    }
    return found;
}

/* The tests that follow run once, and the program fails. */
static void assert_fails_once(const char *what)
{
    int status;
    AUTO_FREE char *output = run(what, &status);

    if (!WIFEXITED(status) || WEXITSTATUS(status) == 0 || count(output, "after, once") != 1 ||
        !strstr(output, "an assertion failed in 1 child"))
        fail_msg("status %d: %s", status, output);
}

static void test_an_assertion_in_a_child(void **state UNUSED)
{
    assert_fails_once("child");
}

static void test_an_assertion_in_a_grandchild(void **state UNUSED)
{
    assert_fails_once("grandchild");
}

static void test_a_crash_in_a_child(void **state UNUSED)
{
    int status;
    AUTO_FREE char *output = run("crash", &status);

    if (count(output, "after, once") != 1)
        fail_msg("status %d: %s", status, output);
}

static void test_children_end_with_their_parent(void **state UNUSED)
{
    int status;
    AUTO_FREE char *output = run("leave", &status);

    assert_non_null(output);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_nothing_fails(void **state UNUSED)
{
    int status;
    AUTO_FREE char *output = run("nothing", &status);

    assert_int_equal(status, 0);
    assert_int_equal(count(output, "after, once"), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_assertion_in_a_child),
        cmocka_unit_test(test_an_assertion_in_a_grandchild),
        cmocka_unit_test(test_a_crash_in_a_child),
        cmocka_unit_test(test_children_end_with_their_parent),
        cmocka_unit_test(test_nothing_fails),
    };

    if (argc == 3 && strcmp(argv[1], "--inside") == 0)
        return run_inside(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
