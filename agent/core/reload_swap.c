#include "reload_swap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../facts/zones.h"
#include "../ledger/ledger_policy.h"
#include "../load/loader.h"
#include "agent.h"
#include "audit.h"
#include "monitor.h"
#include "notices.h"
#include "recertify.h"
#include "versions.h"

static void warn(struct agent *agent, const char *text)
{
    /* out of memory: one line less in a list for people */
    if (texts_add(&agent->policy_warnings, text) < 0)
        fprintf(stderr, SD_ERR "%s\n", text);
}

static void warn_of_zones(struct agent *agent)
{
    for (size_t i = 0; zones_missing(agent->zones, i); i++) {
        char line[STR_NAME_MAX + 64];

        snprintf(line, sizeof(line), "there is no time zone \"%s\": its hours match never",
            zones_missing(agent->zones, i));
        warn(agent, line);
    }
}

static void complete(
    const struct agent *agent, const struct load_result *result, struct loading *loading)
{
    snprintf(loading->digest, sizeof(loading->digest), "%s", policy_digest(result->policy));
    loading->from_ledger = result->from_ledger;
    loading->rules = policy_rule_count(result->policy);
    loading->real_us = clock_realtime_us();
    loading->source = strdup(agent->options.policy_dir);
    loading->assentd = strdup(ASSENT_VERSION);
}

/* The policy and what was found out with it. */
static void swap(struct agent *agent, struct load_result *result, struct zones *zones)
{
    struct policy *old = agent->policy;

    zones_free(agent->zones);
    texts_done(&agent->policy_warnings);
    agent->zones = zones;
    agent->policy = TAKE_PTR(result->policy);
    agent->policy_warnings = result->warnings;
    result->warnings = (struct texts){0};
    warn_of_zones(agent);
    survey_done(&agent->survey);
    agent->survey = result->survey;
    result->survey = (struct survey){0};
    recertify_catch_up(agent);
    agent->auditors_known = result->auditors_known;
    agent->auditors = result->auditors;
    loader_free_policy(agent->loader, old);
}

static void swap_config(struct agent *agent, struct load_result *result)
{
    config_done(&agent->config);
    agent->config = result->config;
    result->has_config = false;
}

static bool is_kept(const struct agent *agent, const char *config)
{
    AUTO_FREE char *kept = NULL;

    return ledger_meta(agent->ledger, CONFIG_META, &kept) == 0 && str_equal(kept, config);
}

static void record(struct agent *agent, const struct loading *before, ledger_done_fn recorded)
{
    const struct loading *loading = &agent->loading;
    struct ledger_batch *batch = ledger_batch_new();
    AUTO_FREE char *stored = loading_store(loading), *text = loading_message(loading, before);
    const char *message = text ? text : "out of memory";

    if (!agent->options.journal)
        fprintf(stderr, "%s\n", message);
    if (!batch) {
        recorded(-ENOMEM, 0, agent);
        return;
    }
    audit_policy(batch, loading, message);
    if (agent->config.text && !is_kept(agent, agent->config.text))
        ledger_batch_meta(batch, CONFIG_META, agent->config.text);
    ledger_batch_loading(batch, loading->digest, stored);
    ledger_submit(agent->ledger, batch, true, recorded, agent);
}

static int swap_and_record(struct agent *agent, struct load_result *result, struct loading *loading,
    ledger_done_fn recorded)
{
    struct zones *zones = zones_new(result->policy);
    struct loading before = agent->loading;

    if (!zones)
        return -ENOMEM;
    agent->loading = *loading;
    loading_init(loading);
    swap(agent, result, zones);
    if (result->has_config)
        swap_config(agent, result);
    agent->policy_real_us = clock_realtime_us();
    monitor_update(agent);
    notices_look(agent);
    record(agent, &before, recorded);
    versions_keep(agent, agent->loading.digest, &result->files, &result->chunks);
    loading_done(&before);
    return 0;
}

int reload_swap(
    struct agent *agent, struct load_result *result, struct loading *order, ledger_done_fn recorded)
{
    complete(agent, result, order);
    if (result->from_ledger && agent->loading.unread)
        loading_hold_unread(order, result->held);
    else if (result->from_ledger)
        loading_go_on_holding(order, &agent->loading);
    return swap_and_record(agent, result, order, recorded);
}

int reload_swap_rollback(
    struct agent *agent, struct load_result *result, struct loading *order, ledger_done_fn recorded)
{
    complete(agent, result, order);
    loading_hold(order, &agent->loading);
    return swap_and_record(agent, result, order, recorded);
}

int reload_swap_same(struct agent *agent, struct load_result *result)
{
    struct zones *zones = zones_new(result->policy);

    if (!zones)
        return -ENOMEM;
    swap(agent, result, zones);
    monitor_update(agent);
    notices_look(agent);
    return 0;
}
