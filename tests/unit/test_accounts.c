/* Who is locked or expired: from shadow(5) to the file that the agent reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../accounts/publish.h"
#include "../../accounts/shadow_file.h"
#include "../../common/accounts_file.h"
#include "../../common/clock.h"
#include "../../common/file.h"
#include "../../common/str.h"

#define HASH "$6$salt$0123456789abcdef"
#define DAY_US (86400 * USEC_PER_SEC)

/* ---- shadow(5) ---- */

static struct accounts_file read_bytes(const char *text, size_t length)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, length, "r");
    struct accounts_file file;

    assert_non_null(stream);
    assert_int_equal(shadow_file_read(stream, &file), 0);
    fclose(stream);
    return file;
}

/* What would be published of these lines, without the head. */
static void assert_says(const char *shadow, const char *expected)
{
    struct accounts_file file = read_bytes(shadow, strlen(shadow));
    char *text;

    assert_int_equal(accounts_file_format(&file, &text), 0);
    assert_string_equal(strchr(text, '\n') + 1, expected);
    free(text);
    accounts_file_done(&file);
}

static void test_locked(void **state)
{
    static const char *const locked[] = {
        "!" HASH, "!!" HASH, "!$y$j9T$x", "!_J9..rasmBYk8r9AiWNc", "!abJnggxhB/yWI"};
    static const char *const open[] = {
        "", "!", "!!", "*", "!*", "!!*", "x", "!x", HASH, "abJnggxhB/yWI", "*LK*", ("*!" HASH)};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(locked); i++)
        assert_true(shadow_file_is_locked(locked[i]));
    for (size_t i = 0; i < ARRAY_SIZE(open); i++)
        assert_false(shadow_file_is_locked(open[i]));
}

static void test_shadow(void **state)
{
    (void)state;
    assert_says("root:" HASH ":20000:0:99999:7:::\n"
                "daemon:*:20000:0:99999:7:::\n"
                "keys:!:20000:0:99999:7:::\n"
                "locked:!" HASH ":20000:0:99999:7:::\n"
                "until:" HASH ":20000:0:99999:7::20454:\n"
                "both:!" HASH ":20000:0:99999:7::1:\n",
        "both locked 1970-01-02\n"
        "locked locked -\n"
        "until open 2026-01-01\n");
}

/* The days are those after which pam_unix(8) lets nobody in. */
static void test_expiry(void **state)
{
    (void)state;
    assert_says("zero:*::::::0:\n"
                "one:*::::::1:\n"
                "none:*:::::::\n"
                "last:*::::::2932896:\n"
                "after:*::::::2932897:\n"
                "aged:*:1:0:1:1:1::\n",
        "last open 9999-12-31\n"
        "one open 1970-01-02\n"
        "zero open 1970-01-01\n");
}

static void test_hostile_lines(void **state)
{
    (void)state;
    assert_says("", "");
    assert_says("\n\n\n", "");
    assert_says("+\n+:::::::\n+@ng:!" HASH "::::::1:\n-bob:!" HASH "::::::1:\n-\n", "");
    assert_says(":!" HASH "::::::1:\n", "");                               /* no name */
    assert_says("bob\nbob:\n:::::::::\n#bob:!" HASH "::::::1:\n", "");     /* no line */
    assert_says("bob:x::::::-5:\nann:x::::::99999999999999999999:\n", ""); /* no days */
    assert_says("b\xff\xfe:!" HASH ":::::::\n\xc3:!" HASH ":::::::\n", "");
    assert_says("a b:!" HASH ":::::::\na\tb:!" HASH ":::::::\na/b:!" HASH ":::::::\n", "");
    assert_says("\x1b[2J:!" HASH ":::::::\n\xe2\x80\xae"
                "bob:!" HASH ":::::::\n",
        "");
    assert_says("j\xc3\xbcrgen:!" HASH ":::::::\n", "j\xc3\xbcrgen locked -\n");
    assert_says("last:!" HASH ":::::::", "last locked -\n");
}

