/* PAM service files as Debian 12 ships them: read, edited, and given back byte for byte. */
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

#include "../../cli/host/setup_door.h"
#include "../../cli/host/stack.h"
#include "../../cli/host/stack_edit.h"
#include "../../common/file.h"

#define PAMD "tests/unit/data/pam.d"

static char *read_fixture(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), PAMD "/%s", name);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(file_read_all(fd, STACK_FILE_MAX, &text, &length), 0);
    return text;
}

static void parse(const char *line, struct stack_rule *ret)
{
    assert_int_equal(stack_parse_line(line, strlen(line), ret), 1);
}

static void rules_are_taken_apart(void **state)
{
    (void)state;
    struct stack_rule rule;
    parse("-auth\t[success=1 default=ignore]\tpam_unix.so nullok [a b] # why\n", &rule);
    assert_int_equal(rule.type, STACK_AUTH);
    assert_true(rule.silent);
    assert_false(rule.include);
    assert_string_equal(rule.control, "[success=1 default=ignore]");
    assert_string_equal(rule.module, "pam_unix.so");
    assert_string_equal(rule.arguments, "nullok [a b]");
    stack_rule_done(&rule);
    parse("@include common-auth\n", &rule);
    assert_int_equal(rule.type, STACK_ALL);
    assert_true(rule.include);
    assert_string_equal(rule.module, "common-auth");
    stack_rule_done(&rule);
    parse("Account \\\n  substack \\\n other", &rule);
    assert_int_equal(rule.type, STACK_ACCOUNT);
    assert_true(rule.include);
    assert_string_equal(rule.module, "other");
    stack_rule_done(&rule);
}

static void blanks_and_comments_are_no_rules(void **state)
{
    (void)state;
    struct stack_rule rule;
    const char *lines[] = {"", "\n", "  \t\n", "# auth required x.so\n", "   # x"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_int_equal(stack_parse_line(lines[i], strlen(lines[i]), &rule), 0);
}

static void broken_lines_are_refused(void **state)
{
    (void)state;
    struct stack_rule rule;
    const char *lines[] = {
        "auth", "auth required", "authh required x.so", "@include", "required x.so y"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_int_equal(stack_parse_line(lines[i], strlen(lines[i]), &rule), -EINVAL);
}

static void a_comment_does_not_continue(void **state)
{
    (void)state;
    assert_int_equal(stack_line_length("# a \\\nauth required x.so\n"), 6);
    assert_int_equal(stack_line_length("auth \\\nrequired x.so\nnext"), 21);
    assert_int_equal(stack_line_length("auth \\"), 6);
    assert_int_equal(stack_line_length(""), 0);
}

static void includes_are_resolved_by_type(void **state)
{
    (void)state;
    CLEANUP(stack_done) struct stack stack = {0};
    assert_int_equal(stack_load(PAMD, "su-l", &stack), 0);
    assert_null(stack.missing);
    unsigned unix_types = 0;
    for (size_t i = 0; i < stack.count; i++) {
        assert_false(stack.rules[i].include);
        if (strcmp(stack.rules[i].module, "pam_unix.so") == 0)
            unix_types |= stack.rules[i].type;
    }
    /* su includes no common-password. */
    assert_int_equal(unix_types, STACK_AUTH | STACK_ACCOUNT | STACK_SESSION);
}

static void missing_include_is_named(void **state)
{
    (void)state;
    char dir[] = "/tmp/stackXXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a", dir);
    const char *text = "auth include a\n@include gone\n";
    CLEANUP(stack_done) struct stack stack = {0};
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0644), 0);
    assert_int_equal(stack_load(dir, "a", &stack), -ELOOP);
    assert_int_equal(file_write_atomic(path, text + 15, strlen(text + 15), 0644), 0);
    assert_int_equal(stack_load(dir, "a", &stack), 0);
    assert_string_equal(stack.missing, "gone");
    assert_int_equal(stack_load(dir, "b", &(struct stack){0}), -ENOENT);
    unlink(path);
    rmdir(dir);
}

