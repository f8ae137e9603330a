/* pam_assent.so through libpam: which answer of the agent becomes which return code at which
 * door, what the person sees of it, and which facts go out. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"

#define KEY_LINE "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3Nz"
#define FROM "SSH_CONNECTION=192.0.2.7 50022 198.51.100.1 22"

/* ---- one answer, every door and phase ------------------------------------------------- */

static struct gate_answer scripted;

static void play_one_answer(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, scripted);
    if (scripted.kind == GATE_WAIT)
        gate_take_leave(fd);
    else
        gate_take_end(fd);
}

static int one_answer(const char *service, enum host_phase phase, uid_t uid, const char *arguments)
{
    struct fake_gate gate = fake_gate_start(play_one_answer);
    int code;

    host_begin(service, uid == CAROL_UID ? "carol" : "alice", arguments);
    host_env(KEY_LINE);
    host_env(FROM);
    if (strcmp(service, SERVICE_SSHD) != 0)
        host_tty("/dev/pts/3");
    code = host_run(phase, strcmp(service, SERVICE_SSHD) == 0 ? 0 : uid, 0);
    host_end();
    assert_true(fake_gate_finish(&gate));
    return code;
}

static const struct {
    const char *service;
    enum host_phase phase;
    int allowed, denied;
} doors[] = {
    {SERVICE_SSHD, HOST_AUTH, PAM_SUCCESS, PAM_MAXTRIES},
    {SERVICE_SSHD, HOST_ACCOUNT, PAM_SUCCESS, PAM_PERM_DENIED},
    {SERVICE_SSHD, HOST_OPEN_SESSION, PAM_SUCCESS, PAM_PERM_DENIED},
    {SERVICE_LOGIN, HOST_AUTH, PAM_IGNORE, PAM_ABORT},
    {SERVICE_LOGIN, HOST_ACCOUNT, PAM_SUCCESS, PAM_PERM_DENIED},
    {SERVICE_SUDO, HOST_AUTH, PAM_IGNORE, PAM_ABORT},
    {SERVICE_SUDO, HOST_ACCOUNT, PAM_SUCCESS, PAM_PERM_DENIED},
    {SERVICE_SUDO_I, HOST_ACCOUNT, PAM_SUCCESS, PAM_PERM_DENIED},
    {SERVICE_SU, HOST_AUTH, PAM_IGNORE, PAM_ABORT},
    {SERVICE_SU, HOST_ACCOUNT, PAM_SUCCESS, PAM_PERM_DENIED},
    {SERVICE_DOAS, HOST_ACCOUNT, PAM_SUCCESS, PAM_PERM_DENIED},
};

static void allow_and_deny_at_every_door(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
        scripted = (struct gate_answer){.kind = GATE_ALLOW};
        assert_int_equal(
            one_answer(doors[i].service, doors[i].phase, ALICE_UID, ""), doors[i].allowed);
        scripted = (struct gate_answer){.kind = GATE_DENY, .text = "Not on Fridays."};
        assert_int_equal(
            one_answer(doors[i].service, doors[i].phase, ALICE_UID, ""), doors[i].denied);
        assert_true(host_showed(PAM_ERROR_MSG, "Not on Fridays."));
        assert_int_equal(host_count(PAM_TEXT_INFO), 0);
        scripted = (struct gate_answer){.kind = GATE_BUSY, .text = "Too many at once."};
        assert_int_equal(
            one_answer(doors[i].service, doors[i].phase, ALICE_UID, ""), doors[i].denied);
        assert_true(host_showed(PAM_ERROR_MSG, "Too many at once."));
    }
}

