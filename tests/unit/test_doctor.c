/* What doctor finds in files that would lock people out, or let them round the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../cli/host/doctor.h"
#include "../../cli/host/setup_plan.h"
#include "../../common/file.h"

#define ACCOUNT "account required pam_assent.so rescue=assent-rescue\n"
#define UNIX_ACCOUNT "account required pam_unix.so\n"

struct fixture {
    char root[32];
    char confdir[64];
    struct doctor doctor;
};

static void write_file(
    const struct fixture *fixture, const char *path, const char *text, mode_t mode)
{
    AUTO_FREE char *full = setup_path(fixture->root, path);
    assert_int_equal(file_write_atomic(full, text, strlen(text), mode), 0);
}

static int set_up(void **state)
{
    static const char *const directories[] = {"etc", "etc/pam.d", "etc/sudoers.d", "lib", "lib/x",
        "lib/x/security", "usr", "usr/bin", "usr/libexec", "usr/libexec/sudo"};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    strcpy(fixture->root, "/tmp/doctorXXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        AUTO_FREE char *path = setup_path(fixture->root, directories[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    snprintf(fixture->confdir, sizeof(fixture->confdir), "%s/etc/pam.d", fixture->root);
    write_file(fixture, "lib/x/security/pam_assent.so", "", 0644);
    write_file(fixture, "usr/libexec/sudo/assent_sudo.so", "", 0644);
    fixture->doctor = (struct doctor){
        .root = fixture->root, .confdir = fixture->confdir, .socket = "/nowhere", .check = "test"};
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
    doctor_done(&fixture->doctor);
    free(fixture);
    return 0;
}

/* Exactly one finding, of that level, that speaks of `word`. */
static void assert_one(struct fixture *fixture, enum doctor_level level, const char *word)
{
    struct doctor *doctor = &fixture->doctor;
    if (doctor->count != 1)
        for (size_t i = 0; i < doctor->count; i++)
            print_message("found: %s\n", doctor->findings[i].text);
    assert_int_equal(doctor->count, 1);
    assert_int_equal(doctor->findings[0].level, level);
    assert_non_null(strstr(doctor->findings[0].text, word));
    doctor_done(doctor);
}

static void assert_none(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->doctor.count; i++)
        print_message("found: %s\n", fixture->doctor.findings[i].text);
    assert_int_equal(fixture->doctor.count, 0);
}

static void lines_that_are_wrong_are_found(void **state)
{
    static const struct {
        const char *service, *text, *word;
        enum doctor_level level;
    } cases[] = {
        {"sudo", "account required pam_assent.so rescue=g plugn\n", "plugn", DOCTOR_ERROR},
        {"sudo", "account sufficient pam_assent.so rescue=g\n", "skip every check", DOCTOR_ERROR},
        {"sudo", "account optional pam_assent.so rescue=g\n", "passed over", DOCTOR_ERROR},
        {"sudo", "account [success=ok default=ignore] pam_assent.so rescue=g\n", "passed over",
            DOCTOR_ERROR},
        {"sudo", "account required pam_assent.so\n", "no rescue=", DOCTOR_WARN},
        {"sudo", "account required pam_assent.so rescue=g monitor\n", "monitor", DOCTOR_INFO},
        {"common-account", ACCOUNT, "gates cron", DOCTOR_ERROR},
        {"cron", ACCOUNT, "not made for", DOCTOR_WARN},
        {"su", "password required pam_assent.so\n", "no password phase", DOCTOR_ERROR},
        {"su", ACCOUNT "@include gone\n", "gone", DOCTOR_ERROR},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[64];
        snprintf(path, sizeof(path), "etc/pam.d/%s", cases[i].service);
        write_file(fixture, path, cases[i].text, 0644);
        check_pam_lines(&fixture->doctor);
        assert_one(fixture, cases[i].level, cases[i].word);
        AUTO_FREE char *full = setup_path(fixture->root, path);
        assert_int_equal(unlink(full), 0);
    }
}

