/* The formats of reports, with cells that would do harm in one or the other; and the
 * recertification report over what an agent could list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/base/field.h"
#include "../../cli/base/json.h"
#include "../../cli/report/report.h"
#include "../../common/macro.h"

static void put(struct str_builder *out, const json_t *row, const char *key)
{
    str_append(out, field_text_or(row, key, ""));
}

static const struct report_column columns[] = {{"a", "A", false}, {"b", "B", false}};

static const struct report_kind kind = {
    .name = "test",
    .title = "A <test>",
    .empty = "Nothing & nobody.",
    .columns = columns,
    .column_count = ARRAY_SIZE(columns),
    .put = put,
};

static const struct cli_options plain;

/* One row with those two cells, and a note. */
static struct report make(const char *a, const char *b)
{
    return (struct report){
        .kind = &kind,
        .made_us = UINT64_C(1795168800) * 1000000,
        .rows = json_pack("[{s:s, s:s}]", "a", a, "b", b),
        .notes = json_pack("[s]", "a note"),
        .host = json_string("db1"),
        .policy = json_string("0123456789abcdef"),
    };
}

static char *csv_of(const char *a, const char *b)
{
    CLEANUP(report_done) struct report report = make(a, b);
    struct str_builder out = {0};

    report_put_csv(&out, &report);
    return str_builder_take(&out);
}

static void assert_csv(const char *a, const char *expected)
{
    AUTO_FREE char *csv = csv_of(a, "x"), *all = NULL;
    struct str_builder builder = {0};

    str_appendf(&builder, "a,b\r\n%s,x\r\n", expected);
    all = str_builder_take(&builder);
    assert_string_equal(csv, all);
}

static void test_csv(void **state)
{
    (void)state;
    assert_csv("plain", "plain");
    assert_csv("", "");
    assert_csv("two words", "\"two words\"");
    assert_csv("a,b", "\"a,b\"");
    assert_csv("say \"yes\"", "\"say \"\"yes\"\"\"");
    assert_csv("line\nbreak\rand\ttab", "line\\x0abreak\\x0dand\\x09tab");
    assert_csv("\xe2\x80\xaeturned", "\\xe2\\x80\\xaeturned");
}

static void test_csv_has_no_formulas(void **state)
{
    (void)state;
    assert_csv("=1+1", "\"'=1+1\"");
    assert_csv("+1", "\"'+1\"");
    assert_csv("-1", "\"'-1\"");
    assert_csv("@SUM(A1)", "\"'@SUM(A1)\"");
    assert_csv(" =1", "\"' =1\"");
    assert_csv("\xef\xbc\x9d"
               "1",
        "\"'\xef\xbc\x9d"
        "1\"");
    assert_csv("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
    assert_csv("a=1", "a=1");
    assert_csv("\t=1", "\\x09=1");
}

static void test_html(void **state)
{
    CLEANUP(report_done)
    struct report report = make("<script>alert('1')</script>", "a & \"b\"\x1b[2J");
    struct str_builder out = {0};
    AUTO_FREE char *html = NULL;

    (void)state;
    report_note(&report, strdup("<b>bold</b>"));
    report_put_html(&out, &report);
    html = str_builder_take(&out);
    assert_non_null(strstr(html, "<html lang=\"en\">"));
    assert_non_null(strstr(html, "<title>A &lt;test&gt;</title>"));
    assert_non_null(strstr(html, "<h1>A &lt;test&gt;</h1>"));
    assert_non_null(strstr(html, "<th scope=\"col\">A</th>"));
    assert_non_null(
        strstr(html, "<tr><th scope=\"row\">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"
                     "</th><td>a &amp; &quot;b&quot;\\x1b[2J</td></tr>"));
    assert_non_null(strstr(html, "<p>&lt;b&gt;bold&lt;/b&gt;</p>"));
    assert_non_null(strstr(html, "<dd>0123456789abcdef</dd>"));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "http:"));
    assert_null(strstr(html, "src="));
}

static void test_html_without_rows(void **state)
{
    CLEANUP(report_done) struct report report = make("", "");
    struct str_builder out = {0};
    AUTO_FREE char *html = NULL;

    (void)state;
    json_array_clear(report.rows);
    report_put_html(&out, &report);
    html = str_builder_take(&out);
    assert_non_null(strstr(html, "<p>Nothing &amp; nobody.</p>"));
    assert_null(strstr(html, "<table"));
}

static void test_text(void **state)
{
    CLEANUP(report_done) struct report report = make("one", "two\n\x1b[31mthree");
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    (void)state;
    report_put_text(&out, &report, &plain);
    text = str_builder_take(&out);
    assert_string_equal(text, "A <test> on db1, 2026-11-20T10:00:00Z, policy 0123456789ab\n"
                              "a note\n\n"
                              "A    B\n"
                              "one  two\\x0a\\x1b[31mthree\n");
}

