/* The thread that loads policies: reads and compiles, has names resolved, builds the index, and
 * later frees what is no longer in force. A policy of ten thousand rules takes a tenth of a second;
 * on the loop every decision would wait for it. One job at a time (loader_job.h). */
#pragma once

#include "../../common/macro.h"
#include "loader_job.h"

struct loader;
struct sd_event;

/* Called on the loop. What is taken out of `result` is the callee's; the rest is freed. */
typedef void (*loader_done_fn)(struct load_result *result, void *userdata);

/* Starts the thread; answers come on `event`. Returns 0 or -errno. Loop thread, as all here. */
MUST_USE int loader_new(struct sd_event *event, struct loader **ret_loader);

/* Ends the thread, without waiting for names under way. No callback comes any more. NULL-safe. */
void loader_free(struct loader *loader);

/* Returns 0: `done` will be called, never from inside; -EBUSY: a job is under way; -ENOMEM. */
MUST_USE int loader_start(
    struct loader *loader, const struct load_order *order, loader_done_fn done, void *userdata);

/* Gives up the loop's reference to a policy; the last one is freed by the thread. Both take NULL;
 * with `loader` NULL they free at once. */
void loader_free_policy(struct loader *loader, struct policy *policy);

/* The same for texts; leaves `files` empty. */
void loader_free_files(struct loader *loader, struct policy_files *files);
