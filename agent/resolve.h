/* Names to ids, away from the loop: NSS may ask a directory and take its time, so a child
 * of our own (this program with --resolve, see resolve_main) does it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../common/macro.h"

struct sd_event;
struct resolve_job;

struct resolve_name {
    char *name;
    bool is_group;
    bool exists; /* filled in */
    uint32_t id; /* filled in when it exists */
};

/* Called on the loop with all names answered, or with result -errno (child failed, -ETIMEDOUT). The
 * names belong to the job and go away after the call. */
typedef void (*resolve_done_fn)(
    int result, const struct resolve_name *names, size_t count, void *userdata);

/* What to ask, and who hears of it. */
struct resolve_question {
    const struct resolve_name *names; /* copied */
    size_t count;
    uint64_t timeout_us; /* the child is killed then */
    resolve_done_fn done;
    void *userdata;
};

/* Starts a child for the question, which need not outlive the call. A name that is no name
 * (str_is_name) is not asked for and does not exist. SIGCHLD must be blocked in every thread
 * (sd_event_add_child(3)), else -EBUSY. The job frees itself after `done`, which never comes from
 * inside. Returns 0 or -errno. */
MUST_USE int resolve_start(
    struct sd_event *event, const struct resolve_question *question, struct resolve_job **ret_job);

/* Kills the child, forgets the callback. Not after `done`. NULL-safe. */
void resolve_cancel(struct resolve_job *job);

/* The child: reads lines "u NAME" / "g NAME" from stdin, answers "ID" or "-" a line, "?" if the
 * lookup failed (which fails the whole job: an unreachable directory is not "no such user").
 * Returns an exit status. */
int resolve_main(void);