/* getspnam(3) takes the first. */
static void test_same_name_twice(void **state)
{
    (void)state;
    assert_says("bob:" HASH ":::::::\nann:*:::::::\nbob:!" HASH ":::::::\n", "");
    assert_says("bob:!" HASH ":::::::\nann:*:::::::\nbob:" HASH "::::::1:\n", "bob locked -\n");
}

/* One long line, in a field or without any, is passed over; what stands around it is read. */
static void test_long_lines(void **state)
{
    static const size_t lengths[] = {1000, 1023, 1024, 5000, SHADOW_FILE_LINE_MAX - 64,
        SHADOW_FILE_LINE_MAX, 3 * SHADOW_FILE_LINE_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lengths) * 2; i++) {
        struct str_builder text = {0};
        struct accounts_file file;

        str_append(&text, "ann:!" HASH ":::::::\n");
        str_append(&text, i % 2 ? "long:$6$" : "");
        for (size_t j = 0; j < lengths[i / 2]; j++)
            str_append(&text, "x");
        str_append(&text, i % 2 ? "::::::1:\n" : "\n");
        str_append(&text, "zoe:!" HASH ":::::::\n");
        file = read_bytes(text.text, text.length);
        assert_int_equal(file.count, i % 2 && lengths[i / 2] < SHADOW_FILE_LINE_MAX - 60 ? 3 : 2);
        assert_non_null(accounts_file_find(&file, "ann"));
        assert_non_null(accounts_file_find(&file, "zoe"));
        accounts_file_done(&file);
        str_builder_done(&text);
    }
}

static void test_nul_bytes(void **state)
{
    static const char text[] = "a\0b:!" HASH ":::::::\nbob:!$6$\0x:::::::\nzoe:!" HASH ":::::::\n";
    struct accounts_file file = read_bytes(text, sizeof(text) - 1);

    (void)state;
    assert_int_equal(file.count, 1);
    assert_string_equal(file.entries[0].name, "zoe");
    accounts_file_done(&file);
}

/* ---- the file ---- */

#define HEAD "assent-accounts 1 "

static int parse(const char *text)
{
    struct accounts_file file = {0};
    int r = accounts_file_parse(text, strlen(text), &file);

    accounts_file_done(&file);
    return r;
}

static void test_round(void **state)
{
    static const char text[] = HEAD "3 1763640000123456789 42\n"
                                    "ann locked -\n"
                                    "bob open 2026-02-28\n"
                                    "carol locked 1970-01-01\n";
    struct accounts_file file;
    const struct accounts_entry *entry;
    char *back;

    (void)state;
    assert_int_equal(accounts_file_parse(text, sizeof(text) - 1, &file), 0);
    assert_int_equal(file.source.changed_ns, UINT64_C(1763640000123456789));
    assert_int_equal(file.source.inode, 42);
    assert_null(accounts_file_find(&file, "aaa"));
    assert_null(accounts_file_find(&file, "bobby"));
    entry = accounts_file_find(&file, "ann");
    assert_true(entry->locked);
    assert_int_equal(accounts_entry_expires_us(entry), 0);
    entry = accounts_file_find(&file, "bob");
    assert_false(entry->locked);
    assert_int_equal(accounts_entry_expires_us(entry), 20512 * DAY_US);
    entry = accounts_file_find(&file, "carol");
    assert_int_equal(accounts_entry_expires_us(entry), 1);
    assert_int_equal(accounts_file_format(&file, &back), 0);
    assert_string_equal(back, text);
    free(back);
    accounts_file_done(&file);
}

static void test_empty(void **state)
{
    struct accounts_file file = {0};
    char *text;

    (void)state;
    assert_int_equal(accounts_file_format(&file, &text), 0);
    assert_string_equal(text, HEAD "0 0 0\n");
    assert_int_equal(parse(text), 0);
    assert_null(accounts_file_find(&file, "root"));
    free(text);
}

