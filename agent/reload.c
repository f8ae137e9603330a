#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../common/str.h"
#include "agent.h"
#include "audit.h"
#include "facts/zones.h"
#include "ledger/ledger.h"
#include "ledger/ledger_policy.h"
#include "loader.h"
#include "versions.h"
#include "yaml/yaml.h"

#define RETRY_US (30 * USEC_PER_SEC)

/* A reload that is wished for: what its loading will be, and who hears of it. */
struct wish {
    struct loading loading;
    char version[POLICY_DIGEST_SIZE]; /* of a rollback, else "" */
    reload_done_fn done;
    void *userdata;
};

struct reload {
    struct wish now;   /* under way */
    struct wish after; /* begun when that one is over, if `follows` */
    bool follows;
    sd_event_source *retry;
};

static void wish_done(struct wish *wish)
{
    loading_done(&wish->loading);
    wish->version[0] = '\0';
    wish->done = NULL;
}

/* ---- life ---- */

static int load_newest(struct agent *agent)
{
    AUTO_FREE char *record = NULL;
    int r = ledger_reader_newest_loading(ledger_own_reader(agent->ledger), &record);

    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : loading_load(record, &agent->loading);
}

int reload_init(struct agent *agent)
{
    struct yaml_errors errors = {0};
    int r;

    loading_init(&agent->loading);
    agent->reload = calloc(1, sizeof(*agent->reload));
    agent->policy = policy_compile(NULL, 0, &errors);
    yaml_errors_done(&errors);
    if (!agent->reload || !agent->policy)
        return -ENOMEM;
    loading_init(&agent->reload->now.loading);
    loading_init(&agent->reload->after.loading);
    policy_ready(agent->policy);
    agent->zones = zones_new(agent->policy);
    r = agent->zones ? loader_new(agent->event, &agent->loader) : -ENOMEM;
    return r < 0 ? r : load_newest(agent);
}

void reload_free(struct agent *agent)
{
    struct reload *reload = TAKE_PTR(agent->reload);

    loader_free(TAKE_PTR(agent->loader));
    versions_free(agent);
    if (reload) {
        sd_event_source_disable_unref(reload->retry);
        wish_done(&reload->now);
        wish_done(&reload->after);
        free(reload);
    }
    loading_done(&agent->loading);
    zones_free(agent->zones);
    policy_free(agent->policy);
    texts_done(&agent->policy_errors);
    texts_done(&agent->policy_warnings);
}

void reload_forget(struct agent *agent, const void *userdata)
{
    struct reload *reload = agent->reload;

    if (reload->now.userdata == userdata)
        reload->now.done = NULL;
    if (reload->after.userdata == userdata)
        reload->after.done = NULL;
}

/* ---- what is recorded ---- */

static void note(struct texts *texts, const char *text)
{
    /* out of memory: one line less in a list for people */
    if (texts_add(texts, text) < 0)
        fprintf(stderr, SD_ERR "%s\n", text);
}

static void record_rejection(struct agent *agent, const char *what, const struct texts *errors)
{
    struct ledger_batch *batch = ledger_batch_new();
    const char *first = texts_next(errors, NULL);
    struct str_builder message = {0};
    AUTO_FREE char *text = NULL;

    str_appendf(&message, "%s: %s", what, first ? first : "unknown");
    if (texts_count(errors) > 1)
        str_appendf(&message, " (and %zu more)", texts_count(errors) - 1);
    text = str_builder_take(&message);
    if (!agent->options.journal)
        fprintf(stderr, "%s\n", text ? text : "out of memory");
    if (!batch)
        return;
    audit_agent(batch, EVENT_POLICY_REJECTED, NULL, text ? text : "out of memory");
    agent_record(agent, batch);
}

static int begin(struct agent *agent);

static void answer(struct agent *agent, const struct texts *errors)
{
    struct reload *reload = agent->reload;
    reload_done_fn done = reload->now.done;

    wish_done(&reload->now);
    agent->reloading = false;
    if (done)
        done(agent, errors, reload->now.userdata);
}

static void fail(struct agent *agent, int error)
{
    struct texts errors = {0};

    note(&errors, strerrordesc_np(-error));
    record_rejection(agent, "the policy was not loaded, the one in force stays", &errors);
    answer(agent, &errors);
    texts_done(&errors);
}

