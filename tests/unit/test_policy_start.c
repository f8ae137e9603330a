/* What a whole agent makes of a policy that does not load, at a start and while it runs, and of
 * names that cannot be looked up. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "versions_fixture.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)

/* What the resolver's child, which is this program, does before it answers. */
#define SCRIPT "ASSENT_TEST_RESOLVER"

static void follow_script(void)
{
    const char *path = getenv(SCRIPT);
    char asked[160];

    if (!path)
        return;
    snprintf(asked, sizeof(asked), "%s.asked", path);
    if (access(path, F_OK) == 0)
        close(open(asked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (access(path, F_OK) == 0)
        usleep(1000);
    snprintf(asked, sizeof(asked), "%s.fails", path);
    if (access(asked, F_OK) == 0)
        _exit(1);
}

static int setup_scripted(void **state)
{
    static struct agent_fixture fixture;
    char path[128];

    agent_fixture_init(&fixture, games_may);
    snprintf(path, sizeof(path), "%s/hang", fixture.directory);
    assert_int_equal(setenv(SCRIPT, path, 1), 0);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown_scripted(void **state)
{
    agent_fixture_done(*state);
    return unsetenv(SCRIPT);
}

static const char *script_file(const struct agent_fixture *f, const char *end)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/hang%s", f->directory, end);
    return path;
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

/* Starts a reload that does not get further than its names. */
static void reload_and_hang(struct agent_fixture *f, const char *rules)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    make_file(script_file(f, ""));
    agent_fixture_policy(f, rules);
    assert_int_equal(kill(f->pid, SIGHUP), 0);
    while (access(script_file(f, ".asked"), F_OK) != 0) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(1000);
    }
}

static void test_decisions_go_on_while_a_policy_loads(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f);
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    const char *error;

    reload_and_hang(f, man_may);
    for (unsigned i = 0; i < 10; i++)
        assert_true(versions_may(f, UID_GAMES) && !versions_may(f, UID_MAN));
    assert_string_equal(versions_in_force(f).text, one.text);
    assert_null(agent_call(f, 0, "io.assent.Reload", NULL, &error));
    assert_string_equal(error, "io.assent.Unavailable");
    assert_string_equal(
        versions_roll_back(f, one.text, NULL), "io.assent.Invalid"); /* is in force */
    /* what is said meanwhile is not lost */
    agent_fixture_policy(f, daemon_asks);
    assert_int_equal(kill(f->pid, SIGHUP), 0);
    assert_true(versions_may(f, UID_GAMES));
    assert_int_equal(unlink(script_file(f, "")), 0);
    while (gate_once(f, &ask).kind != GATE_WAIT) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
    assert_false(versions_may(f, UID_GAMES) || versions_may(f, UID_MAN));
}

static void test_stop_while_a_policy_loads(void **state)
{
    struct agent_fixture *f = *state;

    reload_and_hang(f, man_may);
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(unlink(script_file(f, "")), 0);
    agent_fixture_start(f);
    assert_true(versions_may(f, UID_MAN) && !versions_may(f, UID_GAMES));
}

static void test_names_that_cannot_be_looked_up(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may), refused;
    json_t *reply;

    versions_wait_until_kept(f, one.text);
    make_file(script_file(f, ".fails"));
    agent_fixture_policy(f, daemon_asks);
    reply = agent_call_good(f, 0, "Reload", NULL);
    refused = versions_digest(json_object_get(reply, "policy"));
    assert_string_equal(refused.text, two.text);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reply, "policy"), "errors")), 1);
    json_decref(reply);
    assert_string_equal(versions_roll_back(f, one.text, NULL), "io.assent.Invalid");
    assert_true(versions_may(f, UID_MAN) && versions_has_problem(f, "does not load"));
    /* at a start nothing that names people can take force, from wherever it comes */
    versions_restart(f, SIGTERM);
    assert_false(versions_may(f, UID_MAN) || versions_may(f, UID_GAMES));
    assert_true(versions_has_problem(f, "everything is refused"));
    assert_int_equal(unlink(script_file(f, ".fails")), 0);
    assert_string_equal(versions_reload(f, man_may).text, two.text);
    assert_false(versions_has_problem(f, "load"));
    assert_true(versions_may(f, UID_MAN));
}

