/* assent.yaml: every key, its bounds, and that a wrong file changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../agent/load/config.h"
#include "../../agent/yaml/yaml.h"

static char path[] = "/tmp/assent-config-XXXXXX";

static void write_text(const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static int load(struct config *config, const char *text, struct yaml_errors *errors)
{
    write_text(text);
    return config_load(config, path, geteuid(), errors);
}

static void test_every_key(void **state)
{
    struct yaml_errors errors = {0};
    struct config config;

    (void)state;
    assert_int_equal(config_init(&config), 0);
    assert_int_equal(load(&config,
                         "host: web1\nauditors: log-readers\nhuman_uids: 2000-2999\n"
                         "limits: { requests_per_person: 3, logins_waiting: 2 }\n",
                         &errors),
        0);
    assert_string_equal(config.host, "web1");
    assert_string_equal(config.auditors, "log-readers");
    assert_int_equal(config.human_uid_first, 2000);
    assert_int_equal(config.human_uid_last, 2999);
    assert_int_equal(config.requests_per_person, 3);
    assert_int_equal(config.logins_waiting, 2);
    config_done(&config);
}

static void test_defaults(void **state)
{
    struct yaml_errors errors = {0};
    struct config config;
    char host[256];

    (void)state;
    assert_int_equal(gethostname(host, sizeof(host)), 0);
    assert_int_equal(config_init(&config), 0);
    assert_int_equal(config_load(&config, "/nonexistent/assent.yaml", 0, &errors), 0);
    assert_string_equal(config.host, host);
    assert_string_equal(config.auditors, "assent-audit");
    assert_int_equal(config.human_uid_first, 1000);
    assert_int_equal(config.human_uid_last, 59999);
    assert_int_equal(config.requests_per_person, 8);
    assert_int_equal(config.logins_waiting, 4);
    /* what is kept is never nothing, and is read back as the same */
    assert_string_not_equal(config.text, "");
    assert_int_equal(config_parse(&config, "kept", config.text, &errors), 0);
    assert_string_equal(config.host, host);
    assert_int_equal(load(&config, "", &errors), 0);
    assert_string_not_equal(config.text, "");
    /* and a key that is gone from the file is a default again */
    assert_int_equal(load(&config, "limits: { logins_waiting: 9 }\n", &errors), 0);
    assert_int_equal(config.logins_waiting, 9);
    assert_string_equal(config.text, "limits: { logins_waiting: 9 }\n");
    assert_int_equal(load(&config, "host: web1\n", &errors), 0);
    assert_int_equal(config.logins_waiting, 4);
    config_done(&config);
}

static const struct {
    const char *text;
    const char *message;
} wrong[] = {
    {"hots: web1\n", "host"},
    {"host: [web1]\n", ""},
    {"host: \"a b\"\n", "not a name"},
    {"human_uids: 1000\n", "range"},
    {"human_uids: 0-100\n", "range"},
    {"human_uids: 5-4\n", "range"},
    {"human_uids: 1000-99999999999\n", "range"},
    {"limits: { requests_per_person: 0 }\n", "1 to 64"},
    {"limits: { requests_per_person: 65 }\n", "1 to 64"},
    {"limits: { logins_waiting: -1 }\n", "1 to 64"},
    {"limits: { other: 1 }\n", "other"},
    {"limits: 4\n", "mapping"},
    {"- host\n", "mapping"},
    {"host: a\nhost: b\n", "host"},
};

static void test_a_wrong_file_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct yaml_errors errors = {0};
        struct config config;

        assert_int_equal(config_init(&config), 0);
        assert_int_equal(load(&config, "host: before\n", &errors), 0);
        assert_int_equal(load(&config, wrong[i].text, &errors), -EINVAL);
        assert_true(errors.count > 0);
        assert_non_null(strstr(errors.items[0].message, wrong[i].message));
        assert_string_equal(errors.items[0].file, path);
        assert_string_equal(config.host, "before");
        config_done(&config);
        yaml_errors_done(&errors);
    }
}

static void expect_refused(const char *file, const char *message)
{
    struct yaml_errors errors = {0};
    struct config config;

    assert_int_equal(config_init(&config), 0);
    assert_int_equal(config_load(&config, file, geteuid(), &errors), -EINVAL);
    assert_int_equal(errors.count, 1);
    assert_non_null(strstr(errors.items[0].message, message));
    config_done(&config);
    yaml_errors_done(&errors);
}

static void test_a_file_that_others_can_write(void **state)
{
    (void)state;
    write_text("host: web1\n");
    assert_int_equal(chmod(path, 0666), 0);
    expect_refused(path, "others than root can write this");
}

static void test_what_is_no_file(void **state)
{
    char link[] = "/tmp/assent-config-link-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(link));
    expect_refused(link, "it is not a file");
    assert_int_equal(rmdir(link), 0);
    assert_int_equal(symlink(path, link), 0);
    expect_refused(link, "it is a symbolic link");
    assert_int_equal(unlink(link), 0);
}

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    return close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_a_wrong_file_changes_nothing),
        cmocka_unit_test(test_a_file_that_others_can_write),
        cmocka_unit_test(test_what_is_no_file),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
