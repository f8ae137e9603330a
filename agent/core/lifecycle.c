#include "lifecycle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "agent.h"
#include "audit.h"
#include "change.h"
#include "damage.h"
#include "tally.h"
#include "waiter.h"

void lifecycle_forget(struct agent *agent, const void *userdata)
{
    for (struct change *c = agent->changes; c; c = c->next) {
        if (c->userdata == userdata) {
            c->request_done = NULL;
            c->grant_done = NULL;
            c->unwanted = true;
        }
    }
}

/* ---- requests ------------------------------------------------------------------------- */

static int prepare_request(struct agent *agent, struct request *request, uint64_t within_us)
{
    int r = request->id[0] != '\0' ? 0 : agent_new_id(agent, request->id);

    if (r < 0)
        return r;
    memcpy(request->boot_id, agent->boot_id, sizeof(request->boot_id));
    request->created_us = clock_boottime_us();
    request->expires_us = request->created_us + within_us;
    request->created_real_us = clock_realtime_us();
    request->expires_real_us = request->created_real_us + within_us;
    return request_set_state(request, REQUEST_WAITING);
}

void lifecycle_open(struct agent *agent, struct request *request, uint64_t within_us,
    request_done_fn done, void *userdata)
{
    struct ledger_batch *batch = ledger_batch_new();
    int r = prepare_request(agent, request, within_us);
    struct change *change = r == 0 ? change_new(agent, request, NULL, userdata) : NULL;

    if (!batch || !change) {
        ledger_batch_free(batch);
        request_free(request);
        done(r < 0 ? r : -ENOMEM, NULL, userdata);
        return;
    }
    change->request_done = done;
    reasons_note(&agent->reasons, request->subject.uid, request->reason, request->created_real_us);
    book_add_request(&agent->book, request);
    change_put_request(batch, request);
    audit_request(batch, EVENT_REQUEST_OPENED, request, NULL, NULL);
    request->facts = NULL;
    request->would = 0;
    request->would_rule = NULL;
    audit_request(batch, EVENT_STAGE_STARTED, request, NULL, NULL);
    tally_note(&agent->tallies, batch, request->scope.entitlement, TALLY_ASKED);
    change_submit(change, batch, false);
}

/* The grant of an approved request, added to the book but opening nothing until it is durable. */
static struct grant *make_grant(struct agent *agent, struct request *request, uint64_t duration_us)
{
    struct grant *grant;
    char id[IDS_SIZE];

    if (agent_new_id(agent, id) < 0)
        return NULL;
    grant = grant_from_request(request, duration_us);
    if (!grant)
        return NULL;
    memcpy(grant->id, id, sizeof(id));
    /* not the request's: one that a rule allows at once was never opened */
    memcpy(grant->boot_id, agent->boot_id, sizeof(grant->boot_id));
    memcpy(request->grant, id, sizeof(id));
    book_add_grant(&agent->book, grant);
    return grant;
}

void lifecycle_grant(struct agent *agent, struct request *request,
    const struct audit_decision *decision, grant_done_fn done, void *userdata)
{
    struct ledger_batch *batch = ledger_batch_new();
    struct grant *grant = batch ? make_grant(agent, request, request->duration_us) : NULL;
    struct change *change = grant ? change_new(agent, NULL, grant, userdata) : NULL;
    struct audit_decision of_grant = *decision;

    request_free(request);
    if (!change) {
        if (grant)
            book_remove_grant(&agent->book, grant);
        ledger_batch_free(batch);
        done(-ENOMEM, NULL, userdata);
        return;
    }
    change->grant_done = done;
    change_put_grant(batch, grant);
    of_grant.chain = grant->id;
    audit_decided(batch, &of_grant);
    tally_note(&agent->tallies, batch, grant->scope.entitlement, TALLY_ALLOWED);
    audit_grant(batch, EVENT_GRANTED, grant, NULL, NULL);
    change_submit(change, batch, false);
}

/* What the word leads to. Returns the grant it made, if any. */
static int conclude(struct agent *agent, struct request *request, const struct answer *answer,
    struct grant **ret_grant)
{
    uint64_t duration = request->duration_us;

    *ret_grant = NULL;
    if (!answer->approved)
        return request_set_state(request, REQUEST_DENIED);
    if (answer->duration_us > 0 && answer->duration_us < duration)
        duration = answer->duration_us;
    request->duration_us = duration;
    if (!request_has_enough(request))
        return 0;
    *ret_grant = make_grant(agent, request, duration);
    return *ret_grant ? request_set_state(request, REQUEST_APPROVED) : -ENOMEM;
}

