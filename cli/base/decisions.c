#include "decisions.h"

#include <errno.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/rfc3339.h"
#include "call.h"
#include "field.h"
#include "json.h"
#include "text.h"

/* One reply. `ret_more`: others follow. A record that was tampered with may make a reply that is no
 * JSON; those behind it are none the worse. */
static int take_reply(struct varlink *link, const struct cli_options *options, decisions_fn row,
    void *userdata, bool *ret_more)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    const json_t *decision;
    int r = varlink_receive(link, clock_deadline(CALL_TIMEOUT_US), &reply);

    *ret_more = r == 0 ? reply.continues : r == VARLINK_E_GARBLED || r == -EINTR;
    if (r == -EINTR)
        return CLI_OK;
    if (r != 0 && r != VARLINK_E_GARBLED)
        return call_say_broken(options, r);
    if (reply.error)
        return call_say_error(reply.error, reply.parameters);
    decision = field_object(reply.parameters, "decision");
    if (r == 0 && !decision)
        return CLI_OK;
    r = row(decision, userdata);
    if (r == 0)
        return CLI_OK;
    cli_error("%s", strerror(-r));
    return CLI_FAILED;
}

bool decisions_is_selftest(const json_t *decision)
{
    return field_text(decision, "selftest") != NULL;
}

int decisions_each(
    const struct cli_options *options, uint64_t since_us, decisions_fn row, void *userdata)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    char since[RFC3339_US_SIZE];
    AUTO_JSON json_t *parameters = NULL;
    bool more = true;
    int r = call_connect(options, &link);

    if (r != CLI_OK)
        return r;
    rfc3339_format_us(since_us, since);
    parameters = json_pack("{s:s}", "since", since);
    r = varlink_send(
        link, CALL_INTERFACE "ListDecisions", parameters, true, clock_deadline(CALL_TIMEOUT_US));
    if (r != 0)
        return call_say_broken(options, r);
    do
        r = take_reply(link, options, row, userdata, &more);
    while (r == CLI_OK && more);
    return r;
}
