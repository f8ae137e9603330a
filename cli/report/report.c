#include "report.h"

#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/rfc3339.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../view/table.h"

void report_done(struct report *report)
{
    json_decref(report->rows);
    json_decref(report->notes);
    json_decref(report->host);
    json_decref(report->policy);
    *report = (struct report){0};
}

void report_note(struct report *report, char *text)
{
    if (!report->notes)
        report->notes = json_array();
    (void)json_array_append_new(report->notes, json_string(text ? text : "out of memory"));
    free(text);
}

void report_note_selftests(struct report *report, uint64_t count)
{
    struct str_builder line = {0};

    if (count == 0)
        return;
    text_put_count(&line, count);
    str_appendf(&line, " decision%s of self-tests of assent setup left out: nobody asked.",
        count == 1 ? "" : "s");
    report_note(report, str_builder_take(&line));
}

/* The cell as text fit for any line: escaped, in fresh memory; NULL on OOM. */
static char *cell_of(const struct report *report, const json_t *row, const char *key)
{
    struct str_builder cell = {0};
    AUTO_FREE char *raw = NULL;

    report->kind->put(&cell, row, key);
    raw = str_builder_take(&cell);
    return raw ? text_escape(raw) : NULL;
}

/* ---- text -------------------------------------------------------------------------------- */

static void put_head(
    struct str_builder *out, const struct report *report, const struct cli_options *options)
{
    char made[CLOCK_RFC3339_SIZE];
    const char *policy = json_string_value(report->policy);
    size_t index;
    json_t *note;

    clock_format_rfc3339(report->made_us, made);
    str_append(out, style_on(options, STYLE_BOLD));
    str_append(out, report->kind->title);
    str_append(out, style_off(options, STYLE_BOLD));
    if (json_string_value(report->host)) {
        str_append(out, " on ");
        text_put(out, json_string_value(report->host));
    }
    str_appendf(out, ", %s", made);
    if (policy) {
        AUTO_FREE char *start = strndup(policy, 12);

        str_append(out, ", policy ");
        text_put(out, start);
    }
    str_append(out, "\n");
    json_array_foreach(report->notes, index, note)
    {
        text_put(out, json_string_value(note));
        str_append(out, "\n");
    }
    str_append(out, "\n");
}

/* "2026-11-20T16:29:33Z" as people read it: to the minute, in UTC like all of a report. */
static char *shorten_time(char *text)
{
    uint64_t us;

    if (text && strlen(text) == 20 && rfc3339_parse(text, &us) == 0) {
        text[10] = ' ';
        text[16] = '\0';
    }
    return text;
}

static void put_table(
    struct str_builder *out, const struct report *report, const struct cli_options *options)
{
    const struct report_kind *kind = report->kind;
    struct table_column columns[TABLE_COLUMNS_MAX + 1] = {0};
    CLEANUP(table_done) struct table table;
    size_t index;
    json_t *row;

    for (size_t i = 0; i < kind->column_count && i < TABLE_COLUMNS_MAX; i++)
        columns[i] = (struct table_column){kind->columns[i].title, kind->columns[i].shrinks};
    table_init(&table, columns);
    json_array_foreach(report->rows, index, row)
    {
        for (size_t i = 0; i < table.column_count; i++)
            table_take(&table, shorten_time(cell_of(report, row, kind->columns[i].key)),
                kind->style ? kind->style(row, kind->columns[i].key) : STYLE_PLAIN);
    }
    table_render(&table, options, out);
}

void report_put_text(
    struct str_builder *out, const struct report *report, const struct cli_options *options)
{
    put_head(out, report, options);
    if (json_array_size(report->rows) == 0)
        str_appendf(out, "%s\n", report->kind->empty);
    else
        put_table(out, report, options);
}

/* ---- JSON -------------------------------------------------------------------------------- */

void report_put_json(struct str_builder *out, const struct report *report, bool for_terminal)
{
    AUTO_FREE char *text =
        json_dumps(report->rows, for_terminal ? JSON_INDENT(2) | JSON_ENSURE_ASCII : JSON_COMPACT);

    str_append(out, text ? text : "");
    str_append(out, "\n");
    out->failed |= !text;
}

/* ---- CSV --------------------------------------------------------------------------------- */

