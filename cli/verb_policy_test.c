/* assent policy test */
#include <string.h>

#include "../common/names.h"
#include "../common/parse.h"
#include "base/json.h"
#include "base/output.h"
#include "policy/directory.h"
#include "policy/trial.h"
#include "verbs.h"

enum format {
    FORMAT_TEXT,
    FORMAT_TAP,
    FORMAT_JUNIT,
    FORMAT_JSON,
};

static int take_format(const struct cli_options *options, enum format *ret_format)
{
    const char *text = cli_value(options, "format");

    *ret_format = options->json ? FORMAT_JSON : FORMAT_TEXT;
    if (!text || strcmp(text, "text") == 0)
        return CLI_OK;
    if (options->json)
        return cli_usage_error(options, "--json is a format of its own, without --format");
    if (strcmp(text, "tap") == 0)
        *ret_format = FORMAT_TAP;
    else if (strcmp(text, "junit") == 0)
        *ret_format = FORMAT_JUNIT;
    else
        return cli_usage_error(options, "--format is text, tap or junit");
    return CLI_OK;
}

/* --cover=PERCENT; 0: any will do. */
static int take_percent(const struct cli_options *options, uint64_t *ret_percent)
{
    const char *text = cli_value(options, "cover");

    *ret_percent = 0;
    if (!text || text[0] == '\0' || parse_u64(text, 100, ret_percent) == 0)
        return CLI_OK;
    return cli_usage_error(options, "--cover=PERCENT is a number from 0 to 100");
}

static void put_json(struct str_builder *out, const struct trial *trial)
{
    AUTO_JSON json_t *json = trial_to_json(trial);
    AUTO_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    str_append(out, text ? text : "");
    str_append(out, "\n");
    out->failed |= !text;
}

/* In a file, the report leaves the terminal to the text. */
static int show(const struct trial *trial, enum format format, const struct cli_options *options)
{
    const char *path = cli_value(options, "output");
    struct str_builder out = {0}, text = {0};
    int r;

    if (format == FORMAT_JSON && !path) {
        AUTO_JSON json_t *json = trial_to_json(trial);

        return output_json(json);
    }
    if (format == FORMAT_TAP)
        trial_put_tap(&out, trial);
    else if (format == FORMAT_JUNIT)
        trial_put_junit(&out, trial);
    else if (format == FORMAT_JSON)
        put_json(&out, trial);
    else
        trial_put_text(&out, trial, options);
    r = output_text_to(&out, path);
    if (r != CLI_OK || !path || format == FORMAT_TEXT)
        return r;
    trial_put_text(&text, trial, options);
    return output_text(&text);
}

static int judge(const struct trial *trial, uint64_t percent)
{
    if (!trial->results || trial->failed > 0)
        return CLI_USAGE;
    if (trial->count == 0) {
        cli_error("there are no tests in this policy");
        return CLI_USAGE;
    }
    if (percent > 0 && trial_cover(trial).percent < percent) {
        cli_error("the tests reach %u %% of the rules and entitlements, not the %u %% wanted",
            trial_cover(trial).percent, (unsigned)percent);
        return CLI_USAGE;
    }
    return CLI_OK;
}

int verb_policy_test(int argc, char **argv, const struct cli_options *options)
{
    CLEANUP(trial_done)
    struct trial trial = {
        .directory = argc > 1 ? argv[1] : ASSENT_POLICY_DIR,
        .shows_cover = cli_value(options, "cover") != NULL,
    };
    enum format format;
    uint64_t percent;
    int r = take_format(options, &format);

    if (r == CLI_OK)
        r = take_percent(options, &percent);
    if (r == CLI_OK)
        r = directory_check(trial.directory);
    if (r != CLI_OK)
        return r;
    if (trial_run(&trial) < 0) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    r = show(&trial, format, options);
    return r == CLI_OK ? judge(&trial, percent) : r;
}
