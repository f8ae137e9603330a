#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "../core/agent.h"
#include "../ledger/ledger.h"
#include "../state/people.h"
#include "methods.h"
#include "view.h"

/* Records handed out at a time: the loop has more to do. */
#define WATCH_AT_ONCE 64

struct watcher {
    struct agent *agent;
    struct public_call *call;
    uint64_t seq; /* the last one seen */
    struct watcher *next;
};

static void watcher_free(struct watcher *watcher)
{
    struct watcher **at = &watcher->agent->watchers;

    while (*at != watcher)
        at = &(*at)->next;
    *at = watcher->next;
    free(watcher);
}

static bool may_see(const struct watcher *watcher, const json_t *record)
{
    const struct agent *agent = watcher->agent;
    const json_t *uid = json_object_get(record, "subject_uid");
    const char *id = json_string_value(json_object_get(record, "request"));
    const struct request *request = id ? book_request(&agent->book, id) : NULL;
    const char *owner = json_string_value(json_object_get(record, "owner"));

    if (method_sees_all(agent, watcher->call))
        return true;
    if (json_is_integer(uid) &&
        method_owns(agent, watcher->call, (uint32_t)json_integer_value(uid)))
        return true;
    /* News of what they own; who uses it is for auditors. */
    if (owner && !uid && people_owns(agent->policy, owner, public_peer(watcher->call)->uid))
        return true;
    return request && people_is_asked(agent->policy, request, public_peer(watcher->call)->uid);
}

static json_t *text_of(const json_t *record, const char *key)
{
    json_t *value = json_object_get(record, key);

    return json_is_string(value) ? json_incref(value) : json_null();
}

static json_t *view_event(
    uint64_t seq, uint64_t realtime_us, const char *chain, const char *event, const json_t *record)
{
    return json_pack("{s:{s:I, s:o, s:s, s:s?, s:o, s:o, s:o, s:o}}", "event", "seq",
        (json_int_t)seq, "time", view_time(realtime_us), "event", event, "chain", chain, "message",
        text_of(record, "message"), "request", text_of(record, "request"), "grant",
        text_of(record, "grant"), "subject", text_of(record, "subject"));
}

/* A record is read once for all who have not seen it. */
static int tell_all(uint64_t seq, uint64_t realtime_us, const char *chain, const char *event,
    const char *text, void *userdata)
{
    struct agent *agent = userdata;
    json_t *record = json_loads(text, 0, NULL);

    for (struct watcher *w = agent->watchers; w; w = w->next) {
        if (w->seq >= seq)
            continue;
        w->seq = seq;
        if (record && may_see(w, record))
            public_reply_more(w->call, view_event(seq, realtime_us, chain, event, record));
    }
    json_decref(record);
    return 0;
}

static uint64_t earliest_seen(const struct agent *agent)
{
    uint64_t seq = UINT64_MAX;

    for (const struct watcher *w = agent->watchers; w; w = w->next)
        if (w->seq < seq)
            seq = w->seq;
    return seq;
}

/* Each batch of a transaction tells; the first tells it all. */
void watch_tell(struct agent *agent)
{
    uint64_t seen = earliest_seen(agent);

    if (seen < ledger_durable_seq(agent->ledger) &&
        ledger_each_audit(agent->ledger, seen, WATCH_AT_ONCE, tell_all, agent) < 0)
        fprintf(stderr, SD_WARNING "watchers could not be told; they will be at the next event\n");
}

static void on_gone(struct public_call *call, void *userdata)
{
    (void)call;
    watcher_free(userdata);
}

void method_watch(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct watcher *watcher;

    (void)parameters;
    if (!public_wants_more(call)) {
        method_error(call, ERROR_INVALID, "message", "Watch needs \"more\"");
        return;
    }
    watcher = calloc(1, sizeof(*watcher));
    if (!watcher) {
        method_unavailable(call, -ENOMEM);
        return;
    }
    *watcher = (struct watcher){
        .agent = agent,
        .call = call,
        .seq = ledger_durable_seq(agent->ledger),
        .next = agent->watchers,
    };
    agent->watchers = watcher;
    public_on_gone(call, on_gone, watcher);
}
