#include "ask.h"

#include <errno.h>
#include <stdio.h>

#include "../../common/clock.h"
#include "json.h"

#define ANSWER_US (3 * USEC_PER_SEC)

int ask_agent(
    const char *socket, const char *method, json_t *parameters, struct varlink_reply *ret_reply)
{
    AUTO_JSON json_t *owned = parameters;
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    uint64_t deadline = clock_deadline(ANSWER_US);
    char name[64];
    snprintf(name, sizeof(name), "io.assent.%s", method);
    int r = varlink_open(socket, deadline, &link);
    if (r == 0)
        r = varlink_send(link, name, owned, false, deadline);
    if (r != 0)
        return r;
    do
        r = varlink_receive(link, deadline, ret_reply);
    while (r == -EINTR);
    return r;
}
