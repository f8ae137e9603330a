/* What a hostile agent could make the CLI do or show: the bytes of one reply are parsed and
 * rendered in every form. Whatever they are, the text must be fit for a terminal: valid UTF-8 and
 * no control character but the newline. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/base/call.h"
#include "../../cli/base/field.h"
#include "../../cli/base/varlink.h"
#include "../../cli/policy/view_explain.h"
#include "../../cli/report/report.h"
#include "../../cli/view/view.h"
#include "../../cli/wait.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void (*show_fn)(struct str_builder *, const struct view *, const json_t *);

static void check_terminal(const char *text)
{
    if (!str_is_utf8(text, strlen(text)))
        abort();
    for (const char *p = text; *p != '\0'; p++)
        if (((unsigned char)*p < ' ' && *p != '\n') || *p == '\x7f')
            abort();
}

/* Takes the text out of the builder; escaping it again as one line must change newlines alone. */
static void check(struct str_builder *out)
{
    AUTO_FREE char *text = str_builder_take(out);

    if (!text)
        abort();
    check_terminal(text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        AUTO_FREE char *escaped = str_escape_new(line);
        size_t backslashes = 0;

        for (const char *p = line; *p != '\0'; p++)
            backslashes += *p == '\\';
        /* deceptive characters would grow by more than the backslashes do */
        if (!escaped || strlen(escaped) != strlen(line) + backslashes)
            abort();
    }
}

static void show(show_fn function, const json_t *value, unsigned width)
{
    const struct cli_options options = {.width = width};
    const struct view view = {
        .options = &options, .now_us = UINT64_C(1795168800000000), .uid = 1000};
    struct str_builder out = {0};

    function(&out, &view, value);
    check(&out);
}

static void show_all(const json_t *value, unsigned width)
{
    static const show_fn one[] = {view_show_request, view_show_grant, view_show_status,
        view_show_policy, view_show_event, view_show_explanation};
    static const show_fn many[] = {view_show_requests, view_show_grants, view_show_versions};

    for (size_t i = 0; i < ARRAY_SIZE(one); i++)
        show(one[i], value, width);
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        show(many[i], value, width);
}

/* The rows of a report, in all its formats. In CSV lines end with CR and LF. */
static void show_report(json_t *rows)
{
    const struct cli_options options = {0};
    struct report report = {.kind = &report_recertification, .rows = rows, .host = rows};
    struct str_builder text = {0}, html = {0}, csv = {0};
    AUTO_FREE char *lines = NULL;

    report_put_text(&text, &report, &options);
    check(&text);
    report_put_html(&html, &report);
    check(&html);
    report_put_csv(&csv, &report);
    lines = str_builder_take(&csv);
    if (!lines)
        abort();
    for (char *p = lines; (p = strstr(p, "\r\n"));)
        *p = ' ';
    check_terminal(lines);
}

/* Every member of the parameters, as the verbs take them out, and the parameters themselves. */
static void show_reply(const struct varlink_reply *reply)
{
    const char *key;
    json_t *value;

    show_all(reply->parameters, 0);
    json_object_foreach(reply->parameters, key, value)
    {
        show_all(value, 0);
        show_all(value, 60);
        show_report(value);
        (void)wait_exit_of(value);
        (void)view_missing(value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    struct str_builder out = {0};

    if (varlink_parse_reply((const char *)data, size, &reply) != 0)
        return 0;
    if (reply.error) {
        call_describe_error(&out, reply.error, reply.parameters);
        check(&out);
        (void)call_exit_of(reply.error);
    }
    show_reply(&reply);
    return 0;
}
