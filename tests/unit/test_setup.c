/* Changes below a temporary root: planned, written, taken back, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../cli/host/candidate.h"
#include "../../cli/host/doctor.h"
#include "../../cli/host/setup_pending.h"
#include "../../cli/host/setup_session.h"
#include "../../cli/host/setup_sshd.h"
#include "../../cli/host/setup_store.h"
#include "../../common/file.h"

#define DATA "tests/unit/data"

static const char *const services[] = {"sshd", "su", "su-l", "sudo", "sudo-i", "login", "other",
    "common-auth", "common-account", "common-session", "common-session-noninteractive",
    "common-password"};
static const char *const files[] = {"etc/pam.d/sshd", "etc/pam.d/su", "etc/pam.d/su-l",
    "etc/pam.d/sudo", "etc/pam.d/sudo-i", "etc/sudo.conf",
    "etc/ssh/sshd_config.d/60-assent-interactive.conf"};

struct fixture {
    char root[32];
    char *before[ARRAY_SIZE(files)];
};

static void make_directory(const char *root, const char *path)
{
    AUTO_FREE char *full = setup_path(root, path);
    assert_non_null(full);
    assert_int_equal(mkdir(full, 0755), 0);
}

static void copy(const char *from, const char *root, const char *to)
{
    AUTO_FREE char *path = setup_path(root, to), *text = NULL;
    AUTO_CLOSE int fd = open(from, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    assert_true(fd >= 0);
    assert_int_equal(file_read_all(fd, STACK_FILE_MAX, &text, &length), 0);
    assert_int_equal(file_write_atomic(path, text, length, 0644), 0);
}

static int set_up(void **state)
{
    static const char *const directories[] = {"etc", "etc/pam.d", "etc/ssh",
        "etc/ssh/sshd_config.d", "usr", "usr/share", "usr/share/assent", "var", "var/lib"};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    strcpy(fixture->root, "/tmp/setupXXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        make_directory(fixture->root, directories[i]);
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        char from[128], to[128];
        snprintf(from, sizeof(from), DATA "/pam.d/%s", services[i]);
        snprintf(to, sizeof(to), "etc/pam.d/%s", services[i]);
        copy(from, fixture->root, to);
    }
    copy(DATA "/sudo.conf", fixture->root, "etc/sudo.conf");
    copy(DATA "/sshd_config", fixture->root, "etc/ssh/sshd_config");
    copy("etc/sshd_config.d/assent-interactive.conf", fixture->root,
        "usr/share/assent/assent-interactive.conf");
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_int_equal(setup_read(fixture->root, files[i], &fixture->before[i], NULL), 0);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    nftw(fixture->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        free(fixture->before[i]);
    free(fixture);
    return 0;
}

static void assert_as_before(const struct fixture *fixture)
{
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        AUTO_FREE char *now = NULL;
        assert_int_equal(setup_read(fixture->root, files[i], &now, NULL), 0);
        if (fixture->before[i] == NULL)
            assert_null(now);
        else
            assert_string_equal(now, fixture->before[i]);
    }
}

static void write_text(const struct fixture *fixture, const char *path, const char *text)
{
    AUTO_FREE char *full = setup_path(fixture->root, path);
    assert_int_equal(file_write_atomic(full, text, strlen(text), 0644), 0);
}

/* Plans every door and makes the change. */
static void apply_all(const struct fixture *fixture, bool enable, char **ret_backup)
{
    CLEANUP(setup_plan_done) struct setup_plan plan = {.root = fixture->root};
    const char *failed = NULL;
    for (const struct door *door = door_table; door->name != NULL; door++) {
        AUTO_FREE char *problem = NULL;
        assert_int_equal(setup_plan_door(&plan, door, enable, &problem), 0);
    }
    assert_true(setup_plan_changes(&plan));
    if (ret_backup != NULL)
        assert_int_equal(store_backup(&plan, "all doors", ret_backup), 0);
    assert_int_equal(store_apply(&plan, &failed), 0);
}

static void assert_all_doors(const struct fixture *fixture, enum door_state expected)
{
    for (const struct door *door = door_table; door->name != NULL; door++) {
        enum door_state state;
        assert_int_equal(setup_door_state(fixture->root, door, &state), 0);
        assert_int_equal(state, expected);
    }
}

static void all_doors_go_on_and_off(void **state)
{
    const struct fixture *fixture = *state;
    assert_all_doors(fixture, DOOR_OFF);
    apply_all(fixture, true, NULL);
    assert_all_doors(fixture, DOOR_ON);
    CLEANUP(setup_plan_done) struct setup_plan again = {.root = fixture->root};
    for (const struct door *door = door_table; door->name != NULL; door++) {
        AUTO_FREE char *problem = NULL;
        assert_int_equal(setup_plan_door(&again, door, true, &problem), 0);
    }
    assert_false(setup_plan_changes(&again));
    apply_all(fixture, false, NULL);
    assert_all_doors(fixture, DOOR_OFF);
    assert_as_before(fixture);
}

