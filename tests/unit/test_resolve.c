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
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "../../agent/load/resolve.h"
#include "../../common/accounts_file.h"
#include "../../common/file.h"

#define CHILD_VARIABLE "ASSENT_TEST_CHILD"

struct fixture {
    sd_event *event;
    struct resolve_job *job;
    char accounts[32]; /* a file's path, or empty: not asked */
    const char *warning;
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
    fixture->warning = resolve_accounts_warning(fixture->job);
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

static struct resolve_question question_of(
    struct fixture *fixture, const struct resolve_name *names, size_t count, uint64_t timeout)
{
    return (struct resolve_question){
        .names = names,
        .count = count,
        .accounts = fixture->accounts[0] ? fixture->accounts : NULL,
        .timeout_us = timeout,
        .done = on_done,
        .userdata = fixture,
    };
}

static void start(
    struct fixture *fixture, const struct resolve_name *names, size_t count, uint64_t timeout)
{
    struct resolve_question question = question_of(fixture, names, count, timeout);

    assert_int_equal(resolve_start(fixture->event, &question, &fixture->job), 0);
}

static void run(
    struct fixture *fixture, const struct resolve_name *names, size_t count, uint64_t timeout)
{
    start(fixture, names, count, timeout);
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
    static const char *const kinds[] = {"garbage", "short", "long", "endless", "unended",
        "reserved", "no-state", "bad-state", "no-expiry", "bad-expiry", "extra", "group-state"};

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

