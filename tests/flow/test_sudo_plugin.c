/* assent_sudo.so as sudo would load and call it: open, check, close. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sudo_plugin.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"
#include "sudo_host.h"

/* ---- facts ---------------------------------------------------------------------------- */

static bool list_is(const struct gate_list *list, const char *data, size_t length)
{
    return list->length == length && memcmp(list->data, data, length) == 0;
}

static void play_facts(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);
    struct stat passed, real;

    EXPECT(ask.phase == GATE_PHASE_COMMAND);
    EXPECT(ask.flags == (GATE_FLAG_WAIT | GATE_FLAG_PROMPT));
    EXPECT(ask.uid == ALICE_UID && strcmp(ask.user, "alice") == 0);
    EXPECT(strcmp(ask.service, "sudo") == 0);
    EXPECT(ask.run_as_uid == 0 && strcmp(ask.run_as, "root") == 0);
    EXPECT(strcmp(ask.command, "/usr/bin/id") == 0);
    EXPECT(list_is(&ask.argv, "/usr/bin/id\0-u", 15));
    EXPECT(!ask.env.data);
    EXPECT(strcmp(ask.cwd, "/home/alice") == 0 && strcmp(ask.tty, "/dev/pts/3") == 0);
    EXPECT(ask.group_count >= 1 && ask.groups[ask.group_count - 1] == getgid());
    EXPECT(!ask.rhost && !ask.reason);
    EXPECT(gate_passed_fd >= 0);
    EXPECT(fstat(gate_passed_fd, &passed) == 0 && stat("/usr/bin/id", &real) == 0);
    EXPECT(passed.st_ino == real.st_ino && passed.st_dev == real.st_dev);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void an_allowed_command_runs_with_its_facts_told(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    assert_int_equal(sudo_check_with(&call, play_facts), 1);
    assert_string_equal(sudo_screen, "");
}

static void play_environment(int listener)
{
    static const char expected[] = "BASH_ENV=/tmp/x\0HOME=/home/alice\0LD_PRELOAD=/tmp/e.so\0"
                                   "PATH=/home/alice/bin\0SUDO_EDITOR=/tmp/ed";
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(list_is(&ask.env, expected, sizeof(expected)));
    EXPECT(strcmp(ask.cwd, "/srv") == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_DENY});
    gate_take_end(fd);
}

static void a_changed_environment_is_told_in_order(void **state)
{
    struct sudo_call call = sudo_new_call();
    const char *envp[] = {"PATH=/home/alice/bin", "HOME=/home/alice", "USER=root",
        "SUDO_EDITOR=/tmp/ed", "LD_PRELOAD=/tmp/e.so", "LC_ALL=C", "LANG=de_DE", "DISPLAY=:0",
        "BASH_ENV=/tmp/x", "SUDO_USER=alice"};

    (void)state;
    memset(call.envp, 0, sizeof(call.envp));
    memcpy(call.envp, envp, sizeof(envp));
    call.command_info[4] = "cwd=/srv";
    assert_int_equal(sudo_check_with(&call, play_environment), 0);
    assert_non_null(strstr(sudo_screen, "assent: Refused by policy.\n"));
}

static const char *expected_command;
static bool expected_writable;

