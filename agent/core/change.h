/* A step of a request or a grant on its way to the disk: the batch is handed to the writer, and
 * once it is durable those who wait and the callback are told. If it could not be written, the
 * object is read again from the ledger. Used by lifecycle.c alone. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../state/ids.h"
#include "lifecycle.h"

struct ledger_batch;

/* Askers need a moment to come back: after a restart, or between opening and waiting. */
#define REQUEST_RETURN_US (15 * USEC_PER_SEC)

struct change {
    struct agent *agent;
    char request[IDS_SIZE]; /* "" if it is about a grant alone */
    char grant[IDS_SIZE];   /* "" if it is about a request alone */
    request_done_fn request_done;
    grant_done_fn grant_done;
    void *userdata;
    bool is_use;
    bool unwanted; /* nobody is there any more to be told of the use */
    struct change *next;
};

/* A step of the request, the grant or both (either may be NULL), in agent->changes until it is
 * settled. NULL: out of memory. */
struct change *change_new(
    struct agent *agent, const struct request *request, const struct grant *grant, void *userdata);

/* For a step that was not submitted after all. */
void change_free(struct change *change);

/* Whether a step of the request or grant `id` is on its way. */
bool change_exists(const struct agent *agent, const char *id);

/* Hands the step and its batch to the writer; both are taken. `essential` may use the ballast
 * of a full disk: ends may, they make less possible, not more. */
void change_submit(struct change *change, struct ledger_batch *batch, bool essential);

/* The state as it is now, into a batch. */
void change_put_request(struct ledger_batch *batch, const struct request *request);
void change_put_grant(struct ledger_batch *batch, const struct grant *grant);

/* What is in memory may be ahead of the ledger, so its word is taken. NULL: it has none. */
struct request *change_reload_request(struct agent *agent, const char *id);