    assert_int_equal(setenv(CHILD_VARIABLE, "hang", 1), 0);
    start(fixture, question, ARRAY_SIZE(question), 10000);
    resolve_cancel(fixture->job);
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

/* ---- accounts ---- */

static int set_up_accounts(void **state)
{
    struct fixture *fixture;

    assert_int_equal(set_up(state), 0);
    fixture = *state;
    snprintf(fixture->accounts, sizeof(fixture->accounts), "/tmp/assent-resolve-%d", getpid());
    return 0;
}

static int tear_down_accounts(void **state)
{
    struct fixture *fixture = *state;

    unlink(fixture->accounts);
    return tear_down(state);
}

/* As published of this machine's /etc/shadow in a state that may not be its own. */
static void write_accounts(const struct fixture *fixture, const char *lines, uint64_t inode)
{
    struct accounts_source source;
    struct stat status;
    char text[256];
    int length, count = 0;

    for (const char *line = lines; (line = strchr(line, '\n')); line++)
        count++;
    assert_int_equal(stat("/etc/shadow", &status), 0);
    source = accounts_source_of(&status);
    length = snprintf(text, sizeof(text), "assent-accounts 1 %d %ju %ju\n%s", count,
        (uintmax_t)source.changed_ns, (uintmax_t)(inode ? inode : source.inode), lines);
    assert_int_equal(file_write_atomic(fixture->accounts, text, (size_t)length, 0640), 0);
}

static const struct resolve_name accounts_question[] = {
    {.name = root},
    {.name = daemon_name},
    {.name = nobody},
    {.name = root, .is_group = true},
};

static void ask_accounts(struct fixture *fixture)
{
    fixture->done = false;
    run(fixture, accounts_question, ARRAY_SIZE(accounts_question), 10 * 1000 * 1000);
    assert_int_equal(fixture->result, 0);
    assert_true(fixture->names[0].exists);
    assert_true(fixture->names[1].exists);
    assert_false(fixture->names[2].exists);
}

static void assert_account(
    const struct resolve_name *name, bool locked, bool no_shell, uint64_t expires_us)
{
    assert_int_equal(name->locked, locked);
    assert_int_equal(name->no_shell, no_shell);
    assert_int_equal(name->expires_us, expires_us);
}

static void test_accounts_not_asked(void **state)
{
    struct fixture *fixture = *state;

    ask_accounts(fixture);
    assert_null(fixture->warning);
    assert_account(&fixture->names[0], false, false, 0);
    assert_account(&fixture->names[1], false, false, 0);
}

/* The account daemon has /usr/sbin/nologin on every Debian. */
static void test_accounts(void **state)
{
    struct fixture *fixture = *state;

    write_accounts(fixture, "daemon locked -\nno-such-user locked -\nroot open 1970-01-03\n", 0);
    ask_accounts(fixture);
    assert_null(fixture->warning);
    assert_account(&fixture->names[0], false, false, UINT64_C(172800000000));
    assert_account(&fixture->names[1], true, false, 0);
    assert_account(&fixture->names[3], false, false, 0);

    write_accounts(fixture, "root locked 1970-01-01\n", 0);
    ask_accounts(fixture);
    assert_null(fixture->warning);
    assert_account(&fixture->names[0], true, false, 1);
    assert_account(&fixture->names[1], true, true, 0);
}

/* The names are told all the same. */
static void test_accounts_unknown(void **state)
{
    struct fixture *fixture = *state;

    ask_accounts(fixture);
    assert_non_null(strstr(fixture->warning, "has not run"));
    assert_account(&fixture->names[0], false, false, 0);

    assert_int_equal(file_write_atomic(fixture->accounts, "root locked -\n", 14, 0640), 0);
    ask_accounts(fixture);
    assert_non_null(strstr(fixture->warning, "cannot be used"));
    assert_account(&fixture->names[0], false, false, 0);

    write_accounts(fixture, "root locked -\n", 0);
    assert_int_equal(chmod(fixture->accounts, 0666), 0);
    ask_accounts(fixture);
    assert_non_null(strstr(fixture->warning, "cannot be used"));
    assert_account(&fixture->names[0], false, false, 0);
}

/* Out of date: said, and better than nothing. */
static void test_accounts_stale(void **state)
{
    struct fixture *fixture = *state;

    write_accounts(fixture, "root locked -\n", 1);
    ask_accounts(fixture);
    assert_non_null(strstr(fixture->warning, "/etc/shadow has changed"));
    assert_account(&fixture->names[0], true, false, 0);
}

static void test_accounts_garbage(void **state)
{
    static const char *const kinds[] = {"bad-file", "far-file", "no-file"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        fixture->done = false;
        run_child_kind(fixture, kinds[i]);
        assert_int_equal(fixture->result, -EBADMSG);
    }
}

/* Nothing that a path holds becomes a question. */
static void test_accounts_hostile_path(void **state)
{
    struct fixture *fixture = *state;
    struct resolve_question hostile = question_of(fixture, question, ARRAY_SIZE(question), 1);

    hostile.accounts = "/tmp/x\nu root";
    assert_int_equal(resolve_start(fixture->event, &hostile, &fixture->job), -EINVAL);
    assert_false(fixture->done);
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
        {"unsure", "0 open 0\n-\n?\n-\n"},
        {"garbage", "0 open 0\n-\nroot\n-\n"},
        {"short", "0 open 0\n-\n1\n"},
        {"long", "0 open 0\n-\n1\n-\n-\n"},
        {"unended", "0 open 0\n-\n1\n-"},
        {"reserved", "0 open 0\n-\n4294967295\n-\n"},
        {"no-state", "0\n-\n1\n-\n"},
        {"bad-state", "0 closed 0\n-\n1\n-\n"},
        {"no-expiry", "0 open\n-\n1\n-\n"},
        {"bad-expiry", "0 open soon\n-\n1\n-\n"},
        {"extra", "0 open 0 0\n-\n1\n-\n"},
        {"group-state", "0 open 0\n-\n1 open 0\n-\n"},
        {"bad-file", "x\n0 open 0\n-\n1\n-\n"},
        {"far-file", "4096\n0 open 0\n-\n1\n-\n"},
        {"no-file", "0 open 0\n-\n1\n-\n"},
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
        cmocka_unit_test_setup_teardown(test_accounts_not_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_accounts, set_up_accounts, tear_down_accounts),
        cmocka_unit_test_setup_teardown(test_accounts_unknown, set_up_accounts, tear_down_accounts),
        cmocka_unit_test_setup_teardown(test_accounts_stale, set_up_accounts, tear_down_accounts),
        cmocka_unit_test_setup_teardown(test_accounts_garbage, set_up_accounts, tear_down_accounts),
        cmocka_unit_test_setup_teardown(test_accounts_hostile_path, set_up, tear_down),
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