static void arguments_are_found_whole(void **state)
{
    (void)state;
    struct stack_rule rule;
    AUTO_FREE char *value = NULL;
    parse("account required /lib/security/pam_assent.so plugins=1 plugin wait=90s", &rule);
    assert_true(stack_rule_is_ours(&rule));
    assert_true(stack_rule_argument(&rule, "plugin", NULL));
    assert_true(stack_rule_argument(&rule, "wait", &value));
    assert_string_equal(value, "90s");
    assert_false(stack_rule_argument(&rule, "rescue", NULL));
    stack_rule_done(&rule);
    parse("account required pam_assent2.so", &rule);
    assert_false(stack_rule_is_ours(&rule));
    stack_rule_done(&rule);
}

static char *load_and_skip(const char *text)
{
    char dir[] = "/tmp/stackXXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0644), 0);
    CLEANUP(stack_done) struct stack stack = {0};
    assert_int_equal(stack_load(dir, "s", &stack), 0);
    size_t ours = stack_find_ours(&stack, STACK_ACCOUNT, 0);
    assert_true(ours < stack.count);
    const struct stack_rule *rule = stack_skips(&stack, STACK_ACCOUNT, ours);
    unlink(path);
    rmdir(dir);
    return rule != NULL ? strdup(rule->module) : NULL;
}

static void rules_that_go_round_ours_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *module;
    } cases[] = {
        {"account required a.so\naccount required pam_assent.so\n", NULL},
        {"account sufficient a.so\naccount required pam_assent.so\n", "a.so"},
        {"account [success=1 default=ignore] a.so\naccount required pam_assent.so\n", "a.so"},
        {"account [success=1 default=ignore] a.so\nauth required z.so\naccount required b.so\n"
         "account required pam_assent.so\n",
            NULL},
        {"account [success=2 default=ignore] a.so\naccount required b.so\n"
         "account required pam_assent.so\n",
            "a.so"},
        {"account [success=ok new_authtok_reqd=done] a.so\naccount required b.so\n"
         "account required pam_assent.so\n",
            "a.so"},
        {"auth sufficient a.so\naccount required pam_assent.so\n", NULL},
        {"account sufficient pam_rootok.so\naccount required pam_assent.so\n", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *module = load_and_skip(cases[i].text);
        if (cases[i].module == NULL)
            assert_null(module);
        else
            assert_string_equal(module, cases[i].module);
    }
}

/* Each door on each of its service files: on twice is on once, off gives the file back. */
static void every_door_is_undone_byte_for_byte(void **state)
{
    (void)state;
    for (const struct door *door = door_table; door->name != NULL; door++) {
        for (size_t i = 0; i < DOOR_FILES_MAX && door->files[i].path != NULL; i++) {
            const struct door_file *file = &door->files[i];
            if (file->kind != DOOR_PAM)
                continue;
            AUTO_FREE char *before = read_fixture(strrchr(file->path, '/') + 1);
            AUTO_FREE char *on = NULL, *again = NULL, *off = NULL;
            assert_int_equal(stack_edit_add(PAMD, before, door->name, file->inserts, &on), 0);
            assert_string_not_equal(before, on);
            assert_int_equal(stack_edit_has(on, door->name), 1);
            assert_int_equal(stack_edit_add(PAMD, on, door->name, file->inserts, &again), 0);
            assert_string_equal(on, again);
            assert_int_equal(stack_edit_remove(on, door->name, &off), 0);
            assert_string_equal(before, off);
        }
    }
}

static void sshd_lines_stand_before_the_common_ones(void **state)
{
    (void)state;
    AUTO_FREE char *before = read_fixture("sshd"), *on = NULL;
    const struct door *door = door_find("sshd");
    assert_int_equal(stack_edit_add(PAMD, before, "sshd", door->files[0].inserts, &on), 0);
    assert_non_null(strstr(on, "# assent begin sshd\n"
                               "account  required  pam_assent.so rescue=assent-rescue\n"
                               "# assent end\n@include common-account\n"));
    assert_non_null(strstr(on, "# assent begin sshd\n"
                               "session  required  pam_assent.so rescue=assent-rescue\n"
                               "# assent end\n@include common-session\n"));
    assert_true(strstr(on, "pam_nologin.so") < strstr(on, "pam_assent.so"));
    assert_true(strstr(on, "pam_loginuid.so") < strstr(on, "session  required  pam_assent.so"));
}

