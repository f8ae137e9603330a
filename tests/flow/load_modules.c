/* Both modules as built, loaded, used and unloaded twice in one process, which must be as it was
 * afterwards. Run by tests/check/valgrind.sh, which looks at the memory. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sudo_plugin.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"

#define ROUNDS 2

static struct gate_answer scripted;

static void play_one_answer(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, scripted);
    gate_take_end(fd);
}

static bool is_loaded(const char *name)
{
    void *handle = dlopen(host_built(name), RTLD_NOLOAD | RTLD_NOW);

    if (handle)
        (void)dlclose(handle);
    return handle != NULL;
}

/* ---- pam_assent.so -------------------------------------------------------------------- */

/* libpam loads the module at the first call and unloads it in pam_end(). */
static int visit(enum host_phase phase)
{
    int code;

    host_begin(SERVICE_SSHD, "alice", "");
    host_env("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3Nz");
    host_env("SSH_CONNECTION=192.0.2.7 50022 198.51.100.1 22");
    code = host_run(phase, 0, 0);
    assert_true(is_loaded("pam_assent.so"));
    host_end();
    return code;
}

static int visit_gate(enum host_phase phase, uint64_t kind, const char *text)
{
    struct fake_gate gate;
    int code;

    scripted = (struct gate_answer){.kind = kind, .text = text};
    gate = fake_gate_start(play_one_answer);
    code = visit(phase);
    assert_true(fake_gate_finish(&gate));
    return code;
}

static void pam_assent_leaves_nothing_behind(void **state)
{
    (void)state;
    host_remember();
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(visit_gate(HOST_ACCOUNT, GATE_ALLOW, NULL), PAM_SUCCESS);
        assert_int_equal(visit_gate(HOST_ACCOUNT, GATE_DENY, "Not today."), PAM_PERM_DENIED);
        assert_int_equal(visit_gate(HOST_OPEN_SESSION, GATE_ALLOW, NULL), PAM_SUCCESS);
        assert_int_equal(visit(HOST_ACCOUNT), PAM_AUTHINFO_UNAVAIL); /* nobody listens */
        assert_false(is_loaded("pam_assent.so"));
        host_assert_unchanged();
    }
}

/* ---- assent_sudo.so ------------------------------------------------------------------- */

static int print(int type, const char *format, ...)
{
    (void)type;
    return (int)strlen(format);
}

static int converse(int count, const struct sudo_conv_message *messages,
    struct sudo_conv_reply *replies, struct sudo_conv_callback *callback)
{
    (void)count;
    (void)messages;
    (void)replies;
    (void)callback;
    return -1;
}

/* sudo's vectors are not const, but a plugin changes none of them: sudo_plugin(8). */
#define VECTOR(...) ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

static int check_command(struct approval_plugin *plugin, const char *gate_option)
{
    const char *error = NULL;
    char *const *argv = VECTOR("id", "-u");
    char *const *envp = VECTOR("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LD_PRELOAD=/tmp/e.so");
    int result;

    assert_int_equal(
        plugin->open(SUDO_API_VERSION, converse, print, VECTOR("progname=sudo"),
            VECTOR("user=alice", "uid=5001", "gid=5001", "groups=5001", "cwd=/", "host=db1"), 1,
            argv, envp, VECTOR(gate_option), &error),
        1);
    result = plugin->check(
        VECTOR("command=/usr/bin/id", "runas_user=root", "runas_uid=0", "runas_gid=0"), argv, envp,
        &error);
    plugin->close();
    return result;
}

/* Loads the plugin for one question, as each sudo does. */
static int ask_plugin(void)
{
    void *library = dlopen(host_built("assent_sudo.so"), RTLD_NOW | RTLD_LOCAL);
    char gate_option[128] = "gate=";
    int result;

    assert_non_null(library);
    strncat(gate_option, fake_gate_path(), sizeof(gate_option) - sizeof("gate="));
    assert_int_equal(setresuid(ALICE_UID, 0, 0), 0);
    result = check_command(dlsym(library, "assent_sudo"), gate_option);
    assert_int_equal(setresuid(0, 0, 0), 0);
    assert_int_equal(dlclose(library), 0);
    return result;
}

static int ask_gate(uint64_t kind, const char *text)
{
    struct fake_gate gate;
    int result;

    scripted = (struct gate_answer){.kind = kind, .text = text};
    gate = fake_gate_start(play_one_answer);
    result = ask_plugin();
    assert_true(fake_gate_finish(&gate));
    return result;
}

static void assent_sudo_leaves_nothing_behind(void **state)
{
    (void)state;
    host_remember();
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(ask_gate(GATE_ALLOW, NULL), 1);
        assert_int_equal(ask_gate(GATE_DENY, "Not today."), 0);
        assert_int_equal(ask_plugin(), 0); /* nobody listens */
        assert_false(is_loaded("assent_sudo.so"));
        host_assert_unchanged();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pam_assent_leaves_nothing_behind),
        cmocka_unit_test(assent_sudo_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
