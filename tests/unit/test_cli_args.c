/* The command line, the verb table, help, and what errors are worth as exit codes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../cli/args.h"
#include "../../cli/base/call.h"
#include "../../cli/help.h"
#include "../../cli/verbs.h"
#include "../../cli/wait.h"

static const struct cli_option table[] = {
    {"reason", "TEXT", ""},
    {"wait", "[DUR]", ""},
    {"mine", NULL, ""},
    {0},
};

enum {
    REASON,
    WAIT,
    MINE,
};

static int parse(struct args *args, char **argv, const struct cli_option *options, char **ret_error)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    return args_parse(args, argc, argv, options, ret_error);
}

static void test_options_stand_anywhere(void **state UNUSED)
{
    char *argv[] = {"show", "K7", "--reason", "why", "--json", "--wait=5m", "L8", "--mine", NULL};
    CLEANUP(args_done) struct args args;
    AUTO_FREE char *error = NULL;

    assert_int_equal(parse(&args, argv, table, &error), 0);
    assert_string_equal(args.values[REASON], "why");
    assert_string_equal(args.values[WAIT], "5m");
    assert_string_equal(args.values[MINE], "");
    assert_true(args.json);
    assert_int_equal(args.argc, 3);
    assert_string_equal(args.argv[0], "show");
    assert_string_equal(args.argv[1], "K7");
    assert_string_equal(args.argv[2], "L8");
    assert_null(args.argv[3]);
    assert_int_equal(args.command_at, 3);
}

static void test_the_file_has_a_short_option(void **state UNUSED)
{
    static const struct cli_option outputs[] = {{"mine", NULL, ""}, {"output", "FILE", ""}, {0}};
    static const char *const lines[][4] = {
        {"x", "-o", "f", NULL}, {"x", "-of", NULL}, {"x", "--output=f", NULL}};

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        CLEANUP(args_done) struct args args;
        AUTO_FREE char *error = NULL;

        assert_int_equal(parse(&args, (char **)(uintptr_t)lines[i], outputs, &error), 0);
        assert_string_equal(args.values[1], "f");
    }
    for (size_t i = 0; i < 2; i++) {
        char *argv[] = {"x", "-o", i == 0 ? NULL : "f", "-o", "g", NULL};
        CLEANUP(args_done) struct args args = {0};
        AUTO_FREE char *error = NULL;

        assert_int_equal(parse(&args, argv, outputs, &error), -EINVAL);
        assert_string_equal(
            error, i == 0 ? "option '-o' needs a value" : "option '-o' is given twice");
    }
    {
        char *argv[] = {"x", "-o", "f", NULL};
        CLEANUP(args_done) struct args args = {0};
        AUTO_FREE char *error = NULL;

        assert_int_equal(parse(&args, argv, table, &error), -EINVAL);
        assert_string_equal(error, "unknown option '-o'");
    }
}

static void test_the_command_is_left_alone(void **state UNUSED)
{
    char *argv[] = {"request", "--wait", "--", "ls", "--json", "--", "--reason=x", "-h", NULL};
    CLEANUP(args_done) struct args args;
    AUTO_FREE char *error = NULL;

    assert_int_equal(parse(&args, argv, table, &error), 0);
    assert_string_equal(args.values[WAIT], "");
    assert_null(args.values[REASON]);
    assert_false(args.json);
    assert_false(args.help);
    assert_int_equal(args.command_at, 1);
    assert_int_equal(args.argc, 6);
    assert_string_equal(args.argv[1], "ls");
    assert_string_equal(args.argv[2], "--json");
    assert_string_equal(args.argv[3], "--");
    assert_string_equal(args.argv[5], "-h");
}

static void test_a_value_may_look_like_an_option(void **state UNUSED)
{
    char *argv[] = {"deny", "before", "--reason", "--", "--", "behind", NULL};
    CLEANUP(args_done) struct args args;
    AUTO_FREE char *error = NULL;

    assert_int_equal(parse(&args, argv, table, &error), 0);
    assert_string_equal(args.values[REASON], "--");
    assert_int_equal(args.command_at, 2);
    assert_string_equal(args.argv[1], "before");
    assert_string_equal(args.argv[2], "behind");
}

static void test_wrong_options_are_named(void **state UNUSED)
{
    static const struct {
        const char *option, *error;
    } cases[] = {
        {"--reson=x", "unknown option '--reson', did you mean '--reason'?"},
        {"--reas=x", "unknown option '--reas'"},
        {"--bogus", "unknown option '--bogus'"},
        {"-x", "unknown option '-x'"},
        {"--reason", "option '--reason' needs a value"},
        {"--mine=3", "option '--mine' takes no value"},
        {"--json=yes", "option '--json' takes no value"},
        {"--\033[31m", "unknown option '--\\x1b[31m'"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *argv[] = {"show", (char *)cases[i].option, NULL};
        CLEANUP(args_done) struct args args;
        AUTO_FREE char *error = NULL;

        assert_int_equal(parse(&args, argv, table, &error), -EINVAL);
        assert_memory_equal(error, cases[i].error, strlen(cases[i].error));
    }
}

static void test_an_option_is_given_once(void **state UNUSED)
{
    char *argv[] = {"deny", "--reason=a", "--reason", "b", NULL};
    CLEANUP(args_done) struct args args;
    AUTO_FREE char *error = NULL;

    assert_int_equal(parse(&args, argv, table, &error), -EINVAL);
    assert_string_equal(error, "option '--reason' is given twice");
}

static void test_options_before_the_verb_end_at_it(void **state UNUSED)
{
    char *argv[] = {"assent", "--json", "--socket", "/tmp/io", "show", "--help", NULL};
    CLEANUP(args_done) struct args args;
    AUTO_FREE char *error = NULL;

    assert_int_equal(parse(&args, argv, NULL, &error), 0);
    assert_true(args.json);
    assert_false(args.help);
    assert_string_equal(args.socket, "/tmp/io");
    assert_int_equal(args.argc, 3);
    assert_string_equal(args.argv[1], "show");
    assert_string_equal(args.argv[2], "--help");
}

static void test_verbs_are_found_by_one_word_or_two(void **state UNUSED)
{
    char *show[] = {"show", "check"}, *check[] = {"policy", "check", "x"}, *policy[] = {"policy"},
         *prefix[] = {"sho"}, *longer[] = {"shows"};
    int used = 0;

    assert_string_equal(verbs_find(show, 2, &used)->name, "show");
    assert_int_equal(used, 1);
    assert_string_equal(verbs_find(check, 3, &used)->name, "policy check");
    assert_int_equal(used, 2);
    assert_null(verbs_find(policy, 1, &used));
    assert_null(verbs_find(prefix, 1, &used));
    assert_null(verbs_find(longer, 1, &used));
    assert_string_equal(verbs_nearest("aprove"), "approve");
    assert_null(verbs_nearest("mandelbrot"));
}

static void test_the_verb_table_is_complete(void **state UNUSED)
{
    for (const struct cli_verb *verb = verbs; verb->name; verb++) {
        size_t count = 0;

        assert_non_null(verb->run);
        assert_non_null(verb->summary);
        assert_non_null(verb->example);
        assert_non_null(verb->exits);
        assert_non_null(verb->options);
        while (verb->options[count].name) {
            assert_non_null(verb->options[count].text);
            count++;
        }
        assert_true(count < ARGS_OPTIONS_MAX);
        assert_true(verb->operands_max < 0 || verb->operands_max >= verb->operands_min);
        assert_true(verb->operands_max == 0 || verb->operands);
    }
}

static void test_help_names_every_verb_and_option(void **state UNUSED)
{
    struct str_builder out = {0};
    AUTO_FREE char *overview = NULL, *machine = NULL;

    help_overview(&out);
    overview = str_builder_take(&out);
    help_machine(&out);
    machine = str_builder_take(&out);
    for (const struct cli_verb *verb = verbs; verb->name; verb++) {
        AUTO_FREE char *help = NULL;

        assert_non_null(strstr(overview, verb->name));
        assert_non_null(strstr(machine, verb->name));
        help_verb(&out, verb);
        help = str_builder_take(&out);
        assert_non_null(strstr(help, verb->summary));
        for (const struct cli_option *option = verb->options; option->name; option++) {
            assert_non_null(strstr(help, option->name));
            assert_non_null(strstr(machine, option->name));
        }
    }
}

static void assert_lines_fit(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (length > 80)
            fail_msg("wider than a terminal: %.*s", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void test_help_fits_a_terminal(void **state UNUSED)
{
    struct str_builder out = {0};
    AUTO_FREE char *overview = NULL;

    help_overview(&out);
    overview = str_builder_take(&out);
    assert_lines_fit(overview);
    for (const struct cli_verb *verb = verbs; verb->name; verb++) {
        AUTO_FREE char *help = NULL;

        help_verb(&out, verb);
        help = str_builder_take(&out);
        assert_lines_fit(help);
    }
}

static void test_help_of_a_first_word(void **state UNUSED)
{
    struct str_builder out = {0};
    AUTO_FREE char *help = NULL;

    assert_true(help_group(&out, "policy"));
    help = str_builder_take(&out);
    assert_lines_fit(help);
    assert_non_null(strstr(help, "  policy check "));
    assert_null(strstr(help, "  status "));
    assert_false(help_group(&out, "polic"));
    assert_false(help_group(&out, "status"));
    assert_false(help_group(&out, ""));
    assert_int_equal(out.length, 0);
}

static void test_verbs_are_found_in_one_word_or_two(void **state UNUSED)
{
    char *two[] = {"policy", "check"}, *one[] = {"policy check", "check"}, *half[] = {"policy"};
    int used = 0;

    assert_string_equal(verbs_find(two, 2, &used)->name, "policy check");
    assert_int_equal(used, 2);
    assert_string_equal(verbs_find(one, 2, &used)->name, "policy check");
    assert_int_equal(used, 1);
    assert_null(verbs_find(half, 1, &used));
}

static void test_machine_help_has_its_form(void **state UNUSED)
{
    struct str_builder out = {0};
    AUTO_FREE char *machine = NULL;

    help_machine(&out);
    machine = str_builder_take(&out);
    assert_memory_equal(machine, "option\t*\t--json\t\n", 17);
    assert_non_null(strstr(machine, "\nverb\tdeny\noption\tdeny\t--reason\tTEXT\n"));
    assert_non_null(strstr(machine, "\nverb\tpolicy check\n"));
    assert_non_null(strstr(machine, "option\trequest\t--wait\t[DUR]\n"));
}

static void test_errors_have_their_exit_codes(void **state UNUSED)
{
    static const struct {
        const char *error;
        enum cli_exit exit;
    } cases[] = {
        {"io.assent.NotFound", CLI_FAILED},
        {"io.assent.NotAllowed", CLI_REFUSED},
        {"io.assent.AlreadyEnded", CLI_FAILED},
        {"io.assent.Refused", CLI_REFUSED},
        {"io.assent.NotNeeded", CLI_OK},
        {"io.assent.TooMany", CLI_REFUSED},
        {"io.assent.Unavailable", CLI_FAILED},
        {"io.assent.Invalid", CLI_USAGE},
        {"org.varlink.service.InvalidParameter", CLI_USAGE},
        {"org.varlink.service.PermissionDenied", CLI_REFUSED},
        {"org.varlink.service.MethodNotFound", CLI_FAILED},
        {"com.example.Other", CLI_FAILED},
        {"", CLI_FAILED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(call_exit_of(cases[i].error), cases[i].exit);
}

static void test_states_have_their_exit_codes(void **state UNUSED)
{
    static const struct {
        const char *state;
        enum cli_exit exit;
    } cases[] = {
        {"new", CLI_UNANSWERED},
        {"waiting", CLI_UNANSWERED},
        {"approved", CLI_OK},
        {"denied", CLI_REFUSED},
        {"expired", CLI_UNANSWERED},
        {"withdrawn", CLI_UNANSWERED},
        {"", CLI_FAILED},
        {"approved?", CLI_FAILED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *request = json_pack("{s:s}", "state", cases[i].state);

        assert_int_equal(wait_exit_of(request), cases[i].exit);
        json_decref(request);
    }
    assert_int_equal(wait_exit_of(NULL), CLI_FAILED);
}

static char *describe(const char *error, const char *json)
{
    json_t *parameters = json ? json_loads(json, 0, NULL) : NULL;
    struct str_builder out = {0};

    call_describe_error(&out, error, parameters);
    json_decref(parameters);
    return str_builder_take(&out);
}

static void test_errors_are_told_in_words(void **state UNUSED)
{
    AUTO_FREE char *refused =
        describe("io.assent.Refused", "{\"message\": \"not at night\", \"rule\": \"night\"}");
    AUTO_FREE char *ended =
        describe("io.assent.AlreadyEnded", "{\"id\": \"K7QM-2F9X\", \"state\": \"denied\"}");
    AUTO_FREE char *bare = describe("io.assent.TooMany", NULL);
    AUTO_FREE char *unknown = describe("com.example.\033[1mOops", "{\"message\": 5}");

    AUTO_FREE char *two =
        describe("io.assent.Invalid", "{\"message\": \"no.\\nAsk \\u0007root.\\n\"}");

    assert_string_equal(refused, "not at night (rule night)");
    assert_string_equal(two, "no.\n  Ask \\x07root.");
    assert_string_equal(ended, "it has already ended (id K7QM-2F9X, state denied)");
    assert_string_equal(bare, "too many at once, try again later");
    assert_string_equal(unknown, "the agent answers with an error: com.example.\\x1b[1mOops");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_stand_anywhere),
        cmocka_unit_test(test_the_file_has_a_short_option),
        cmocka_unit_test(test_the_command_is_left_alone),
        cmocka_unit_test(test_a_value_may_look_like_an_option),
        cmocka_unit_test(test_wrong_options_are_named),
        cmocka_unit_test(test_an_option_is_given_once),
        cmocka_unit_test(test_options_before_the_verb_end_at_it),
        cmocka_unit_test(test_verbs_are_found_by_one_word_or_two),
        cmocka_unit_test(test_the_verb_table_is_complete),
        cmocka_unit_test(test_help_names_every_verb_and_option),
        cmocka_unit_test(test_help_fits_a_terminal),
        cmocka_unit_test(test_help_of_a_first_word),
        cmocka_unit_test(test_verbs_are_found_in_one_word_or_two),
        cmocka_unit_test(test_machine_help_has_its_form),
        cmocka_unit_test(test_errors_have_their_exit_codes),
        cmocka_unit_test(test_states_have_their_exit_codes),
        cmocka_unit_test(test_errors_are_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
