/* pam_assent.so through libpam against the real assentd, both as they are shipped, in a
 * temporary directory: what neither side's own tests can tell, that they mean the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"

#define KEY_LINE "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3Nz"
#define FROM "SSH_CONNECTION=192.0.2.7 50022 198.51.100.1 22"
#define START_US (20 * USEC_PER_SEC)

static const char policy[] =
    "people:\n"
    "  carol: {}\n"
    "  ops: { accounts: [root] }\n"
    "rules:\n"
    "  - { id: alice-in, who: { user: alice }, what: { service: sshd },\n"
    "      where: { rhost: 192.0.2.0/24 }, owner: ops, certified_until: 2099-12-31, decision: "
    "allow }\n"
    "  - { id: not-from-there, who: { user: alice },\n"
    "      where: { rhost: 203.0.113.0/24 }, decision: deny,\n"
    "      reason: not from that network, instead: Use the VPN. }\n"
    "  - { id: by-group, who: { group: exempts }, what: { service: sshd },\n"
    "      owner: ops, certified_until: 2099-12-31, decision: allow }\n"
    "  - id: su-asks\n"
    "    who: { user: alice }\n"
    "    what: { service: su }\n"
    "    decision: escalate\n"
    "    approval: { stages: [ { from: carol, within: 1m } ], strength: local }\n"
    "  - { id: sudo-id, who: { user: alice },\n"
    "      what: { service: sudo, command: /usr/bin/id }, owner: ops, certified_until: 2099-12-31, "
    "decision: allow }\n";

static char directory[] = "/tmp/assent-real.XXXXXX";
static pid_t agent;

static const char *file(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % ARRAY_SIZE(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

static void write_policy(void)
{
    FILE *out;

    assert_int_equal(mkdir(file("policy"), 0755), 0);
    assert_int_equal(mkdir(file("spool"), 0700), 0);
    out = fopen(file("policy/10.yaml"), "we");
    assert_non_null(out);
    assert_true(fputs(policy, out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file("policy/10.yaml"), 0644), 0);
}

static void start_agent(void)
{
    uint64_t deadline = clock_deadline(START_US);

    unlink(file("public"));
    agent = fork();
    assert_true(agent >= 0);
    if (agent == 0) {
        const char *program = host_built("assentd");

        execl(program, program, "--config", file("none"), "--policy", file("policy"), "--ledger",
            file("ledger.db"), "--gate", fake_gate_path(), "--public", file("public"), "--spool",
            file("spool"), "--no-journal", (char *)NULL);
        _exit(127);
    }
    while (access(file("public"), F_OK) < 0) {
        assert_true(clock_remaining_ms(deadline) > 0);
        assert_int_equal(waitpid(agent, NULL, WNOHANG), 0);
        usleep(2000);
    }
}

static void stop_agent(int signal)
{
    int status;

    assert_int_equal(kill(agent, signal), 0);
    assert_int_equal(waitpid(agent, &status, 0), agent);
    if (signal == SIGTERM)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int login(const char *user, const char *from, enum host_phase phase)
{
    char connection[80];
    int code;

    snprintf(connection, sizeof(connection), "SSH_CONNECTION=%s 50022 198.51.100.1 22", from);
    host_begin(SERVICE_SSHD, user, "");
    host_env(KEY_LINE);
    host_env(connection);
    code = host_run(phase, 0, 0);
    if (phase == HOST_ACCOUNT && code == PAM_SUCCESS)
        assert_int_equal(host_run(HOST_OPEN_SESSION, 0, 0), PAM_SUCCESS);
    host_end();
    return code;
}

static void allowed_login_and_its_session(void **state)
{
    (void)state;
    assert_int_equal(login("alice", "192.0.2.7", HOST_ACCOUNT), PAM_SUCCESS);
    /* the group is asked for because a rule needs it */
    assert_int_equal(login("carol", "198.51.100.9", HOST_ACCOUNT), PAM_SUCCESS);
}

