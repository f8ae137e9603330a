/* What was told about rules that lapse and people who go, so that each thing is told once: 30, 7
 * and 1 days before a certificate ends and when it has ended, once for each certificate and form of
 * the rule; of a person when their account is about to end and when they are gone. Kept in the
 * ledger beside the events, so a restart tells nothing again.
 *
 * A policy may have ten thousand rules to tell of: they are looked at a few at a time. Loop
 * thread. */
#pragma once

#include "../../common/macro.h"

struct agent;
struct notices;

/* Reads them at start. Returns 0 or -errno. */
MUST_USE int notices_load(struct agent *agent);

/* A policy has taken force, or a day has begun: tells what has not been told yet. */
void notices_look(struct agent *agent);

/* After the ledger is closed: its last callbacks still come here. NULL-safe. */
void notices_free(struct notices *notices);
