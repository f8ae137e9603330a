#include <errno.h>
#include <stdint.h>

#include "../common/clock.h"
#include "base/call.h"
#include "base/field.h"
#include "base/output.h"
#include "verbs.h"
#include "view/view.h"

static int print_event(const struct cli_options *options, const json_t *parameters)
{
    const json_t *event = field_object(parameters, "event");
    struct str_builder out = {0};
    struct view view;

    if (!event)
        return CLI_OK;
    if (options->json)
        return output_json_line(event);
    view_init(&view, options);
    view_show_event(&out, &view, event);
    return output_text(&out);
}

/* One event. Returns CLI_OK while more follow. */
static int follow(const struct cli_options *options, struct varlink *link, bool *ret_more)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    int r;

    do
        r = varlink_receive(link, UINT64_MAX, &reply);
    while (r == -EINTR || r == -ETIMEDOUT);
    *ret_more = false;
    if (r != 0)
        return call_say_broken(options, r);
    if (reply.error)
        return call_say_error(reply.error, reply.parameters);
    *ret_more = reply.continues;
    return print_event(options, reply.parameters);
}

int verb_watch(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    bool more = true;
    int r = call_connect(options, &link);

    if (r != CLI_OK)
        return r;
    r = varlink_send(link, CALL_INTERFACE "Watch", NULL, true, clock_deadline(CALL_TIMEOUT_US));
    if (r != 0)
        return call_say_broken(options, r);
    do
        r = follow(options, link, &more);
    while (r == CLI_OK && more);
    return r;
}
