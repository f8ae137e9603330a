/* Words, widths and tables of the CLI, with what users would do to them. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../cli/base/id.h"
#include "../../cli/base/text.h"
#include "../../cli/view/table.h"
#include "../../cli/view/when.h"
#include "../../common/clock.h"
#include "../../common/columns.h"
#include "../../common/rfc3339.h"

#define MIN UINT64_C(60)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

static void test_ids_are_read_as_people_type_them(void **state UNUSED)
{
    static const char *const good[] = {
        "K7QM-2F9X", "k7qm-2f9x", "k7qm2f9x", "K7QM2F9X", "K7 QM 2F 9X", "-K7QM--2F9X-"};
    char id[ID_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(id_normalise(good[i], id), 0);
        assert_string_equal(id, "K7QM-2F9X");
    }
    assert_int_equal(id_normalise("oO0i-Il1L", id), 0);
    assert_string_equal(id, "0001-1111");
}

static void test_what_is_no_id_is_refused(void **state UNUSED)
{
    static const char *const bad[] = {"", "-", "K7QM-2F9", "K7QM-2F9XX", "K7QM-2F9U", "K7QM_2F9X",
        "K7QM-2F9\xc3\xa9", "../../etc", "K7QM-2F9X\n", "%s%s%s%s%n"};
    char id[ID_SIZE] = "kept";

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_true(id_normalise(bad[i], id) < 0);
    assert_string_equal(id, "kept");
}

static void test_lengths_of_time(void **state UNUSED)
{
    static const struct {
        uint64_t seconds;
        const char *words;
    } cases[] = {
        {0, "0 s"},
        {1, "1 s"},
        {59, "59 s"},
        {60, "1 min"},
        {90, "1 min 30 s"},
        {HOUR, "1 h"},
        {HOUR + 1, "1 h"},
        {HOUR + 5 * MIN + 9, "1 h 5 min"},
        {DAY, "1 day"},
        {3 * DAY + 4 * HOUR + 59 * MIN, "3 days 4 h"},
        {2 * DAY + 30 * MIN, "2 days"},
    };
    char text[WHEN_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        when_length(cases[i].seconds, text);
        assert_string_equal(text, cases[i].words);
    }
    when_length(UINT64_MAX, text);
    assert_string_equal(text, "213503982334601 days 7 h");
}

static void test_times_are_seen_from_now(void **state UNUSED)
{
    static const struct {
        int64_t offset;
        const char *words;
    } cases[] = {
        {0, "just now"},
        {-4, "just now"},
        {-5, "5 s ago"},
        {-200, "3 min ago"},
        {-3600, "1 h ago"},
        {-9000, "2 h 30 min ago"},
        {1, "in 1 s"},
        {12 * 60, "in 12 min"},
        {12 * 60 + 29, "in 12 min"},
        {30 * 60 - 1, "in 30 min"},
        {8 * 3600 - 1, "in 8 h"},
        {30 * 86400 - 1, "in 30 days"},
        {65 * 60, "in 1 h 5 min"},
        {86400 * 2, "in 2 days"},
    };
    const uint64_t now_us = UINT64_C(1795168800) * USEC_PER_SEC;
    char text[WHEN_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        when_relative(now_us + (uint64_t)cases[i].offset * USEC_PER_SEC, now_us, text);
        assert_string_equal(text, cases[i].words);
    }
    when_relative(0, UINT64_MAX, text);
    assert_memory_equal(text, "213503982 days", 14);
    when_relative(UINT64_MAX, 0, text);
    assert_memory_equal(text, "in 213503982 days", 17);
}

static void test_times_are_read_from_rfc3339(void **state UNUSED)
{
    uint64_t us = 7;
    char text[CLOCK_RFC3339_SIZE];

    assert_int_equal(rfc3339_parse("2026-11-20T10:00:00Z", &us), 0);
    clock_format_rfc3339(us, text);
    assert_string_equal(text, "2026-11-20T10:00:00Z");
    assert_int_equal(rfc3339_parse("1970-01-01T00:00:00Z", &us), 0);
    assert_int_equal(us, 0);
    assert_int_equal(rfc3339_parse("1970-01-01T00:00:01.25Z", &us), 0);
    assert_int_equal(us, 1250000);
    assert_int_equal(rfc3339_parse("1970-01-01T00:00:00.123456789Z", &us), 0);
    assert_int_equal(us, 123456);
    assert_int_equal(rfc3339_parse("1970-01-01T02:00:00+02:00", &us), 0);
    assert_int_equal(us, 0);
    assert_int_equal(rfc3339_parse("1970-01-01T00:00:00-01:30", &us), 0);
    assert_int_equal(us, 5400 * USEC_PER_SEC);
}

static void test_what_is_no_time_is_refused(void **state UNUSED)
{
    static const char *const bad[] = {"", "now", "2026-11-20", "2026-11-20 10:00:00Z",
        "2026-11-20T10:00:00", "2026-13-20T10:00:00Z", "2026-00-20T10:00:00Z",
        "2026-11-32T10:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z",
        "2026-11-20T10:00:61Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
        "2026-11-20T10:00:00Z ", "2026-11-20T10:00:00.Z", "2026-11-20T10:00:00+1:00",
        "2026-11-20T10:00:00+25:00", "-026-11-20T10:00:00Z", "99999-11-20T10:00:00Z"};
    uint64_t us = 7;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(rfc3339_parse(bad[i], &us), -22);
    assert_int_equal(us, 7);
}

static char *put(const char *text)
{
    struct str_builder out = {0};

    text_put(&out, text);
    return str_builder_take(&out);
}

static void test_hostile_text_is_escaped(void **state UNUSED)
{
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"plain", "plain"},
        {"\033[2J\033[31mroot", "\\x1b[2J\\x1b[31mroot"},
        {"line\nforged: yes", "line\\x0aforged: yes"},
        {"\xe2\x80\xae"
         "drow",
            "\\xe2\\x80\\xae"
            "drow"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"a\rb\tc\x7f", "a\\x0db\\x09c\\x7f"},
        {"na\xc3\xafve", "na\xc3\xafve"},
        {"C:\\temp", "C:\\\\temp"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *shown = put(cases[i].raw), *again = put(shown);

        assert_string_equal(shown, cases[i].shown);
        assert_string_equal(again, cases[i].shown);
    }
}

static void test_half_escaped_text_is_escaped_once_more(void **state UNUSED)
{
    AUTO_FREE char *mixed = put("\\x1b and \033"), *cut = put("end\\"), *hex = put("\\xZZ"),
                   *upper = put("\\x1B");

    assert_string_equal(mixed, "\\\\x1b and \\x1b");
    assert_string_equal(cut, "end\\\\");
    assert_string_equal(hex, "\\\\xZZ");
    assert_string_equal(upper, "\\\\x1B");
}

static char *command(const char *json)
{
    json_t *array = json_loads(json, 0, NULL);
    struct str_builder out = {0};

    text_put_command(&out, array);
    json_decref(array);
    return str_builder_take(&out);
}

static void test_arguments_show_their_borders(void **state UNUSED)
{
    AUTO_FREE char *plain = command("[\"/usr/bin/id\", \"-u\"]");
    AUTO_FREE char *quoted = command("[\"/bin/sh\", \"-c\", \"rm -rf /; echo 'x'\", \"\"]");
    AUTO_FREE char *hostile = command("[\"/bin/echo\", \"\\u001b[1m\", 5, null]");

    assert_string_equal(plain, "/usr/bin/id -u");
    assert_string_equal(quoted, "/bin/sh -c 'rm -rf /; echo '\\''x'\\''' ''");
    assert_string_equal(hostile, "/bin/echo '\\x1b[1m' '?' '?'");
}

static void test_text_is_cut_and_wrapped_by_columns(void **state UNUSED)
{
    struct str_builder out = {0};
    AUTO_FREE char *cut = NULL, *wrapped = NULL, *at = NULL, *hard = NULL;

    text_put_cut(&out, "0123456789", 10);
    text_put_cut(&out, "0123456789A", 10);
    text_put_cut(&out, "abc", 2);
    cut = str_builder_take(&out);
    assert_string_equal(cut, "0123456789"
                             "0123456..."
                             "..");

    text_put_wrapped(&out, "one two three four five six seven", 4, 26);
    wrapped = str_builder_take(&out);
    assert_string_equal(wrapped, "one two three four\n    five six seven\n");
    text_put_wrapped_at(&out, "one two three four five six seven", 9, 2, 32);
    at = str_builder_take(&out);
    assert_string_equal(at, "one two three four five\n  six seven\n");

    text_put_wrapped(&out, "0123456789012345678901234", 0, 20);
    hard = str_builder_take(&out);
    assert_string_equal(hard, "01234567890123456789\n01234\n");
}

static void test_wide_and_combining_characters_are_measured(void **state UNUSED)
{
    assert_int_equal(columns_of("abc"), 3);
    assert_int_equal(columns_of("\xc3\xa9"), 1);
    assert_int_equal(columns_of("e\xcc\x81"), 1);
    assert_int_equal(columns_of("\xe6\x97\xa5\xe6\x9c\xac"), 4);
    assert_int_equal(columns_fit("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
}

static const struct table_column columns[] = {{"ID", false}, {"WHY", true}, {"LEFT", false}, {0}};

static char *render(const struct cli_options *options, const char *why)
{
    CLEANUP(table_done) struct table table;
    struct str_builder out = {0};

    table_init(&table, columns);
    table_add(&table, "K7QM-2F9X", STYLE_ID);
    table_add(&table, why, STYLE_PLAIN);
    table_add(&table, "9 min", STYLE_PLAIN);
    table_render(&table, options, &out);
    return str_builder_take(&out);
}

static void test_tables_are_aligned(void **state UNUSED)
{
    const struct cli_options plain = {0};
    AUTO_FREE char *text = render(&plain, "disk is full");

    assert_string_equal(text, "ID         WHY           LEFT\n"
                              "K7QM-2F9X  disk is full  9 min\n");
}

static void test_tables_fit_the_terminal(void **state UNUSED)
{
    const struct cli_options narrow = {.width = 34}, tiny = {.width = 20};
    AUTO_FREE char *text = render(&narrow, "the disk of the replica is full since this morning");
    AUTO_FREE char *least = render(&tiny, "the disk of the replica is full since this morning");

    assert_string_equal(text, "ID         WHY               LEFT\n"
                              "K7QM-2F9X  the disk of t...  9 min\n");
    assert_string_equal(least, "ID         WHY       LEFT\n"
                               "K7QM-2F9X  the d...  9 min\n");
}

/* All of it is there, and the other rows stay where they can be read. */
static void test_a_long_cell_moves_only_its_row(void **state UNUSED)
{
    const struct cli_options plain = {0};
    CLEANUP(table_done) struct table table;
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL, *second = NULL;
    char why[3001];

    memset(why, 'x', sizeof(why) - 1);
    why[sizeof(why) - 1] = '\0';
    table_init(&table, columns);
    for (size_t i = 0; i < 2; i++) {
        table_add(&table, "K7QM-2F9X", STYLE_ID);
        table_add(&table, i == 0 ? why : "disk is full", STYLE_PLAIN);
        table_add(&table, "9 min", STYLE_PLAIN);
    }
    table_render(&table, &plain, &out);
    text = str_builder_take(&out);
    assert_non_null(strstr(text, why));
    second = strrchr(text, 'K') ? strdup(strrchr(text, 'K')) : NULL;
    assert_non_null(second);
    assert_int_equal(strlen(second), strlen("K7QM-2F9X  ") + 100 + strlen("  9 min\n"));
}

