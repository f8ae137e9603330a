/* What the parts of the agent share, and the few things they ask of it. One sd-event loop;
 * everything here belongs to that one thread. How it starts and ends: daemon.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../load/config.h"
#include "../load/loading.h"
#include "../load/survey.h"
#include "../policy/policy.h"
#include "../state/book.h"
#include "../state/digest.h"
#include "../state/ids.h"
#include "../state/refusals.h"
#include "../state/sessions.h"
#include "../state/texts.h"
#include "monitor.h"
#include "reasons.h"

struct change;
struct decisions_reader;
struct entitlement_list;
struct gate_server;
struct journal;
struct ledger;
struct ledger_batch;
struct loader;
struct notices;
struct public_server;
struct recall;
struct recertification;
struct refresh;
struct reload;
struct spooled;
struct version;
struct tally;
struct waiter;
struct watcher;
struct zones;

/* Where things are; the defaults are in names.h, tests give their own. Borrowed. */
struct agent_options {
    const char *config;
    const char *policy_dir;
    const char *ledger;
    const char *gate;   /* bound by the agent itself when no socket was passed */
    const char *public; /* the same */
    const char *spool;
    const char *accounts; /* what assent-accounts tells; NULL: not looked at */
    bool journal;         /* copy records to journald */
};

struct agent {
    struct agent_options options;
    sd_event *event;
    struct config config;
    struct policy *policy; /* never NULL once started */
    struct zones *zones;
    struct ledger *ledger;
    struct journal *journal;
    struct digester *digester;
    struct gate_server *gate;
    struct public_server *public;
    struct book book;
    struct refusals refusals;
    struct reasons reasons;
    struct tally *tallies;
    struct monitor monitor;
    struct sessions sessions;
    struct ids ids;
    uint8_t seal_key[32];
    char boot_id[CLOCK_BOOT_ID_SIZE];
    uint64_t started_real_us;
    uint64_t started_us;        /* boot clock */
    uint64_t policy_real_us;    /* when the policy in force was loaded */
    struct texts policy_errors; /* why the newest one on disk was not */
    struct texts policy_warnings;
    struct survey survey;                     /* of the policy in force */
    struct recertification *recertifications; /* on their way (recertify.c) */
    struct notices *notices;                  /* what was told of it (notices.c) */
    struct refresh *refresh;                  /* its daily look (refresh.c) */
    bool auditors_known;
    gid_t auditors;
    struct recall *recall;
    struct decisions_reader *decisions_readers; /* public calls (method_decisions.c) */
    struct entitlement_list *entitlement_lists; /* the same (method_entitlements.c) */
    sd_event_source *listing;                   /* while there are any */
    struct watcher *watchers;                   /* public calls that follow events (watch.h) */
    struct waiter *waiters;                     /* who waits for a request (waiter.h) */
    struct change *changes;                     /* steps on their way to the disk (change.h) */
    struct spooled *spooled;                    /* files of the spool that were taken (spool.c) */
    bool reserving;                             /* ids are being reserved, up to: */
    uint64_t reserving_limit;
    sd_event_source *sweep; /* the next moment something ends */
    uint64_t sweep_us;
    uint64_t journal_saved; /* cursor last written to the ledger */
    bool reloading;
    struct reload *reload;    /* reload.c */
    struct loader *loader;    /* loader.c */
    struct loading loading;   /* the newest: of the policy in force, once there is one */
    struct version *versions; /* on their way into the ledger (versions.c) */
    bool versions_failed;
    sd_event_source *versions_retry;
    bool stopping;
    void (*on_committed)(struct agent *agent); /* daemon.c; NULL before and after it serves */
};

/* Arms the sweep for `when_us` (boot clock) if that is earlier than what is armed. */
void agent_sweep_at(struct agent *agent, uint64_t when_us);

/* A new id, reserving more when they run short. -EAGAIN: none at hand, the ledger is behind. */
MUST_USE int agent_new_id(struct agent *agent, char ret_id[IDS_SIZE]);

/* Submits a record nobody waits for. */
void agent_record(struct agent *agent, struct ledger_batch *batch);

/* Called by whoever learns that a batch is durable: wakes whoever follows the records. */
void agent_committed(struct agent *agent);