static void finish(struct agent *agent, const struct texts *errors)
{
    struct reload *reload = agent->reload;
    int r;

    answer(agent, errors);
    if (!reload->follows || agent->reloading || agent->stopping)
        return;
    reload->follows = false;
    reload->now = reload->after;
    reload->after = (struct wish){0};
    loading_init(&reload->after.loading);
    r = begin(agent);
    if (r < 0)
        fail(agent, r);
}

static bool is_rollback(const struct reload *reload)
{
    return reload->now.version[0] != '\0';
}

/* It is in force all the same: people are told that a restart may not know of it. */
static void on_recorded(int result, uint64_t first_seq, void *userdata)
{
    struct agent *agent = userdata;

    (void)first_seq;
    if (result == 0) {
        agent_committed(agent);
    } else {
        char line[160];

        snprintf(line, sizeof(line), "it could not be recorded in the ledger: %s",
            strerrordesc_np(-result));
        note(&agent->policy_warnings, line);
    }
    finish(agent, is_rollback(agent->reload) ? &(struct texts){0} : &agent->policy_errors);
}

static void record(struct agent *agent, const struct loading *loading, const char *message)
{
    struct ledger_batch *batch = ledger_batch_new();
    AUTO_FREE char *stored = loading_store(loading);

    if (!agent->options.journal)
        fprintf(stderr, "%s\n", message);
    if (!batch) {
        on_recorded(-ENOMEM, 0, agent);
        return;
    }
    audit_policy(batch, loading, message);
    ledger_batch_loading(batch, loading->digest, stored);
    ledger_submit(agent->ledger, batch, true, on_recorded, agent);
}

/* ---- putting in force ---- */

static void warn_of_zones(struct agent *agent)
{
    for (size_t i = 0; zones_missing(agent->zones, i); i++) {
        char line[STR_NAME_MAX + 64];

        snprintf(line, sizeof(line), "there is no time zone \"%s\": its hours match never",
            zones_missing(agent->zones, i));
        note(&agent->policy_warnings, line);
    }
}

static void complete_loading(
    struct agent *agent, const struct load_result *result, struct loading *loading)
{
    snprintf(loading->digest, sizeof(loading->digest), "%s", policy_digest(result->policy));
    loading->from_ledger = result->from_ledger;
    loading->rules = policy_rule_count(result->policy);
    loading->real_us = clock_realtime_us();
    loading->source = strdup(agent->options.policy_dir);
    loading->assentd = strdup(ASSENT_VERSION);
    if (is_rollback(agent->reload))
        loading_hold(loading, &agent->loading);
    else if (result->from_ledger)
        loading_go_on_holding(loading, &agent->loading);
}

/* Everything that takes long has been done by the thread. */
static void swap(struct agent *agent, struct load_result *result, struct zones *zones)
{
    zones_free(agent->zones);
    loader_free_policy(agent->loader, agent->policy);
    config_done(&agent->config);
    texts_done(&agent->policy_warnings);
    agent->zones = zones;
    agent->policy = TAKE_PTR(result->policy);
    agent->config = result->config;
    result->has_config = false;
    agent->policy_warnings = result->warnings;
    result->warnings = (struct texts){0};
    agent->auditors_known = result->auditors_known;
    agent->auditors = result->auditors;
    agent->policy_real_us = clock_realtime_us();
    monitor_update(agent);
}

static void put_in_force(struct agent *agent, struct load_result *result, struct zones *zones)
{
    struct loading *loading = &agent->reload->now.loading, before = agent->loading;
    AUTO_FREE char *message = NULL;

    complete_loading(agent, result, loading);
    swap(agent, result, zones);
    warn_of_zones(agent);
    message = loading_message(loading, &before);
    agent->loading = *loading;
    loading_init(loading);
    record(agent, &agent->loading, message ? message : "out of memory");
    versions_keep(agent, agent->loading.digest, &result->files);
    loading_done(&before);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    const struct reload_order order = {
        .cause = LOADING_RETRY, .uid = UID_NONE, .login_uid = UID_NONE};
    int r = reload_start_or_follow(userdata, &order, NULL, NULL);

    (void)source;
    (void)usec;
    if (r < 0)
        fail(userdata, r);
    return 0;
}