static void test_garbage(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "assent-accounts",
        "assent-accounts 2 0 0 9\n",
        "assent-account 1 0 0 9\n",
        HEAD "0 0\n",
        HEAD "0 0 9",
        HEAD "0 0 9 \n",
        HEAD "0 0 9 9\n",
        HEAD " 0 0 9\n",
        HEAD "-1 0 9\n",
        HEAD "0 -1 9\n",
        HEAD "0 0 -9\n",
        HEAD "18446744073709551615 0 9\n",
        HEAD "18446744073709551616 0 9\n",
        HEAD "9999999 0 9\nann locked -\n",
        HEAD "1 0 9\n",
        HEAD "1 0 9\nann locked -",
        HEAD "0 0 9\nann locked -\n",
        HEAD "2 0 9\nann locked -\n",
        HEAD "1 0 9\nann locked -\nbob locked -\n",
        HEAD "1 0 9\nann locked -\n\n",
        HEAD "1 0 9\n\nann locked -\n",
        HEAD "2 0 9\nbob locked -\nann locked -\n",
        HEAD "2 0 9\nann locked -\nann locked -\n",
        HEAD "1 0 9\nann open -\n",
        HEAD "1 0 9\nann LOCKED -\n",
        HEAD "1 0 9\nann closed -\n",
        HEAD "1 0 9\nann locked\n",
        HEAD "1 0 9\nann locked - -\n",
        HEAD "1 0 9\nann  locked -\n",
        HEAD "1 0 9\n locked -\n",
        HEAD "1 0 9\n-ann locked -\n",
        HEAD "1 0 9\na/nn locked -\n",
        HEAD "1 0 9\na\xff locked -\n",
        HEAD "1 0 9\nann locked 2026-02-29\n",
        HEAD "1 0 9\nann locked 2026-13-01\n",
        HEAD "1 0 9\nann locked 2026-00-10\n",
        HEAD "1 0 9\nann locked 1969-12-31\n",
        HEAD "1 0 9\nann locked 2026-1-1\n",
        HEAD "1 0 9\nann locked 02026-01-01\n",
        HEAD "1 0 9\nann locked 2026-01-01T\n",
        HEAD "1 0 9\nann locked 20454\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (parse(texts[i]) != -EBADMSG)
            fail_msg("accepted: %s", texts[i]);
    assert_int_equal(
        accounts_file_parse(HEAD "0 0 9\n\0", sizeof(HEAD "0 0 9\n"), &(struct accounts_file){0}),
        -EBADMSG);
}

/* However much of it is missing: nothing of it is believed. */
static void test_truncated(void **state)
{
    static const char text[] = HEAD "3 17 9\nann locked -\nbob open 2026-02-28\nzoe locked -\n";
    struct accounts_file file;

    (void)state;
    for (size_t length = 0; length < sizeof(text) - 1; length++)
        assert_int_equal(accounts_file_parse(text, length, &file), -EBADMSG);
    assert_int_equal(accounts_file_parse(text, sizeof(text) - 1, &file), 0);
    accounts_file_done(&file);
}

/* ---- on disk ---- */

struct places {
    char directory[32], shadow[64], target[64];
    struct publishing publishing;
};

static int set_up(void **state)
{
    struct places *places = calloc(1, sizeof(*places));

    assert_non_null(places);
    snprintf(places->directory, sizeof(places->directory), "/tmp/assent-accounts-XXXXXX");
    assert_non_null(mkdtemp(places->directory));
    snprintf(places->shadow, sizeof(places->shadow), "%s/shadow", places->directory);
    snprintf(places->target, sizeof(places->target), "%s/accounts", places->directory);
    places->publishing = (struct publishing){places->shadow, places->target, getegid()};
    *state = places;
    return 0;
}

static int tear_down(void **state)
{
    struct places *places = *state;
    int r;

    unlink(places->shadow);
    unlink(places->target);
    r = rmdir(places->directory); /* fails when something else was left there */
    free(places);
    return r;
}

static void write_shadow(const struct places *places, const char *text)
{
    assert_int_equal(file_write_atomic(places->shadow, text, strlen(text), 0640), 0);
}

