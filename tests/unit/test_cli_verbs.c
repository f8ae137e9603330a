/* Whole runs of `assent` against a scripted agent: what it asks, prints, and returns. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../cli/base/cli.h"
#include "../../cli/base/json.h"
#include "../../cli/base/resolve.h"
#include "../../cli/dispatch.h"
#include "../../common/file.h"
#include "cli_run.h"

#define WAITING                                                                                 \
    "{\"id\":\"K7QM-2F9X\",\"state\":\"waiting\",\"service\":\"sudo\",\"command\":[\"/usr/bin/" \
    "id\"],"                                                                                    \
    "\"run_as\":\"root\",\"asked\":[\"carol\"],\"need\":1,\"approvals\":[],"                    \
    "\"subject\":{\"name\":\"alice\",\"uid\":1000,\"kind\":\"human\"}}"
#define ENDED(state, approvals)                                                                 \
    "{\"id\":\"K7QM-2F9X\",\"state\":\"" state                                                  \
    "\",\"service\":\"sudo\",\"command\":[\"/usr/bin/id\"],"                                    \
    "\"run_as\":\"root\",\"need\":1,\"approvals\":[" approvals "],\"duration\":900,\"uses\":1," \
    "\"subject\":{\"name\":\"alice\",\"uid\":1000,\"kind\":\"human\"}}"
#define CAROL "{\"approver\":\"carol\",\"verdict\":\"approve\",\"strength\":\"local\"}"
#define DAVE "{\"approver\":\"dave\",\"verdict\":\"deny\",\"reason\":\"not today\"}"

static void test_an_absent_agent_is_said_with_what_to_do(void **state UNUSED)
{
    int out = run_scratch(), err = run_scratch();
    struct run run = {0};

    run_finish(&run, run_start("/nonexistent/io", WORDS("status"), out, err), out, err);
    assert_int_equal(run.status, CLI_FAILED);
    assert_string_equal(run.out, "");
    assert_string_equal(run.err,
        "assent: the agent does not answer at /nonexistent/io (no such socket). Is it running? "
        "systemctl status assentd.socket\n");
    run_done(&run);
}

static void test_a_socket_nobody_listens_on_is_refused(void **state UNUSED)
{
    struct run run = {0};
    int out = run_scratch(), err = run_scratch();
    char path[80];

    fake_agent_start(&run.agent, STEPS({0}));
    snprintf(path, sizeof(path), "%s", run.agent.path);
    shutdown(run.agent.listen_fd, 2);
    run_finish(&run, run_start(path, WORDS("status"), out, err), out, err);
    fake_agent_stop(&run.agent);
    assert_int_equal(run.status, CLI_FAILED);
    assert_non_null(strstr(run.err, "(connection refused). Is it running?"));
    run_done(&run);
}

static void test_status_prints_the_reply(void **state UNUSED)
{
    static const char reply[] = "{\"parameters\":{\"healthy\":true,\"host\":\"db1\"}}";
    struct run text, json;

    run_assent(&text, STEPS(SAY(reply)), WORDS("status"));
    assert_int_equal(text.status, CLI_OK);
    assert_non_null(strstr(text.out, "Assent on db1: healthy\n"));
    assert_string_equal(run_sent(&text, 0, "method"), "\"io.assent.GetStatus\"");
    run_assent(&json, STEPS(SAY(reply)), WORDS("status", "--json"));
    assert_int_equal(json.status, CLI_OK);
    assert_string_equal(json.out, "{\"healthy\":true,\"host\":\"db1\"}\n");
    run_done(&text);
    run_done(&json);
}

static void test_pending_joins_what_waits_for_me_and_my_own(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY("{\"parameters\":{\"requests\":[" WAITING "]}}"),
            SAY("{\"parameters\":{\"requests\":[" WAITING ",{\"id\":\"AAAA-BBBB\"}]}}")),
        WORDS("pending", "--json", "--ended"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "scope"), "\"approvable\"");
    assert_string_equal(run_sent(&run, 1, "scope"), "\"mine\"");
    assert_string_equal(run_sent(&run, 1, "ended"), "true");
    assert_string_equal(run.out, "[" WAITING ",{\"id\":\"AAAA-BBBB\"}]\n");
    run_done(&run);
}

static void test_empty_lists_say_so_or_are_empty_arrays(void **state UNUSED)
{
    static const struct fake_step steps[] = {SAY("{\"parameters\":{\"requests\":[]}}"), {0}};
    struct run text, json;

    run_assent(&text, steps, WORDS("pending", "--all"));
    assert_string_equal(text.out, "Nothing is waiting.\n");
    assert_string_equal(run_sent(&text, 0, "scope"), "\"all\"");
    run_assent(&json, steps, WORDS("pending", "--mine", "--json"));
    assert_string_equal(json.out, "[]\n");
    run_done(&text);
    run_done(&json);
}

static void test_show_sends_the_id_as_it_is_printed(void **state UNUSED)
{
    struct run run;

    run_assent(
        &run, STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}")), WORDS("show", "k7qm2f9x"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "id"), "\"K7QM-2F9X\"");
    assert_non_null(strstr(run.out, "Request K7QM-2F9X: waiting\n"));
    run_done(&run);
}

static void test_show_finds_grants_too(void **state UNUSED)
{
    static const char not_found[] =
        "{\"error\":\"io.assent.NotFound\",\"parameters\":{\"id\":\"8XDT-4M1C\"}}";
    struct run grant, none;

    run_assent(&grant,
        STEPS(SAY(not_found), SAY("{\"parameters\":{\"grants\":[]}}"),
            SAY("{\"parameters\":{\"grants\":[{\"id\":\"8XDT-4M1C\",\"state\":\"revoked\"}]}}")),
        WORDS("show", "8XDT-4M1C"));
    assert_int_equal(grant.status, CLI_OK);
    assert_non_null(strstr(grant.out, "Grant 8XDT-4M1C: revoked\n"));
    run_assent(&none,
        STEPS(SAY(not_found), SAY("{\"parameters\":{\"grants\":[]}}"),
            SAY("{\"error\":\"io.assent.NotAllowed\"}")),
        WORDS("show", "8XDT-4M1C"));
    assert_int_equal(none.status, CLI_FAILED);
    assert_string_equal(none.out, "");
    assert_non_null(strstr(none.err, "there is nothing with this id"));
    run_done(&grant);
    run_done(&none);
}

static void test_approve_says_what_is_still_needed(void **state UNUSED)
{
    struct run last, more;

    run_assent(&last, STEPS(SAY("{\"parameters\":{\"request\":" ENDED("approved", CAROL) "}}")),
        WORDS("approve", "K7QM-2F9X", "--for", "15m", "--reason", "go ahead"));
    assert_int_equal(last.status, CLI_OK);
    assert_string_equal(run_sent(&last, 0, "duration"), "900");
    assert_string_equal(run_sent(&last, 0, "reason"), "\"go ahead\"");
    assert_string_equal(last.out,
        "Approved K7QM-2F9X: alice, sudo /usr/bin/id as root, for 15 min, 1 use.\n"
        "No more approvals are needed: it is granted.\n");
    run_assent(&more, STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}")),
        WORDS("approve", "K7QM-2F9X"));
    assert_non_null(strstr(more.out, "1 more approval is needed, from carol.\n"));
    run_done(&last);
    run_done(&more);
}

static void test_deny_and_revoke_need_a_reason(void **state UNUSED)
{
    struct run without, blank, with;

    run_assent(&without, STEPS({0}), WORDS("deny", "K7QM-2F9X"));
    assert_int_equal(without.status, CLI_USAGE);
    assert_int_equal(without.agent.received_count, 0);
    run_assent(&blank, STEPS({0}), WORDS("revoke", "K7QM-2F9X", "--reason", "  "));
    assert_int_equal(blank.status, CLI_USAGE);
    run_assent(&with, STEPS(SAY("{\"parameters\":{\"request\":" ENDED("denied", DAVE) "}}")),
        WORDS("deny", "K7QM-2F9X", "--reason=not today"));
    assert_int_equal(with.status, CLI_OK);
    assert_string_equal(run_sent(&with, 0, "reason"), "\"not today\"");
    assert_non_null(strstr(with.out, "Refused K7QM-2F9X: alice, sudo /usr/bin/id as root."));
    run_done(&without);
    run_done(&blank);
    run_done(&with);
}

static void test_the_agents_refusal_is_exit_3(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY("{\"error\":\"io.assent.NotAllowed\",\"parameters\":"
                  "{\"message\":\"only carol or dave may approve this\"}}")),
        WORDS("approve", "K7QM-2F9X"));
    assert_int_equal(run.status, CLI_REFUSED);
    assert_string_equal(run.err, "assent: only carol or dave may approve this\n");
    assert_string_equal(run.out, "");
    run_done(&run);
}

static void test_garbage_is_a_failure(void **state UNUSED)
{
    struct run run;

    run_assent(&run, STEPS(SAY("\033[31mHello")), WORDS("grants"));
    assert_int_equal(run.status, CLI_FAILED);
    assert_string_equal(run.out, "");
    assert_non_null(strstr(run.err, "(its answer cannot be read)"));
    run_done(&run);
}

static void test_a_request_names_door_command_and_terms(void **state UNUSED)
{
    AUTO_FREE char *path = NULL, *expected = NULL;
    struct run run;

    assert_int_equal(resolve_command("true", RESOLVE_PATH, &path), 0);
    assert_true(asprintf(&expected, "[\"%s\",\"--reason\",\"a b\"]", path) > 0);
    run_assent(&run, STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}")),
        WORDS("request", "--for=1h30m", "--uses", "2", "--reason", "because", "--ticket=INC-1",
            "--", "true", "--reason", "a b"));
    assert_int_equal(run.status, CLI_UNANSWERED);
    assert_string_equal(run_sent(&run, 0, "method"), "\"io.assent.OpenRequest\"");
    assert_string_equal(run_sent(&run, 0, "service"), "\"sudo\"");
    assert_string_equal(run_sent(&run, 0, "run_as"), "\"root\"");
    assert_string_equal(run_sent(&run, 0, "command"), expected);
    assert_string_equal(run_sent(&run, 0, "duration"), "5400");
    assert_string_equal(run_sent(&run, 0, "uses"), "2");
    assert_string_equal(run_sent(&run, 0, "reason"), "\"because\"");
    assert_string_equal(run_sent(&run, 0, "ticket"), "\"INC-1\"");
    assert_string_equal(run_sent(&run, 0, "attached"), "");
    assert_true(run_sent(&run, 0, "cwd")[0] == '"');
    assert_non_null(strstr(run.err, path));
    assert_non_null(strstr(run.out, "Request K7QM-2F9X is open: sudo /usr/bin/id as root.\n"
                                    "1 more approval is needed, from carol.\n"));
    run_done(&run);
}

static void test_a_login_is_requested_without_command_and_account(void **state UNUSED)
{
    struct run login, command, account;

    run_assent(&login,
        STEPS(SAY("{\"parameters\":{\"request\":" WAITING ",\"grant\":{\"id\":\"G\"}}}")),
        WORDS("request", "--service", "sshd", "--json"));
    assert_int_equal(login.status, CLI_OK);
    assert_string_equal(run_sent(&login, 0, "service"), "\"sshd\"");
    assert_string_equal(run_sent(&login, 0, "run_as"), "");
    assert_string_equal(run_sent(&login, 0, "command"), "");
    assert_string_equal(run_sent(&login, 0, "cwd"), "");
    assert_string_equal(login.out, WAITING "\n");
    run_assent(&command, STEPS({0}), WORDS("request", "--service=sshd", "--", "true"));
    assert_int_equal(command.status, CLI_USAGE);
    run_assent(&account, STEPS({0}), WORDS("request", "--service=sshd", "--run-as=root"));
    assert_int_equal(account.status, CLI_USAGE);
    run_done(&login);
    run_done(&command);
    run_done(&account);
}

static void test_what_policy_allows_needs_no_request(void **state UNUSED)
{
    static const char error[] = "{\"error\":\"io.assent.NotNeeded\",\"parameters\":{\"message\":"
                                "\"just do it\",\"rule\":\"r\"}}";
    struct run text, json;

    run_assent(&text, STEPS(SAY(error)), WORDS("request", "--wait", "--", "/bin/true"));
    assert_int_equal(text.status, CLI_OK);
    assert_string_equal(text.out, "just do it (rule r)\n");
    run_assent(&json, STEPS(SAY(error)), WORDS("request", "--json", "--", "/bin/true"));
    assert_int_equal(json.status, CLI_OK);
    assert_string_equal(json.out, "{\"message\":\"just do it\",\"rule\":\"r\"}\n");
    run_done(&text);
    run_done(&json);
}

static void test_waiting_ends_with_the_answer(void **state UNUSED)
{
    static const struct {
        const char *last;
        int status;
        const char *out;
    } cases[] = {
        {"{\"parameters\":{\"request\":" ENDED(
             "approved", CAROL) ",\"grant\":{\"id\":\"8XDT-4M1C\","
                                "\"service\":\"sudo\",\"command\":[\"/usr/bin/id\"]}}}",
            CLI_OK, "Granted 8XDT-4M1C: sudo /usr/bin/id.\n"},
        {"{\"parameters\":{\"request\":" ENDED("denied", DAVE) "}}", CLI_REFUSED,
            "Refused by dave: not today\n"},
        {"{\"parameters\":{\"request\":" ENDED("expired", "") "}}", CLI_UNANSWERED,
            "Nobody answered in time; the request has expired.\n"},
        {"{\"parameters\":{\"request\":" ENDED("withdrawn", "") "}}", CLI_UNANSWERED,
            "The request was withdrawn.\n"},
        {"{\"error\":\"io.assent.Unavailable\",\"parameters\":{\"message\":\"disk full\"}}",
            CLI_FAILED, ""},
    };
    static const char first[] = "{\"parameters\":{\"request\":" WAITING "},\"continues\":true}";

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char stream[4096] = {0};
        struct run run;

        memcpy(stream, first, sizeof(first));
        memcpy(stream + sizeof(first), cases[i].last, strlen(cases[i].last) + 1);
        run_assent(&run,
            STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}"),
                {stream, sizeof(first) + strlen(cases[i].last) + 1, 0}),
            WORDS("request", "--wait", "--", "/bin/true"));
        assert_string_equal(run.out, cases[i].out);
        assert_int_equal(run.status, cases[i].status);
        assert_string_equal(run_sent(&run, 0, "attached"), "true");
        assert_string_equal(run_sent(&run, 1, "method"), "\"io.assent.WaitRequest\"");
        assert_string_equal(run_sent(&run, 1, "id"), "\"K7QM-2F9X\"");
        assert_non_null(strstr(run.agent.received[1], "\"more\":true"));
        assert_non_null(strstr(run.err, "K7QM-2F9X: waiting for carol, 0 of 1"));
        run_done(&run);
    }
}

static void test_waiting_for_a_time_leaves_the_request_open(void **state UNUSED)
{
    struct run run;

    run_assent(&run, STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}"), {0}),
        WORDS("request", "--wait=100ms", "--", "/bin/true"));
    assert_int_equal(run.status, CLI_UNANSWERED);
    assert_string_equal(run_sent(&run, 0, "attached"), "");
    assert_non_null(strstr(run.out, "Request K7QM-2F9X is open: "));
    run_done(&run);
}

static void test_waiting_survives_a_restart_of_the_agent(void **state UNUSED)
{
    struct run run;

    run_assent(&run,
        STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}"),
            {"{\"parameters\":{\"request\":" WAITING "},\"continues\":true}", 0, 1},
            SAY("{\"parameters\":{\"request\":" ENDED("approved", CAROL) "}}")),
        WORDS("request", "--wait", "--", "/bin/true"));
    assert_int_equal(run.status, CLI_OK);
    assert_int_equal(run.agent.received_count, 3);
    assert_string_equal(run_sent(&run, 2, "method"), "\"io.assent.WaitRequest\"");
    run_done(&run);
}

/* Until the waiting has begun, as the fake agent sees it: the second message is there. */
static void wait_until_asked(const struct fake_agent *agent, size_t count)
{
    for (int i = 0; i < 500 && *(const volatile size_t *)&agent->received_count < count; i++)
        usleep(10000);
    assert_true(agent->received_count >= count);
}

