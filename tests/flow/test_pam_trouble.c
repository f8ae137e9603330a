/* pam_assent.so when things are broken: no agent, a frozen one, somebody else's, nonsense;
 * the rescue group and the console; and what the module leaves behind in its host. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/names.h"
#include "fake_gate.h"
#include "pam_host.h"

#define KEY_LINE "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAAC3Nz"

static int visit_as(
    const char *user, const char *service, enum host_phase phase, uid_t uid, const char *arguments)
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

static int visit(enum host_phase phase, const char *arguments)
{
    return visit_as("alice", SERVICE_SSHD, phase, 0, arguments);
}

/* ---- nobody there --------------------------------------------------------------------- */

static void nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_true(host_showed(PAM_ERROR_MSG, "Access cannot be decided: the Assent agent does not "
                                           "answer. Ask an administrator, or use the console."));
    assert_int_equal(visit(HOST_AUTH, ""), PAM_MAXTRIES);
    assert_int_equal(visit(HOST_OPEN_SESSION, ""), PAM_PERM_DENIED);
    assert_int_equal(visit(HOST_CLOSE_SESSION, ""), PAM_SUCCESS);
    assert_int_equal(
        visit_as("alice", SERVICE_SUDO, HOST_ACCOUNT, ALICE_UID, ""), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(visit_as("alice", SERVICE_SUDO, HOST_AUTH, ALICE_UID, ""), PAM_ABORT);
    assert_int_equal(
        visit_as("alice", SERVICE_SUDO, HOST_OPEN_SESSION, ALICE_UID, ""), PAM_SUCCESS);
    assert_int_equal(visit(HOST_ACCOUNT, "monitor"), PAM_IGNORE);
}

static void root_passes_setuid_doors_without_an_agent(void **state)
{
    (void)state;
    assert_int_equal(visit_as("alice", SERVICE_SU, HOST_ACCOUNT, 0, ""), PAM_SUCCESS);
    assert_int_equal(visit_as("root", SERVICE_SUDO, HOST_ACCOUNT, 0, ""), PAM_SUCCESS);
    /* But not a login as root from elsewhere. */
    assert_int_equal(visit_as("root", SERVICE_SSHD, HOST_ACCOUNT, 0, ""), PAM_AUTHINFO_UNAVAIL);
}

static void play_frozen(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_take_end(fd); /* not a byte */
}

static void within_deadline(enum host_phase phase, int expected)
{
    struct fake_gate gate = fake_gate_start(play_frozen);
    uint64_t began = clock_boottime_us();

    assert_int_equal(visit(phase, "deadline=1s"), expected);
    assert_in_range(clock_boottime_us() - began, USEC_PER_SEC, 1100 * USEC_PER_MSEC);
    assert_true(fake_gate_finish(&gate));
}

static void a_frozen_agent_costs_the_deadline_and_no_more(void **state)
{
    (void)state;
    within_deadline(HOST_ACCOUNT, PAM_AUTHINFO_UNAVAIL);
    within_deadline(HOST_AUTH, PAM_MAXTRIES);
    within_deadline(HOST_OPEN_SESSION, PAM_PERM_DENIED);
}

static void play_takes_nothing(int listener)
{
    int fd = gate_accept(listener);

    gate_take_end(fd);
}

static void play_frozen_later(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    gate_say(fd, (struct gate_answer){.kind = GATE_NEED, .need = GATE_NEED_GROUPS});
    (void)gate_take(fd);
    gate_take_end(fd);
}

static void asking_again_does_not_lengthen_the_deadline(void **state)
{
    struct fake_gate gate = fake_gate_start(play_frozen_later);
    uint64_t began = clock_boottime_us();

    (void)state;
    assert_int_equal(visit(HOST_ACCOUNT, "deadline=1s"), PAM_AUTHINFO_UNAVAIL);
    assert_in_range(clock_boottime_us() - began, USEC_PER_SEC, 1100 * USEC_PER_MSEC);
    assert_true(fake_gate_finish(&gate));
}

