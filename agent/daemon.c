#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "core/agent.h"
#include "core/audit.h"
#include "core/digester.h"
#include "core/lifecycle.h"
#include "core/meta.h"
#include "core/notices.h"
#include "core/recall.h"
#include "core/refresh.h"
#include "core/reload.h"
#include "core/spool.h"
#include "core/tally.h"
#include "door/door.h"
#include "door/gate.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "listen.h"
#include "method/methods.h"
#include "method/watch.h"
#include "public/interface.h"
#include "public/public.h"
#include "signals.h"

#define BALLAST_BYTES ((uint64_t)8 * 1024 * 1024)
#define JOURNAL_SAVE_EVERY 64 /* records */
#define JOURNAL_STOP_US (2 * USEC_PER_SEC)
#define FIRST_RECORD_US (90 * USEC_PER_SEC)
#define FIRST_POLICY_US (10 * USEC_PER_SEC)

/* ---- what follows the records ---- */

static void save_cursor(struct agent *agent)
{
    if (agent->journal)
        meta_save_cursor(agent, journal_cursor(agent->journal));
}

static void on_committed(struct agent *agent)
{
    if (agent->journal) {
        journal_wake(agent->journal, ledger_durable_seq(agent->ledger));
        if (journal_cursor(agent->journal) >= agent->journal_saved + JOURNAL_SAVE_EVERY)
            save_cursor(agent);
    }
    if (agent->watchers)
        watch_tell(agent);
}

/* ---- the sweep: what ends by itself ---- */

static void close_refusals(struct agent *agent)
{
    uint64_t now = clock_boottime_us();

    for (size_t i = 0; i < REFUSALS_SLOTS; i++) {
        struct refusal *slot = &agent->refusals.slots[i];

        if (slot->record && now >= slot->until_us)
            door_write_repeats(agent, slot);
        else if (slot->record)
            agent_sweep_at(agent, slot->until_us);
    }
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct agent *agent = userdata;

    (void)source;
    (void)usec;
    agent->sweep_us = UINT64_MAX;
    close_refusals(agent);
    save_cursor(agent);
    agent_sweep_at(agent, lifecycle_sweep(agent));
    return 0;
}

/* ---- the start ---- */

static int open_ledger(struct agent *agent)
{
    struct ledger_options options = {
        .path = agent->options.ledger,
        .ballast_bytes = BALLAST_BYTES,
    };
    AUTO_FREE char *detail = NULL;
    int r = ledger_open(agent->event, &options, &agent->ledger, &detail);

    if (r != 0)
        fprintf(stderr,
            SD_CRIT "the ledger %s cannot be used: %s. Assent does not start with an "
                    "empty one; see assentd(8), \"A damaged ledger\"\n",
            options.path, detail ? detail : "out of memory");
    return r > 0 ? -EUCLEAN : r;
}

static void on_prepared(int result, uint64_t first_seq, void *userdata)
{
    int *prepared = userdata;

    (void)first_seq;
    *prepared = result;
}

/* Runs the loop until `*flag` has left `pending` or the time is over: nobody is served yet. */
static int run_until(struct agent *agent, const int *flag, int pending, uint64_t timeout_us)
{
    uint64_t deadline = clock_deadline(timeout_us);

    while (*flag == pending && clock_remaining_ms(deadline) > 0) {
        int r = sd_event_run(agent->event, (uint64_t)clock_remaining_ms(deadline) * USEC_PER_MSEC);

        if (r < 0)
            return r;
    }
    return *flag == pending ? -ETIMEDOUT : 0;
}

#define PENDING 1

/* Keys, ids and the record of this start, durable before anybody is served. */
static int prepare(struct agent *agent)
{
    struct ledger_batch *batch = ledger_batch_new();
    int prepared = PENDING, r = batch ? meta_load(agent, batch) : -ENOMEM;

    if (r == -EUCLEAN)
        fprintf(stderr,
            SD_CRIT "the ledger %s is damaged where it keeps this host's own keys. Assent "
                    "does not start with others; see assentd(8), \"A damaged ledger\"\n",
            agent->options.ledger);
    if (r < 0) {
        ledger_batch_free(batch);
        return r;
    }
    audit_agent(batch, EVENT_AGENT_STARTED, NULL, "assentd " ASSENT_VERSION " has started");
    ledger_submit(agent->ledger, batch, true, on_prepared, &prepared);
    r = run_until(agent, &prepared, PENDING, FIRST_RECORD_US);
    ledger_forget(agent->ledger, &prepared);
    return r < 0 ? r : prepared;
}

static void on_first_policy(struct agent *agent, const struct texts *errors, void *userdata)
{
    int *loaded = userdata;

    (void)agent;
    (void)errors;
    *loaded = 0;
}