static void test_interrupting_says_what_becomes_of_the_request(void **state UNUSED)
{
    static const struct {
        const char *wait, *err;
    } cases[] = {
        {"--wait", "K7QM-2F9X is withdrawn, since you stopped waiting\n"},
        {"--wait=1h", "K7QM-2F9X stays open; `assent withdraw` takes it back\n"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct run run;
        int out = run_scratch(), err = run_scratch();
        pid_t pid;

        fake_agent_start(
            &run.agent, STEPS(SAY("{\"parameters\":{\"request\":" WAITING "}}"),
                            SAY("{\"parameters\":{\"request\":" WAITING "},\"continues\":true}")));
        pid =
            run_start(run.agent.path, WORDS("request", cases[i].wait, "--", "/bin/true"), out, err);
        wait_until_asked(&run.agent, 2);
        assert_int_equal(kill(pid, SIGINT), 0);
        run_finish(&run, pid, out, err);
        fake_agent_stop(&run.agent);
        assert_int_equal(run.status, 128 + SIGINT);
        assert_non_null(strstr(run.err, cases[i].err));
        run_done(&run);
    }
}

static void test_watch_prints_a_line_an_event(void **state UNUSED)
{
    static const char stream[] = "{\"parameters\":{\"event\":{\"seq\":1,\"event\":\"granted\","
                                 "\"message\":\"one\"}},\"continues\":true}\0"
                                 "{\"parameters\":{\"event\":{\"seq\":2,\"event\":\"used\","
                                 "\"message\":\"two\"}},\"continues\":true}";
    struct run json, text;

    run_assent(&json, STEPS({stream, sizeof(stream), 1}), WORDS("watch", "--json"));
    assert_int_equal(json.status, CLI_FAILED);
    assert_string_equal(json.out, "{\"seq\":1,\"event\":\"granted\",\"message\":\"one\"}\n"
                                  "{\"seq\":2,\"event\":\"used\",\"message\":\"two\"}\n");
    run_assent(&text, STEPS({stream, sizeof(stream), 1}), WORDS("watch"));
    assert_string_equal(text.out, "--:--:--  granted           -  one\n"
                                  "--:--:--  used              -  two\n");
    run_done(&json);
    run_done(&text);
}

static void test_usage_errors_ask_nothing(void **state UNUSED)
{
    const char *const *const cases[] = {
        WORDS("show"),
        WORDS("show", "no-such-id"),
        WORDS("show", "K7QM-2F9X", "8XDT-4M1C"),
        WORDS("pending", "--mine", "--all"),
        WORDS("request", "db-admin", "true"),
        WORDS("request", "--for=0s", "--", "true"),
        WORDS("request", "--for=500ms", "--", "true"),
        WORDS("request", "--for=1", "--", "true"),
        WORDS("request", "--uses=0", "--", "true"),
        WORDS("request", "--uses=-1", "--", "true"),
        WORDS("request", "--reason=\xff", "--", "true"),
        WORDS("request", "--service=a/b"),
        WORDS("request", "--run-as=", "--", "true"),
        WORDS("request", "--wait=soon", "--", "true"),
        WORDS("request", "--", "true", "\xff"),
        WORDS("approve", "K7QM-2F9X", "--for=forever"),
        WORDS("entitlement"),
        WORDS("policy"),
        WORDS("policy", "rollback"),
        WORDS("policy", "rollback", "\xff\xff"),
        WORDS("policy", "rollback", "3f2a91c0", "--reason="),
        WORDS("policy", "versions", "3f2a91c0"),
        WORDS("status", "--all"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct run run;

        run_assent(&run, STEPS({0}), cases[i]);
        assert_int_equal(run.status, CLI_USAGE);
        assert_string_equal(run.out, "");
        assert_memory_equal(run.err, "assent: ", 8);
        assert_int_equal(run.agent.received_count, 0);
        run_done(&run);
    }
}

static void test_a_command_that_is_not_there_is_said(void **state UNUSED)
{
    struct run run;

    run_assent(&run, STEPS({0}), WORDS("request", "--", "no-such-command-here"));
    assert_int_equal(run.status, CLI_FAILED);
    assert_non_null(strstr(run.err, "there is no command 'no-such-command-here' where sudo looks"));
    assert_int_equal(run.agent.received_count, 0);
    run_done(&run);
}

static void test_rollback_names_version_and_reason(void **state UNUSED)
{
    static const char refused[] = "{\"error\":\"io.assent.Invalid\",\"parameters\":{\"message\":"
                                  "\"refused, the policy in force stays:\\na.yaml:1:1: no\"}}";
    struct run run, bad;

    run_assent(&run,
        STEPS(SAY("{\"parameters\":{\"policy\":{\"digest\":\"3f2a91c0aa\",\"rules\":1,"
                  "\"rollback\":{\"from\":\"0011\",\"by\":\"carol\"}}}}")),
        WORDS("policy", "rollback", "3f2a91c0", "--reason", "it lets all in"));
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run_sent(&run, 0, "method"), "\"io.assent.RollbackPolicy\"");
    assert_string_equal(run_sent(&run, 0, "digest"), "\"3f2a91c0\"");
    assert_string_equal(run_sent(&run, 0, "reason"), "\"it lets all in\"");
    assert_non_null(strstr(run.out, "ROLLED BACK by carol from 0011"));
    run_assent(&bad, STEPS(SAY(refused)), WORDS("policy", "rollback", "3f2a91c0"));
    assert_int_equal(bad.status, CLI_USAGE);
    assert_string_equal(bad.err, "assent: refused, the policy in force stays:\n  a.yaml:1:1: no\n");
    assert_string_equal(run_sent(&bad, 0, "reason"), "");
    run_done(&run);
    run_done(&bad);
}

static void test_versions_are_an_array(void **state UNUSED)
{
    static const char reply[] =
        "{\"parameters\":{\"versions\":[{\"digest\":\"3f2a91c0aa\",\"kept\":true}]}}";
    struct run text, json, none;

    run_assent(&text, STEPS(SAY(reply)), WORDS("policy", "versions"));
    assert_int_equal(text.status, CLI_OK);
    assert_non_null(strstr(text.out, "3f2a91c0aa"));
    run_assent(&json, STEPS(SAY(reply)), WORDS("policy", "versions", "--json"));
    assert_string_equal(json.out, "[{\"digest\":\"3f2a91c0aa\",\"kept\":true}]\n");
    run_assent(
        &none, STEPS(SAY("{\"parameters\":{\"versions\":[]}}")), WORDS("policy", "versions"));
    assert_string_equal(none.out, "No policy has been in force yet.\n");
    run_done(&text);
    run_done(&json);
    run_done(&none);
}

static void test_reload_shows_the_errors(void **state UNUSED)
{
    struct run bad, good;

    run_assent(&bad,
        STEPS(SAY("{\"parameters\":{\"policy\":{\"digest\":\"aa\",\"rules\":1,\"errors\":[\"a.yaml:"
                  "1:1: no\"]}}}")),
        WORDS("reload"));
    assert_int_equal(bad.status, CLI_USAGE);
    assert_non_null(strstr(bad.out, "  a.yaml:1:1: no\n"));
    run_assent(&good,
        STEPS(SAY("{\"parameters\":{\"policy\":{\"digest\":\"aa\",\"rules\":2,\"errors\":[]}}}")),
        WORDS("reload"));
    assert_int_equal(good.status, CLI_OK);
    assert_non_null(strstr(good.out, "aa, 2 rules"));
    run_done(&bad);
    run_done(&good);
}

static void test_commands_are_found_as_sudo_finds_them(void **state UNUSED)
{
    char directory[] = "/tmp/assent-test.XXXXXX", search[128], program[64], plain[64];
    AUTO_FREE char *found = NULL, *relative = NULL, *absolute = NULL, *none = NULL;

    assert_non_null(mkdtemp(directory));
    snprintf(program, sizeof(program), "%s/prog", directory);
    snprintf(plain, sizeof(plain), "%s/data", directory);
    snprintf(search, sizeof(search), "/nonexistent:%s", directory);
    assert_int_equal(file_write_atomic(program, "", 0, 0755), 0);
    assert_int_equal(file_write_atomic(plain, "", 0, 0644), 0);
    assert_int_equal(resolve_command("prog", search, &found), 0);
    assert_string_equal(found, program);
    assert_int_equal(resolve_command("data", search, &none), -2);
    assert_int_equal(resolve_command("", search, &none), -2);
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(resolve_command("./prog", search, &relative), 0);
    assert_string_equal(relative, program);
    assert_int_equal(resolve_command(program, search, &absolute), 0);
    assert_string_equal(absolute, program);
    assert_int_equal(resolve_command("./none", search, &none), -2);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(unlink(program) | unlink(plain) | rmdir(directory), 0);
    assert_null(none);
}

static void expect_resolved(const char *directory, const char *typed, const char *expected)
{
    AUTO_FREE char *search = NULL, *command = NULL, *path = NULL, *found = NULL;

    assert_true(asprintf(&search, "%s/way", directory) > 0);
    assert_true(asprintf(&command, "%s%s", typed[0] == '/' ? directory : "", typed) > 0);
    assert_true(asprintf(&path, "%s%s", directory, expected) > 0);
    assert_int_equal(resolve_command(command, search, &found), 0);
    assert_string_equal(found, path);
}

/* One command has one path, whichever way it is reached; its name stays, also where it is a link.
 */
static void test_the_directory_of_a_command_is_resolved(void **state UNUSED)
{
    char directory[] = "/tmp/assent-test.XXXXXX";
    AUTO_FREE char *none = NULL;

    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(mkdir("real", 0755), 0);
    assert_int_equal(file_write_atomic("real/prog", "", 0, 0755), 0);
    assert_int_equal(symlink("prog", "real/name"), 0);
    assert_int_equal(symlink("real", "way"), 0);
    assert_int_equal(symlink("nowhere", "dead"), 0);
    expect_resolved(directory, "/way/prog", "/real/prog");
    expect_resolved(directory, "/real/../way//./prog", "/real/prog");
    expect_resolved(directory, "way/prog", "/real/prog");
    expect_resolved(directory, "prog", "/real/prog");
    expect_resolved(directory, "/way/name", "/real/name");
    expect_resolved(directory, "name", "/real/name");
    assert_int_equal(resolve_command("dead/prog", "", &none), -ENOENT);
    assert_int_equal(resolve_command("way/none", "", &none), -ENOENT);
    assert_null(none);
    assert_int_equal(unlink("real/prog") | unlink("real/name") | unlink("way") | unlink("dead"), 0);
    assert_int_equal(rmdir("real") | chdir("/") | rmdir(directory), 0);
}

static void test_help_is_json_too(void **state UNUSED)
{
    struct run run;
    json_t *all, *one;

    run_assent(&run, STEPS({0}), WORDS("help", "--json"));
    assert_int_equal(run.status, CLI_OK);
    all = json_loads(run.out, 0, NULL);
    assert_true(json_is_array(all) && json_array_size(all) > 20);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(all, 0), "verb")), "status");
    json_decref(all);
    run_done(&run);
    run_assent(&run, STEPS({0}), WORDS("--json", "help", "policy", "check"));
    one = json_loads(run.out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(one, "verb")), "policy check");
    assert_int_equal(json_array_size(json_object_get(one, "options")), 3);
    json_decref(one);
    run_done(&run);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_absent_agent_is_said_with_what_to_do),
        cmocka_unit_test(test_a_socket_nobody_listens_on_is_refused),
        cmocka_unit_test(test_status_prints_the_reply),
        cmocka_unit_test(test_pending_joins_what_waits_for_me_and_my_own),
        cmocka_unit_test(test_empty_lists_say_so_or_are_empty_arrays),
        cmocka_unit_test(test_show_sends_the_id_as_it_is_printed),
        cmocka_unit_test(test_show_finds_grants_too),
        cmocka_unit_test(test_approve_says_what_is_still_needed),
        cmocka_unit_test(test_deny_and_revoke_need_a_reason),
        cmocka_unit_test(test_the_agents_refusal_is_exit_3),
        cmocka_unit_test(test_garbage_is_a_failure),
        cmocka_unit_test(test_a_request_names_door_command_and_terms),
        cmocka_unit_test(test_a_login_is_requested_without_command_and_account),
        cmocka_unit_test(test_what_policy_allows_needs_no_request),
        cmocka_unit_test(test_waiting_ends_with_the_answer),
        cmocka_unit_test(test_waiting_for_a_time_leaves_the_request_open),
        cmocka_unit_test(test_waiting_survives_a_restart_of_the_agent),
        cmocka_unit_test(test_interrupting_says_what_becomes_of_the_request),
        cmocka_unit_test(test_watch_prints_a_line_an_event),
        cmocka_unit_test(test_usage_errors_ask_nothing),
        cmocka_unit_test(test_a_command_that_is_not_there_is_said),
        cmocka_unit_test(test_rollback_names_version_and_reason),
        cmocka_unit_test(test_versions_are_an_array),
        cmocka_unit_test(test_reload_shows_the_errors),
        cmocka_unit_test(test_help_is_json_too),
        cmocka_unit_test(test_commands_are_found_as_sudo_finds_them),
        cmocka_unit_test(test_the_directory_of_a_command_is_resolved),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8") || setenv("TZ", "UTC", 1) < 0)
        return 1;
    if (strcmp(argv[0], "assent") == 0)
        return dispatch_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