static void interactive_replaces_and_keeps_the_include(void **state)
{
    (void)state;
    AUTO_FREE char *before = read_fixture("sshd"), *on = NULL, *both = NULL, *only = NULL;
    const struct door *door = door_find("sshd-interactive");
    assert_int_equal(stack_edit_add(PAMD, before, door->name, door->files[0].inserts, &on), 0);
    assert_non_null(strstr(on, "\n# assent begin sshd-interactive\n"
                               "# assent keeps: @include common-auth\n"
                               "auth     required  pam_assent.so wait=60s rescue=assent-rescue\n"
                               "# assent end\n"));
    assert_null(strstr(on, "\n@include common-auth"));
    /* The two ssh doors share the file and come and go one by one. */
    assert_int_equal(
        stack_edit_add(PAMD, on, "sshd", door_find("sshd")->files[0].inserts, &both), 0);
    assert_int_equal(stack_edit_remove(both, "sshd-interactive", &only), 0);
    assert_int_equal(stack_edit_has(only, "sshd"), 1);
    assert_int_equal(stack_edit_has(only, "sshd-interactive"), 0);
    AUTO_FREE char *none = NULL;
    assert_int_equal(stack_edit_remove(only, "sshd", &none), 0);
    assert_string_equal(none, before);
}

static void su_keeps_rootok_first(void **state)
{
    (void)state;
    AUTO_FREE char *before = read_fixture("su"), *on = NULL;
    assert_int_equal(stack_edit_add(PAMD, before, "su", door_find("su")->files[0].inserts, &on), 0);
    assert_non_null(strstr(on, "@include common-auth\n"
                               "# assent begin su\n"
                               "auth     required  pam_assent.so wait=60s rescue=assent-rescue\n"
                               "account  required  pam_assent.so rescue=assent-rescue\n"
                               "# assent end\n@include common-account\n"
                               "# assent begin su\nsession  optional  pam_assent.so\n"
                               "# assent end\n@include common-session\n"));
    assert_true(strstr(on, "pam_rootok.so") < strstr(on, "pam_assent.so"));
}

static void odd_last_lines_survive(void **state)
{
    (void)state;
    static const struct stack_insert account[] = {
        {STACK_ACCOUNT, STACK_BEFORE_COMMON, "account required pam_assent.so"}, {0}};
    static const struct stack_insert auth[] = {
        {STACK_AUTH, STACK_IN_PLACE, "auth required pam_assent.so"}, {0}};
    static const struct stack_insert last[] = {
        {STACK_AUTH, STACK_AFTER_LAST, "auth required pam_assent.so"}, {0}};
    static const struct {
        const struct stack_insert *inserts;
        const char *text;
    } cases[] = {
        {account, ""},
        {account, "\n"},
        {account, "auth required x.so"},
        {account, "account required x.so"},
        {account, "account required x.so\n\n\n"},
        {auth, "@include common-auth"},
        {auth, "\n\n@include common-auth"},
        {auth, "@include common-auth\n@include common-account"},
        {last, "@include common-auth"},
        {last, "auth \\\n required \\\n x.so"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *on = NULL, *off = NULL;
        assert_int_equal(stack_edit_add(PAMD, cases[i].text, "d", cases[i].inserts, &on), 0);
        assert_int_equal(stack_edit_has(on, "d"), 1);
        assert_int_equal(stack_edit_remove(on, "d", &off), 0);
        assert_string_equal(off, cases[i].text);
    }
}

/* A small generator with a fixed start: the same files on every run. */
static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static void random_file(unsigned *seed, char *text, size_t size)
{
    static const char *const pieces[] = {"auth required x.so\n", "@include common-auth\n",
        "@include common-account\n", "account sufficient y.so\n", "\n", "# c \\\n",
        "session [success=1 default=ignore] \\\n z.so\n", "-account optional q.so # t\n",
        "session include common-session\n", "@include gone\n", "account required x.so",
        "\taccount\trequired\tw.so\n", "password include common-password\n", "#\n", "  \n",
        "# assent begin other\n# assent end\n"};
    unsigned count = next_random(seed) % 8;
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        strncat(text, pieces[next_random(seed) % ARRAY_SIZE(pieces)], size - strlen(text) - 1);
}

static void whatever_goes_on_comes_off(void **state)
{
    unsigned seed = 1, done = 0;
    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        const struct door *door = &door_table[round % 4];
        const struct stack_insert *inserts = door->files[0].inserts;
        AUTO_FREE char *on = NULL, *again = NULL, *off = NULL;
        char text[512];
        random_file(&seed, text, sizeof(text));
        if (stack_edit_add(PAMD, text, door->name, inserts, &on) < 0)
            continue;
        done++;
        assert_int_equal(stack_edit_add(PAMD, on, door->name, inserts, &again), 0);
        assert_string_equal(again, on);
        assert_int_equal(stack_edit_remove(on, door->name, &off), 0);
        assert_string_equal(off, text);
    }
    assert_true(done > 1000);
}