void lifecycle_answer(struct agent *agent, struct request *request, const struct answer *answer,
    request_done_fn done, void *userdata)
{
    /* One step of a request at a time: a step that builds on one whose commit then fails
     * would carry it into the ledger unrecorded. */
    bool busy = change_exists(agent, request->id);
    struct ledger_batch *batch = busy ? NULL : ledger_batch_new();
    struct change *change = batch ? change_new(agent, request, NULL, userdata) : NULL;
    struct grant *grant = NULL;
    int r = busy     ? -EBUSY
            : change ? request_add_approval(
                           request, answer->person, answer->uid, answer->approved, answer->reason)
                     : -ENOMEM;

    if (r == 0)
        r = conclude(agent, request, answer, &grant);
    if (r < 0) {
        ledger_batch_free(batch);
        if (change)
            change_free(change);
        if (r != -EEXIST && r != -EBUSY)
            request = change_reload_request(agent, request->id);
        done(r, request, userdata);
        return;
    }
    change->request_done = done;
    change_put_request(batch, request);
    audit_approval(batch, request, request_approval_of(request, answer->person));
    if (request_has_ended(request))
        tally_note(&agent->tallies, batch, request->scope.entitlement,
            answer->approved ? TALLY_APPROVED : TALLY_REFUSED);
    if (grant) {
        memcpy(change->grant, grant->id, sizeof(change->grant));
        change_put_grant(batch, grant);
        audit_grant(batch, EVENT_GRANTED, grant, NULL, NULL);
    }
    change_submit(change, batch, !answer->approved);
}

static void end_request(struct agent *agent, struct request *request, enum request_state state,
    const char *why, request_done_fn done, void *userdata)
{
    bool busy = change_exists(agent, request->id);
    struct ledger_batch *batch = busy ? NULL : ledger_batch_new();
    struct change *change = batch ? change_new(agent, request, NULL, userdata) : NULL;
    int r = busy ? -EBUSY : change ? request_set_state(request, state) : -ENOMEM;

    if (r < 0) {
        ledger_batch_free(batch);
        if (change)
            change_free(change);
        if (done)
            done(r, request, userdata);
        return;
    }
    change->request_done = done;
    free(request->end_reason);
    request->end_reason = why ? strdup(why) : NULL;
    change_put_request(batch, request);
    audit_request(batch, state == REQUEST_EXPIRED ? EVENT_REQUEST_EXPIRED : EVENT_REQUEST_WITHDRAWN,
        request, NULL, why);
    tally_note(&agent->tallies, batch, request->scope.entitlement,
        state == REQUEST_EXPIRED ? TALLY_EXPIRED : TALLY_WITHDRAWN);
    change_submit(change, batch, true);
}

void lifecycle_withdraw(struct agent *agent, struct request *request, const char *why,
    request_done_fn done, void *userdata)
{
    end_request(agent, request, REQUEST_WITHDRAWN, why, done, userdata);
}

void lifecycle_detach(struct agent *agent, struct request *request)
{
    struct ledger_batch *batch;

    request->attached = false;
    /* As above: what is in memory may hold an approval that fails to be written. */
    batch = change_exists(agent, request->id) ? NULL : ledger_batch_new();
    if (!batch)
        return;
    change_put_request(batch, request);
    ledger_submit(agent->ledger, batch, false, NULL, NULL);
}

/* What could not be ended yet (a step is still under way) is looked at again soon. */
#define SWEEP_AGAIN_US USEC_PER_SEC

void lifecycle_withdraw_unattended(struct agent *agent, struct request *request)
{
    if (agent->stopping || request->state != REQUEST_WAITING)
        return;
    if (change_exists(agent, request->id))
        agent_sweep_at(agent, clock_boottime_us() + SWEEP_AGAIN_US);
    else
        end_request(agent, request, REQUEST_WITHDRAWN, "the requester went away", NULL, NULL);
}

/* ---- grants --------------------------------------------------------------------------- */

void lifecycle_use(struct agent *agent, struct grant *grant, const char *detail, grant_done_fn done,
    void *userdata)
{
    struct ledger_batch *batch = ledger_batch_new();
    struct change *change = batch ? change_new(agent, NULL, grant, userdata) : NULL;

    if (!change) {
        ledger_batch_free(batch);
        done(-ENOMEM, grant, userdata);
        return;
    }
    change->grant_done = done;
    change->is_use = true;
    grant_use(grant);
    change_put_grant(batch, grant);
    audit_grant(batch, EVENT_USED, grant, detail, NULL);
    change_submit(change, batch, false);
}

void lifecycle_return_use(struct agent *agent, struct grant *grant, const char *why)
{
    struct ledger_batch *batch = ledger_batch_new();
    struct change *change = batch ? change_new(agent, NULL, grant, NULL) : NULL;

    grant_return(grant);
    if (!change) {
        ledger_batch_free(batch);
        return;
    }
    change_put_grant(batch, grant);
    audit_grant(batch, EVENT_DENIED_USE, grant, why, NULL);
    change_submit(change, batch, true);
}

