/* ListRequests, GetRequest, WaitRequest. */
#include <errno.h>
#include <string.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/lifecycle.h"
#include "../core/waiter.h"
#include "../ledger/ledger.h"
#include "../state/people.h"
#include "methods.h"
#include "view.h"

#define RECENT_MAX 200
#define RECENT_BYTES ((size_t)2 << 20) /* of the ledger, in one call: it holds up the loop */

struct listing {
    struct agent *agent;
    struct public_call *call;
    const char *scope;
    size_t bytes;
    json_t *array;
};

static bool is_listed(const struct listing *listing, const struct request *request)
{
    uid_t uid = public_peer(listing->call)->uid;

    if (str_equal(listing->scope, "all"))
        return true;
    if (str_equal(listing->scope, "approvable"))
        return request->state == REQUEST_WAITING &&
               people_still_asked(listing->agent->policy, request, uid);
    return method_owns(listing->agent, listing->call, request->subject.uid);
}

static void list_one(struct listing *listing, const struct request *request)
{
    if (is_listed(listing, request))
        json_array_append_new(listing->array, view_request(listing->agent, request));
}

static int list_ended(const char *id, const char *body, void *userdata)
{
    struct listing *listing = userdata;
    struct request *request;

    listing->bytes += strlen(body);
    if (listing->bytes > RECENT_BYTES)
        return -ECANCELED;
    if (book_request(&listing->agent->book, id) || request_load(body, &request) < 0)
        return 0;
    list_one(listing, request);
    request_free(request);
    return 0;
}

void method_list_requests(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct listing listing = {.agent = agent, .call = call};
    bool ended;
    int r = 0;

    if (!method_text(call, parameters, "scope", false, &listing.scope) ||
        !method_flag(call, parameters, "ended", &ended))
        return;
    if (str_equal(listing.scope, "all") && !method_sees_all(agent, call)) {
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "only root and the auditors' group see everybody's requests");
        return;
    }
    listing.array = json_array();
    for (struct request *request = agent->book.requests; request; request = request->next)
        if (request->committed && (!request_has_ended(request) || ended))
            list_one(&listing, request);
    if (ended)
        r = ledger_each_recent(agent->ledger, LEDGER_REQUEST, RECENT_MAX, list_ended, &listing);
    if (r < 0 && r != -ECANCELED) {
        json_decref(listing.array);
        method_unavailable(call, -EIO);
        return;
    }
    public_reply(call, json_pack("{s:o}", "requests", listing.array));
}

/* Live or long ended: the ledger keeps them all. */
void method_get_request(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct request *loaded = NULL;
    const struct request *request = NULL;
    AUTO_FREE char *body = NULL;
    char id[IDS_SIZE];
    const char *text;

    if (!method_text(call, parameters, "id", true, &text))
        return;
    if (ids_normalise(text, id) == 0) {
        request = book_request(&agent->book, id);
        if (!request && ledger_get(agent->ledger, LEDGER_REQUEST, id, &body) == 0 &&
            request_load(body, &loaded) == 0)
            request = loaded;
    }
    if (request && request->committed && method_sees_request(agent, call, request))
        public_reply(call, json_pack("{s:o}", "request", view_request(agent, request)));
    else
        method_error(call, ERROR_NOT_FOUND, "id", text);
    request_free(loaded);
}

/* ---- waiting -------------------------------------------------------------------------- */

struct wait {
    struct agent *agent;
    struct public_call *call;
    struct waiter waiter;
};

static json_t *view_both(const struct agent *agent, const struct request *request)
{
    const struct grant *grant =
        request->grant[0] != '\0' ? book_grant(&agent->book, request->grant) : NULL;

    return json_pack("{s:o, s:o}", "request", view_request(agent, request), "grant",
        grant ? view_grant(agent, grant) : json_null());
}

static void wait_free(struct wait *wait)
{
    struct request *request = book_request(&wait->agent->book, wait->waiter.request);

    waiter_remove(&wait->waiter);
    if (request && request->attached && !waiter_exists(wait->agent, request->id))
        lifecycle_withdraw_unattended(wait->agent, request);
    free(wait);
}

static void on_wait_gone(struct public_call *call, void *userdata)
{
    (void)call;
    wait_free(userdata);
}

static void on_changed(struct waiter *waiter, struct request *request)
{
    struct wait *wait = (struct wait *)(void *)((char *)waiter - offsetof(struct wait, waiter));
    struct public_call *call = wait->call;

    if (!request_has_ended(request)) {
        if (public_wants_more(call))
            public_reply_more(call, view_both(wait->agent, request));
        return;
    }
    public_on_gone(call, NULL, NULL);
    public_reply(call, view_both(wait->agent, request));
    wait_free(wait);
}

void method_wait_request(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct request *request = method_request(call, parameters, agent);
    struct wait *wait;

    if (!request)
        return;
    if (request_has_ended(request)) {
        public_reply(call, view_both(agent, request));
        return;
    }
    wait = calloc(1, sizeof(*wait));
    if (!wait) {
        method_unavailable(call, -ENOMEM);
        return;
    }
    *wait = (struct wait){.agent = agent, .call = call, .waiter.changed = on_changed};
    waiter_add(agent, &wait->waiter, request);
    public_on_gone(call, on_wait_gone, wait);
    if (public_wants_more(call))
        public_reply_more(call, view_both(agent, request));
}
