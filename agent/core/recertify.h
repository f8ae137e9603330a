/* Giving a certificate: into the ledger first, then it counts. A policy that is being loaded
 * meanwhile may have looked into the ledger before, so it is told again when it takes force. Loop
 * thread. */
#pragma once

#include "../../common/macro.h"
#include "../state/certificate.h"

struct agent;

/* 0 when it is durable and counts, else -errno: nothing has changed. */
typedef void (*recertify_done_fn)(struct agent *agent, int result, void *userdata);

/* Takes the certificate, whose rule may have another one on its way (-EBUSY: of two, the shorter
 * could come last). Returns 0: `done` will be called, never from inside; -EBUSY or -ENOMEM. */
MUST_USE int recertify(
    struct agent *agent, struct certificate *certificate, recertify_done_fn done, void *userdata);

/* Forgets the callback; the certificate goes on its way. */
void recertify_forget(struct agent *agent, const void *userdata);

/* A load begins: it will find in the ledger what is durable now. */
void recertify_load_begins(struct agent *agent);

/* A policy has taken force. */
void recertify_catch_up(struct agent *agent);

/* After the ledger is closed: its last callbacks still come here. */
void recertify_free(struct agent *agent);