static void foreign_layouts_are_refused(void **state)
{
    (void)state;
    const struct stack_insert *auth = door_find("sshd-interactive")->files[0].inserts;
    char *text = NULL;
    assert_int_equal(
        stack_edit_add(PAMD, "auth required pam_unix.so\n", "d", auth, &text), -ENODATA);
    assert_int_equal(
        stack_edit_add(PAMD, "@include common-auth\n@include common-auth\n", "d", auth, &text),
        -ENODATA);
    assert_int_equal(stack_edit_add(PAMD, "nonsense here\n", "d", auth, &text), -EINVAL);
    assert_null(text);
}

static void broken_markers_are_refused(void **state)
{
    (void)state;
    char *text = NULL;
    assert_int_equal(stack_edit_remove("# assent begin d\nx\n", "d", &text), -EINVAL);
    assert_int_equal(
        stack_edit_remove("# assent begin d\n# assent begin e\n# assent end\n", "d", &text),
        -EINVAL);
    assert_null(text);
}

static void a_line_is_appended_and_taken_back(void **state)
{
    (void)state;
    const char *texts[] = {"", "a\n", "a", "a\n\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        AUTO_FREE char *on = NULL, *off = NULL;
        assert_int_equal(stack_edit_append(texts[i], "sudo", "Plugin x", &on), 0);
        assert_non_null(strstr(on, "\nPlugin x\n# assent end"));
        assert_int_equal(stack_edit_remove(on, "sudo", &off), 0);
        assert_string_equal(off, texts[i]);
    }
}

static void a_new_file_is_removed_again(void **state)
{
    (void)state;
    AUTO_FREE char *on = NULL, *again = NULL, *off = NULL;
    assert_int_equal(stack_edit_append(NULL, "sudo", "Plugin x", &on), 0);
    assert_string_equal(on, "# assent begin sudo new-file\nPlugin x\n# assent end\n");
    assert_int_equal(stack_edit_append(on, "sudo", "Plugin x", &again), 0);
    assert_string_equal(on, again);
    assert_int_equal(stack_edit_remove(on, "sudo", &off), 0);
    assert_null(off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_taken_apart),
        cmocka_unit_test(blanks_and_comments_are_no_rules),
        cmocka_unit_test(broken_lines_are_refused),
        cmocka_unit_test(a_comment_does_not_continue),
        cmocka_unit_test(includes_are_resolved_by_type),
        cmocka_unit_test(missing_include_is_named),
        cmocka_unit_test(arguments_are_found_whole),
        cmocka_unit_test(rules_that_go_round_ours_are_found),
        cmocka_unit_test(every_door_is_undone_byte_for_byte),
        cmocka_unit_test(sshd_lines_stand_before_the_common_ones),
        cmocka_unit_test(interactive_replaces_and_keeps_the_include),
        cmocka_unit_test(su_keeps_rootok_first),
        cmocka_unit_test(odd_last_lines_survive),
        cmocka_unit_test(whatever_goes_on_comes_off),
        cmocka_unit_test(foreign_layouts_are_refused),
        cmocka_unit_test(broken_markers_are_refused),
        cmocka_unit_test(a_line_is_appended_and_taken_back),
        cmocka_unit_test(a_new_file_is_removed_again),
    };
    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