static void an_answer_that_is_none_opens_nothing(void **state)
{
    static const struct gate_answer bad[] = {
        {.kind = 0},
        {.kind = 1},
        {.kind = GATE_ALLOW ^ 1},
        {.kind = GATE_ALLOW | UINT64_C(1) << 40},
        {.kind = GATE_ALLOW, .text = "all \x1b[2J clear"},
        {.kind = GATE_ALLOW, .tie = "\xe2\x80\xae"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        scripted = bad[i];
        assert_int_equal(
            one_answer(SERVICE_SSHD, HOST_ACCOUNT, ALICE_UID, ""), PAM_AUTHINFO_UNAVAIL);
        assert_true(host_showed(PAM_ERROR_MSG, "not a trusted Assent agent"));
        assert_false(host_showed(PAM_ERROR_MSG, "\x1b"));
        assert_int_equal(one_answer(SERVICE_SSHD, HOST_AUTH, ALICE_UID, ""), PAM_MAXTRIES);
        assert_int_equal(one_answer(SERVICE_SUDO, HOST_AUTH, ALICE_UID, ""), PAM_ABORT);
    }
}

static void account_never_waits(void **state)
{
    (void)state;
    scripted = (struct gate_answer){.kind = GATE_WAIT,
        .text = "Request K7QM-2F9X is open. Log in again after approval.",
        .request = "K7QM-2F9X"};
    assert_int_equal(one_answer(SERVICE_SSHD, HOST_ACCOUNT, ALICE_UID, ""), PAM_PERM_DENIED);
    assert_true(host_showed(PAM_ERROR_MSG, "K7QM-2F9X"));
    assert_int_equal(one_answer(SERVICE_SUDO, HOST_ACCOUNT, ALICE_UID, ""), PAM_PERM_DENIED);
}

static void account_does_not_prompt(void **state)
{
    (void)state;
    scripted = (struct gate_answer){
        .kind = GATE_NEED, .need = GATE_NEED_REASON | GATE_NEED_PEER, .text = "Reason: "};
    assert_int_equal(one_answer(SERVICE_SSHD, HOST_ACCOUNT, ALICE_UID, ""), PAM_PERM_DENIED);
    assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 0);
    assert_true(host_showed(PAM_ERROR_MSG,
        "Access refused: a reason and the name of a colleague are needed, which cannot\n"
        "  be asked for here.\n"
        "Ask ahead: assent request --service sshd --reason \"...\" --peer PERSON --wait"));
}

static void a_need_nobody_knows_is_not_supplied(void **state)
{
    (void)state;
    scripted = (struct gate_answer){.kind = GATE_NEED, .need = 1 << 7};
    assert_int_equal(one_answer(SERVICE_SSHD, HOST_ACCOUNT, ALICE_UID, ""), PAM_PERM_DENIED);
    assert_true(host_showed(PAM_ERROR_MSG, "needs what this door cannot tell"));
    scripted.need = 0;
    assert_int_equal(one_answer(SERVICE_SSHD, HOST_ACCOUNT, ALICE_UID, ""), PAM_PERM_DENIED);
}

static void monitor_refuses_nothing_and_says_nothing(void **state)
{
    static const uint64_t kinds[] = {GATE_ALLOW, GATE_DENY, GATE_BUSY, GATE_WAIT, 77};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        scripted = (struct gate_answer){.kind = kinds[i], .text = "words"};
        assert_int_equal(one_answer(SERVICE_SSHD, HOST_ACCOUNT, ALICE_UID, "monitor"),
            kinds[i] == GATE_ALLOW ? PAM_SUCCESS : PAM_IGNORE);
        assert_int_equal(host_count(PAM_ERROR_MSG) + host_count(PAM_TEXT_INFO), 0);
    }
}

static void root_is_not_gated_at_a_setuid_door(void **state)
{
    (void)state;
    scripted = (struct gate_answer){.kind = GATE_DENY, .text = "no"};
    assert_int_equal(one_answer(SERVICE_SU, HOST_ACCOUNT, 0, ""), PAM_SUCCESS);
    assert_int_equal(one_answer(SERVICE_SUDO, HOST_ACCOUNT, 0, ""), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_ERROR_MSG), 0);
}

/* ---- facts ---------------------------------------------------------------------------- */

static pid_t my_parent;

static void play_sshd_facts(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.phase == GATE_PHASE_ACCOUNT && ask.flags == 0);
    EXPECT(ask.parent == (uint64_t)my_parent);
    EXPECT(ask.uid == ALICE_UID && strcmp(ask.user, "alice") == 0);
    EXPECT(strcmp(ask.service, "sshd") == 0);
    EXPECT(ask.run_as_uid == ALICE_UID && strcmp(ask.run_as, "alice") == 0);
    EXPECT(!ask.tty && !ask.groups && !ask.command && !ask.argv.data && !ask.reason);
    EXPECT(strcmp(ask.rhost, "192.0.2.7") == 0);
    EXPECT(strncmp(ask.auth_info, "publickey ", 10) == 0);
    EXPECT(ask.deadline_ms > 0 && ask.deadline_ms <= 3000);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_GROUPS});
    ask = gate_take(fd);
    EXPECT(ask.flags == GATE_FLAG_ASKED);
    EXPECT(ask.group_count == 1 && ask.groups[0] == 5001);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW, .tie = "tie-1"});
    gate_take_end(fd);
}

