#include "../common/clock.h"
#include "../common/str.h"
#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/output.h"
#include "base/since.h"
#include "base/text.h"
#include "host/setup_view.h"
#include "report/monitored.h"
#include "report/report.h"
#include "verbs.h"

#define SINCE_LEAST_US (UINT64_C(86400) * USEC_PER_SEC) /* the agent asks for no less */

static bool is_listed(const json_t *status, const char *what)
{
    size_t index;
    json_t *item;

    json_array_foreach(field_array(status, "monitor"), index, item)
    {
        if (str_equal(field_text(item, "what"), what))
            return true;
    }
    return false;
}

/* Nobody is asked to agree to what changes nothing. */
static int check_watched(const struct cli_options *options, const char *what)
{
    AUTO_JSON json_t *status = NULL;
    AUTO_FREE char *escaped = text_escape(what);
    int r = call_method(options, "GetStatus", NULL, &status);

    if (r != CLI_OK || is_listed(status, what) || field_int(status, "monitor_more", 0) > 0)
        return r;
    cli_error("%s is not in monitor mode; what is: assent status", escaped ? escaped : "it");
    return CLI_FAILED;
}

/* The report comes first, whatever was said on the command line: it is what is decided on. */
static int show_report(const struct cli_options *options, const char *what)
{
    CLEANUP(report_done)
    struct report report = {.kind = &report_monitor, .made_us = clock_realtime_us()};
    struct str_builder out = {0};
    uint64_t since_us;
    int r;

    if (since_parse(cli_value(options, "since"), &since_us) < 0)
        return cli_usage_error(options, "--since takes a length of time as 30d, a day as "
                                        "2026-11-20, or a time as 2026-11-20T10:00:00Z");
    if (since_us > report.made_us - SINCE_LEAST_US)
        return cli_usage_error(
            options, "--since is 24h at least: what has just begun says nothing");
    r = monitored_read(options, what, since_us, &report);
    if (r != CLI_OK)
        return r;
    if (options->json)
        return output_json(report.rows);
    report_put_text(&out, &report, options);
    return output_text(&out);
}

static int agree(const struct cli_options *options)
{
    if (cli_value(options, "yes"))
        return CLI_OK;
    if (!options->tty_in) {
        cli_error(
            "nothing was changed: there is no terminal to ask at; with --yes it is not asked");
        return CLI_USAGE;
    }
    if (setup_ask("Enforce it from now on?"))
        return CLI_OK;
    cli_error("nothing was changed");
    return CLI_REFUSED;
}

int verb_enforce(int argc UNUSED, char **argv, const struct cli_options *options)
{
    AUTO_JSON json_t *reply = NULL;
    struct str_builder out = {0};
    int r = check_watched(options, argv[1]);

    if (r == CLI_OK)
        r = show_report(options, argv[1]);
    if (r == CLI_OK)
        r = agree(options);
    if (r == CLI_OK)
        r = call_method(options, "LeaveMonitor", json_pack("{s:s}", "what", argv[1]), &reply);
    if (r != CLI_OK || options->json)
        return r;
    str_append(&out, "\nEnforced from now on: ");
    text_put(&out, argv[1]);
    str_append(&out, ".\n");
    return output_text(&out);
}