static void play_writable(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(strcmp(ask.command, expected_command) == 0);
    EXPECT(((ask.flags & GATE_FLAG_WRITABLE) != 0) == expected_writable);
    EXPECT(gate_passed_fd >= 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void expect_told(const char *command, const char *told, bool writable)
{
    struct sudo_call call = sudo_new_call();
    char info[256];

    expected_command = told;
    expected_writable = writable;
    snprintf(info, sizeof(info), "command=%s", command);
    call.command_info[0] = info;
    assert_int_equal(sudo_check_with(&call, play_writable), 1);
}

static void expect_writable(const char *command, bool writable)
{
    expect_told(command, command, writable);
}

static void what_others_can_write_is_flagged(void **state)
{
    /* /usr/libexec is a tmpfs of root's here: see host_setup. */
    const char *file = "/usr/libexec/tool", *link = "/usr/libexec/link";
    const char *directory = "/usr/libexec/open", *inside = "/usr/libexec/open/tool";
    const char *detour = "/usr/libexec/detour";

    (void)state;
    sudo_make_file(file, 0755);
    expect_writable(file, false);
    assert_int_equal(symlink("tool", link), 0);
    expect_writable(link, false);
    assert_int_equal(chmod(file, 0775), 0);
    expect_writable(file, true);
    expect_writable(link, true);
    assert_int_equal(chmod(file, 0757), 0);
    expect_writable(file, true);
    assert_int_equal(chmod(file, 0755), 0);
    assert_int_equal(chown(file, ALICE_UID, 0), 0);
    expect_writable(file, true);
    assert_int_equal(chown(file, 0, 0), 0);
    assert_int_equal(lchown(link, ALICE_UID, 0), 0);
    expect_writable(link, true);
    /* A sticky directory everybody can write, and a way through it. */
    assert_int_equal(mkdir(directory, 0755), 0);
    assert_int_equal(chmod(directory, 01777), 0);
    sudo_make_file(inside, 0755);
    expect_writable(inside, true);
    assert_int_equal(symlink("/usr/libexec/open/../tool", detour), 0);
    expect_writable(detour, true);
    expect_told("/tmp/../usr/libexec/tool", file, true);
}

static const char *expected_first;

static void play_first_argument(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(strcmp(ask.command, "/usr/libexec/real/tool") == 0);
    EXPECT(strcmp(ask.argv.data, expected_first) == 0);
    EXPECT(ask.argv.length == strlen(expected_first) + 1 + sizeof("-u"));
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void expect_first_argument(const char *typed_as, const char *told)
{
    struct sudo_call call = sudo_new_call();

    expected_first = told;
    call.command_info[0] = "command=/usr/libexec/way/tool";
    call.argv[0] = typed_as;
    assert_int_equal(sudo_check_with(&call, play_first_argument), 1);
}

static void the_directory_of_a_command_is_resolved(void **state)
{
    const char *way = "/usr/libexec/way", *tool = "/usr/libexec/real/tool";
    struct sudo_call call = sudo_new_call();

    (void)state;
    assert_int_equal(mkdir("/usr/libexec/real", 0755), 0);
    sudo_make_file(tool, 0755);
    assert_int_equal(symlink("real", way), 0);
    assert_int_equal(symlink("tool", "/usr/libexec/real/name"), 0);
    expect_told("/usr/libexec/way/tool", tool, false);
    expect_told("/usr/libexec/../libexec//./real//tool", tool, false);
    /* The last component is a name of its own, whatever it leads to. */
    expect_told("/usr/libexec/way/name", "/usr/libexec/real/name", false);
    expect_first_argument("tool", tool);
    expect_first_argument("/usr/libexec/way/tool", tool);
    expect_first_argument("-tool", "-tool");
    expect_first_argument("other", "other");
    /* What is told is short; what is judged is still the way that sudo goes. */
    assert_int_equal(lchown(way, ALICE_UID, 0), 0);
    expect_told("/usr/libexec/way/tool", tool, true);
    assert_int_equal(lchown(way, 0, 0), 0);
    assert_int_equal(symlink("nowhere", "/usr/libexec/dead"), 0);
    call.command_info[0] = "command=/usr/libexec/dead/tool";
    assert_int_equal(sudo_check(&call, NULL), 0);
    assert_non_null(strstr(sudo_screen, "the directory of the command cannot be resolved"));
}

static void a_command_that_is_not_there_is_refused(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    call.command_info[0] = "command=/usr/libexec/nothing";
    assert_int_equal(sudo_check(&call, NULL), 0);
    assert_int_equal(symlink("loop", "/usr/libexec/loop"), 0);
    call.command_info[0] = "command=/usr/libexec/loop";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call.command_info[0] = "command=/usr/libexec";
    assert_int_equal(sudo_check(&call, NULL), 0);
}

static void play_edit(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(strcmp(ask.command, "/usr/bin/sudoedit") == 0);
    EXPECT(list_is(&ask.argv, "sudoedit\0/etc/hosts\0/home/alice/notes", 38));
    EXPECT(!ask.env.data && gate_passed_fd < 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_ALLOW});
    gate_take_end(fd);
}

static void sudoedit_is_about_its_files(void **state)
{
    struct sudo_call call = sudo_new_call();
    const char *argv[] = {"/usr/bin/vim", "-u", "NONE", "--", "/etc/hosts", "notes"};

    (void)state;
    memset(call.argv, 0, sizeof(call.argv));
    memcpy(call.argv, argv, sizeof(argv));
    call.command_info[0] = "command=/usr/bin/vim";
    call.command_info[4] = "sudoedit=true";
    assert_int_equal(sudo_check_with(&call, play_edit), 1);
    call.argv[5] = "../secret";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call.argv[4] = NULL;
    assert_int_equal(sudo_check(&call, NULL), 0);
    call.argv[3] = NULL;
    assert_int_equal(sudo_check(&call, NULL), 0);
}

/* ---- refusals before asking ----------------------------------------------------------- */

static void what_no_rule_can_speak_of_is_refused(void **state)
{
    struct sudo_call call = sudo_new_call();
    static char huge[100 * 1024];

    (void)state;
    call.command_info[4] = "chroot=/srv/jail";
    assert_int_equal(sudo_check(&call, NULL), 0);
    assert_non_null(strstr(sudo_screen, "chroot"));
    call = sudo_new_call();
    call.settings[2] = "runas_group=shadow";
    assert_int_equal(sudo_check(&call, NULL), 0);
    assert_non_null(strstr(sudo_screen, "sudo -g"));
    call = sudo_new_call();
    call.command_info[4] = "runas_euid=33";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.command_info[2] = "runas_uid=4294967295";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.command_info[2] = "runas_gid=0";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.command_info[0] = "command=id";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    memset(huge, 'a', sizeof(huge) - 1);
    call.argv[2] = huge;
    assert_int_equal(sudo_check(&call, NULL), 0);
    assert_non_null(strstr(sudo_screen, "too long"));
    call = sudo_new_call();
    huge[9000] = '\0';
    huge[1] = '=';
    call.envp[10] = huge;
    assert_int_equal(sudo_check(&call, NULL), 0);
    assert_non_null(strstr(sudo_screen, "environment is too large"));
}

static void open_never_says_no(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    call.version = SUDO_API_MKVERSION(2, 0);
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.options[1] = "bogus=1";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.options[0] = "gate=relative";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.options[1] = "deadline=3";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    memset(call.user_info, 0, sizeof(call.user_info));
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.user_info[1] = "uid=5002"; /* not who really called */
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.user_info[0] = "user=a/b";
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.converse = NULL;
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.print = NULL;
    assert_int_equal(sudo_check(&call, NULL), 0);
    call = sudo_new_call();
    call.options[0] = NULL; /* the gate's own path: no agent on a build machine */
    call.options[1] = NULL;
    call.uid = ALICE_UID;
    assert_int_equal(sudo_plugin->open(0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL), 1);
    assert_int_equal(sudo_plugin->check(NULL, NULL, NULL, NULL), 0);
    sudo_plugin->close();
    sudo_plugin->close();
    /* check() without open() */
    assert_int_equal(sudo_plugin->check(NULL, NULL, NULL, NULL), 0);
}

/* ---- answers -------------------------------------------------------------------------- */

static struct gate_answer scripted;

static void play_scripted(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, scripted);
    if (scripted.kind == GATE_WAIT)
        gate_take_leave(fd);
    gate_take_end(fd);
}

static void refusals_say_why(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    scripted = (struct gate_answer){.kind = GATE_DENY, .text = "Not on Fridays.\nAsk carol."};
    assert_int_equal(sudo_check_with(&call, play_scripted), 0);
    assert_string_equal(sudo_screen, "assent: Not on Fridays.\nAsk carol.\n");
    call = sudo_new_call();
    scripted = (struct gate_answer){.kind = GATE_BUSY, .text = "Busy."};
    assert_int_equal(sudo_check_with(&call, play_scripted), 0);
    call = sudo_new_call();
    scripted = (struct gate_answer){.kind = GATE_ALLOW ^ 4};
    assert_int_equal(sudo_check_with(&call, play_scripted), 0);
    assert_non_null(strstr(sudo_screen, "not a trusted Assent agent"));
}

static void without_an_agent_nothing_runs(void **state)
{
    struct sudo_call call = sudo_new_call();
    const char *error;

    (void)state;
    assert_int_equal(sudo_check(&call, &error), 0);
    assert_non_null(strstr(sudo_screen, "does not answer"));
    assert_non_null(strstr(error, "does not answer"));
}

static void play_frozen(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_take_end(fd);
}

static void a_frozen_agent_costs_the_deadline(void **state)
{
    struct sudo_call call = sudo_new_call();
    uint64_t began = clock_boottime_us();

    (void)state;
    call.options[1] = "deadline=1s";
    assert_int_equal(sudo_check_with(&call, play_frozen), 0);
    assert_in_range(clock_boottime_us() - began, USEC_PER_SEC, 1100 * USEC_PER_MSEC);
}

static void root_is_recorded_not_gated(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    call.user_info[0] = "user=root";
    call.user_info[1] = "uid=0";
    call.uid = 0;
    assert_int_equal(sudo_check(&call, NULL), 1); /* no agent */
    scripted = (struct gate_answer){.kind = GATE_DENY};
    assert_int_equal(sudo_check_with(&call, play_scripted), 1);
    call.command_info[4] = "chroot=/srv/jail";
    assert_int_equal(sudo_check(&call, NULL), 1);
    assert_string_equal(sudo_screen, "");
    /* Somebody who says he is root is not. */
    call.uid = ALICE_UID;
    assert_int_equal(sudo_check(&call, NULL), 0);
}

static void play_not_waiting(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT((ask.flags & (GATE_FLAG_WAIT | GATE_FLAG_PROMPT)) == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_WAIT, .text = "Request K7QM-2F9X is open."});
    gate_take_leave(fd);
    gate_take_end(fd);
}

