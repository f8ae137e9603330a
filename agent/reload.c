#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../common/realdir.h"
#include "../common/str.h"
#include "agent.h"
#include "audit.h"
#include "facts/zones.h"
#include "ledger/ledger.h"
#include "resolve.h"
#include "yaml/yaml.h"

#define RESOLVE_TIMEOUT_US (10 * USEC_PER_SEC)
#define RETRY_US (30 * USEC_PER_SEC)

/* A reload between reading and putting in force. */
struct reload {
    struct policy *policy;
    struct config config;
    bool has_config;
    struct resolve_job *job;
    sd_event_source *retry;
    reload_done_fn done;
    void *userdata;
};

static void reload_clear(struct reload *reload)
{
    policy_free(reload->policy);
    if (reload->has_config)
        config_done(&reload->config);
    reload->policy = NULL;
    reload->has_config = false;
}

int reload_init(struct agent *agent)
{
    struct yaml_errors errors = {0};

    agent->reload = calloc(1, sizeof(*agent->reload));
    agent->policy = policy_compile(NULL, 0, &errors);
    yaml_errors_done(&errors);
    if (!agent->reload || !agent->policy)
        return -ENOMEM;
    policy_ready(agent->policy);
    agent->zones = zones_new(agent->policy);
    return agent->zones ? 0 : -ENOMEM;
}

void reload_free(struct agent *agent)
{
    if (agent->reload) {
        resolve_cancel(agent->reload->job);
        sd_event_source_disable_unref(agent->reload->retry);
        reload_clear(agent->reload);
    }
    free(agent->reload);
    agent->reload = NULL;
    zones_free(agent->zones);
    policy_free(agent->policy);
    texts_done(&agent->policy_errors);
    texts_done(&agent->policy_warnings);
}

void reload_forget(struct agent *agent, const void *userdata)
{
    if (agent->reload->userdata == userdata)
        agent->reload->done = NULL;
}

static void note(struct texts *texts, const char *text)
{
    /* out of memory: one line less in a list for people */
    if (texts_add(texts, text) < 0)
        fprintf(stderr, SD_ERR "%s\n", text);
}

static void note_errors(struct agent *agent, const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct yaml_error *e = &errors->items[i];
        struct str_builder line = {0};
        AUTO_FREE char *text = NULL;

        if (e->line > 0)
            str_appendf(&line, "%s:%u:%u: %s", e->file, e->line, e->column, e->message);
        else
            str_appendf(&line, "%s: %s", e->file, e->message);
        text = str_builder_take(&line);
        note(&agent->policy_errors, text ? text : "out of memory");
    }
}

static void record(struct agent *agent, const char *event, const char *digest, const char *message)
{
    struct ledger_batch *batch = ledger_batch_new();

    if (!agent->options.journal)
        fprintf(stderr, "%s\n", message);
    if (!batch)
        return;
    audit_agent(batch, event, digest, message);
    agent_record(agent, batch);
}

static void finish(struct agent *agent)
{
    struct reload *reload = agent->reload;
    reload_done_fn done = reload->done;

    reload->done = NULL;
    reload_clear(reload);
    agent->reloading = false;
    if (done)
        done(agent, &agent->policy_errors, reload->userdata);
}

static void reject(struct agent *agent)
{
    struct str_builder message = {0};
    AUTO_FREE char *text = NULL;
    const char *first = texts_next(&agent->policy_errors, NULL);

    str_appendf(&message, "the new policy was not loaded, the one in force stays: %s",
        first ? first : "unknown");
    if (texts_count(&agent->policy_errors) > 1)
        str_appendf(&message, " (and %zu more)", texts_count(&agent->policy_errors) - 1);
    text = str_builder_take(&message);
    record(agent, EVENT_POLICY_REJECTED, NULL, text ? text : "out of memory");
    finish(agent);
}

/* Names that do not exist match nobody: said, since a typo looks just like that. */
#define WARNINGS_MAX 100

/* /bin is /usr/bin on most hosts: a pattern below it matches no command at all. */
static void warn_of_path(const char *pattern, void *userdata)
{
    struct agent *agent = userdata;
    struct str_builder line = {0};
    AUTO_FREE char *real = NULL, *text = NULL;

    if (texts_count(&agent->policy_warnings) >= WARNINGS_MAX ||
        realdir_leads_elsewhere(pattern, &real) <= 0)
        return;
    str_appendf(
        &line, "the command pattern \"%s\" matches nothing: its directory is %s", pattern, real);
    text = str_builder_take(&line);
    note(&agent->policy_warnings, text ? text : "out of memory");
}

