/* The questions that people answer: from "escalate" to a grant's use, a request that is
 * opened or joined, and the wait for it. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../common/macro.h"

struct inquiry;
struct request;
struct scope;

/* The verdict is escalate: look for a grant, else ask people. */
void escalation_begin(struct inquiry *inquiry);

/* The longest command line that is put to people, its arguments and changed environment together:
 * nobody can judge more. */
#define ESCALATION_ASKED_MAX ((size_t)16 * 1024)

/* The request that waits for the same and can still be granted. One that nobody can answer any
 * more, since the policy or the people are others now, is taken back: it would be waited for in
 * vain. NULL: none. */
struct request *escalation_waiting(struct inquiry *inquiry);

/* Why the person may not open another request now, in words for them; NULL: they may. Static. */
const char *escalation_too_many(const struct inquiry *inquiry);

/* Leaves the queue of a request; withdraws it if nobody else waits and it must be attended. */
void escalation_stop(struct inquiry *inquiry);

/* Whether uses of such a grant can be counted: not for sudo without its plugin, whose account
 * phase runs for questions too. */
bool escalation_counts_uses(const struct scope *scope);

/* The asker does not wait any longer, but its request stays open. */
void escalation_leave(struct inquiry *inquiry);

/* The yes could not be delivered: gives the use back. */
void escalation_undo(struct inquiry *inquiry);

/* A request filled in from the question: subject, scope, evidence, rule, terms, who is asked
 * (nobody, where the verdict is allow). Returns 0, -ENOMEM or -ENOENT (nobody can answer). */
MUST_USE int escalation_new_request(struct inquiry *inquiry, struct request **ret_request);