static void test_start_with_broken_files(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may);

    versions_wait_until_kept(f, two.text);
    versions_break_files(f);
    versions_restart(f, SIGKILL);
    assert_string_equal(versions_in_force(f).text, two.text);
    assert_true(versions_may(f, UID_MAN) && !versions_may(f, UID_GAMES));
    assert_true(versions_has_problem(f, "does not load"));
    /* once more: what came out of the ledger is the newest loading now */
    versions_restart(f, SIGTERM);
    assert_string_equal(versions_in_force(f).text, two.text);
    /* the text of the newest is not complete: a crash came first */
    versions_change_ledger(f, "UPDATE policy_version SET parts = NULL WHERE digest = ?1", two.text);
    assert_string_equal(versions_in_force(f).text, one.text);
    assert_string_equal(versions_reload(f, man_may).text, two.text);
    versions_wait_until_kept(f, two.text);
    assert_false(versions_has_problem(f, "load"));
}

static void test_start_with_unreadable_files(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f);
    char path[128];

    versions_wait_until_kept(f, one.text);
    snprintf(path, sizeof(path), "%s/10-test.yaml", f->policy);
    assert_int_equal(chmod(path, 0666), 0);
    versions_restart(f, SIGTERM);
    assert_string_equal(versions_in_force(f).text, one.text);
    assert_true(versions_may(f, UID_GAMES));
    assert_true(versions_has_problem(f, "does not load"));
}

static void test_first_start_with_broken_files(void **state)
{
    struct agent_fixture *f = *state;
    char path[128];

    agent_fixture_kill(f, SIGTERM);
    snprintf(path, sizeof(path), "rm '%s'*", f->ledger);
    assert_int_equal(system(path), 0);
    versions_break_files(f);
    agent_fixture_start(f);
    assert_false(versions_may(f, UID_GAMES));
    assert_true(versions_has_problem(f, "everything is refused"));
    versions_reload(f, games_may);
    assert_true(versions_may(f, UID_GAMES));
}

static const char games_may_on_db9[] =
    "  - { id: games, who: { user: games }, where: { host: db9 }, owner: ops, certified_until: "
    "2099-12-31, decision: allow }\n";

static void configure(const struct agent_fixture *f, const char *text)
{
    FILE *file = fopen(f->config, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_start_with_a_broken_configuration(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one;

    configure(f, "host: db9\n");
    one = versions_reload(f, games_may_on_db9);
    assert_true(versions_may(f, UID_GAMES));
    versions_wait_until_kept(f, one.text);
    configure(f, "hoost: db9\n");
    versions_restart(f, SIGKILL);
    assert_true(versions_may(f, UID_GAMES));
    assert_true(versions_has_problem(f, "does not load"));
    /* once more, and with no file of the policy that loads */
    versions_break_files(f);
    versions_restart(f, SIGTERM);
    assert_true(versions_may(f, UID_GAMES));
    assert_string_equal(versions_in_force(f).text, one.text);
    /* a missing file is a configuration like any other */
    assert_int_equal(unlink(f->config), 0);
    versions_reload(f, games_may_on_db9);
    assert_false(versions_may(f, UID_GAMES));
    configure(f, "hoost: db9\n");
    versions_restart(f, SIGTERM);
    assert_false(versions_may(f, UID_GAMES));
    configure(f, "host: db9\n");
    versions_restart(f, SIGTERM);
    assert_true(versions_may(f, UID_GAMES) && !versions_has_problem(f, "load"));
}

static void test_first_start_with_a_broken_configuration(void **state)
{
    struct agent_fixture *f = *state;
    char command[128];

    agent_fixture_kill(f, SIGTERM);
    snprintf(command, sizeof(command), "rm '%s'*", f->ledger);
    assert_int_equal(system(command), 0);
    configure(f, "hoost: db9\n");
    agent_fixture_start(f);
    assert_false(versions_may(f, UID_GAMES));
    assert_true(versions_has_problem(f, "everything is refused"));
}

static void test_rollback_beside_a_broken_configuration(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f);

    versions_reload(f, man_may);
    versions_wait_until_kept(f, one.text);
    configure(f, "hoost: db9\n");
    assert_null(versions_roll_back(f, one.text, NULL));
    assert_true(versions_may(f, UID_GAMES) && !versions_may(f, UID_MAN));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, versions_setup, agent_fixture_end)
#define SCRIPTED(name) cmocka_unit_test_setup_teardown(name, setup_scripted, teardown_scripted)
    const struct CMUnitTest tests[] = {
        TEST(test_start_with_broken_files),
        TEST(test_start_with_unreadable_files),
        TEST(test_first_start_with_broken_files),
        TEST(test_start_with_a_broken_configuration),
        TEST(test_first_start_with_a_broken_configuration),
        TEST(test_rollback_beside_a_broken_configuration),
        SCRIPTED(test_decisions_go_on_while_a_policy_loads),
        SCRIPTED(test_stop_while_a_policy_loads),
        SCRIPTED(test_names_that_cannot_be_looked_up),
    };

    if (argc > 1 && strcmp(argv[1], "--resolve") == 0)
        follow_script();
    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