/* Listens and accepts nobody, with the backlog full of others. */
static void a_full_backlog_costs_the_deadline_and_no_more(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fillers[16], filled = 0;
    struct fake_gate gate = fake_gate_start(play_takes_nothing);
    uint64_t began;

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake_gate_path());
    /* The play takes the first; the others wait in line until it is full. */
    for (; filled < 16; filled++) {
        fillers[filled] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fillers[filled], (struct sockaddr *)&address, sizeof(address)) < 0) {
            assert_int_equal(errno, EAGAIN);
            (void)close(fillers[filled]);
            break;
        }
    }
    assert_in_range(filled, 8, 15);
    began = clock_boottime_us();
    assert_int_equal(visit(HOST_ACCOUNT, "deadline=1s"), PAM_AUTHINFO_UNAVAIL);
    assert_in_range(clock_boottime_us() - began, USEC_PER_SEC, 1100 * USEC_PER_MSEC);
    while (filled > 0)
        (void)close(fillers[--filled]);
    assert_true(fake_gate_finish(&gate));
}

static void play_hangs_up_twice(int listener)
{
    for (int i = 0; i < 2; i++) {
        int fd = gate_accept(listener);

        (void)gate_take(fd);
        (void)close(fd);
    }
}

static void one_reconnect(void **state)
{
    struct fake_gate gate = fake_gate_start(play_hangs_up_twice);

    (void)state;
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_true(fake_gate_finish(&gate));
}

static void play_busy_before_reading(int listener)
{
    int fd = gate_accept(listener);

    gate_say(fd, (struct gate_answer){.kind = GATE_BUSY, .text = "Too many logins at once."});
    /* With our question unread the client meets ECONNRESET first. */
    EXPECT(!gate_is_quiet(fd, 5000));
    (void)close(fd);
}

static void busy_is_an_answer(void **state)
{
    struct fake_gate gate = fake_gate_start(play_busy_before_reading);

    (void)state;
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_PERM_DENIED);
    assert_true(host_showed(PAM_ERROR_MSG, "Too many logins at once."));
    assert_true(fake_gate_finish(&gate));
}

/* ---- somebody else -------------------------------------------------------------------- */

static void another_users_socket_is_not_believed(void **state)
{
    struct fake_gate gate = fake_gate_start_as(65534, play_takes_nothing);

    (void)state;
    assert_int_equal(visit(HOST_ACCOUNT, "rescue=rescuers"), PAM_AUTHINFO_UNAVAIL);
    assert_true(host_showed(PAM_ERROR_MSG, "not a trusted Assent agent"));
    assert_true(fake_gate_finish(&gate));
}

static void a_directory_others_can_write_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(chmod(fake_gate_directory(), 0777), 0);
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_true(host_showed(PAM_ERROR_MSG, "not a trusted"));
    assert_int_equal(chmod(fake_gate_directory(), 0755), 0);
    assert_int_equal(chown(fake_gate_directory(), 65534, 0), 0);
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_true(host_showed(PAM_ERROR_MSG, "not a trusted"));
    assert_int_equal(chown(fake_gate_directory(), 0, 0), 0);
}

static const char *nonsense;
static size_t nonsense_length;

static void play_nonsense(int listener)
{
    int fd = gate_accept(listener);

    (void)gate_take(fd);
    EXPECT(send(fd, nonsense, nonsense_length, MSG_NOSIGNAL) == (ssize_t)nonsense_length);
    gate_take_end(fd);
}

