/* Policy versions in a whole agent: rolled back to, until the files say something else. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "versions_fixture.h"

static void test_rollback_holds(void **state)
{
    struct agent_fixture *f = *state;
    static const int signals[] = {0, SIGTERM, SIGKILL};
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may);
    json_t *policy, *version;
    char prefix[9];

    versions_wait_until_kept(f, one.text);
    assert_true(versions_may(f, UID_MAN) && !versions_may(f, UID_GAMES));
    snprintf(prefix, sizeof(prefix), "%.8s", one.text);
    assert_null(versions_roll_back(f, prefix, &policy));
    assert_string_equal(versions_digest(policy).text, one.text);
    json_decref(policy);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (signals[i] != 0)
            versions_restart(f, signals[i]);
        else
            json_decref(agent_call_good(f, 0, "Reload", NULL));
        assert_string_equal(versions_in_force(f).text, one.text);
        assert_true(versions_may(f, UID_GAMES) && !versions_may(f, UID_MAN));
        assert_true(versions_has_problem(f, "rollback"));
        assert_true(versions_has_problem(f, "ops: the new one is wrong"));
        version = versions_find(f, two.text);
        assert_string_equal(
            json_string_value(json_object_get(version, "state")), "rolled back from");
        json_decref(version);
    }
    /* files that do not load change nothing, running or at a start */
    versions_break_files(f);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_string_equal(versions_in_force(f).text, one.text);
    versions_restart(f, SIGTERM);
    assert_string_equal(versions_in_force(f).text, one.text);
    assert_true(versions_has_problem(f, "rollback"));
}

static void test_other_files_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may), three;

    versions_wait_until_kept(f, one.text);
    assert_null(versions_roll_back(f, one.text, NULL));
    three = versions_reload(f, daemon_asks);
    assert_string_equal(versions_in_force(f).text, three.text);
    assert_false(versions_has_problem(f, "rollback"));
    /* what was rolled back from is a policy like any other now */
    assert_string_equal(versions_reload(f, man_may).text, two.text);
    versions_restart(f, SIGTERM);
    assert_string_equal(versions_in_force(f).text, two.text);
}

static void test_files_that_agree_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may);

    versions_wait_until_kept(f, one.text);
    assert_null(versions_roll_back(f, one.text, NULL));
    assert_string_equal(versions_reload(f, games_may).text, one.text);
    assert_false(versions_has_problem(f, "rollback"));
    assert_string_equal(versions_reload(f, man_may).text, two.text);
}

static void test_files_changed_before_a_start_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f);

    versions_reload(f, man_may);
    versions_wait_until_kept(f, one.text);
    assert_null(versions_roll_back(f, one.text, NULL));
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_policy(f, daemon_asks);
    agent_fixture_start(f);
    assert_false(versions_may(f, UID_GAMES));
    assert_false(versions_has_problem(f, "rollback"));
}

/* A rollback behind a rollback: the files are still those of the first. */
static void test_rollbacks_in_a_row(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f), two = versions_reload(f, man_may),
                  three = versions_reload(f, daemon_asks);

    versions_wait_until_kept(f, one.text);
    versions_wait_until_kept(f, two.text);
    versions_wait_until_kept(f, three.text);
    assert_null(versions_roll_back(f, two.text, NULL));
    assert_null(versions_roll_back(f, one.text, NULL));
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_string_equal(versions_in_force(f).text, one.text);
    /* back to what the files say: none any more */
    assert_null(versions_roll_back(f, three.text, NULL));
    assert_false(versions_has_problem(f, "rollback"));
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_string_equal(versions_in_force(f).text, three.text);
}

static void test_rollbacks_that_are_refused(void **state)
{
    struct agent_fixture *f = *state;
    struct digest one = versions_in_force(f);
    const char *error;

    versions_reload(f, man_may);
    assert_string_equal(versions_roll_back(f, "0123456789", NULL), "io.assent.NotFound");
    assert_string_equal(versions_roll_back(f, "abc", NULL), "io.assent.Invalid");
    assert_string_equal(versions_roll_back(f, "", NULL), "io.assent.Invalid");
    assert_string_equal(versions_roll_back(f, "xxxxxxxxxx", NULL), "io.assent.Invalid");
    assert_string_equal(versions_roll_back(f, "aaaaaaaa' OR 1=1", NULL), "io.assent.Invalid");
    assert_string_equal(
        versions_roll_back(f, versions_in_force(f).text, NULL), "io.assent.Invalid");
    assert_null(agent_call(
        f, UID_GAMES, "io.assent.RollbackPolicy", json_pack("{s:s}", "digest", one.text), &error));
    assert_string_equal(error, "org.varlink.service.PermissionDenied");
    assert_null(agent_call(f, UID_GAMES, "io.assent.ListVersions", NULL, &error));
    assert_string_equal(error, "org.varlink.service.PermissionDenied");
    assert_true(versions_may(f, UID_MAN));
    assert_false(versions_has_problem(f, "rollback"));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, versions_setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_rollback_holds),
        TEST(test_other_files_end_a_rollback),
        TEST(test_files_that_agree_end_a_rollback),
        TEST(test_files_changed_before_a_start_end_a_rollback),
        TEST(test_rollbacks_in_a_row),
        TEST(test_rollbacks_that_are_refused),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