static void sshd_tells_its_facts_and_groups_when_asked(void **state)
{
    struct fake_gate gate;

    (void)state;
    my_parent = getppid();
    gate = fake_gate_start(play_sshd_facts);
    host_begin(SERVICE_SSHD, "alice", "");
    host_env(KEY_LINE);
    host_env(FROM);
    host_tty("ssh");
    assert_int_equal(host_run(HOST_ACCOUNT, 0, 0), PAM_SUCCESS);
    assert_string_equal(pam_getenv(host_pamh, ASSENT_PAM_TIE), "tie-1");
    host_end();
    assert_true(fake_gate_finish(&gate));
}

static void play_su_facts(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.uid == ALICE_UID && strcmp(ask.user, "alice") == 0);
    EXPECT(ask.run_as_uid == CAROL_UID && strcmp(ask.run_as, "carol") == 0);
    EXPECT(strcmp(ask.tty, "/dev/pts/3") == 0 && !ask.rhost && !ask.auth_info);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_GROUPS});
    ask = gate_take(fd);
    EXPECT(ask.group_count == (size_t)getgroups(0, NULL) + 1);
    EXPECT(ask.groups[ask.group_count - 1] == getgid());
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void su_names_the_caller_and_the_target(void **state)
{
    struct fake_gate gate = fake_gate_start(play_su_facts);

    (void)state;
    host_begin(SERVICE_SU, "carol", "");
    host_tty("/dev/pts/3");
    host_env(KEY_LINE); /* of no meaning here */
    host_env(FROM);
    assert_int_equal(host_run(HOST_ACCOUNT, ALICE_UID, 0), PAM_SUCCESS);
    host_end();
    assert_true(fake_gate_finish(&gate));
}

static void play_repeats_groups(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_GROUPS});
    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_GROUPS});
    gate_take_end(fd);
}

static void the_same_need_twice_ends_it(void **state)
{
    struct fake_gate gate = fake_gate_start(play_repeats_groups);

    (void)state;
    host_begin(SERVICE_SSHD, "alice", "");
    assert_int_equal(host_run(HOST_ACCOUNT, 0, 0), PAM_PERM_DENIED);
    host_end();
    assert_true(fake_gate_finish(&gate));
}

/* ---- plugin --------------------------------------------------------------------------- */

static void play_possible(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.phase == GATE_PHASE_POSSIBLE);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void play_not_possible(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.phase == GATE_PHASE_ACCOUNT);
    gate_say(fd, (struct gate_answer){.kind = GATE_DENY});
    gate_take_end(fd);
}

static int sudo_with_plugin(void (*play)(int), enum host_phase phase)
{
    struct fake_gate gate = fake_gate_start(play);
    int code;

    host_begin(SERVICE_SUDO, "alice", "plugin");
    host_tty("/dev/pts/3");
    code = host_run(phase, ALICE_UID, 0);
    host_end();
    assert_true(fake_gate_finish(&gate));
    return code;
}

/* ---- session -------------------------------------------------------------------------- */

static void play_session(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.phase == GATE_PHASE_SESSION);
    EXPECT(strcmp(ask.tie, "tie-7") == 0 && strcmp(ask.session, "c12") == 0);
    EXPECT(strncmp(ask.auth_info, "publickey ", 10) == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
    fd = gate_accept(listener);
    ask = gate_take(fd);
    EXPECT(ask.phase == GATE_PHASE_END);
    EXPECT(strcmp(ask.tie, "tie-7") == 0);
    gate_take_end(fd); /* nobody waits for an answer */
}

static void a_session_takes_the_tie_along(void **state)
{
    struct fake_gate gate = fake_gate_start(play_session);

    (void)state;
    host_begin(SERVICE_SSHD, "alice", "");
    host_env(KEY_LINE);
    host_env(ASSENT_PAM_TIE "=tie-7");
    host_env("XDG_SESSION_ID=c12");
    assert_int_equal(host_run(HOST_OPEN_SESSION, 0, 0), PAM_SUCCESS);
    assert_null(pam_getenv(host_pamh, ASSENT_PAM_TIE));
    assert_int_equal(host_run(HOST_CLOSE_SESSION, 0, PAM_SILENT), PAM_SUCCESS);
    host_end();
    assert_true(fake_gate_finish(&gate));
}