static void su_l_needs_nothing_of_its_own(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(stack_done) struct stack stack = {0};
    apply_all(fixture, true, NULL);
    AUTO_FREE char *text = NULL, *confdir = setup_path(fixture->root, "etc/pam.d");
    assert_int_equal(setup_read(fixture->root, "etc/pam.d/su-l", &text, NULL), 0);
    assert_null(strstr(text, "assent"));
    assert_int_equal(stack_load(confdir, "su-l", &stack), 0);
    assert_true(stack_find_ours(&stack, STACK_ACCOUNT, 0) < stack.count);
    assert_true(stack_find_ours(&stack, STACK_AUTH, 0) < stack.count);
}

static void a_door_in_some_files_is_partly_on(void **state)
{
    const struct fixture *fixture = *state;
    enum door_state found;
    apply_all(fixture, true, NULL);
    write_text(fixture, "etc/sudo.conf", fixture->before[5]);
    assert_int_equal(setup_door_state(fixture->root, door_find("sudo"), &found), 0);
    assert_int_equal(found, DOOR_PARTLY);
}

static void a_backup_puts_everything_back(void **state)
{
    const struct fixture *fixture = *state;
    AUTO_FREE char *backup = NULL, *second = NULL;
    unsigned found = 99;
    AUTO_FREE char *sshd = setup_path(fixture->root, "etc/pam.d/sshd");
    assert_int_equal(chmod(sshd, 0640), 0);
    apply_all(fixture, true, &backup);
    assert_non_null(strstr(backup, "-all+doors"));
    assert_int_equal(store_restore(fixture->root, backup, &found), 0);
    assert_int_equal(found, 0);
    assert_as_before(fixture);
    struct stat status;
    assert_int_equal(stat(sshd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    /* Twice in a second is two backups, and putting back twice does no harm. */
    apply_all(fixture, true, &second);
    assert_string_not_equal(backup, second);
    assert_int_equal(store_restore(fixture->root, second, &found), 0);
    assert_int_equal(store_restore(fixture->root, second, &found), 0);
    assert_as_before(fixture);
}

static void what_others_wrote_meanwhile_is_kept(void **state)
{
    const struct fixture *fixture = *state;
    AUTO_FREE char *backup = NULL;
    unsigned found = 0;
    apply_all(fixture, true, &backup);
    write_text(fixture, "etc/pam.d/sshd", "# mine\n");
    assert_int_equal(store_restore(fixture->root, backup, &found), 0);
    assert_int_equal(found, 1);
    assert_as_before(fixture);
    AUTO_FREE char *path = store_backup_path(fixture->root, backup), *kept = NULL;
    assert_int_equal(setup_read(path, "0.found", &kept, NULL), 0);
    assert_string_equal(kept, "# mine\n");
}

static void a_failed_change_leaves_nothing_changed(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(setup_plan_done) struct setup_plan plan = {.root = fixture->root};
    const char *failed = NULL;
    AUTO_FREE char *problem = NULL;
    assert_int_equal(setup_plan_door(&plan, door_find("sshd"), true, &problem), 0);
    /* The next file cannot be written: where it should be there is a directory. */
    struct setup_change *change = &plan.changes[plan.count++];
    *change = (struct setup_change){.path = "etc/ssh", .mode = 0644};
    change->after = strdup("x");
    assert_true(store_apply(&plan, &failed) < 0);
    assert_string_equal(failed, "etc/ssh");
    assert_as_before(fixture);
}

static void a_file_changed_meanwhile_is_noticed(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(setup_plan_done) struct setup_plan plan = {.root = fixture->root};
    AUTO_FREE char *problem = NULL;
    assert_int_equal(setup_plan_door(&plan, door_find("sshd"), true, &problem), 0);
    assert_null(setup_plan_stale(&plan));
    write_text(fixture, "etc/pam.d/sshd", "# mine\n");
    assert_string_equal(setup_plan_stale(&plan), "etc/pam.d/sshd");
}

static void a_link_is_followed_not_replaced(void **state)
{
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = setup_path(fixture->root, "etc/pam.d/sshd");
    AUTO_FREE char *target = setup_path(fixture->root, "etc/ssh/real");
    struct stat status;
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink("../ssh/real", path), 0);
    apply_all(fixture, true, NULL);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_all_doors(fixture, DOOR_ON);
    apply_all(fixture, false, NULL);
    assert_as_before(fixture);
}

static void missing_programs_are_told(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(setup_plan_done) struct setup_plan plan = {.root = fixture->root};
    AUTO_FREE char *path = setup_path(fixture->root, "etc/pam.d/sudo"), *problem = NULL;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(setup_plan_door(&plan, door_find("sudo"), true, &problem), -ENOENT);
    assert_non_null(strstr(problem, "/etc/pam.d/sudo"));
    AUTO_FREE char *shipped = setup_path(fixture->root, "usr/share/assent/assent-interactive.conf");
    AUTO_FREE char *other = NULL;
    assert_int_equal(unlink(shipped), 0);
    assert_true(setup_plan_door(&plan, door_find("sshd-interactive"), true, &other) < 0);
    assert_non_null(strstr(other, "assent-interactive.conf"));
}

static void a_missing_sudo_conf_is_made_and_removed(void **state)
{
    struct fixture *fixture = *state;
    AUTO_FREE char *path = setup_path(fixture->root, "etc/sudo.conf");
    assert_int_equal(unlink(path), 0);
    free(fixture->before[5]);
    fixture->before[5] = NULL;
    apply_all(fixture, true, NULL);
    assert_all_doors(fixture, DOOR_ON);
    apply_all(fixture, false, NULL);
    assert_as_before(fixture);
}

static void the_pending_mark_survives_and_goes(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(store_pending_done) struct store_pending read = {0};
    AUTO_FREE char *backup = NULL, *problem = NULL;
    unsigned found = 0;
    AUTO_CLOSE int lock = store_lock(fixture->root);
    assert_true(lock >= 0);
    assert_int_equal(store_lock(fixture->root), -EWOULDBLOCK);
    assert_int_equal(store_pending_read(fixture->root, &read), 0);
    apply_all(fixture, true, &backup);
    struct store_pending pending = {.backup = backup,
        .doors = (char *)"sshd sudo",
        .reload_sshd = true,
        .deadline_us = 1234567890,
        .login = {.session = "c7", .sid = 42, .at_us = 99}};
    assert_int_equal(clock_boot_id(pending.login.boot_id), 0);
    assert_int_equal(pending_arm(fixture->root, &pending, SETUP_CONFIRM_DEFAULT_US, &problem), 0);
    assert_int_equal(store_pending_read(fixture->root, &read), 1);
    assert_string_equal(read.backup, backup);
    assert_string_equal(read.doors, "sshd sudo");
    assert_string_equal(read.login.session, "c7");
    assert_int_equal(read.login.sid, 42);
    assert_int_equal(read.login.at_us, 99);
    assert_true(read.reload_sshd);
    assert_int_equal(pending_revert(fixture->root, &read, false, &found), 0);
    assert_as_before(fixture);
    struct store_pending none = {0};
    assert_int_equal(store_pending_read(fixture->root, &none), 0);
}

static void a_forged_mark_is_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct store_pending pending = {.backup = (char *)"../../etc", .doors = (char *)"sshd"};
    struct store_pending read = {0};
    AUTO_CLOSE int lock = store_lock(fixture->root);
    assert_true(lock >= 0);
    assert_int_equal(store_pending_write(fixture->root, &pending), 0);
    assert_int_equal(store_pending_read(fixture->root, &read), -EBADMSG);
    write_text(fixture, STORE_DIR "/pending", "{\"backup\": 1}");
    assert_int_equal(store_pending_read(fixture->root, &read), -EBADMSG);
}