static unsigned read_spool(char *text, size_t size)
{
    DIR *directory = opendir(ASSENT_SPOOL_DIR);
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        int fd;
        ssize_t n;

        if (entry->d_name[0] == '.')
            continue;
        count++;
        fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
        n = read(fd, text, size - 1);
        assert_true(n > 0);
        text[n] = '\0';
        (void)close(fd);
    }
    (void)closedir(directory);
    return count;
}

static void the_rescue_group_runs_commands_when_the_agent_is_gone(void **state)
{
    struct sudo_call call = sudo_new_call();
    char text[2048];

    (void)state;
    call.options[1] = "rescue=rescuers";
    assert_int_equal(sudo_check(&call, NULL), 0); /* alice is not in it */
    assert_int_equal(read_spool(text, sizeof(text)), 0);
    call = sudo_new_call();
    call.options[1] = "rescue=rescuers";
    call.user_info[0] = "user=carol";
    call.user_info[1] = "uid=5002";
    call.uid = CAROL_UID;
    assert_int_equal(sudo_check(&call, NULL), 1);
    assert_int_equal(read_spool(text, sizeof(text)), 1);
    assert_non_null(strstr(text, "service=sudo\nuser=carol\nuid=5002\n"));
    assert_non_null(strstr(text, "command=/usr/bin/id -u\n"));
    /* Refused is not gone. */
    scripted = (struct gate_answer){.kind = GATE_DENY};
    assert_int_equal(sudo_check_with(&call, play_scripted), 0);
    scripted = (struct gate_answer){.kind = GATE_BUSY};
    assert_int_equal(sudo_check_with(&call, play_scripted), 0);
    assert_int_equal(read_spool(text, sizeof(text)), 1);
    /* Without the option nobody is. */
    call.options[1] = NULL;
    assert_int_equal(sudo_check(&call, NULL), 0);
}