static void right_lines_are_fine(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/pam.d/sshd",
        ACCOUNT UNIX_ACCOUNT "session required pam_assent.so rescue=assent-rescue\n"
                             "auth required pam_assent.so wait=60s deadline=2s\n",
        0644);
    write_file(fixture, "etc/pam.d/su",
        "auth sufficient pam_rootok.so\nauth required pam_unix.so\nauth required pam_assent.so\n"
        "account [default=die success=ok] pam_assent.so rescue=g exempt=h\n" UNIX_ACCOUNT
        "session optional pam_assent.so\n",
        0644);
    write_file(fixture, "etc/pam.d/sudo.dpkg-old", "account sufficient pam_assent.so\n", 0644);
    check_pam_lines(&fixture->doctor);
    check_pam_order(&fixture->doctor);
    check_pam_only(&fixture->doctor);
    check_pam_module(&fixture->doctor);
    assert_none(fixture);
}

static void ways_round_are_found(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/pam.d/sudo", "account sufficient pam_permit.so\n" ACCOUNT, 0644);
    check_pam_order(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "pam_permit.so");
    write_file(fixture, "etc/pam.d/sudo",
        "auth sufficient pam_wheel.so trust\nauth required pam_assent.so\n", 0644);
    check_pam_order(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "pam_wheel.so");
}

static void the_only_authentication_is_found(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/pam.d/sudo",
        "auth required pam_env.so\nauth required pam_assent.so\nauth required pam_permit.so\n",
        0644);
    check_pam_only(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "only authentication");
}

static void a_missing_or_open_module_is_found(void **state)
{
    struct fixture *fixture = *state;
    AUTO_FREE char *module = setup_path(fixture->root, "lib/x/security/pam_assent.so");
    assert_int_equal(chmod(module, 0666), 0);
    check_pam_module(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "changed by others");
    assert_int_equal(unlink(module), 0);
    check_pam_module(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "not installed");
    write_file(fixture, "etc/pam.d/sshd", ACCOUNT, 0644);
    check_pam_module(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "every login there fails");
}

static void pam_and_sudo_conf_must_agree(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/pam.d/sudo", "account required pam_assent.so plugin rescue=g\n", 0644);
    check_sudo_plugin(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "does not load assent_sudo");
    write_file(fixture, "etc/sudo.conf", "# Plugin assent_sudo assent_sudo.so\n", 0644);
    check_sudo_plugin(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "does not load assent_sudo");
    write_file(fixture, "etc/sudo.conf", "Plugin assent_sudo assent_sudo.so\n", 0644);
    check_sudo_plugin(&fixture->doctor);
    check_sudo_conf(&fixture->doctor);
    assert_none(fixture);
    write_file(fixture, "etc/pam.d/sudo", ACCOUNT, 0644);
    check_sudo_plugin(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "without `plugin`");
    write_file(fixture, "etc/pam.d/sudo", UNIX_ACCOUNT, 0644);
    check_sudo_plugin(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "does not ask Assent");
}

static void plugins_of_sudo_are_looked_at(void **state)
{
    struct fixture *fixture = *state;
    AUTO_FREE char *plugin = setup_path(fixture->root, "usr/libexec/sudo/assent_sudo.so");
    write_file(fixture, "etc/sudo.conf", "Plugin assent_sudo assent_sudo.so\n", 0644);
    assert_int_equal(chmod(plugin, 0664), 0);
    check_sudo_conf(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "written by others");
    assert_int_equal(unlink(plugin), 0);
    check_sudo_conf(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "sudo runs nothing");
    write_file(fixture, "etc/sudo.conf", "\n", 0666);
    check_sudo_conf(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "changed by others");
}

