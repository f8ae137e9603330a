#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../common/parse.h"
#include "../common/str.h"
#include "audit.h"
#include "door_request.h"
#include "gate.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "lifecycle.h"
#include "methods.h"
#include "public/interface.h"
#include "public/public.h"
#include "reload.h"
#include "spool.h"
#include "watch.h"
#include "zones.h"

#define BALLAST_BYTES ((uint64_t)8 * 1024 * 1024)
#define JOURNAL_SAVE_EVERY 64 /* records */
#define JOURNAL_STOP_US (2 * USEC_PER_SEC)
#define FIRST_POLICY_US (10 * USEC_PER_SEC)
#define BACKLOG 4096

/* ---- ids and records ------------------------------------------------------------------- */

/* "KEY NEXT": the permutation's key in hex and the first id not reserved. */
#define META_IDS "ids"
#define META_SEAL "seal-key"
#define META_JOURNAL "journal-cursor"

static void to_hex(const uint8_t *bytes, size_t count, char *ret_hex)
{
    for (size_t i = 0; i < count; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", bytes[i]);
}

static int from_hex(const char *hex, size_t count, uint8_t *ret_bytes)
{
    if (strspn(hex, "0123456789abcdef") < 2 * count)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        unsigned value;

        if (sscanf(hex + 2 * i, "%2x", &value) != 1)
            return -EINVAL;
        ret_bytes[i] = (uint8_t)value;
    }
    return 0;
}

static void on_reserved(int result, uint64_t first_seq, void *userdata)
{
    struct agent *agent = userdata;

    (void)first_seq;
    agent->reserving = false;
    if (result == 0)
        ids_reserved(&agent->ids, agent->reserving_limit);
}

static void reserve_ids(struct agent *agent)
{
    struct ledger_batch *batch;
    char key[33], value[64];

    if (agent->reserving || !ids_run_short(&agent->ids, &agent->reserving_limit))
        return;
    batch = ledger_batch_new();
    if (!batch)
        return;
    to_hex((const uint8_t *)agent->ids.keys, 16, key);
    snprintf(value, sizeof(value), "%s %llu", key, (unsigned long long)agent->reserving_limit);
    ledger_batch_meta(batch, META_IDS, value);
    agent->reserving = true;
    ledger_submit(agent->ledger, batch, true, on_reserved, agent);
}

int agent_new_id(struct agent *agent, char ret_id[IDS_SIZE])
{
    int r = ids_new(&agent->ids, ret_id);

    reserve_ids(agent);
    return r;
}

static void store_journal_cursor(struct agent *agent, uint64_t cursor)
{
    struct ledger_batch *batch = cursor != agent->journal_saved ? ledger_batch_new() : NULL;
    char value[24];

    if (!batch)
        return;
    snprintf(value, sizeof(value), "%llu", (unsigned long long)cursor);
    ledger_batch_meta(batch, META_JOURNAL, value);
    ledger_submit(agent->ledger, batch, true, NULL, NULL);
    agent->journal_saved = cursor;
}

static void save_journal_cursor(struct agent *agent)
{
    if (agent->journal)
        store_journal_cursor(agent, journal_cursor(agent->journal));
}

void agent_committed(struct agent *agent)
{
    if (agent->journal) {
        journal_wake(agent->journal, ledger_durable_seq(agent->ledger));
        if (journal_cursor(agent->journal) >= agent->journal_saved + JOURNAL_SAVE_EVERY)
            save_journal_cursor(agent);
    }
    if (agent->watchers)
        watch_tell(agent);
}

static void on_recorded(int result, uint64_t first_seq, void *userdata)
{
    (void)first_seq;
    if (result == 0)
        agent_committed(userdata);
}

void agent_record(struct agent *agent, struct ledger_batch *batch)
{
    ledger_submit(agent->ledger, batch, true, on_recorded, agent);
}

/* ---- time ------------------------------------------------------------------------------ */

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
    save_journal_cursor(agent);
    agent_sweep_at(agent, lifecycle_sweep(agent));
    return 0;
}