static void warn(struct agent *agent, const struct resolve_name *names, size_t count)
{
    texts_done(&agent->policy_warnings);
    for (size_t i = 0; i < count; i++) {
        char line[STR_NAME_MAX + 64];

        if (names[i].exists)
            continue;
        snprintf(line, sizeof(line), "there is no %s \"%s\": it matches nobody",
            names[i].is_group ? "group" : "account", names[i].name);
        note(&agent->policy_warnings, line);
    }
    for (size_t i = 0; zones_missing(agent->zones, i); i++) {
        char line[STR_NAME_MAX + 64];

        snprintf(line, sizeof(line), "there is no time zone \"%s\": its hours match never",
            zones_missing(agent->zones, i));
        note(&agent->policy_warnings, line);
    }
    policy_each_command(agent->policy, warn_of_path, agent);
}

static void put_in_force(struct agent *agent)
{
    struct reload *reload = agent->reload;
    struct zones *zones = zones_new(reload->policy);
    char message[160];

    if (!zones) {
        note(&agent->policy_errors, "out of memory");
        reject(agent);
        return;
    }
    zones_free(agent->zones);
    policy_free(agent->policy);
    config_done(&agent->config);
    agent->zones = zones;
    agent->policy = TAKE_PTR(reload->policy);
    agent->config = reload->config;
    reload->has_config = false;
    agent->policy_real_us = clock_realtime_us();
    snprintf(message, sizeof(message), "policy %.12s with %zu rules is in force",
        policy_digest(agent->policy), policy_rule_count(agent->policy));
    record(agent, EVENT_POLICY_LOADED, policy_digest(agent->policy), message);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct agent *agent = userdata;

    (void)source;
    (void)usec;
    /* busy means that one is under way already */
    if (reload_start(agent, NULL, NULL) < 0)
        fprintf(stderr, SD_DEBUG "a reload is under way\n");
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

static void on_resolved(int result, const struct resolve_name *names, size_t count, void *userdata)
{
    struct agent *agent = userdata;
    struct reload *reload = agent->reload;
    size_t users = policy_user_count(reload->policy), groups = policy_group_count(reload->policy);

    reload->job = NULL;
    if (result < 0 || count != users + groups + 1) {
        note(&agent->policy_errors, "the accounts it names could not be looked up in time");
        retry_later(agent);
        reject(agent);
        return;
    }
    for (size_t i = 0; i < users; i++)
        policy_resolve_user(reload->policy, i, names[i].exists, names[i].id);
    for (size_t i = 0; i < groups; i++)
        policy_resolve_group(reload->policy, i, names[users + i].exists, names[users + i].id);
    policy_ready(reload->policy);
    agent->auditors_known = names[users + groups].exists;
    agent->auditors = names[users + groups].id;
    put_in_force(agent);
    warn(agent, names, count);
    finish(agent);
}

static int start_resolving(struct agent *agent)
{
    struct reload *reload = agent->reload;
    size_t users = policy_user_count(reload->policy), groups = policy_group_count(reload->policy);
    AUTO_FREE struct resolve_name *names = calloc(users + groups + 1, sizeof(*names));

    if (!names)
        return -ENOMEM;
    /* borrowed for the call: resolve_start copies */
    for (size_t i = 0; i < users; i++)
        names[i].name = (char *)(uintptr_t)policy_user_name(reload->policy, i);
    for (size_t i = 0; i < groups; i++) {
        names[users + i].name = (char *)(uintptr_t)policy_group_name(reload->policy, i);
        names[users + i].is_group = true;
    }
    names[users + groups].name = reload->config.auditors;
    names[users + groups].is_group = true;
    return resolve_start(agent->event,
        &(struct resolve_question){
            .names = names,
            .count = users + groups + 1,
            .timeout_us = RESOLVE_TIMEOUT_US,
            .done = on_resolved,
            .userdata = agent,
        },
        &reload->job);
}

int reload_start(struct agent *agent, reload_done_fn done, void *userdata)
{
    struct reload *reload = agent->reload;
    struct yaml_errors errors = {0};
    int r;

    if (agent->reloading)
        return -EBUSY;
    agent->reloading = true;
    reload->done = done;
    reload->userdata = userdata;
    texts_done(&agent->policy_errors);
    r = config_init(&reload->config);
    reload->has_config = r == 0;
    if (r == 0)
        r = config_load(&reload->config, agent->options.config, geteuid(), &errors);
    reload->policy = policy_load(agent->options.policy_dir, geteuid(), &errors);
    note_errors(agent, &errors);
    if (r < 0 && errors.count == 0)
        note(&agent->policy_errors, strerror(-r));
    yaml_errors_done(&errors);
    if (r == 0 && reload->policy)
        r = start_resolving(agent);
    if (r < 0 || !reload->policy) {
        if (texts_count(&agent->policy_errors) == 0)
            note(&agent->policy_errors, r < 0 ? strerror(-r) : "out of memory");
        reject(agent);
    }
    return 0;
}