static void play_told(int listener)
{
    static const uint64_t phases[] = {GATE_PHASE_SESSION, GATE_PHASE_END};

    for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
        int fd = gate_accept(listener);

        EXPECT(gate_take(fd).phase == phases[i]);
        gate_take_end(fd);
    }
}

static void sessions_of_sudo_are_told_not_asked(void **state)
{
    struct fake_gate gate = fake_gate_start(play_told);

    (void)state;
    host_begin(SERVICE_SUDO, "alice", "");
    host_tty("/dev/pts/3");
    assert_int_equal(host_run(HOST_OPEN_SESSION, ALICE_UID, 0), PAM_SUCCESS);
    assert_int_equal(host_run(HOST_CLOSE_SESSION, ALICE_UID, PAM_SILENT), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_ERROR_MSG) + host_count(PAM_TEXT_INFO), 0);
    host_end();
    assert_true(fake_gate_finish(&gate));
}

/* ---- who is exempt, unknown or at the wrong door -------------------------------------- */

static int without_agent(
    const char *service, const char *user, uid_t uid, enum host_phase phase, const char *arguments)
{
    int code;

    host_begin(service, user, arguments);
    host_env(KEY_LINE);
    if (strcmp(service, SERVICE_SSHD) != 0)
        host_tty("/dev/pts/3");
    code = host_run(phase, uid, 0);
    host_end();
    return code;
}

