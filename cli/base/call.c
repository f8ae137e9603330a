#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "field.h"
#include "text.h"

#define SERVICE "org.varlink.service."

/* What each error means to the caller: the exit code, and the words where the reply has
 * none of its own ("message"). An error that is not listed is a plain failure. */
static const struct error_row {
    const char *name;
    enum cli_exit exit;
    const char *words;
} errors[] = {
    {CALL_INTERFACE "NotFound", CLI_FAILED,
        "there is nothing with this id, or it is not yours to see"},
    {CALL_INTERFACE "NotAllowed", CLI_REFUSED, "this is not yours to do"},
    {CALL_INTERFACE "AlreadyEnded", CLI_FAILED, "it has already ended"},
    {CALL_INTERFACE "Refused", CLI_REFUSED, "refused"},
    {CALL_INTERFACE "NotNeeded", CLI_OK, "policy allows this without a request"},
    {CALL_INTERFACE "TooMany", CLI_REFUSED, "too many at once, try again later"},
    {CALL_INTERFACE "Unavailable", CLI_FAILED, "the agent cannot do this now, try again later"},
    {CALL_INTERFACE "Invalid", CLI_USAGE, "the agent does not accept these values"},
    {SERVICE "InvalidParameter", CLI_USAGE, "the agent does not accept these values"},
    {SERVICE "PermissionDenied", CLI_REFUSED,
        "only root may do this; root and auditors where it only shows something"},
    {SERVICE "MethodNotFound", CLI_FAILED, "the agent does not know this; is it an older version?"},
    {SERVICE "InterfaceNotFound", CLI_FAILED, "this socket is not the agent's"},
};

static const struct error_row *find_error(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
        if (strcmp(errors[i].name, name) == 0)
            return &errors[i];
    return NULL;
}

enum cli_exit call_exit_of(const char *error)
{
    const struct error_row *row = find_error(error);

    return row ? row->exit : CLI_FAILED;
}

/* The agent's messages may have two lines; what users chose in them is escaped by it, and
 * cannot break a line. Each is escaped here once more and the second is indented. */
static void put_lines(struct str_builder *out, const char *message)
{
    while (*message != '\0') {
        size_t length = strcspn(message, "\n");
        AUTO_FREE char *line = strndup(message, length);

        text_put(out, line);
        message += length + strspn(message + length, "\n");
        if (*message != '\0')
            str_append(out, "\n  ");
    }
}

/* Whether the message has "rule asks" in it already. */
static bool is_said(const char *message, const char *label, const char *value)
{
    struct str_builder builder = {0};
    AUTO_FREE char *words = NULL;

    str_appendf(&builder, "%s %s", label, value);
    words = str_builder_take(&builder);
    return message && words && strstr(message, words);
}

void call_describe_error(struct str_builder *out, const char *error, const json_t *parameters)
{
    const struct error_row *row = find_error(error);
    const char *message = field_text(parameters, "message");
    const struct {
        const char *key, *label;
    } details[] = {{"id", "id"}, {"state", "state"}, {"rule", "rule"}, {"parameter", "parameter"}};
    bool any = false;

    if (message || row) {
        put_lines(out, message ? message : row->words);
    } else {
        str_append(out, "the agent answers with an error: ");
        text_put(out, error);
    }
    for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
        const char *value = field_text(parameters, details[i].key);

        if (!value || is_said(message, details[i].label, value))
            continue;
        str_appendf(out, "%s%s ", any ? ", " : " (", details[i].label);
        text_put(out, value);
        any = true;
    }
    if (any)
        str_append(out, ")");
}

int call_say_error(const char *error, const json_t *parameters)
{
    struct str_builder out = {0};
    AUTO_FREE char *words = NULL;

    call_describe_error(&out, error, parameters);
    words = str_builder_take(&out);
    cli_error("%s", words ? words : "out of memory");
    return (int)call_exit_of(error);
}

static const char *outcome_words(int result)
{
    switch (result) {
    case VARLINK_E_GARBLED:
        return "its answer cannot be read";
    case VARLINK_E_TOO_BIG:
        return "a message is over 1 MiB";
    case VARLINK_E_CLOSED:
        return "it hung up without an answer";
    case -ENOENT:
        return "no such socket";
    case -ECONNREFUSED:
        return "connection refused";
    case -EACCES:
        return "permission denied";
    case -ETIMEDOUT:
        return "no answer in time";
    default:
        return strerror(result < 0 ? -result : EPROTO);
    }
}

int call_say_broken(const struct cli_options *options, int result)
{
    AUTO_FREE char *path = str_escape_new(options->socket);

    cli_error(
        "the agent does not answer at %s (%s). Is it running? systemctl status assentd.socket",
        path ? path : "?", outcome_words(result));
    return CLI_FAILED;
}

int call_connect(const struct cli_options *options, struct varlink **ret_link)
{
    int r = varlink_open(options->socket, clock_deadline(CALL_TIMEOUT_US), ret_link);

    return r == 0 ? CLI_OK : call_say_broken(options, r);
}

/* Waits for the one reply of a plain call; signals do not cut it short. */
static int receive_reply(
    struct varlink *link, uint64_t deadline_us, struct varlink_reply *ret_reply)
{
    int r;

    do
        r = varlink_receive(link, deadline_us, ret_reply);
    while (r == -EINTR);
    return r;
}

int call_raw(const struct cli_options *options, struct varlink *link, const char *method,
    json_t *parameters, struct varlink_reply *ret_reply)
{
    uint64_t deadline_us = clock_deadline(CALL_TIMEOUT_US);
    char name[64];
    int r;

    snprintf(name, sizeof(name), CALL_INTERFACE "%s", method);
    r = varlink_send(link, name, parameters, false, deadline_us);
    json_decref(parameters);
    if (r == 0)
        r = receive_reply(link, deadline_us, ret_reply);
    return r == 0 ? CLI_OK : call_say_broken(options, r);
}

int call_on(const struct cli_options *options, struct varlink *link, const char *method,
    json_t *parameters, json_t **ret_reply)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    int r = call_raw(options, link, method, parameters, &reply);

    if (r != CLI_OK)
        return r;
    if (reply.error)
        return call_say_error(reply.error, reply.parameters);
    *ret_reply = TAKE_PTR(reply.parameters);
    return CLI_OK;
}

int call_method(
    const struct cli_options *options, const char *method, json_t *parameters, json_t **ret_reply)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    int r = call_connect(options, &link);

    if (r != CLI_OK) {
        json_decref(parameters);
        return r;
    }
    return call_on(options, link, method, parameters, ret_reply);
}
