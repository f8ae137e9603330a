#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../../common/str.h"
#include "../facts/zones.h"
#include "../ledger/ledger.h"
#include "../ledger/ledger_policy.h"
#include "../load/loader.h"
#include "../yaml/yaml.h"
#include "agent.h"
#include "audit.h"
#include "damage.h"
#include "recertify.h"
#include "reload_swap.h"
#include "versions.h"

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

static int take_digest(const struct ledger_version *version, void *userdata)
{
    struct loading *loading = userdata;

    snprintf(loading->digest, sizeof(loading->digest), "%s", version->digest);
    return 0;
}

/* It may have been a rollback from what the files say: its digest stands apart from the record, and
 * that policy stays until the files say something new. */
static int load_digest(struct agent *agent)
{
    struct damage damage = {0};
    char start[13];
    int r = ledger_reader_each_version(
        ledger_own_reader(agent->ledger), 1, take_digest, &agent->loading);

    if (r < 0)
        return r;
    agent->loading.unread = true;
    snprintf(start, sizeof(start), "%.12s", agent->loading.digest);
    damage_note(&damage, start);
    damage_record(agent, &damage, "records of how policies took force",
        "that policy stays in force until the files say something new");
    return 0;
}

static int load_newest(struct agent *agent)
{
    AUTO_FREE char *record = NULL;
    int r = ledger_reader_newest_loading(ledger_own_reader(agent->ledger), &record);

    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = loading_load(record, &agent->loading);
    return r == -EINVAL ? load_digest(agent) : r;
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
    recertify_free(agent);
    survey_done(&agent->survey);
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

/* What followed was not begun: out of memory. */
static void answer_failed(struct agent *agent, int error)
{
    struct texts errors = {0};

    note(&errors, strerrordesc_np(-error));
    record_rejection(agent, "the new policy was not loaded, the one in force stays", &errors);
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
        answer_failed(agent, r);
}

static bool is_rollback(const struct wish *wish)
{
    return wish->version[0] != '\0';
}

static bool is_daily(const struct wish *wish)
{
    return str_equal(wish->loading.cause, LOADING_DAILY);
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
    finish(agent, is_rollback(&agent->reload->now) ? &(struct texts){0} : &agent->policy_errors);
}

/* ---- what came of it ---- */

static void retry_later(struct agent *agent);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    const struct reload_order order = {
        .cause = LOADING_RETRY, .uid = UID_NONE, .login_uid = UID_NONE};

    (void)source;
    (void)usec;
    if (reload_start_or_follow(userdata, &order, NULL, NULL) < 0)
        retry_later(userdata);
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

/* What the files did not give: kept for `assent status` until they do. */
static void keep_errors(struct agent *agent, struct load_result *result)
{
    const char *what = result->policy ? "the files were not loaded as they are"
                                      : "the new policy was not loaded, the one in force stays";

    texts_done(&agent->policy_errors);
    agent->policy_errors = result->errors;
    result->errors = (struct texts){0};
    if (texts_count(&agent->policy_errors) > 0)
        record_rejection(agent, what, &agent->policy_errors);
    if (result->unresolved)
        retry_later(agent);
}

static void on_files_loaded(struct agent *agent, struct load_result *result)
{
    struct wish *now = &agent->reload->now;
    int r;

    keep_errors(agent, result);
    if (result->policy) {
        r = reload_swap(agent, result, &now->loading, on_recorded);
        if (r == 0)
            return;
        note(&agent->policy_errors, strerrordesc_np(-r));
    }
    finish(agent, &agent->policy_errors);
}

/* Its errors say nothing about the files. */
static void on_version_loaded(struct agent *agent, struct load_result *result)
{
    struct wish *now = &agent->reload->now;
    int r;

    if (result->policy) {
        r = reload_swap_rollback(agent, result, &now->loading, on_recorded);
        if (r == 0)
            return;
        note(&result->errors, strerrordesc_np(-r));
    }
    record_rejection(agent, "the rollback was refused, the policy in force stays", &result->errors);
    finish(agent, &result->errors);
}

/* Its errors are for who asked: what is in force goes on as it was. */
static void on_same_loaded(struct agent *agent, struct load_result *result)
{
    int r = result->policy ? reload_swap_same(agent, result) : 0;

    if (r < 0)
        note(&result->errors, strerrordesc_np(-r));
    finish(agent, &result->errors);
}

static void on_loaded(struct load_result *result, void *userdata)
{
    struct agent *agent = userdata;

    if (is_daily(&agent->reload->now))
        on_same_loaded(agent, result);
    else if (is_rollback(&agent->reload->now))
        on_version_loaded(agent, result);
    else
        on_files_loaded(agent, result);
}

/* ---- starting ---- */

static bool is_holding(const struct loading *loading)
{
    return loading->held[0] != '\0' || loading->unread;
}

static int begin(struct agent *agent)
{
    const struct reload *reload = agent->reload;
    struct load_order order = {
        .directory = agent->options.policy_dir,
        .config = agent->options.config,
        .ledger = agent->options.ledger,
        .accounts = agent->options.accounts,
        .owner = geteuid(),
        .any = agent->policy_real_us == 0,
    };
    int r;

    memcpy(order.version, reload->now.version, sizeof(order.version));
    if (is_daily(&reload->now)) {
        memcpy(order.version, policy_digest(agent->policy), sizeof(order.version));
        order.same = true;
    } else if (!is_rollback(&reload->now) && is_holding(&agent->loading)) {
        memcpy(order.version, agent->loading.digest, sizeof(order.version));
        memcpy(order.held, agent->loading.held, sizeof(order.held));
        order.hold = agent->loading.unread;
    }
    if (order.same || (is_rollback(&reload->now) && agent->policy_real_us > 0))
        order.auditors = agent->config.auditors;
    recertify_load_begins(agent);
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
    struct wish before = reload->after;
    int r = reload_start(agent, order, done, userdata);

    if (r != -EBUSY)
        return r;
    r = fill(&reload->after, order);
    if (r < 0)
        return r;
    /* who waits for it goes on waiting when it is wished for by nobody else */
    reload->after.done = done ? done : before.done;
    reload->after.userdata = done ? userdata : before.userdata;
    reload->follows = true;
    return 0;
}
