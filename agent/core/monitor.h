/* Monitor mode: decided and recorded, but not enforced; for the whole host ("all"), a door ("sudo")
 * or a rule ("rule:ID").
 *
 * Configuration and policy begin it; taking their words back does not end it. What was ever begun
 * is held in the ledger until somebody who has just read what enforcing would have stopped
 * releases it: monitor_release(). So no edit and no reload turns a watching host into one that
 * refuses. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/macro.h"
#include "../state/texts.h"

struct agent;
struct ledger_batch;

#define MONITOR_ALL "all"
#define MONITOR_RULE "rule:"

/* How long a report that was read counts as just read. */
#define MONITOR_READ_US (UINT64_C(15) * 60 * 1000000)
#define MONITOR_READERS 8

struct monitor {
    struct texts doors, rules; /* held, as in the ledger: "sudo", "rule:ID" */
    struct {
        uid_t uid;
        uint64_t at_us; /* boot clock; 0: empty */
    } readers[MONITOR_READERS];
};

/* Reads what is held. Returns 0 or -errno. */
MUST_USE int monitor_load(struct agent *agent);

/* A policy and configuration have come into force: holds what they begin, lets go of rules that are
 * gone, and watches the rules that are held. */
void monitor_update(struct agent *agent);

/* All that is held, one by one: monitor_next(monitor, NULL) is the first. */
const char *monitor_next(const struct monitor *monitor, const char *previous);

/* Whether this door is only watched. */
bool monitor_covers(const struct agent *agent, const char *service);

/* Whether configuration or policy still says so themselves. */
bool monitor_is_declared(const struct agent *agent, const char *what);

/* This person has read the recorded decisions since then to their end. It counts if that is a day
 * at least: what has just begun says nothing. */
#define MONITOR_READ_SINCE_US (UINT64_C(86400) * 1000000)
void monitor_note_read(struct agent *agent, uid_t uid, uint64_t since_us);
bool monitor_has_read(const struct agent *agent, uid_t uid);

/* Ends it for `what`, in memory and in the batch. Returns 0, -ENOENT (it is not held), -EBUSY (it
 * is still declared) or -ENOMEM. */
MUST_USE int monitor_release(struct agent *agent, const char *what, struct ledger_batch *batch);

void monitor_done(struct monitor *monitor);
