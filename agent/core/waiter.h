/* Who waits for a request: told at each durable change of it. Loop thread. */
#pragma once

#include <stdbool.h>

#include "../state/ids.h"

struct agent;
struct request;

/* Zero-initialised by its owner, who calls waiter_remove before it goes away (harmless if not
 * added). */
struct waiter {
    void (*changed)(struct waiter *waiter, struct request *request);
    char request[IDS_SIZE];
    struct waiter *next, **previous;
};

void waiter_add(struct agent *agent, struct waiter *waiter, const struct request *request);
void waiter_remove(struct waiter *waiter);

/* Whether anybody waits for the request. */
bool waiter_exists(const struct agent *agent, const char *request);

/* Tells those who waited for `request` before the call. They may remove themselves or others. */
void waiter_tell_all(struct agent *agent, struct request *request);