static void refused_login_says_why(void **state)
{
    (void)state;
    assert_int_equal(login("alice", "203.0.113.5", HOST_ACCOUNT), PAM_PERM_DENIED);
    assert_true(host_showed(PAM_ERROR_MSG, "not from that network"));
    assert_true(host_showed(PAM_ERROR_MSG, "Use the VPN."));
    assert_int_equal(login("alice", "198.51.100.9", HOST_ACCOUNT), PAM_PERM_DENIED);
    assert_true(host_showed(PAM_ERROR_MSG, "no rule allows this"));
}

static void a_session_needs_its_account_phase(void **state)
{
    (void)state;
    assert_int_equal(login("alice", "192.0.2.7", HOST_OPEN_SESSION), PAM_PERM_DENIED);
    host_begin(SERVICE_SSHD, "alice", "");
    host_env(KEY_LINE);
    host_env(FROM);
    host_env(ASSENT_PAM_TIE "=K7QM-2F9X.1.1.1.00000000000000000000000000000000");
    assert_int_equal(host_run(HOST_OPEN_SESSION, 0, 0), PAM_PERM_DENIED);
    host_end();
}

static int su(const char *reason, const char *arguments)
{
    int code;

    host_begin(SERVICE_SU, "root", arguments);
    host_tty("/dev/pts/3");
    if (reason)
        host_will_answer(reason);
    code = host_run(HOST_AUTH, ALICE_UID, 0);
    host_end();
    return code;
}

static void su_waits_and_the_request_stays_open(void **state)
{
    (void)state;
    assert_int_equal(su("the disk is full", "wait=1s"), PAM_ABORT);
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, "carol"));
    assert_true(host_showed(PAM_PROMPT_ECHO_ON, "become root"));
    /* the same question again joins it: no second prompt */
    assert_int_equal(su(NULL, "wait=1s"), PAM_ABORT);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 0);
}

static void su_waits_through_a_restart(void **state)
{
    pid_t asker;
    int status;

    (void)state;
    asker = fork();
    assert_true(asker >= 0);
    if (asker == 0)
        _exit(su(NULL, "wait=4s") == PAM_ABORT ? 0 : 1);
    usleep(500000);
    stop_agent(SIGKILL);
    start_agent();
    assert_int_equal(waitpid(asker, &status, 0), asker);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* and it is still that one request */
    assert_int_equal(su(NULL, "wait=1s"), PAM_ABORT);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 0);
}

static void sudo_without_plugin_does_not_know_the_command(void **state)
{
    (void)state;
    host_begin(SERVICE_SUDO, "alice", "");
    host_tty("/dev/pts/3");
    assert_int_equal(host_run(HOST_ACCOUNT, ALICE_UID, 0), PAM_PERM_DENIED);
    host_end();
}

static void root_is_recorded_at_su(void **state)
{
    (void)state;
    host_begin(SERVICE_SU, "alice", "");
    assert_int_equal(host_run(HOST_ACCOUNT, 0, 0), PAM_SUCCESS);
    host_end();
}

static void a_stopped_agent_is_said_to_be_away(void **state)
{
    (void)state;
    stop_agent(SIGTERM);
    assert_int_equal(login("alice", "192.0.2.7", HOST_ACCOUNT), PAM_AUTHINFO_UNAVAIL);
    assert_true(host_showed(PAM_ERROR_MSG, "does not answer"));
    start_agent();
    assert_int_equal(login("alice", "192.0.2.7", HOST_ACCOUNT), PAM_SUCCESS);
}

static int group_setup(void **state)
{
    assert_int_equal(host_setup(state), 0);
    assert_non_null(mkdtemp(directory));
    write_policy();
    start_agent();
    return 0;
}

static int group_teardown(void **state)
{
    char command[64];

    stop_agent(SIGTERM);
    (void)host_teardown(state);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed_login_and_its_session),
        cmocka_unit_test(refused_login_says_why),
        cmocka_unit_test(a_session_needs_its_account_phase),
        cmocka_unit_test(su_waits_and_the_request_stays_open),
        cmocka_unit_test(su_waits_through_a_restart),
        cmocka_unit_test(sudo_without_plugin_does_not_know_the_command),
        cmocka_unit_test(root_is_recorded_at_su),
        cmocka_unit_test(a_stopped_agent_is_said_to_be_away),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