static void test_publish(void **state)
{
    struct places *places = *state;
    struct accounts_file file;
    struct stat status;
    struct accounts_source source;

    write_shadow(places, "ann:!" HASH ":::::::\nbob:" HASH ":::::::\n");
    assert_int_equal(publish(&places->publishing, &source), 0);
    assert_false(publish_is_outdated(&places->publishing, &source));
    assert_int_equal(stat(places->target, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(status.st_gid, getegid());
    assert_int_equal(accounts_file_load(places->target, geteuid(), &file), 0);
    assert_true(accounts_source_equal(&file.source, &source));
    assert_int_equal(file.count, 1);
    assert_true(accounts_file_find(&file, "ann")->locked);
    accounts_file_done(&file);

    write_shadow(places, "ann:" HASH ":::::::\n");
    assert_true(publish_is_outdated(&places->publishing, &source));
    assert_int_equal(publish(&places->publishing, &source), 0);
    assert_int_equal(accounts_file_load(places->target, geteuid(), &file), 0);
    assert_int_equal(file.count, 0);
    accounts_file_done(&file);
}

/* No hash, nor any part of one, in what others may read. */
static void test_no_hash(void **state)
{
    struct places *places = *state;
    AUTO_FREE char *text = NULL;
    AUTO_CLOSE int fd = -1;
    struct accounts_source source;
    size_t length;

    write_shadow(places, "ann:!" HASH "::::::1:\nbob:" HASH "::::::1:\n");
    assert_int_equal(publish(&places->publishing, &source), 0);
    fd = open(places->target, O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_read_all(fd, 4096, &text, &length), 0);
    assert_null(strchr(text, '$'));
    assert_null(strstr(text, "salt"));
    assert_null(strstr(text, "abcdef"));
}

/* What was published stays, and nothing half made is left beside it (tear_down). */
static void test_publish_fails(void **state)
{
    struct places *places = *state;
    struct publishing nowhere = places->publishing;
    struct accounts_source source = {.inode = 7};
    char target[96];

    assert_int_equal(publish(&places->publishing, &source), -ENOENT);
    assert_true(publish_is_outdated(&places->publishing, &source));
    write_shadow(places, "ann:!" HASH ":::::::\n");
    assert_int_equal(chmod(places->shadow, 0666), 0);
    assert_int_equal(publish(&places->publishing, &source), -EPERM);
    assert_int_equal(chmod(places->shadow, 0640), 0);
    snprintf(target, sizeof(target), "%s/none/accounts", places->directory);
    nowhere.target = target;
    assert_int_equal(publish(&nowhere, &source), -ENOENT);
    assert_int_equal(source.inode, 7);
    assert_int_equal(access(places->target, F_OK), -1);
}

static void test_load(void **state)
{
    struct places *places = *state;
    struct accounts_file file;
    static char big[ACCOUNTS_FILE_MAX + 2];

    assert_int_equal(accounts_file_load(places->target, geteuid(), &file), -ENOENT);
    assert_int_equal(file_write_atomic(places->target, HEAD "0 0 0\n", sizeof(HEAD) + 5, 0660), 0);
    assert_int_equal(accounts_file_load(places->target, geteuid(), &file), -EPERM);
    memset(big, 'x', sizeof(big));
    assert_int_equal(file_write_atomic(places->target, big, sizeof(big), 0640), 0);
    assert_int_equal(accounts_file_load(places->target, geteuid(), &file), -EFBIG);
    unlink(places->target);
    assert_int_equal(symlink(places->shadow, places->target), 0);
    assert_int_equal(accounts_file_load(places->target, geteuid(), &file), -ELOOP);
}

/* More than readers take is not published at all. */
static void test_too_many(void **state)
{
    struct places *places = *state;
    struct str_builder text = {0};
    struct accounts_source source;

    for (unsigned i = 0; text.length < 2 * ACCOUNTS_FILE_MAX; i++)
        str_appendf(&text, "somebody-with-a-long-name-%07u:!$:::::::\n", i);
    write_shadow(places, text.text);
    str_builder_done(&text);
    assert_int_equal(publish(&places->publishing, &source), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_shadow),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_hostile_lines),
        cmocka_unit_test(test_same_name_twice),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test_setup_teardown(test_publish, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_hash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_publish_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
