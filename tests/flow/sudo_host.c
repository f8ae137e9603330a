#include "sudo_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/macro.h"
#include "fake_gate.h"
#include "pam_host.h"

struct approval_plugin *sudo_plugin;
static void *library;
char sudo_screen[65536];
static const char *typed[16];
static unsigned typed_count, typed_next;
unsigned sudo_prompts;

static int PRINTF_LIKE(2, 3) print(int type, const char *format, ...)
{
    size_t used = strlen(sudo_screen);
    va_list args;
    int n;

    assert_int_equal(type, SUDO_CONV_ERROR_MSG | SUDO_CONV_PREFER_TTY);
    va_start(args, format);
    n = vsnprintf(sudo_screen + used, sizeof(sudo_screen) - used, format, args);
    va_end(args);
    return n;
}

static int converse(int count, const struct sudo_conv_message *messages,
    struct sudo_conv_reply *replies, struct sudo_conv_callback *callback)
{
    const char *line;

    assert_int_equal(count, 1);
    assert_null(callback);
    assert_int_equal(messages[0].msg_type, SUDO_CONV_PROMPT_ECHO_ON | SUDO_CONV_PREFER_TTY);
    sudo_prompts++;
    (void)print(SUDO_CONV_ERROR_MSG | SUDO_CONV_PREFER_TTY, "%s", messages[0].msg);
    if (typed_next >= typed_count)
        return -1;
    line = typed[typed_next++];
    if (line == host_interrupt)
        (void)raise(SIGINT);
    if (line == host_interrupt || line == host_end_of_input)
        return -1;
    replies[0].reply = strdup(line);
    return 0;
}

void sudo_will_type(const char *line)
{
    assert_true(typed_count < ARRAY_SIZE(typed));
    typed[typed_count++] = line;
}

static char gate_option[128];

struct sudo_call sudo_new_call(void)
{
    sudo_screen[0] = '\0';
    typed_count = typed_next = sudo_prompts = 0;
    snprintf(gate_option, sizeof(gate_option), "gate=%s", fake_gate_path());
    return (struct sudo_call){
        .version = SUDO_API_VERSION,
        .converse = converse,
        .print = print,
        .settings = {"progname=sudo", "network_addrs=192.0.2.1/255.255.255.0"},
        .user_info = {"user=alice", "uid=5001", "gid=5001", "groups=5001", "cwd=/home/alice",
            "tty=/dev/pts/3", "host=db1", "cols=100"},
        .options = {gate_option},
        .command_info = {"command=/usr/bin/id", "runas_user=root", "runas_uid=0", "runas_gid=0"},
        .argv = {"id", "-u"},
        .envp = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
            "USER=root", "LOGNAME=root", "SHELL=/bin/sh", "TERM=xterm", "SUDO_USER=alice",
            "SUDO_UID=5001", "SUDO_GID=5001", "SUDO_COMMAND=/usr/bin/id -u"},
        .uid = ALICE_UID,
    };
}

static char *const *strings(const char *const *list)
{
    return (char *const *)(uintptr_t)list;
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int sudo_check(const struct sudo_call *call, const char **ret_error)
{
    const char *error = NULL;
    sigset_t before, after;
    int opened, checked, descriptors;

    assert_int_equal(setresuid(call->uid, 0, 0), 0);
    opened = sudo_plugin->open(call->version, call->converse, call->print, strings(call->settings),
        strings(call->user_info), 1, strings(call->argv), strings(call->envp),
        strings(call->options), &error);
    assert_int_equal(opened, 1);
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
    descriptors = count_descriptors();
    errno = EXFULL;
    checked = sudo_plugin->check(
        strings(call->command_info), strings(call->argv), strings(call->envp), &error);
    assert_int_equal(errno, EXFULL);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
    assert_memory_equal(&before, &after, 8);
    sudo_plugin->close();
    assert_int_equal(setresuid(0, 0, 0), 0);
    assert_int_equal(typed_next, typed_count);
    if (checked != 1 && call->uid != 0)
        assert_non_null(error);
    if (ret_error)
        *ret_error = error;
    return checked;
}

int sudo_check_with(const struct sudo_call *call, void (*play)(int))
{
    struct fake_gate gate = fake_gate_start(play);
    int checked = sudo_check(call, NULL);

    assert_true(fake_gate_finish(&gate));
    return checked;
}

int sudo_setup(void **state)
{
    (void)host_setup(state);
    library = dlopen(host_built("assent_sudo.so"), RTLD_LAZY | RTLD_GLOBAL);
    if (!library)
        return -1;
    sudo_plugin = dlsym(library, "assent_sudo");
    return sudo_plugin ? 0 : -1;
}

int sudo_teardown(void **state)
{
    (void)host_teardown(state);
    return dlclose(library);
}

void sudo_make_file(const char *path, mode_t mode)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}