static void sudoers_that_lead_round_are_found(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/sudoers", "Defaults env_reset\n# Defaults !pam_acct_mgmt\n", 0440);
    check_sudoers(&fixture->doctor);
    assert_none(fixture);
    write_file(fixture, "etc/sudoers.d/x", "Defaults:alice env_reset, \\\n !pam_acct_mgmt\n", 0440);
    check_sudoers(&fixture->doctor);
    assert_one(fixture, DOCTOR_ERROR, "!pam_acct_mgmt");
    write_file(fixture, "etc/sudoers.d/x", "Defaults pam_service=other\n", 0440);
    check_sudoers(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "pam_service");
}

static void an_open_door_beside_is_named(void **state)
{
    struct fixture *fixture = *state;
    check_doors_beside(&fixture->doctor);
    assert_one(fixture, DOCTOR_INFO, "no door is switched on");
    write_file(fixture, "usr/bin/sudo", "", 0755);
    write_file(fixture, "etc/pam.d/sshd", ACCOUNT, 0644);
    fixture->doctor.doors = DOOR_BIT_SSHD;
    check_doors_beside(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "sudo is not");
    fixture->doctor.doors = DOOR_BIT_SSHD | DOOR_BIT_SUDO;
    write_file(fixture, "usr/bin/su", "", 0755);
    check_doors_beside(&fixture->doctor);
    assert_int_equal(fixture->doctor.count, 2);
    assert_non_null(strstr(fixture->doctor.findings[0].text, "su is not asked"));
    assert_non_null(strstr(fixture->doctor.findings[1].text, "cron"));
}

static void names_from_elsewhere_first_are_found(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/nsswitch.conf", "passwd: files systemd\ngroup:\tfiles\n", 0644);
    check_names(&fixture->doctor);
    assert_none(fixture);
    write_file(fixture, "etc/nsswitch.conf", "passwd: sss files\ngroup: files\n", 0644);
    check_names(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "\"sss\"");
}

static void a_console_without_a_password_is_told(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/shadow", "daemon:*:1::::::\nroot:$y$x:1::::::\n", 0600);
    check_console(&fixture->doctor);
    assert_none(fixture);
    write_file(fixture, "etc/shadow", "root:!:1::::::\n", 0600);
    check_console(&fixture->doctor);
    assert_one(fixture, DOCTOR_WARN, "no password");
}

static void hostile_file_text_is_escaped(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, "etc/pam.d/su", "account required pam_assent.so rescue=g \x1b[2J\n", 0644);
    check_pam_lines(&fixture->doctor);
    assert_int_equal(fixture->doctor.count, 1);
    assert_null(strchr(fixture->doctor.findings[0].text, '\x1b'));
    assert_non_null(strstr(fixture->doctor.findings[0].text, "\\x1b"));
}

static void every_check_says_something(void **state)
{
    struct fixture *fixture = *state;
    doctor_run(&fixture->doctor, DOOR_BIT_ALL);
    size_t fine = 0;
    for (size_t i = 0; i < fixture->doctor.count; i++) {
        assert_non_null(fixture->doctor.findings[i].text);
        assert_true(fixture->doctor.findings[i].text[0] != '\0');
        fine += fixture->doctor.findings[i].level == DOCTOR_OK;
    }
    assert_true(fine >= 15);
    assert_int_equal(doctor_worst(&fixture->doctor), DOCTOR_INFO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_that_are_wrong_are_found),
        TEST(right_lines_are_fine),
        TEST(ways_round_are_found),
        TEST(the_only_authentication_is_found),
        TEST(a_missing_or_open_module_is_found),
        TEST(pam_and_sudo_conf_must_agree),
        TEST(plugins_of_sudo_are_looked_at),
        TEST(sudoers_that_lead_round_are_found),
        TEST(an_open_door_beside_is_named),
        TEST(names_from_elsewhere_first_are_found),
        TEST(a_console_without_a_password_is_told),
        TEST(hostile_file_text_is_escaped),
        TEST(every_check_says_something),
    };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