static void nonsense_is_not_believed(void **state)
{
    static char large[GATE_MESSAGE_MAX + 1] = "ASNT\1\0\2\0";
    static const struct {
        const char *data;
        size_t length;
    } cases[] = {
        {"x", 1},
        {"ASNT", 4},
        {"ASNT\1\0\2\0", 8},                                      /* no kind */
        {"ASNT\2\0\2\0\1\0\10\0\0\0\136\226\242\65\0\0\0\0", 22}, /* another version */
        {"ASNT\1\0\1\0\1\0\10\0\0\0\136\226\242\65\0\0\0\0", 22}, /* an ask */
        {"ASNT\1\0\2\0\1\0\10\0\0\0\136\226\242\65\0\0\0", 21},   /* cut short */
        {"ASNT\1\0\2\0\1\0\10\0\0\0\136\226\242\65\0\0\0\0\1\0\10\0\0\0\136\226\242\65\0\0\0\0",
            36},                                                                /* twice */
        {"ASNT\1\0\2\0\1\0\10\0\0\0\136\226\242\65\0\0\0\0\143\0\0\0\0\0", 28}, /* unknown tag */
        {large, sizeof(large)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_gate gate;

        nonsense = cases[i].data;
        nonsense_length = cases[i].length;
        gate = fake_gate_start(play_nonsense);
        assert_int_equal(visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"),
            PAM_AUTHINFO_UNAVAIL);
        assert_true(fake_gate_finish(&gate));
    }
}

static void a_gate_that_cannot_be_reached_is_a_broken_set_up(void **state)
{
    int file = open(fake_gate_path(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    assert_true(file >= 0);
    (void)close(file);
    /* A plain file in its place: nobody listens. */
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(unlink(fake_gate_path()), 0);
    assert_int_equal(symlink(fake_gate_path(), fake_gate_path()), 0);
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_SERVICE_ERR);
    assert_int_equal(unlink(fake_gate_path()), 0);
}

/* ---- rescue --------------------------------------------------------------------------- */

static unsigned spooled(char *ret_text, size_t size, struct stat *ret_stat)
{
    DIR *directory = opendir(ASSENT_SPOOL_DIR);
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        char path[512];
        FILE *file;
        size_t n;

        if (entry->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, sizeof(path), "%s/%s", ASSENT_SPOOL_DIR, entry->d_name);
        assert_int_equal(stat(path, ret_stat), 0);
        file = fopen(path, "re");
        assert_non_null(file);
        n = fread(ret_text, 1, size - 1, file);
        ret_text[n] = '\0';
        (void)fclose(file);
    }
    (void)closedir(directory);
    return count;
}

static void empty_spool(void)
{
    DIR *directory = opendir(ASSENT_SPOOL_DIR);
    const struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(directory), entry->d_name, 0), 0);
    (void)closedir(directory);
}

