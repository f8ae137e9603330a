#include "change.h"

#include <stdlib.h>
#include <string.h>

#include "../ledger/ledger.h"
#include "../state/grant.h"
#include "../state/request.h"
#include "agent.h"
#include "waiter.h"

struct change *change_new(
    struct agent *agent, const struct request *request, const struct grant *grant, void *userdata)
{
    struct change *change = calloc(1, sizeof(*change));

    if (!change)
        return NULL;
    change->agent = agent;
    change->userdata = userdata;
    if (request)
        memcpy(change->request, request->id, sizeof(change->request));
    if (grant)
        memcpy(change->grant, grant->id, sizeof(change->grant));
    change->next = agent->changes;
    agent->changes = change;
    return change;
}

void change_free(struct change *change)
{
    struct change **at = &change->agent->changes;

    while (*at != change)
        at = &(*at)->next;
    *at = change->next;
    free(change);
}

bool change_exists(const struct agent *agent, const char *id)
{
    for (const struct change *c = agent->changes; c; c = c->next)
        if (strcmp(c->request, id) == 0 || strcmp(c->grant, id) == 0)
            return true;
    return false;
}

struct request *change_reload_request(struct agent *agent, const char *id)
{
    struct request *stale = book_request(&agent->book, id), *fresh = NULL;
    AUTO_FREE char *body = NULL;

    if (stale)
        book_remove_request(&agent->book, stale);
    if (ledger_get(agent->ledger, LEDGER_REQUEST, id, &body) < 0 || request_load(body, &fresh) < 0)
        return NULL;
    /* of an earlier boot, and its end could not be written: its times are of another clock */
    if (strcmp(fresh->boot_id, agent->boot_id) != 0 && !request_has_ended(fresh) &&
        request_set_state(fresh, REQUEST_EXPIRED) < 0) {
        request_free(fresh);
        return NULL;
    }
    book_add_request(&agent->book, fresh);
    return fresh;
}

static struct grant *reload_grant(struct agent *agent, const char *id)
{
    struct grant *stale = book_grant(&agent->book, id), *fresh = NULL;
    AUTO_FREE char *body = NULL;

    if (stale)
        book_remove_grant(&agent->book, stale);
    if (ledger_get(agent->ledger, LEDGER_GRANT, id, &body) < 0 || grant_load(body, &fresh) < 0)
        return NULL;
    if (!grant_rebase(fresh, agent->boot_id) && fresh->state == GRANT_ACTIVE)
        grant_set_state(fresh, GRANT_EXPIRED); /* as above, or it is past its time */
    book_add_grant(&agent->book, fresh);
    return fresh;
}

static void settle_grant(struct change *change, int result)
{
    struct agent *agent = change->agent;
    struct grant *grant = book_grant(&agent->book, change->grant);

    if (result == 0 && grant) {
        grant->committed = true;
        agent_sweep_at(agent, book_ends_us(grant));
        if (change->is_use && change->unwanted)
            lifecycle_return_use(agent, grant, LIFECYCLE_UNHEARD);
    } else if (result < 0 && change->is_use) {
        /* others may hold uses in later steps: give back exactly this one */
        if (grant)
            grant_return(grant);
    } else if (result < 0) {
        grant = reload_grant(agent, change->grant);
    }
    if (change->grant_done)
        change->grant_done(result, grant, change->userdata);
}

static void settle_request(struct change *change, int result)
{
    struct agent *agent = change->agent;
    struct request *request = book_request(&agent->book, change->request);

    if (result < 0) {
        request = change_reload_request(agent, change->request);
    } else if (request) {
        request->committed = true;
        agent_sweep_at(agent,
            request->attached ? clock_boottime_us() + REQUEST_RETURN_US : request->expires_us);
    }
    /* Those who waited before; whoever begins to wait in the callback has just been told. */
    if (result == 0 && request)
        waiter_tell_all(agent, request);
    if (change->request_done)
        change->request_done(result, request, change->userdata);
}

static void on_durable(int result, uint64_t first_seq, void *userdata)
{
    struct change *change = userdata;

    (void)first_seq;
    if (change->grant[0] != '\0')
        settle_grant(change, result);
    if (change->request[0] != '\0')
        settle_request(change, result);
    if (result == 0)
        agent_committed(change->agent);
    change_free(change);
}

void change_put_request(struct ledger_batch *batch, const struct request *request)
{
    AUTO_FREE char *body = request_store(request);

    ledger_batch_put(batch, LEDGER_REQUEST, request->id, !request_has_ended(request), body);
}

void change_put_grant(struct ledger_batch *batch, const struct grant *grant)
{
    AUTO_FREE char *body = grant_store(grant);

    ledger_batch_put(batch, LEDGER_GRANT, grant->id, grant->state == GRANT_ACTIVE, body);
}

void change_submit(struct change *change, struct ledger_batch *batch, bool essential)
{
    ledger_submit(change->agent->ledger, batch, essential, on_durable, change);
}