static void test_cells_cannot_forge_rows_or_colours(void **state UNUSED)
{
    const struct cli_options plain = {0};
    AUTO_FREE char *text = render(&plain, "x\nA1B2-C3D4  approved\033[32m");

    assert_string_equal(text, "ID         WHY                               LEFT\n"
                              "K7QM-2F9X  x\\x0aA1B2-C3D4  approved\\x1b[32m  9 min\n");
}

static void test_colour_is_only_where_it_is_wanted(void **state UNUSED)
{
    const struct cli_options colour = {.colour = true}, plain = {0};

    assert_string_equal(style_on(&plain, STYLE_BAD), "");
    assert_string_equal(style_off(&plain, STYLE_BAD), "");
    assert_string_equal(style_on(&colour, STYLE_BAD), "\033[31m");
    assert_string_equal(style_off(&colour, STYLE_BAD), "\033[0m");
    assert_string_equal(style_off(&colour, STYLE_PLAIN), "");
    assert_int_equal(style_of_state("approved"), STYLE_GOOD);
    assert_int_equal(style_of_state("no such state"), STYLE_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_are_read_as_people_type_them),
        cmocka_unit_test(test_what_is_no_id_is_refused),
        cmocka_unit_test(test_lengths_of_time),
        cmocka_unit_test(test_times_are_seen_from_now),
        cmocka_unit_test(test_times_are_read_from_rfc3339),
        cmocka_unit_test(test_what_is_no_time_is_refused),
        cmocka_unit_test(test_hostile_text_is_escaped),
        cmocka_unit_test(test_half_escaped_text_is_escaped_once_more),
        cmocka_unit_test(test_arguments_show_their_borders),
        cmocka_unit_test(test_text_is_cut_and_wrapped_by_columns),
        cmocka_unit_test(test_wide_and_combining_characters_are_measured),
        cmocka_unit_test(test_tables_are_aligned),
        cmocka_unit_test(test_tables_fit_the_terminal),
        cmocka_unit_test(test_a_long_cell_moves_only_its_row),
        cmocka_unit_test(test_cells_cannot_forge_rows_or_colours),
        cmocka_unit_test(test_colour_is_only_where_it_is_wanted),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