static void the_rescue_group_gets_in_and_is_written_down(void **state)
{
    char text[2048];
    struct stat st;

    (void)state;
    empty_spool();
    /* auth and session follow the account phase's record. */
    assert_int_equal(visit_as("carol", SERVICE_SSHD, HOST_AUTH, 0, "rescue=rescuers"), PAM_SUCCESS);
    assert_int_equal(spooled(text, sizeof(text), &st), 0);
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_SUCCESS);
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_OPEN_SESSION, 0, "rescue=rescuers"), PAM_SUCCESS);
    assert_int_equal(spooled(text, sizeof(text), &st), 1);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_gid, 6000);
    assert_non_null(strstr(text, "service=sshd\nuser=carol\nuid=5002\n"));
    assert_non_null(strstr(text, "time=1"));
    assert_non_null(strstr(text, "boot_id="));
    assert_non_null(strstr(text, "why=the agent does not answer\n"));
    /* Others do not; and sudo counts who called. */
    assert_int_equal(
        visit_as("alice", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(visit_as("carol", SERVICE_SUDO, HOST_ACCOUNT, ALICE_UID, "rescue=rescuers"),
        PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(
        visit_as("alice", SERVICE_SUDO, HOST_ACCOUNT, CAROL_UID, "rescue=rescuers"), PAM_SUCCESS);
    assert_int_equal(spooled(text, sizeof(text), &st), 2);
}

static void rescue_is_rate_limited(void **state)
{
    char text[2048];
    struct stat st;

    (void)state;
    empty_spool();
    for (int i = 0; i < 10; i++)
        assert_int_equal(
            visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_SUCCESS);
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(spooled(text, sizeof(text), &st), 10);
    empty_spool();
}

static void what_cannot_be_written_down_is_not_let_in(void **state)
{
    (void)state;
    assert_int_equal(chmod(ASSENT_SPOOL_DIR, 0777), 0);
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(chmod(ASSENT_SPOOL_DIR, 0770), 0);
    assert_int_equal(rename(ASSENT_SPOOL_DIR, ASSENT_SPOOL_DIR ".away"), 0);
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers"), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(rename(ASSENT_SPOOL_DIR ".away", ASSENT_SPOOL_DIR), 0);
}

static void a_frozen_agent_is_gone_for_the_rescue_group(void **state)
{
    struct fake_gate gate = fake_gate_start(play_frozen);

    (void)state;
    assert_int_equal(
        visit_as("carol", SERVICE_SSHD, HOST_ACCOUNT, 0, "rescue=rescuers deadline=200ms"),
        PAM_SUCCESS);
    assert_true(fake_gate_finish(&gate));
    empty_spool();
}

/* ---- console -------------------------------------------------------------------------- */

static int at_console(unsigned major, unsigned minor, const char *user, const char *rhost,
    enum host_phase phase, const char *arguments)
{
    char path[128];
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), fd, code;

    snprintf(path, sizeof(path), "%s/console", fake_gate_directory());
    assert_int_equal(mknod(path, S_IFCHR | 0600, makedev(major, minor)), 0);
    fd = open(path, O_PATH | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_true(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    (void)close(fd);
    host_begin(SERVICE_LOGIN, user, arguments);
    host_tty("/dev/tty1");
    if (rhost)
        assert_int_equal(pam_set_item(host_pamh, PAM_RHOST, rhost), 0);
    code = host_run(phase, 0, 0);
    host_end();
    assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    (void)close(saved);
    return code;
}

static void play_refuses_console(int listener)
{
    int fd = gate_accept(listener);
    struct gate_ask ask = gate_take(fd);

    EXPECT(ask.phase == GATE_PHASE_ACCOUNT && ask.uid == 0);
    gate_say(fd, (struct gate_answer){.kind = GATE_DENY, .text = "no"});
    gate_take_end(fd);
}

static void root_at_the_console_is_never_refused(void **state)
{
    struct fake_gate gate = fake_gate_start(play_refuses_console);
    char text[2048];
    struct stat st;

    (void)state;
    empty_spool();
    assert_int_equal(at_console(4, 1, "root", NULL, HOST_ACCOUNT, ""), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_ERROR_MSG), 0);
    assert_true(fake_gate_finish(&gate));
    assert_int_equal(spooled(text, sizeof(text), &st), 0);
    /* Without an agent it is left for later, and gets in also where that fails. */
    assert_int_equal(at_console(4, 64, "root", NULL, HOST_ACCOUNT, ""), PAM_SUCCESS);
    assert_int_equal(spooled(text, sizeof(text), &st), 1);
    assert_non_null(strstr(text, "service=login\nuser=root\nuid=0\n"));
    assert_int_equal(chmod(ASSENT_SPOOL_DIR, 0777), 0);
    assert_int_equal(at_console(4, 64, "root", NULL, HOST_ACCOUNT, ""), PAM_SUCCESS);
    assert_int_equal(chmod(ASSENT_SPOOL_DIR, 0770), 0);
    empty_spool();
    assert_int_equal(at_console(5, 1, "root", NULL, HOST_OPEN_SESSION, "bogus"), PAM_SUCCESS);
    assert_int_equal(at_console(229, 0, "root", "", HOST_ACCOUNT, "bogus"), PAM_SUCCESS);
    assert_int_equal(at_console(204, 64, "root", NULL, HOST_AUTH, ""), PAM_IGNORE);
}

static void nobody_else_is_at_the_console(void **state)
{
    (void)state;
    assert_int_equal(at_console(136, 0, "root", NULL, HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(at_console(5, 0, "root", NULL, HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(at_console(4, 1, "alice", NULL, HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(at_console(4, 1, "root", "192.0.2.1", HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
}

static uint64_t time_at_console(void)
{
    struct fake_gate gate = fake_gate_start(play_frozen);
    uint64_t began = clock_boottime_us(), took;

    assert_int_equal(at_console(4, 1, "root", NULL, HOST_ACCOUNT, ""), PAM_SUCCESS);
    took = clock_boottime_us() - began;
    assert_true(fake_gate_finish(&gate));
    return took;
}

/* Now and then a busy machine adds to it; a longer wait would be longer each time. */
static void a_frozen_agent_holds_the_console_up_for_a_second_at_most(void **state)
{
    uint64_t least = UINT64_MAX;

    (void)state;
    for (unsigned i = 0; i < 5 && least >= 1100 * USEC_PER_MSEC; i++) {
        uint64_t took = time_at_console();

        least = took < least ? took : least;
    }
    assert_true(least < 1100 * USEC_PER_MSEC);
}

/* ---- the host's process --------------------------------------------------------------- */

static void the_module_loads_twice_and_unloads(void **state)
{
    void *first = dlopen(host_built("pam_assent.so"), RTLD_NOW);
    void *second = dlopen(host_built("pam_assent.so"), RTLD_NOW);

    (void)state;
    assert_non_null(first);
    assert_ptr_equal(first, second);
    /* libpam's own reference beside them */
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(dlclose(first), 0);
    assert_int_equal(dlclose(second), 0);
    assert_null(dlopen(host_built("pam_assent.so"), RTLD_NOLOAD | RTLD_NOW));
    assert_int_equal(visit(HOST_ACCOUNT, ""), PAM_AUTHINFO_UNAVAIL);
}

typedef int (*pam_function)(pam_handle_t *, int, int, const char **);

/* libpam itself spoils errno on the way out, so the entry points are called without it. */
static void errno_is_kept(void **state)
{
    static const char *const names[] = {"pam_sm_authenticate", "pam_sm_acct_mgmt",
        "pam_sm_open_session", "pam_sm_close_session", "pam_sm_setcred", "pam_sm_chauthtok"};
    const char *arguments[] = {"gate=/nonexistent/gate", "bogus"};
    void *handle = dlopen(host_built("pam_assent.so"), RTLD_NOW);

    (void)state;
    assert_non_null(handle);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
        pam_function function = (pam_function)dlsym(handle, names[i / 2]);

        assert_non_null(function);
        host_begin(SERVICE_SSHD, "a/b", "");
        errno = EXFULL;
        (void)function(host_pamh, 0, 1 + (int)(i % 2), arguments);
        assert_int_equal(errno, EXFULL);
        host_end();
    }
    assert_int_equal(dlclose(handle), 0);
}

static void setcred_succeeds_without_a_word(void **state)
{
    (void)state;
    host_begin(SERVICE_SSHD, "alice", "");
    assert_int_equal(pam_setcred(host_pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    assert_int_equal(host_count(PAM_ERROR_MSG) + host_count(PAM_TEXT_INFO), 0);
    host_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(root_passes_setuid_doors_without_an_agent),
        cmocka_unit_test(a_frozen_agent_costs_the_deadline_and_no_more),
        cmocka_unit_test(asking_again_does_not_lengthen_the_deadline),
        cmocka_unit_test(a_full_backlog_costs_the_deadline_and_no_more),
        cmocka_unit_test(one_reconnect),
        cmocka_unit_test(busy_is_an_answer),
        cmocka_unit_test(another_users_socket_is_not_believed),
        cmocka_unit_test(a_directory_others_can_write_is_not_believed),
        cmocka_unit_test(nonsense_is_not_believed),
        cmocka_unit_test(a_gate_that_cannot_be_reached_is_a_broken_set_up),
        cmocka_unit_test(the_rescue_group_gets_in_and_is_written_down),
        cmocka_unit_test(rescue_is_rate_limited),
        cmocka_unit_test(what_cannot_be_written_down_is_not_let_in),
        cmocka_unit_test(a_frozen_agent_is_gone_for_the_rescue_group),
        cmocka_unit_test(root_at_the_console_is_never_refused),
        cmocka_unit_test(nobody_else_is_at_the_console),
        cmocka_unit_test(a_frozen_agent_holds_the_console_up_for_a_second_at_most),
        cmocka_unit_test(errno_is_kept),
        cmocka_unit_test(the_module_loads_twice_and_unloads),
        cmocka_unit_test(setcred_succeeds_without_a_word),
    };

    return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