static void only_a_newer_login_confirms(void **state)
{
    (void)state;
    const struct setup_login then = {.session = "5", .boot_id = "b", .sid = 10, .at_us = 1000};
    const struct {
        struct setup_login now;
        uint64_t started;
        enum setup_confirm expected;
    } cases[] = {
        {{.session = "6", .boot_id = "b", .sid = 20}, 2000, CONFIRM_OK},
        {{.session = "5", .boot_id = "b", .sid = 20}, 2000, CONFIRM_SAME},
        {{.session = "6", .boot_id = "b", .sid = 20}, 500, CONFIRM_OLDER},
        {{.session = "6", .boot_id = "c", .sid = 20}, 2000, CONFIRM_REBOOTED},
        {{.session = "", .boot_id = "b", .sid = 20}, 2000, CONFIRM_OK_PROCESS},
        {{.session = "", .boot_id = "b", .sid = 10}, 2000, CONFIRM_SAME},
        {{.session = "", .boot_id = "b", .sid = 20}, 999, CONFIRM_OLDER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            setup_login_judge(&then, &cases[i].now, cases[i].started), cases[i].expected);
}

static void this_process_has_a_login(void **state)
{
    (void)state;
    struct setup_login login;
    uint64_t started = 0;
    assert_int_equal(setup_login_current(&login), 0);
    assert_int_equal(login.sid, getsid(0));
    strcpy(login.session, "");
    assert_int_equal(setup_login_started(&login, &started), 0);
    assert_true(started > 0 && started <= clock_boottime_us());
}

static void the_candidate_has_no_agent_in_it(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(setup_plan_done) struct setup_plan plan = {.root = fixture->root};
    CLEANUP(candidate_done) struct candidate candidate = {0};
    AUTO_FREE char *problem = NULL, *down = NULL, *ours = NULL, *now = NULL;
    assert_int_equal(setup_plan_door(&plan, door_find("sshd"), true, &problem), 0);
    assert_int_equal(candidate_write(&plan, &candidate), 0);
    assert_int_equal(setup_read(candidate.directory, "down/sshd", &down, NULL), 0);
    assert_non_null(strstr(
        down, "account required pam_assent.so gate=" CANDIDATE_NO_GATE " rescue=assent-rescue\n"));
    assert_int_equal(setup_read(candidate.directory, "ours/sshd", &ours, NULL), 0);
    assert_null(strstr(ours, "pam_unix"));
    assert_null(strstr(ours, "include"));
    assert_int_equal(setup_read(candidate.directory, "now/sshd", &now, NULL), 0);
    assert_string_equal(now, fixture->before[0]);
    assert_as_before(fixture);
}

static void a_gate_that_is_named_is_replaced(void **state)
{
    (void)state;
    AUTO_FREE char *text = candidate_without_agent(
        "account required pam_assent.so gate=/x plugin # c\nauth required x.so\n", false);
    assert_string_equal(text,
        "account required pam_assent.so gate=" CANDIDATE_NO_GATE " plugin\nauth required x.so\n");
    assert_null(candidate_without_agent("nonsense\n", true));
}

static void sshd_reads_the_candidate_drop_in(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(setup_plan_done) struct setup_plan plan = {.root = fixture->root};
    AUTO_FREE char *problem = NULL, *config = NULL, *text = NULL, *drop_in = NULL;
    char directory[] = "/tmp/sshdXXXXXX", include[80];
    assert_non_null(mkdtemp(directory));
    assert_int_equal(setup_plan_door(&plan, door_find("sshd-interactive"), true, &problem), 0);
    assert_int_equal(sshd_write_candidate(&plan, directory, &config), 0);
    assert_int_equal(setup_read(directory, "sshd_config", &text, NULL), 0);
    snprintf(include, sizeof(include), "Include %s/sshd_config.d/*.conf\n", directory);
    assert_non_null(strstr(text, include));
    assert_null(strstr(text, "\nInclude /etc/ssh"));
    assert_int_equal(
        setup_read(directory, "sshd_config.d/60-assent-interactive.conf", &drop_in, NULL), 0);
    assert_non_null(strstr(drop_in, "Match Group assent-interactive\n"));
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    write_text(fixture, "etc/ssh/sshd_config", "UsePAM yes\n");
    assert_non_null(mkdtemp(strcpy(directory, "/tmp/sshdXXXXXX")));
    AUTO_FREE char *none = NULL;
    assert_int_equal(sshd_write_candidate(&plan, directory, &none), -ENODATA);
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void sshd_settings_are_read(void **state)
{
    (void)state;
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    assert_int_equal(
        sshd_settings_parse("usepam yes\nlogingracetime 120\npasswordauthentication no\n"
                            "kbdinteractiveauthentication yes\npermitrootlogin prohibit-password\n"
                            "authenticationmethods publickey,keyboard-interactive\n"
                            "maxstartups 10:30:100\nport 22\n",
            &settings),
        0);
    assert_true(settings.known && settings.use_pam && settings.kbdinteractive);
    assert_false(settings.password);
    assert_true(settings.root_login);
    assert_int_equal(settings.grace_s, 120);
    assert_int_equal(settings.startups, 10);
    assert_string_equal(settings.methods, "publickey,keyboard-interactive");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_doors_go_on_and_off),
        TEST(su_l_needs_nothing_of_its_own),
        TEST(a_door_in_some_files_is_partly_on),
        TEST(a_backup_puts_everything_back),
        TEST(what_others_wrote_meanwhile_is_kept),
        TEST(a_failed_change_leaves_nothing_changed),
        TEST(a_file_changed_meanwhile_is_noticed),
        TEST(a_link_is_followed_not_replaced),
        TEST(missing_programs_are_told),
        TEST(a_missing_sudo_conf_is_made_and_removed),
        TEST(the_pending_mark_survives_and_goes),
        TEST(a_forged_mark_is_refused),
        TEST(the_candidate_has_no_agent_in_it),
        TEST(sshd_reads_the_candidate_drop_in),
        cmocka_unit_test(only_a_newer_login_confirms),
        cmocka_unit_test(this_process_has_a_login),
        cmocka_unit_test(a_gate_that_is_named_is_replaced),
        cmocka_unit_test(sshd_settings_are_read),
    };
    return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