void agent_sweep_at(struct agent *agent, uint64_t when_us)
{
    if (when_us >= agent->sweep_us)
        return;
    agent->sweep_us = when_us;
    sd_event_source_set_time(agent->sweep, when_us);
    sd_event_source_set_enabled(agent->sweep, SD_EVENT_ONESHOT);
}

/* ---- signals ---------------------------------------------------------------------------- */

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct agent *agent = userdata;

    (void)source;
    (void)info;
    sd_notify(false, "STOPPING=1");
    return sd_event_exit(agent->event, 0);
}

static void on_hup_done(struct agent *agent, const struct texts *errors, void *userdata)
{
    (void)agent;
    (void)errors;
    (void)userdata;
    sd_notify(false, "READY=1");
}

static int on_hup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct agent *agent = userdata;

    (void)source;
    (void)info;
    sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_boottime_us());
    if (reload_start(agent, on_hup_done, NULL) < 0)
        sd_notify(false, "READY=1");
    return 0;
}

static int add_signals(struct agent *agent)
{
    sigset_t mask;
    int r;

    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    r = sd_event_add_signal(agent->event, NULL, SIGTERM, on_stop, agent);
    if (r >= 0)
        r = sd_event_add_signal(agent->event, NULL, SIGINT, on_stop, agent);
    if (r >= 0)
        r = sd_event_add_signal(agent->event, NULL, SIGHUP, on_hup, agent);
    return r < 0 ? r : 0;
}

/* ---- sockets ---------------------------------------------------------------------------- */

/* For a start by hand and for tests: systemd makes the sockets otherwise. */
static int bind_socket(const char *path, int type, mode_t mode)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t old;
    int r;

    if (fd < 0)
        return -errno;
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    old = umask(0777 & ~mode);
    r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (r < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    return TAKE_FD(fd);
}

/* The passed sockets by their FileDescriptorName=, -1 where there is none. */
static int take_passed(int *ret_gate, int *ret_public)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(true, &names);

    for (int i = 0; i < count; i++) {
        int fd = SD_LISTEN_FDS_START + i;

        /* a client that left between poll and accept must not stop the loop */
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        if (strcmp(names[i], "gate") == 0 && *ret_gate < 0)
            *ret_gate = fd;
        else if (strcmp(names[i], "public") == 0 && *ret_public < 0)
            *ret_public = fd;
        else
            close(fd);
        free(names[i]);
    }
    free(names);
    return count < 0 ? count : 0;
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
    int gate = -1, public = -1, r = take_passed(&gate, &public);

    if (r < 0)
        return r;
    if (gate < 0)
        gate = bind_socket(agent->options.gate, SOCK_SEQPACKET, 0600);
    if (public < 0)
    public = bind_socket(agent->options.public, SOCK_STREAM, 0666);
    if (gate < 0 || public < 0) {
        fprintf(stderr, SD_ERR "cannot listen: %s\n", strerror(gate < 0 ? -gate : -public));
        return gate < 0 ? gate : public;
    }
    r = gate_server_new(agent, gate, &agent->gate);
    if (r == 0)
        r = public_server_new(agent->event, public, &options, &agent->public);
    return r;
}

/* ---- start and end ----------------------------------------------------------------------- */

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

/* A secret of this host, made at the first start. */
static int load_seal(struct agent *agent, struct ledger_batch *batch)
{
    AUTO_FREE char *value = NULL;
    char hex[2 * sizeof(agent->seal_key) + 1];
    int r = ledger_meta(agent->ledger, META_SEAL, &value);

    if (r == 0)
        return from_hex(value, sizeof(agent->seal_key), agent->seal_key);
    if (r != -ENOENT || getrandom(agent->seal_key, sizeof(agent->seal_key), 0) < 0)
        return r;
    to_hex(agent->seal_key, sizeof(agent->seal_key), hex);
    ledger_batch_meta(batch, META_SEAL, hex);
    return 0;
}

