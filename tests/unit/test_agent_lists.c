/* Lists that take long: doors are answered meanwhile, and a list is of one policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../cli/varlink.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define ENTITLEMENTS 300
#define RULES 3000

/* Each entitlement is a decision that has to look at each of the rules. */
static char *make_rules(const char *prefix)
{
    struct str_builder text = {0};
    char *rules;

    str_append(&text, "  - { id: games-in, who: { user: games }, what: { service: sshd },\n"
                      "      decision: allow, owner: ops, certified_until: 2099-12-31 }\n");
    for (unsigned i = 0; i < RULES; i++)
        str_appendf(&text,
            "  - { id: no-%u, who: { not-user: games }, what: { command: /usr/bin/%u }, "
            "decision: deny }\n",
            i, i);
    for (unsigned i = 0; i < ENTITLEMENTS; i++)
        str_appendf(&text,
            "  - { id: ask-%u, who: { user: man }, what: { entitlement: %s-%u }, decision: "
            "escalate, approval: { stages: [ { from: leads, within: 5m } ], strength: local } }\n",
            i, prefix, i);
    str_append(&text, "entitlements:\n");
    for (unsigned i = 0; i < ENTITLEMENTS; i++)
        str_appendf(&text,
            "  %s-%u: { services: sudo, run_as: root, commands: /usr/sbin/%u, owner: leads, "
            "sensitivity: low, max_duration: 1h }\n",
            prefix, i, i);
    rules = str_builder_take(&text);
    assert_non_null(rules);
    return rules;
}

static int setup(void **state)
{
    static struct agent_fixture fixture;
    AUTO_FREE char *rules = make_rules("old");

    agent_fixture_init(&fixture, rules);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    agent_fixture_done(*state);
    return 0;
}

/* In a process of its own: how many are listed whose names begin as the first does. */
static pid_t list(const struct agent_fixture *f, int out)
{
    pid_t pid = fork();
    const char *error, *first, *name;
    json_t *reply, *array, *item;
    size_t index;
    int same = 0;

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    reply = agent_call(f, UID_MAN, "io.assent.ListEntitlements", NULL, &error);
    array = json_object_get(reply, "entitlements");
    first = json_string_value(json_object_get(json_array_get(array, 0), "name"));
    json_array_foreach(array, index, item)
    {
        name = json_string_value(json_object_get(item, "name"));
        same += strncmp(name, first, 3) == 0;
    }
    (void)!write(out, &same, sizeof(same));
    _exit(json_array_size(array) == ENTITLEMENTS ? 77 : 1);
}

static void expect_list(pid_t pid, int in)
{
    int same, status;

    assert_int_equal(read(in, &same, sizeof(same)), sizeof(same));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
    assert_int_equal(same, ENTITLEMENTS);
}

static void test_doors_do_not_wait_for_a_list(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");
    unsigned answered = 0;
    struct pollfd pollfd = {.events = POLLIN};
    int pipes[2];
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pollfd.fd = pipes[0];
    pid = list(f, pipes[1]);
    while (poll(&pollfd, 1, 0) == 0) {
        assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
        answered++;
    }
    expect_list(pid, pipes[0]);
    /* one is answered before the list is asked for, one may be while it is sent */
    assert_true(answered > 5);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_a_list_is_of_one_policy(void **state)
{
    struct agent_fixture *f = *state;
    const char *error;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    for (unsigned i = 0; i < 3; i++) {
        AUTO_FREE char *rules = make_rules(i % 2 ? "old" : "new");
        pid_t pid;

        agent_fixture_policy(f, rules);
        pid = list(f, pipes[1]);
        json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &error));
        assert_null(error);
        expect_list(pid, pipes[0]);
    }
    close(pipes[0]);
    close(pipes[1]);
}

/* Who goes away while their list is made. */
static void test_lists_without_readers(void **state)
{
    struct agent_fixture *f = *state;
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);
    struct varlink *links[12];
    const char *error;
    json_t *reply;

    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        assert_int_equal(varlink_open(f->public, deadline, &links[i]), 0);
        assert_int_equal(
            varlink_send(links[i], "io.assent.ListEntitlements", NULL, false, deadline), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        varlink_free(links[i]);
    reply = agent_call(f, UID_DAEMON, "io.assent.ListEntitlements", NULL, &error);
    assert_int_equal(json_array_size(json_object_get(reply, "entitlements")), 0);
    json_decref(reply);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_doors_do_not_wait_for_a_list),
        TEST(test_a_list_is_of_one_policy),
        TEST(test_lists_without_readers),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