static int load_policy(struct agent *agent)
{
    const struct reload_order order = {
        .cause = LOADING_START, .uid = UID_NONE, .login_uid = UID_NONE};
    int loaded = PENDING, r = reload_init(agent);

    if (r == 0)
        r = config_init(&agent->config);
    if (r == 0)
        r = reload_start(agent, &order, on_first_policy, &loaded);
    if (r < 0)
        return r;
    /* A name service that hangs does not keep the agent from serving: all is denied, or
     * decided by what is in force, until it answers. */
    r = run_until(agent, &loaded, PENDING, FIRST_POLICY_US);
    reload_forget(agent, &loaded);
    return r == -ETIMEDOUT ? 0 : r;
}

static int open_loop(struct agent *agent)
{
    int r = sd_event_default(&agent->event);

    if (r >= 0)
        r = signals_add(agent);
    if (r >= 0)
        r = sd_event_add_time(agent->event, &agent->sweep, CLOCK_BOOTTIME, UINT64_MAX,
            USEC_PER_MSEC, on_sweep, agent);
    return r < 0 ? r : 0;
}

static int start_journal(struct agent *agent)
{
    if (!agent->options.journal)
        return 0;
    return journal_start(agent->options.ledger, agent->journal_saved, &agent->journal);
}

static int serve(struct agent *agent)
{
    struct public_options options = {
        .methods = methods_table,
        .interface_text = public_interface_text,
        .interface_name = "io.assent",
        .is_auditor = method_is_auditor,
        .userdata = agent,
    };
    int gate, public, r = listen_open(&agent->options, &gate, &public);

    if (r < 0)
        return r;
    r = gate_server_new(agent, gate, &agent->gate);
    if (r == 0)
        r = public_server_new(agent->event, public, &options, &agent->public);
    return r;
}

/* In this order: nobody is served before all that can refuse them stands. */
static int start(struct agent *agent)
{
    int r = clock_boot_id(agent->boot_id);

    if (r == 0)
        r = open_loop(agent);
    if (r == 0)
        r = open_ledger(agent);
    if (r == 0)
        r = prepare(agent);
    if (r == 0)
        r = digester_new(agent->event, &agent->digester);
    if (r == 0 && !(agent->recall = recall_new(agent->event, agent->options.ledger)))
        r = -ENOMEM;
    if (r == 0)
        r = monitor_load(agent);
    if (r == 0)
        r = notices_load(agent);
    if (r == 0)
        r = load_policy(agent);
    if (r == 0)
        r = refresh_start(agent);
    if (r == 0)
        r = lifecycle_load(agent);
    if (r == 0)
        r = tally_load(agent->ledger, &agent->tallies);
    if (r == 0)
        r = reasons_fill(&agent->reasons, agent->ledger, clock_realtime_us());
    if (r == 0)
        r = start_journal(agent);
    if (r == 0)
        r = serve(agent);
    return r;
}

int daemon_new(const struct agent_options *options, struct agent **ret_agent)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    int r;

    if (!agent)
        return -ENOMEM;
    agent->options = *options;
    agent->sweep_us = UINT64_MAX;
    agent->on_committed = on_committed;
    agent->started_us = clock_boottime_us();
    agent->started_real_us = clock_realtime_us();
    r = start(agent);
    if (r < 0) {
        fprintf(stderr, SD_ERR "assentd cannot start: %s\n", strerror(-r));
        daemon_free(agent);
        return r;
    }
    *ret_agent = agent;
    return 0;
}

int daemon_run(struct agent *agent)
{
    int r;

    spool_start(agent);
    agent_committed(agent);
    r = sd_event_set_watchdog(agent->event, true);
    if (r < 0)
        fprintf(stderr, SD_WARNING "no watchdog: %s\n", strerror(-r));
    sd_notify(false, "READY=1");
    return sd_event_loop(agent->event);
}

/* ---- the end ---- */

/* The last record, copied like all others, and then how far the copy got. */
static void record_stop(struct agent *agent)
{
    struct ledger_batch *batch = agent->ledger ? ledger_batch_new() : NULL;

    if (batch) {
        audit_agent(
            batch, EVENT_AGENT_STOPPED, NULL, "assentd stops; requests and grants are kept");
        ledger_submit(agent->ledger, batch, true, NULL, NULL);
        ledger_drain(agent->ledger);
    }
    if (!agent->journal)
        return;
    meta_save_cursor(agent, journal_stop(agent->journal, JOURNAL_STOP_US));
    agent->journal = NULL;
}

/* The askers' connections go first: what they waited for stays open, since nobody is there
 * to withdraw it once `stopping` is set. */
void daemon_free(struct agent *agent)
{
    if (!agent)
        return;
    agent->stopping = true;
    gate_server_free(agent->gate);
    public_server_free(agent->public);
    recall_free(agent->recall);
    record_stop(agent);
    ledger_close(agent->ledger);
    spool_done(agent);
    digester_free(agent->digester);
    refresh_free(agent->refresh);
    notices_free(agent->notices);
    if (agent->reload)
        reload_free(agent);
    book_done(&agent->book);
    refusals_done(&agent->refusals);
    reasons_done(&agent->reasons);
    tally_done(&agent->tallies);
    monitor_done(&agent->monitor);
    config_done(&agent->config);
    sd_event_source_disable_unref(agent->sweep);
    sd_event_unref(agent->event);
    free(agent);
}