/* Also as the wide characters that some spreadsheets read for them. */
static bool is_formula(const char *text)
{
    static const char *const signs[] = {
        "=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    return false;
}

static void put_csv_cell(struct str_builder *out, const char *text)
{
    bool formula = is_formula(text + strspn(text, " "));

    if (!formula && text[strcspn(text, "\",\r\n ")] == '\0') {
        str_append(out, text);
        return;
    }
    str_append(out, formula ? "\"'" : "\"");
    for (; *text != '\0'; text++)
        str_append_n(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    str_append(out, "\"");
}

void report_put_csv(struct str_builder *out, const struct report *report)
{
    const struct report_kind *kind = report->kind;
    size_t index;
    json_t *row;

    for (size_t i = 0; i < kind->column_count; i++)
        str_appendf(out, "%s%s", i > 0 ? "," : "", kind->columns[i].key);
    str_append(out, "\r\n");
    json_array_foreach(report->rows, index, row)
    {
        for (size_t i = 0; i < kind->column_count; i++) {
            AUTO_FREE char *cell = cell_of(report, row, kind->columns[i].key);

            str_append(out, i > 0 ? "," : "");
            put_csv_cell(out, cell ? cell : "");
            out->failed |= !cell;
        }
        str_append(out, "\r\n");
    }
}

/* ---- HTML -------------------------------------------------------------------------------- */

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>";

/* Contrast holds in light and dark, and on paper. */
static const char page_style[] =
    "</title>\n<style>\n"
    ":root { color-scheme: light dark; }\n"
    "body { font: 1em/1.4 sans-serif; margin: 2em; }\n"
    "table { border-collapse: collapse; }\n"
    "caption { text-align: left; padding-bottom: .5em; }\n"
    "th, td { border: 1px solid; padding: .3em .6em; text-align: left; vertical-align: top; }\n"
    "thead th { position: sticky; top: 0; background: Canvas; }\n"
    "</style>\n</head>\n<body>\n<main>\n<h1>";

static void put_fact(struct str_builder *out, const char *label, const char *text)
{
    if (!text)
        return;
    str_appendf(out, "<dt>%s</dt><dd>", label);
    text_put_markup(out, text);
    str_append(out, "</dd>\n");
}

static void put_html_head(struct str_builder *out, const struct report *report)
{
    char made[CLOCK_RFC3339_SIZE];
    size_t index;
    json_t *note;

    clock_format_rfc3339(report->made_us, made);
    str_append(out, page_head);
    text_put_markup(out, report->kind->title);
    str_append(out, page_style);
    text_put_markup(out, report->kind->title);
    str_append(out, "</h1>\n<dl>\n");
    put_fact(out, "Host", json_string_value(report->host));
    put_fact(out, "Made", made);
    put_fact(out, "Policy", json_string_value(report->policy));
    str_append(out, "</dl>\n");
    json_array_foreach(report->notes, index, note)
    {
        str_append(out, "<p>");
        text_put_markup(out, json_string_value(note));
        str_append(out, "</p>\n");
    }
}

static void put_html_row(struct str_builder *out, const struct report *report, const json_t *row)
{
    const struct report_kind *kind = report->kind;

    str_append(out, "<tr>");
    for (size_t i = 0; i < kind->column_count; i++) {
        AUTO_FREE char *cell = cell_of(report, row, kind->columns[i].key);

        str_append(out, i == 0 ? "<th scope=\"row\">" : "<td>");
        text_put_markup(out, cell);
        str_append(out, i == 0 ? "</th>" : "</td>");
        out->failed |= !cell;
    }
    str_append(out, "</tr>\n");
}

static void put_html_table(struct str_builder *out, const struct report *report)
{
    const struct report_kind *kind = report->kind;
    size_t index;
    json_t *row;

    str_appendf(out, "<table>\n<caption>%zu row%s</caption>\n<thead>\n<tr>",
        json_array_size(report->rows), json_array_size(report->rows) == 1 ? "" : "s");
    for (size_t i = 0; i < kind->column_count; i++) {
        str_append(out, "<th scope=\"col\">");
        text_put_markup(out, kind->columns[i].title);
        str_append(out, "</th>");
    }
    str_append(out, "</tr>\n</thead>\n<tbody>\n");
    json_array_foreach(report->rows, index, row) put_html_row(out, report, row);
    str_append(out, "</tbody>\n</table>\n");
}

void report_put_html(struct str_builder *out, const struct report *report)
{
    put_html_head(out, report);
    if (json_array_size(report->rows) == 0) {
        str_append(out, "<p>");
        text_put_markup(out, report->kind->empty);
        str_append(out, "</p>\n");
    } else {
        put_html_table(out, report);
    }
    str_append(out, "</main>\n</body>\n</html>\n");
}