static void test_json_is_the_rows(void **state)
{
    CLEANUP(report_done) struct report report = make("one", "\xe2\x80\xae");
    struct str_builder out = {0}, terminal = {0};
    AUTO_FREE char *text = NULL, *shown = NULL;

    (void)state;
    report_put_json(&out, &report, false);
    text = str_builder_take(&out);
    assert_string_equal(text, "[{\"a\":\"one\",\"b\":\"\xe2\x80\xae\"}]\n");
    report_put_json(&terminal, &report, true);
    shown = str_builder_take(&terminal);
    assert_non_null(strstr(shown, "\\u202E"));
}

/* ---- recertification ---------------------------------------------------------------------- */

static char *cell(const char *json, const char *key)
{
    AUTO_JSON json_t *row = json_loads(json, 0, NULL);
    struct str_builder out = {0};

    assert_non_null(row);
    report_recertification.put(&out, row, key);
    return str_builder_take(&out);
}

static void assert_cell(const char *json, const char *key, const char *expected)
{
    AUTO_FREE char *text = cell(json, key);

    assert_string_equal(text, expected);
}

static void test_recertification_cells(void **state)
{
    static const char certified[] =
        "{\"id\":\"r\",\"decision\":\"allow\",\"state\":\"certified\",\"source\":\"ledger\","
        "\"certified_until\":\"2027-06-30\",\"certificate\":{\"by\":\"carol\",\"own\":true,"
        "\"reason\":\"needed\",\"time\":\"2026-11-20T10:00:00Z\"},"
        "\"used\":{\"count\":3,\"last\":\"2026-11-19T00:00:01Z\"}}";
    static const char never[] =
        "{\"id\":\"r\",\"decision\":\"allow\",\"state\":\"lapsed\",\"lapse\":\"never\"}";
    static const char unowned[] =
        "{\"id\":\"r\",\"decision\":\"allow\",\"state\":\"lapsed\",\"lapse\":\"owner\","
        "\"source\":\"file\",\"file\":\"a.yaml\",\"line\":7,\"monitored\":true,"
        "\"certificate\":{\"reason\":\"old\"},"
        "\"missing\":[{\"why\":\"carol is locked\"},{\"why\":\"dave has expired\"}]}";
    static const char asks[] = "{\"id\":\"r\",\"decision\":\"escalate\",\"need\":2,\"left\":1}";

    static const char identity[] =
        "{\"name\":\"ci\",\"account\":\"deploy\",\"state\":\"ending\",\"owner\":\"carol\","
        "\"expires\":\"2026-12-01\",\"purpose\":\"Deploys\",\"file\":\"a.yaml\",\"line\":3,"
        "\"missing\":[{\"why\":\"carol's account ends on 2026-12-01\"}]}";

    (void)state;
    assert_cell(identity, "id", "identity ci");
    assert_cell(identity, "state", "about to lapse");
    assert_cell(identity, "certified_until", "2026-12-01");
    assert_cell(identity, "by", "a.yaml:3");
    assert_cell(identity, "reason", "Deploys");
    assert_cell(identity, "used", "");
    assert_cell(identity, "missing", "carol's account ends on 2026-12-01");
    assert_cell("{\"account\":\"x\",\"state\":\"unowned\"}", "state", "no owner left");
    assert_cell("{\"account\":\"x\",\"state\":\"ended\"}", "state", "lapsed");
    assert_cell("{\"account\":\"x\",\"state\":\"later\"}", "state", "lapsed");
    assert_cell(certified, "id", "r");
    assert_cell(certified, "state", "certified");
    assert_cell(certified, "certified_until", "2027-06-30");
    assert_cell(certified, "by", "carol, 2026-11-20 (it allows them)");
    assert_cell(certified, "reason", "needed");
    assert_cell(certified, "used", "3");
    assert_cell(certified, "last_used", "2026-11-19");
    assert_cell(never, "state", "lapsed, never certified");
    assert_cell(never, "by", "");
    assert_cell(never, "used", "");
    assert_cell(unowned, "state", "no owner left, watched only");
    assert_cell(unowned, "by", "a.yaml:7");
    assert_cell(unowned, "reason", "");
    assert_cell(unowned, "missing", "carol is locked; dave has expired");
    assert_cell(asks, "state", "too few people left (escalate)");
    assert_cell("{\"decision\":1,\"missing\":{},\"certificate\":[]}", "missing", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_has_no_formulas),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_html_without_rows),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json_is_the_rows),
        cmocka_unit_test(test_recertification_cells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