static int load_ids(struct agent *agent)
{
    AUTO_FREE char *value = NULL;
    uint8_t key[16];
    uint64_t next = 0;
    int r = ledger_meta(agent->ledger, META_IDS, &value);

    if (r == -ENOENT) {
        if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
            return -errno;
    } else if (r < 0) {
        return r;
    } else if (from_hex(value, sizeof(key), key) < 0 || strlen(value) < 34 ||
               parse_u64(value + 33, UINT64_MAX / 2, &next) < 0) {
        return -EUCLEAN;
    }
    ids_init(&agent->ids, key, next);
    return 0;
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
    AUTO_FREE char *cursor = NULL;
    int prepared = PENDING, r = batch ? load_seal(agent, batch) : -ENOMEM;

    if (r == 0)
        r = load_ids(agent);
    if (r < 0) {
        ledger_batch_free(batch);
        return r;
    }
    if (ledger_meta(agent->ledger, META_JOURNAL, &cursor) == 0 &&
        parse_u64(cursor, INT64_MAX, &agent->journal_saved) < 0)
        agent->journal_saved = 0;
    reserve_ids(agent);
    audit_agent(batch, EVENT_AGENT_STARTED, NULL, "assentd " ASSENT_VERSION " has started");
    ledger_submit(agent->ledger, batch, true, on_prepared, &prepared);
    r = run_until(agent, &prepared, PENDING, 90 * USEC_PER_SEC);
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
    int loaded = PENDING, r = reload_init(agent);

    if (r == 0)
        r = config_init(&agent->config);
    if (r == 0)
        r = reload_start(agent, on_first_policy, &loaded);
    if (r < 0)
        return r;
    /* A name service that hangs does not keep the agent from serving: all is denied, or
     * decided by what is in force, until it answers. */
    r = run_until(agent, &loaded, PENDING, FIRST_POLICY_US);
    reload_forget(agent, &loaded);
    return r == -ETIMEDOUT ? 0 : r;
}

static int start(struct agent *agent)
{
    int r = clock_boot_id(agent->boot_id);

    if (r == 0)
        r = sd_event_default(&agent->event) < 0 ? -ENOMEM : add_signals(agent);
    if (r == 0)
        r = sd_event_add_time(agent->event, &agent->sweep, CLOCK_BOOTTIME, UINT64_MAX,
            USEC_PER_MSEC, on_sweep, agent);
    if (r >= 0)
        r = open_ledger(agent);
    if (r == 0)
        r = prepare(agent);
    if (r == 0)
        r = digester_new(agent->event, &agent->digester);
    if (r == 0)
        r = load_policy(agent);
    if (r == 0)
        r = lifecycle_load(agent);
    if (r == 0 && agent->options.journal)
        r = journal_start(agent->options.ledger, agent->journal_saved, &agent->journal);
    if (r == 0)
        r = serve(agent);
    return r;
}

int agent_new(const struct agent_options *options, struct agent **ret_agent)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    int r;

    if (!agent)
        return -ENOMEM;
    agent->options = *options;
    agent->sweep_us = UINT64_MAX;
    agent->started_us = clock_boottime_us();
    agent->started_real_us = clock_realtime_us();
    r = start(agent);
    if (r < 0) {
        fprintf(stderr, SD_ERR "assentd cannot start: %s\n", strerror(-r));
        agent_free(agent);
        return r;
    }
    *ret_agent = agent;
    return 0;
}

int agent_run(struct agent *agent)
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
    store_journal_cursor(agent, journal_stop(agent->journal, JOURNAL_STOP_US));
    agent->journal = NULL;
}

/* The askers' connections go first: what they waited for stays open, since nobody is there
 * to withdraw it once `stopping` is set. */
void agent_free(struct agent *agent)
{
    if (!agent)
        return;
    agent->stopping = true;
    gate_server_free(agent->gate);
    watch_done(agent);
    public_server_free(agent->public);
    record_stop(agent);
    ledger_close(agent->ledger);
    digester_free(agent->digester);
    if (agent->reload)
        reload_free(agent);
    book_done(&agent->book);
    refusals_done(&agent->refusals);
    config_done(&agent->config);
    sd_event_source_disable_unref(agent->sweep);
    sd_event_unref(agent->event);
    free(agent);
}
