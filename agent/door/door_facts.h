/* From what a door says to the facts policy decides on. */
#pragma once

#include "../../common/macro.h"
#include "../policy/policy.h"
#include "../state/request.h"

struct agent;
struct gate_ask;

/* Facts that point into `ask` and into `argv`, which the caller frees after use. */
struct facts_store {
    struct facts facts;
    const char **argv; /* owned */
};

/* Fills the facts for a moment in time. Returns 0 or -ENOMEM. */
MUST_USE int facts_from_ask(
    struct agent *agent, const struct gate_ask *ask, struct facts_store *ret_store);
void facts_done(struct facts_store *store);

/* By the account's number: the people's range of assent.yaml, all else a service. */
enum subject_kind facts_kind(const struct agent *agent, uid_t uid);

/* What the policy in force takes the account for now: an identity is a service. */
enum subject_kind facts_subject_kind(const struct agent *agent, uid_t uid);

/* A terminal's kind by its name ("/dev/pts/3", "tty1", "" for none). */
enum tty_kind facts_tty_kind(const char *tty);
