/* ListEntitlements: what the caller may ask for, what it gives, who decides, how that goes.
 *
 * Each entitlement is a decision of its own that looks at every rule, and there may be a thousand
 * of both: a list is made in short slices, those of several callers in turn, between which doors
 * are answered. */
#include <errno.h>
#include <systemd/sd-event.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/caller.h"
#include "../door/door.h"
#include "../door/inquiry.h"
#include "../load/loader.h"
#include "methods.h"
#include "view_entitlement.h"

#define SLICE_US (USEC_PER_MSEC / 2)
#define LISTS_MAX 64       /* at once, of which the last is root's */
#define LISTS_OF_ONE_MAX 4 /* of one account, but for root */

struct entitlement_list {
    struct agent *agent;
    struct public_call *call;
    struct policy *policy; /* a reference: of the one that it is a list of */
    size_t index;          /* which one comes next */
    char name[STR_NAME_MAX];
    struct gate_ask ask; /* its groups are the call's */
    struct str_builder texts;
    struct entitlement_list *next;
};

static void list_free(struct entitlement_list *list)
{
    struct agent *agent = list->agent;
    struct entitlement_list **at = &agent->entitlement_lists;

    while (*at != list)
        at = &(*at)->next;
    *at = list->next;
    if (!agent->entitlement_lists)
        agent->listing = sd_event_source_disable_unref(agent->listing);
    loader_free_policy(agent->loader, list->policy);
    str_builder_done(&list->texts);
    free(list);
}

static void on_gone(struct public_call *call, void *userdata)
{
    (void)call;
    list_free(userdata);
}

static void append(struct entitlement_list *list, json_t *json)
{
    AUTO_FREE char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    if (!text) {
        list->texts.failed = true;
        return;
    }
    str_append(&list->texts, list->texts.length > 0 ? "," : "[");
    str_append(&list->texts, text);
}

/* Decides as if the caller asked for it now, but for the evidence. */
static void add_if_open(struct entitlement_list *list, size_t index)
{
    struct entitlement_info info;
    struct inquiry inquiry = {
        .agent = list->agent, .ask = &list->ask, .command_fd = -1, .pidfd = -1};

    policy_entitlement(list->policy, index, &info);
    inquiry.entitlement = info.name;
    inquiry.whole = true;
    list->ask.service = scope_first_door(list->policy, index);
    if (door_prepare(&inquiry) == 0) {
        policy_decide(inquiry.policy, &inquiry.store.facts, &inquiry.verdict);
        if (inquiry.verdict.decision != DECISION_DENY)
            append(list, view_entitlement(&inquiry, index));
    }
    door_cancel(&inquiry);
}

/* Of another policy than it was begun with: from the beginning. */
static void follow_policy(struct entitlement_list *list)
{
    if (list->policy == list->agent->policy)
        return;
    loader_free_policy(list->agent->loader, list->policy);
    list->policy = policy_ref(list->agent->policy);
    list->index = 0;
    str_builder_done(&list->texts);
}

static void finish(struct entitlement_list *list)
{
    struct public_call *call = list->call;
    AUTO_FREE char *json = NULL;

    str_append(&list->texts, list->texts.length > 0 ? "]" : "[]");
    json = str_builder_take(&list->texts);
    public_on_gone(call, NULL, NULL);
    list_free(list);
    if (json)
        public_reply_text(call, "entitlements", json);
    else
        method_unavailable(call, -ENOMEM);
}

/* By a timer that is over already, and not by a deferred source: those go before all that became
 * ready in the meantime. */
static int arm(struct agent *agent)
{
    int r = sd_event_source_set_time_relative(agent->listing, 0);

    return r < 0 ? r : sd_event_source_set_enabled(agent->listing, SD_EVENT_ONESHOT);
}

/* The first in the queue goes on and then to its end. */
static int on_slice(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct agent *agent = userdata;
    struct entitlement_list *list = agent->entitlement_lists, **end = &agent->entitlement_lists;
    uint64_t until = clock_boottime_us() + SLICE_US;

    (void)source;
    (void)usec;
    follow_policy(list);
    while (list->index < policy_entitlement_count(list->policy) && clock_boottime_us() < until)
        add_if_open(list, list->index++);
    if (list->index == policy_entitlement_count(list->policy)) {
        finish(list);
    } else {
        agent->entitlement_lists = TAKE_PTR(list->next);
        while (*end)
            end = &(*end)->next;
        *end = list;
    }
    return agent->entitlement_lists ? arm(agent) : 0;
}

/* Whatever else there is to do goes first. */
static int begin_slices(struct agent *agent)
{
    int r = sd_event_add_time_relative(
        agent->event, &agent->listing, CLOCK_MONOTONIC, 0, 1, on_slice, agent);

    return r < 0 ? r : sd_event_source_set_priority(agent->listing, SD_EVENT_PRIORITY_IDLE);
}

static bool is_room(const struct agent *agent, uid_t uid)
{
    unsigned count = uid == 0 ? 0 : 1, own = 0;

    for (const struct entitlement_list *l = agent->entitlement_lists; l; l = l->next) {
        count++;
        own += l->ask.uid == uid;
    }
    return count < LISTS_MAX && (uid == 0 || own < LISTS_OF_ONE_MAX);
}

static struct entitlement_list *list_new(struct agent *agent, struct public_call *call)
{
    const struct peer *peer = public_peer(call);
    struct entitlement_list *list = calloc(1, sizeof(*list));

    if (!list)
        return NULL;
    list->agent = agent;
    list->call = call;
    list->policy = policy_ref(agent->policy);
    caller_name(agent, peer->uid, list->name);
    record_init_ask(&list->ask);
    list->ask.user = list->name;
    list->ask.uid = peer->uid;
    list->ask.phase = GATE_PHASE_COMMAND;
    list->ask.groups = peer->groups;
    list->ask.group_count = peer->group_count;
    return list;
}

void method_list_entitlements(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct entitlement_list *list;
    int r = 0;

    (void)parameters;
    if (!is_room(agent, public_peer(call)->uid)) {
        method_error(call, ERROR_TOO_MANY, "message",
            "such lists are being made for you or many others already; try again in a moment");
        return;
    }
    list = list_new(agent, call);
    if (list && !agent->listing)
        r = begin_slices(agent);
    if (!list || r < 0) {
        if (list)
            loader_free_policy(agent->loader, list->policy);
        free(list);
        method_unavailable(call, -ENOMEM);
        return;
    }
    list->next = agent->entitlement_lists;
    agent->entitlement_lists = list;
    public_on_gone(call, on_gone, list);
}
