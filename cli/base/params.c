#include "params.h"

#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "id.h"

#define COUNT_MAX 1000000

int params_set(json_t *params, const char *key, const char *text, const char *what)
{
    if (!str_is_utf8(text, strlen(text))) {
        cli_error("%s is not valid UTF-8", what);
        return CLI_USAGE;
    }
    if (json_object_set_new(params, key, json_string(text)) < 0) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    return CLI_OK;
}

int params_id(const struct cli_options *options, json_t *params, const char *key, const char *text)
{
    char id[ID_SIZE], escaped[64];

    if (id_normalise(text, id) < 0) {
        str_escape(text, strlen(text), escaped, sizeof(escaped));
        return cli_usage_error(options, "'%s' is not an id; ids look like K7QM-2F9X", escaped);
    }
    return params_set(params, key, id, "the id");
}

/* The agent takes no longer text, and could not say which option of ours it came from. */
#define TEXT_MAX 4096

int params_text(
    const struct cli_options *options, json_t *params, const char *key, const char *option)
{
    const char *text = cli_value(options, option);
    char what[64];

    if (!text)
        return CLI_OK;
    if (text[strspn(text, " \t\n")] == '\0')
        return cli_usage_error(options, "--%s is empty", option);
    if (strlen(text) >= TEXT_MAX)
        return cli_usage_error(options, "--%s is too long: %zu bytes, where %d are taken", option,
            strlen(text), TEXT_MAX - 1);
    snprintf(what, sizeof(what), "--%s", option);
    return params_set(params, key, text, what);
}

int params_text_required(
    const struct cli_options *options, json_t *params, const char *key, const char *option)
{
    if (!cli_value(options, option))
        return cli_usage_error(options, "%s needs --%s", options->verb->name, option);
    return params_text(options, params, key, option);
}

int params_duration(
    const struct cli_options *options, json_t *params, const char *key, const char *option)
{
    const char *text = cli_value(options, option);
    uint64_t us;
    char escaped[64];

    if (!text)
        return CLI_OK;
    if (parse_duration(text, &us) < 0 || us < USEC_PER_SEC || us % USEC_PER_SEC != 0 ||
        us / USEC_PER_SEC > INT64_MAX) {
        str_escape(text, strlen(text), escaped, sizeof(escaped));
        return cli_usage_error(
            options, "--%s '%s' is not a duration; write 90s, 15m, 1h30m or 2d", option, escaped);
    }
    if (json_object_set_new(params, key, json_integer((json_int_t)(us / USEC_PER_SEC))) < 0)
        return CLI_FAILED;
    return CLI_OK;
}

int params_count(
    const struct cli_options *options, json_t *params, const char *key, const char *option)
{
    const char *text = cli_value(options, option);
    uint64_t count;

    if (!text)
        return CLI_OK;
    if (parse_u64(text, COUNT_MAX, &count) < 0 || count == 0)
        return cli_usage_error(options, "--%s is a number from 1 to %d", option, COUNT_MAX);
    if (json_object_set_new(params, key, json_integer((json_int_t)count)) < 0)
        return CLI_FAILED;
    return CLI_OK;
}