/* The directory of accounts could not be asked: names that are not known would hide deny
 * rules, so the policy does not take force. Tried again by itself. */
static void retry_later(struct agent *agent)
{
    struct reload *reload = agent->reload;

    sd_event_source_disable_unref(reload->retry);
    reload->retry = NULL;
    if (sd_event_add_time(agent->event, &reload->retry, CLOCK_BOOTTIME, clock_deadline(RETRY_US),
            USEC_PER_SEC, on_retry, agent) < 0)
        fprintf(stderr, SD_ERR "no timer to load the policy again; run: assent reload\n");
}

/* A rollback says nothing about the files. */
static void reject_rollback(struct agent *agent, struct load_result *result)
{
    record_rejection(agent, "the rollback was refused, the policy in force stays", &result->errors);
    finish(agent, &result->errors);
}

static void keep_errors(struct agent *agent, struct load_result *result)
{
    texts_done(&agent->policy_errors);
    agent->policy_errors = result->errors;
    result->errors = (struct texts){0};
}

static void on_loaded(struct load_result *result, void *userdata)
{
    struct agent *agent = userdata;
    struct zones *zones = result->policy ? zones_new(result->policy) : NULL;

    if (result->policy && !zones)
        note(&result->errors, "out of memory");
    if (!zones && is_rollback(agent->reload)) {
        reject_rollback(agent, result);
        return;
    }
    if (result->unresolved)
        retry_later(agent);
    if (!is_rollback(agent->reload))
        keep_errors(agent, result);
    if (!is_rollback(agent->reload) && texts_count(&agent->policy_errors) > 0)
        record_rejection(
            agent, "the new policy was not loaded, the one in force stays", &agent->policy_errors);
    if (zones)
        put_in_force(agent, result, zones);
    else
        finish(agent, &agent->policy_errors);
}

/* ---- starting ---- */

static int begin(struct agent *agent)
{
    const struct reload *reload = agent->reload;
    struct load_order order = {
        .directory = agent->options.policy_dir,
        .config = agent->options.config,
        .ledger = agent->options.ledger,
        .owner = geteuid(),
        .any = agent->policy_real_us == 0,
    };
    int r;

    memcpy(order.version, reload->now.version, sizeof(order.version));
    if (!is_rollback(reload) && agent->loading.held[0] != '\0') {
        memcpy(order.version, agent->loading.digest, sizeof(order.version));
        memcpy(order.held, agent->loading.held, sizeof(order.held));
    }
    r = loader_start(agent->loader, &order, on_loaded, agent);
    agent->reloading = r == 0;
    return r;
}

static int fill(struct wish *wish, const struct reload_order *order)
{
    struct loading *loading = &wish->loading;

    wish_done(wish);
    loading->by = strdup(order->by ? order->by : order->cause);
    loading->reason = order->reason ? strdup(order->reason) : NULL;
    if (!loading->by || (order->reason && !loading->reason))
        return -ENOMEM;
    loading->uid = order->uid;
    loading->login_uid = order->login_uid;
    snprintf(loading->cause, sizeof(loading->cause), "%s", order->cause);
    snprintf(wish->version, sizeof(wish->version), "%s", order->version ? order->version : "");
    return 0;
}

int reload_start(
    struct agent *agent, const struct reload_order *order, reload_done_fn done, void *userdata)
{
    struct wish *wish = &agent->reload->now;
    int r;

    if (agent->reloading)
        return -EBUSY;
    r = fill(wish, order);
    if (r < 0)
        return r;
    wish->done = done;
    wish->userdata = userdata;
    return begin(agent);
}

int reload_start_or_follow(
    struct agent *agent, const struct reload_order *order, reload_done_fn done, void *userdata)
{
    struct reload *reload = agent->reload;
    int r = reload_start(agent, order, done, userdata);

    if (r != -EBUSY)
        return r;
    r = fill(&reload->after, order);
    if (r < 0)
        return r;
    reload->follows = true;
    reload->after.done = done;
    reload->after.userdata = userdata;
    return 0;
}
