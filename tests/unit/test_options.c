/* What pam_assent.so understands: its arguments, its doors, sudo's listing options, consoles,
 * and what sshd has proved. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/names.h"
#include "../../pam_module/console.h"
#include "../../pam_module/door.h"
#include "../../pam_module/options.h"
#include "../../pam_module/sshd.h"

static void nothing_given_means_the_defaults(void **state)
{
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(options_parse(&options, 0, NULL, &bad), 0);
    assert_string_equal(options.gate, ASSENT_GATE);
    assert_int_equal(options.deadline_us, 3 * USEC_PER_SEC);
    assert_int_equal(options.wait_us, 60 * USEC_PER_SEC);
    assert_null(options.rescue);
    assert_null(options.exempt);
    assert_false(options.plugin || options.monitor || options.debug);
}

static void everything_given_is_taken(void **state)
{
    const char *const arguments[] = {"gate=/run/x/gate", "deadline=250ms", "wait=1m30s",
        "rescue=wheel", "exempt=backup", "plugin", "monitor", "debug"};
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(options_parse(&options, 8, arguments, &bad), 0);
    assert_string_equal(options.gate, "/run/x/gate");
    assert_int_equal(options.deadline_us, 250 * USEC_PER_MSEC);
    assert_int_equal(options.wait_us, 90 * USEC_PER_SEC);
    assert_string_equal(options.rescue, "wheel");
    assert_string_equal(options.exempt, "backup");
    assert_true(options.plugin && options.monitor && options.debug);
}

static void what_is_not_understood_is_refused_by_name(void **state)
{
    static const char *const cases[] = {"", "x", "Plugin", "plugin=1", "plugin ",
        "gate=", "gate=run/x", "deadline=", "deadline=3", "deadline=0s", "deadline=61s", "wait=-1s",
        "wait=2h", "wait=1s1s", "rescue=", "rescue=-x", "rescue=a b", "exempt=a\nb", "wait"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *const arguments[] = {"monitor", cases[i]};
        struct options options;
        const char *bad = NULL;

        assert_int_equal(options_parse(&options, 2, arguments, &bad), -EINVAL);
        assert_ptr_equal(bad, cases[i]);
        /* Nothing of the rest holds then, monitor least of all. */
        assert_false(options.monitor);
    }
}

static void a_gate_path_must_fit_a_socket(void **state)
{
    char path[128] = "gate=/";
    const char *const arguments[] = {path};
    struct options options;
    const char *bad = NULL;

    (void)state;
    memset(path + 6, 'a', 106);
    assert_int_equal(options_parse(&options, 1, arguments, &bad), 0);
    path[112] = 'a';
    assert_int_equal(options_parse(&options, 1, arguments, &bad), -EINVAL);
}

static void doors_are_told_by_name_and_caller(void **state)
{
    (void)state;
    assert_int_equal(door_kind_of("sshd", 0), DOOR_SSHD);
    assert_int_equal(door_kind_of("sshd", 1000), DOOR_SSHD);
    assert_int_equal(door_kind_of("login", 0), DOOR_LOGIN);
    assert_int_equal(door_kind_of("sudo", 0), DOOR_SETUID);
    assert_int_equal(door_kind_of("su-l", 1000), DOOR_SETUID);
    assert_int_equal(door_kind_of("doas", 1000), DOOR_SETUID);
    assert_int_equal(door_kind_of("gdm-password", 0), DOOR_LOGIN);
    assert_int_equal(door_kind_of("pkexec", 1000), DOOR_SETUID);
}

static void listings_are_recognised(void **state)
{
    static const struct {
        const char *cmdline;
        size_t length;
        bool listing;
    } cases[] = {
#define CASE(text, is) {text, sizeof(text), is}
        CASE("sudo\0-l", true),
        CASE("sudo\0-ll", true),
        CASE("sudo\0-nl", true),
        CASE("sudo\0-Nnv", true),
        CASE("sudo\0--list", true),
        CASE("sudo\0--validate", true),
        CASE("sudo\0-U\0carol", true),
        CASE("sudo\0-u\0carol\0-l", true),
        CASE("sudo\0-ucarol\0-l", true),
        CASE("sudo\0A=1\0-l", true),
        CASE("sudo\0-h\0-l", true),
        CASE("sudo\0id", false),
        CASE("sudo\0id\0-l", false),
        CASE("sudo\0--\0-l", false),
        CASE("sudo\0-u\0-l", false),
        CASE("sudo\0-ul", false),
        CASE("sudo\0-n\0ls\0-l", false),
        CASE("sudo\0A=1\0ls\0-l", false),
        CASE("sudo", false),
        CASE("sudo\0-u", false),
        {"sudo\0-l", 7, false}, /* cut in the middle: not to be read past */
        {"", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            door_looks_like_listing(cases[i].cmdline, cases[i].length), cases[i].listing);
}

static void consoles_are_told_by_number(void **state)
{
    (void)state;
    assert_true(console_is_device(S_IFCHR, makedev(4, 0)));
    assert_true(console_is_device(S_IFCHR, makedev(4, 63)));
    assert_true(console_is_device(S_IFCHR, makedev(4, 64)));
    assert_true(console_is_device(S_IFCHR, makedev(5, 1)));
    assert_true(console_is_device(S_IFCHR, makedev(204, 64)));
    assert_true(console_is_device(S_IFCHR, makedev(229, 0)));
    assert_false(console_is_device(S_IFCHR, makedev(5, 0)));   /* /dev/tty: any terminal */
    assert_false(console_is_device(S_IFCHR, makedev(5, 2)));   /* /dev/ptmx */
    assert_false(console_is_device(S_IFCHR, makedev(136, 0))); /* /dev/pts/0 */
    assert_false(console_is_device(S_IFCHR, makedev(143, 3))); /* /dev/pts as well */
    assert_false(console_is_device(S_IFCHR, makedev(216, 0))); /* rfcomm: a radio link */
    assert_false(console_is_device(S_IFCHR, makedev(1, 3)));   /* /dev/null */
    assert_false(console_is_device(S_IFREG, makedev(4, 1)));
    assert_false(console_is_device(S_IFBLK, makedev(4, 1)));
}

static void a_public_key_must_stand_on_a_line_of_its_own(void **state)
{
    (void)state;
    assert_true(sshd_has_publickey("publickey ssh-ed25519 AAAA"));
    assert_true(sshd_has_publickey("password\npublickey ssh-ed25519-cert-v01 AAAA\n"));
    assert_false(sshd_has_publickey(NULL));
    assert_false(sshd_has_publickey(""));
    assert_false(sshd_has_publickey("publickey"));
    assert_false(sshd_has_publickey("publickey "));
    assert_false(sshd_has_publickey("publickey \nssh-ed25519 AAAA"));
    assert_false(sshd_has_publickey("password publickey ssh-ed25519 AAAA"));
    assert_false(sshd_has_publickey("hostbased ssh-ed25519 AAAA\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_means_the_defaults),
        cmocka_unit_test(everything_given_is_taken),
        cmocka_unit_test(what_is_not_understood_is_refused_by_name),
        cmocka_unit_test(a_gate_path_must_fit_a_socket),
        cmocka_unit_test(doors_are_told_by_name_and_caller),
        cmocka_unit_test(listings_are_recognised),
        cmocka_unit_test(consoles_are_told_by_number),
        cmocka_unit_test(a_public_key_must_stand_on_a_line_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