static void exempt_people_are_not_asked_about(void **state)
{
    const char *exempt = "exempt=exempts";

    (void)state;
    assert_int_equal(without_agent(SERVICE_SSHD, "carol", 0, HOST_AUTH, exempt), PAM_SUCCESS);
    assert_int_equal(without_agent(SERVICE_SSHD, "carol", 0, HOST_ACCOUNT, exempt), PAM_IGNORE);
    assert_int_equal(
        without_agent(SERVICE_SSHD, "carol", 0, HOST_OPEN_SESSION, exempt), PAM_IGNORE);
    assert_int_equal(without_agent(SERVICE_SUDO, "root", CAROL_UID, HOST_AUTH, exempt), PAM_IGNORE);
    assert_int_equal(
        without_agent(SERVICE_SUDO, "root", CAROL_UID, HOST_ACCOUNT, exempt), PAM_IGNORE);
    /* The caller counts, not PAM_USER; and a group that does not exist exempts nobody. */
    assert_int_equal(without_agent(SERVICE_SUDO, "carol", ALICE_UID, HOST_ACCOUNT, exempt),
        PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(without_agent(SERVICE_SSHD, "carol", 0, HOST_ACCOUNT, "exempt=nosuch"),
        PAM_AUTHINFO_UNAVAIL);
}

static void unknown_people_are_refused_without_asking(void **state)
{
    (void)state;
    assert_int_equal(
        without_agent(SERVICE_SSHD, "nosuchuser", 0, HOST_ACCOUNT, ""), PAM_USER_UNKNOWN);
    assert_int_equal(without_agent(SERVICE_SSHD, "nosuchuser", 0, HOST_AUTH, ""), PAM_MAXTRIES);
    assert_int_equal(without_agent(SERVICE_SSHD, "a/../b", 0, HOST_ACCOUNT, ""), PAM_USER_UNKNOWN);
    assert_int_equal(
        without_agent(SERVICE_SUDO, "alice", 4999, HOST_ACCOUNT, ""), PAM_USER_UNKNOWN);
    assert_int_equal(
        without_agent(SERVICE_SUDO, "alice", 4999, HOST_OPEN_SESSION, ""), PAM_SUCCESS);
}

static void sshd_auth_needs_a_completed_public_key(void **state)
{
    static const char *const infos[] = {"SSH_AUTH_INFO_0=", "SSH_AUTH_INFO_0=password",
        "SSH_AUTH_INFO_0=publickey", "SSH_AUTH_INFO_0=publickey ",
        "SSH_AUTH_INFO_0=xpublickey ssh-ed25519 AAAA",
        "SSH_AUTH_INFO_0=keyboard-interactive/pam\npassword publickey ssh-ed25519 AAAA"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(infos) + 1; i++) {
        host_begin(SERVICE_SSHD, "carol", i % 2 ? "exempt=exempts" : "monitor");
        if (i < ARRAY_SIZE(infos))
            host_env(infos[i]);
        assert_int_equal(host_run(HOST_AUTH, 0, 0), PAM_MAXTRIES);
        assert_int_equal(host_count(PAM_PROMPT_ECHO_ON), 0);
        assert_true(host_showed(PAM_ERROR_MSG, "public key"));
        host_end();
    }
    host_begin(SERVICE_SSHD, "carol", "exempt=exempts");
    host_env("SSH_AUTH_INFO_0=password\npublickey ssh-ed25519 AAAA\n");
    assert_int_equal(host_run(HOST_AUTH, 0, 0), PAM_SUCCESS);
    host_end();
}

static void auth_leaves_to_account_what_it_cannot_ask(void **state)
{
    (void)state;
    /* plugin, root, no terminal: not asked about, although nobody listens. */
    assert_int_equal(
        without_agent(SERVICE_SUDO, "alice", ALICE_UID, HOST_AUTH, "plugin"), PAM_IGNORE);
    assert_int_equal(without_agent(SERVICE_SU, "alice", 0, HOST_AUTH, ""), PAM_IGNORE);
    host_begin(SERVICE_SUDO, "alice", "");
    host_tty("");
    assert_int_equal(host_run(HOST_AUTH, ALICE_UID, 0), PAM_IGNORE);
    host_end();
}

static void a_bad_argument_refuses(void **state)
{
    static const char *const bad[] = {"bogus", "wait=60", "deadline=0s", "deadline=2m",
        "wait=", "plugin=yes", "monitor monitor", "rescue=", "exempt=a/b", "wait=60s wait=61s"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(
            without_agent(SERVICE_SSHD, "alice", 0, HOST_AUTH, bad[i]), PAM_SERVICE_ERR);
        assert_int_equal(
            without_agent(SERVICE_SSHD, "alice", 0, HOST_ACCOUNT, bad[i]), PAM_SERVICE_ERR);
        assert_int_equal(
            without_agent(SERVICE_SSHD, "alice", 0, HOST_OPEN_SESSION, bad[i]), PAM_SERVICE_ERR);
    }
}

static void copy_file(const char *from, const char *to)
{
    static char data[8 << 20];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    n = fread(data, 1, sizeof(data), in);
    assert_in_range(n, 1, sizeof(data) - 1);
    assert_int_equal(fwrite(data, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    (void)fclose(in);
}

static void possible_only_beside_the_loaded_plugin(void **state)
{
    void *handle;

    (void)state;
    /* Installed is not loaded. */
    copy_file(host_built("assent_sudo.so"), ASSENT_SUDO_PLUGIN);
    assert_int_equal(sudo_with_plugin(play_not_possible, HOST_ACCOUNT), PAM_PERM_DENIED);
    handle = dlopen(ASSENT_SUDO_PLUGIN, RTLD_LAZY | RTLD_GLOBAL);
    assert_non_null(handle);
    assert_int_equal(sudo_with_plugin(play_possible, HOST_ACCOUNT), PAM_SUCCESS);
    assert_int_equal(dlclose(handle), 0);
    /* The module has kept no reference of its own. */
    assert_null(dlopen(ASSENT_SUDO_PLUGIN, RTLD_NOLOAD | RTLD_NOW));
    assert_int_equal(sudo_with_plugin(play_not_possible, HOST_ACCOUNT), PAM_PERM_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allow_and_deny_at_every_door),
        cmocka_unit_test(an_answer_that_is_none_opens_nothing),
        cmocka_unit_test(account_never_waits),
        cmocka_unit_test(account_does_not_prompt),
        cmocka_unit_test(a_need_nobody_knows_is_not_supplied),
        cmocka_unit_test(monitor_refuses_nothing_and_says_nothing),
        cmocka_unit_test(root_is_not_gated_at_a_setuid_door),
        cmocka_unit_test(sshd_tells_its_facts_and_groups_when_asked),
        cmocka_unit_test(su_names_the_caller_and_the_target),
        cmocka_unit_test(the_same_need_twice_ends_it),
        cmocka_unit_test(possible_only_beside_the_loaded_plugin),
        cmocka_unit_test(a_session_takes_the_tie_along),
        cmocka_unit_test(sessions_of_sudo_are_told_not_asked),
        cmocka_unit_test(exempt_people_are_not_asked_about),
        cmocka_unit_test(unknown_people_are_refused_without_asking),
        cmocka_unit_test(sshd_auth_needs_a_completed_public_key),
        cmocka_unit_test(auth_leaves_to_account_what_it_cannot_ask),
        cmocka_unit_test(a_bad_argument_refuses),
    };

    return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
