#include "waiter.h"

#include <string.h>

#include "../state/request.h"
#include "agent.h"

static void put_first(struct agent *agent, struct waiter *waiter)
{
    waiter->next = agent->waiters;
    waiter->previous = &agent->waiters;
    if (agent->waiters)
        agent->waiters->previous = &waiter->next;
    agent->waiters = waiter;
}

void waiter_add(struct agent *agent, struct waiter *waiter, const struct request *request)
{
    memcpy(waiter->request, request->id, sizeof(waiter->request));
    put_first(agent, waiter);
}

void waiter_remove(struct waiter *waiter)
{
    if (!waiter->previous)
        return;
    *waiter->previous = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    waiter->previous = NULL;
    waiter->next = NULL;
}

bool waiter_exists(const struct agent *agent, const char *request)
{
    for (const struct waiter *w = agent->waiters; w; w = w->next)
        if (strcmp(w->request, request) == 0)
            return true;
    return false;
}

/* A waiter may remove itself, or another, while it is told: start over after each, and
 * move those told to a list of their own, so that nobody is told twice. */
void waiter_tell_all(struct agent *agent, struct request *request)
{
    struct waiter *rest = agent->waiters;

    agent->waiters = NULL;
    if (rest)
        rest->previous = &rest;
    while (rest) {
        struct waiter *waiter = rest;

        waiter_remove(waiter);
        put_first(agent, waiter);
        if (strcmp(waiter->request, request->id) == 0)
            waiter->changed(waiter, request);
    }
}