static void noninteractive_never_waits(void **state)
{
    struct sudo_call call = sudo_new_call();

    (void)state;
    call.settings[2] = "noninteractive=true";
    assert_int_equal(sudo_check_with(&call, play_not_waiting), 0);
    assert_string_equal(sudo_screen, "assent: Request K7QM-2F9X is open.\n");
    call = sudo_new_call();
    call.user_info[5] = "host=db1"; /* no terminal */
    assert_int_equal(sudo_check_with(&call, play_not_waiting), 0);
    scripted = (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_REASON};
    call = sudo_new_call();
    call.user_info[5] = "host=db1";
    assert_int_equal(sudo_check_with(&call, play_scripted), 0);
    assert_int_equal(sudo_prompts, 0);
    assert_non_null(strstr(sudo_screen, "assent request"));
}

/* ---- the file ------------------------------------------------------------------------- */

static void the_plugin_is_complete(void **state)
{
    (void)state;
    assert_int_equal(sudo_plugin->type, SUDO_APPROVAL_PLUGIN);
    assert_int_equal(SUDO_API_VERSION_GET_MAJOR(sudo_plugin->version), SUDO_API_VERSION_MAJOR);
    assert_non_null(sudo_plugin->open);
    assert_non_null(sudo_plugin->check); /* without one sudo skips it */
    assert_non_null(sudo_plugin->close);
    assert_int_equal(sudo_plugin->show_version(1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plugin_is_complete),
        cmocka_unit_test(an_allowed_command_runs_with_its_facts_told),
        cmocka_unit_test(a_changed_environment_is_told_in_order),
        cmocka_unit_test(what_others_can_write_is_flagged),
        cmocka_unit_test(the_directory_of_a_command_is_resolved),
        cmocka_unit_test(a_command_that_is_not_there_is_refused),
        cmocka_unit_test(sudoedit_is_about_its_files),
        cmocka_unit_test(what_no_rule_can_speak_of_is_refused),
        cmocka_unit_test(open_never_says_no),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(without_an_agent_nothing_runs),
        cmocka_unit_test(a_frozen_agent_costs_the_deadline),
        cmocka_unit_test(root_is_recorded_not_gated),
        cmocka_unit_test(the_rescue_group_runs_commands_when_the_agent_is_gone),
        cmocka_unit_test(noninteractive_never_waits),
    };

    return cmocka_run_group_tests(tests, sudo_setup, sudo_teardown);
}
