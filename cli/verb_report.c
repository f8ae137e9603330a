/* assent report */
#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "base/json.h"
#include "base/output.h"
#include "base/since.h"
#include "report/report.h"
#include "verbs.h"

static const struct report_kind *const kinds[] = {
    &report_recertification,
    &report_monitor,
};

enum format {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_CSV,
    FORMAT_HTML,
};

static int take_format(const struct cli_options *options, enum format *ret_format)
{
    static const char *const words[] = {
        [FORMAT_TEXT] = "text",
        [FORMAT_JSON] = "json",
        [FORMAT_CSV] = "csv",
        [FORMAT_HTML] = "html",
    };
    const char *text = cli_value(options, "format");

    *ret_format = options->json ? FORMAT_JSON : FORMAT_TEXT;
    for (size_t i = 0; text && i < ARRAY_SIZE(words); i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        if (options->json && i != FORMAT_JSON)
            return cli_usage_error(options, "--json and --format %s at once", words[i]);
        *ret_format = (enum format)i;
        return CLI_OK;
    }
    return text ? cli_usage_error(options, "--format is text, json, csv or html") : CLI_OK;
}

static int list_kinds(const struct cli_options *options)
{
    AUTO_JSON json_t *array = json_array();
    struct str_builder out = {0};

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        (void)json_array_append_new(
            array, json_pack("{s:s, s:s}", "kind", kinds[i]->name, "summary", kinds[i]->summary));
        str_appendf(&out, "  %-16s %s\n", kinds[i]->name, kinds[i]->summary);
    }
    if (!options->json)
        return output_text(&out);
    str_builder_done(&out);
    return output_json(array);
}

static const struct report_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static int no_kind(const struct cli_options *options, const char *name)
{
    AUTO_FREE char *escaped = str_escape_new(name);

    return cli_usage_error(options, "there is no report '%s'; `assent report` lists them all",
        escaped ? escaped : "?");
}

static int print(const struct report *report, enum format format, const struct cli_options *options)
{
    const char *path = cli_value(options, "output");
    struct cli_options to_file = *options;
    struct str_builder out = {0};

    if (path) {
        to_file.colour = false;
        to_file.width = 0;
    }
    switch (format) {
    case FORMAT_TEXT:
        report_put_text(&out, report, path ? &to_file : options);
        break;
    case FORMAT_JSON:
        report_put_json(&out, report, !path && isatty(STDOUT_FILENO));
        break;
    case FORMAT_CSV:
        report_put_csv(&out, report);
        break;
    case FORMAT_HTML:
        report_put_html(&out, report);
        break;
    }
    return output_text_to(&out, path);
}

int verb_report(int argc, char **argv, const struct cli_options *options)
{
    CLEANUP(report_done) struct report report = {.made_us = clock_realtime_us()};
    const char *since = cli_value(options, "since");
    enum format format;
    uint64_t since_us;
    int r = take_format(options, &format);

    if (r != CLI_OK)
        return r;
    if (argc < 2)
        return list_kinds(options);
    report.kind = find_kind(argv[1]);
    if (!report.kind)
        return no_kind(options, argv[1]);
    if (since_parse(since ? since : report.kind->since, &since_us) < 0)
        return cli_usage_error(options, "--since takes a length of time as 30d, a day as "
                                        "2026-11-20, or a time as 2026-11-20T10:00:00Z");
    r = report.kind->read(options, since_us, &report);
    return r == CLI_OK ? print(&report, format, options) : r;
}