void lifecycle_end_grant(struct agent *agent, struct grant *grant, const char *event,
    const char *why, grant_done_fn done, void *userdata)
{
    enum grant_state state = strcmp(event, EVENT_REVOKED) == 0     ? GRANT_REVOKED
                             : strcmp(event, EVENT_COMPLETED) == 0 ? GRANT_COMPLETED
                                                                   : GRANT_EXPIRED;
    struct ledger_batch *batch = ledger_batch_new();
    struct change *change = batch ? change_new(agent, NULL, grant, userdata) : NULL;

    if (!change || grant_set_state(grant, state) < 0) {
        ledger_batch_free(batch);
        if (change)
            change_free(change);
        if (done)
            done(-EINVAL, grant, userdata);
        return;
    }
    change->grant_done = done;
    free(grant->end_reason);
    grant->end_reason = why ? strdup(why) : NULL;
    change_put_grant(batch, grant);
    audit_grant(batch, event, grant, why, NULL);
    change_submit(change, batch, true);
}

/* ---- time ----------------------------------------------------------------------------- */

static bool is_unattended(const struct agent *agent, const struct request *request, uint64_t now)
{
    return request->committed && request->attached &&
           now >= agent->started_us + REQUEST_RETURN_US &&
           now >= request->created_us + REQUEST_RETURN_US && !waiter_exists(agent, request->id);
}

static void sweep_requests(struct agent *agent, uint64_t now)
{
    for (struct request *r = agent->book.requests, *next; r; r = next) {
        next = r->next;
        if (change_exists(agent, r->id))
            continue;
        if (!request_has_ended(r) && now >= r->expires_us)
            end_request(agent, r, REQUEST_EXPIRED, "nobody answered in time", NULL, NULL);
        else if (!request_has_ended(r) && is_unattended(agent, r, now))
            lifecycle_withdraw_unattended(agent, r);
        else if (request_has_ended(r) && now >= r->ended_us + BOOK_REMEMBER_US)
            book_remove_request(&agent->book, r);
    }
}

static void sweep_grants(struct agent *agent, uint64_t now)
{
    for (struct grant *g = book_next_grant(&agent->book, NULL), *next; g; g = next) {
        next = book_next_grant(&agent->book, g);
        if (now < book_ends_us(g) || change_exists(agent, g->id))
            continue;
        if (g->state == GRANT_ACTIVE)
            lifecycle_end_grant(agent, g, EVENT_EXPIRED, NULL, NULL, NULL);
        else
            book_remove_grant(&agent->book, g);
    }
}

uint64_t lifecycle_sweep(struct agent *agent)
{
    uint64_t now = clock_boottime_us(), next;

    sweep_requests(agent, now);
    sweep_grants(agent, now);
    next = book_recount(&agent->book);
    return next <= now ? now + SWEEP_AGAIN_US : next;
}

/* ---- start ---------------------------------------------------------------------------- */

struct filling {
    struct agent *agent;
    struct damage damage;
};

/* What cannot be read is nobody's request and opens nothing. */
static int skip(struct filling *filling, const char *id, int error)
{
    if (error != -EINVAL)
        return error;
    damage_note(&filling->damage, id);
    return 0;
}

static int load_one_request(const char *id, const char *body, void *userdata)
{
    struct filling *filling = userdata;
    struct request *request = NULL;
    int r = request_load(body, &request);

    if (r == 0 && !str_equal(request->id, id))
        r = -EINVAL;
    if (r == 0)
        book_add_request(&filling->agent->book, request);
    else
        request_free(request);
    return skip(filling, id, r);
}

static int load_one_grant(const char *id, const char *body, void *userdata)
{
    struct filling *filling = userdata;
    struct grant *grant = NULL;
    int r = grant_load(body, &grant);

    if (r == 0 && !str_equal(grant->id, id))
        r = -EINVAL;
    if (r == 0)
        book_add_grant(&filling->agent->book, grant);
    else
        grant_free(grant);
    return skip(filling, id, r);
}

static int load_all(struct agent *agent)
{
    struct filling requests = {.agent = agent}, grants = {.agent = agent};
    int r = ledger_each_live(agent->ledger, LEDGER_REQUEST, load_one_request, &requests);

    if (r == 0)
        r = ledger_each_live(agent->ledger, LEDGER_GRANT, load_one_grant, &grants);
    damage_record(agent, &requests.damage, "open requests", "nobody can answer them; ask anew");
    damage_record(agent, &grants.damage, "grants", "they open nothing");
    return r;
}

/* What belongs to an earlier boot ends now, unless policy said that it survives. */
static void end_earlier_boot(struct agent *agent)
{
    for (struct request *r = agent->book.requests; r; r = r->next)
        if (strcmp(r->boot_id, agent->boot_id) != 0)
            end_request(agent, r, REQUEST_EXPIRED, "the host was restarted", NULL, NULL);
    for (struct grant *g = NULL; (g = book_next_grant(&agent->book, g));)
        if (!grant_rebase(g, agent->boot_id) && g->state == GRANT_ACTIVE)
            lifecycle_end_grant(agent, g, EVENT_EXPIRED,
                "the host was restarted, or its time passed meanwhile", NULL, NULL);
}

int lifecycle_load(struct agent *agent)
{
    int r = load_all(agent);

    if (r < 0)
        return r;
    end_earlier_boot(agent);
    agent_sweep_at(agent, clock_boottime_us());
    agent_sweep_at(agent, agent->started_us + REQUEST_RETURN_US);
    return 0;
}
