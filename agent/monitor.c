#include "monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/str.h"
#include "agent.h"
#include "ledger/ledger.h"

#define META_MONITOR "monitor" /* names, a line each */

static bool is_rule(const char *what)
{
    return strncmp(what, MONITOR_RULE, strlen(MONITOR_RULE)) == 0;
}

/* The rule's number, or -1: it is another kind of name, or the policy has no such rule. */
static int64_t find_rule(const struct agent *agent, const char *what)
{
    return is_rule(what) ? policy_find_rule(agent->policy, what + strlen(MONITOR_RULE)) : -1;
}

static int add_once(struct texts *texts, const char *what)
{
    return texts_contain(texts, what) ? 0 : texts_add(texts, what);
}

/* ---- in the ledger ---------------------------------------------------------------------- */

int monitor_load(struct agent *agent)
{
    AUTO_FREE char *value = NULL;
    int r = ledger_meta(agent->ledger, META_MONITOR, &value);
    char *rest = value, *line;

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    while (r == 0 && (line = strsep(&rest, "\n")))
        if (*line != '\0')
            r = add_once(&agent->monitor.held, line);
    return r;
}

static int put(struct ledger_batch *batch, const struct texts *held)
{
    struct str_builder builder = {0};
    AUTO_FREE char *value = NULL;

    for (const char *what = NULL; (what = texts_next(held, what));)
        str_appendf(&builder, "%s\n", what);
    value = str_builder_take(&builder);
    if (!value)
        return -ENOMEM;
    ledger_batch_meta(batch, META_MONITOR, value);
    return 0;
}

/* ---- what is watched -------------------------------------------------------------------- */

static int add_declared(const struct agent *agent, struct texts *held)
{
    int r = 0;

    for (const char *what = NULL; r == 0 && (what = texts_next(&agent->config.monitor, what));)
        r = add_once(held, what);
    for (size_t i = 0; r == 0 && i < policy_rule_count(agent->policy); i++) {
        struct rule_info info;
        char what[STR_NAME_MAX];

        policy_rule(agent->policy, i, &info);
        if (!info.monitored)
            continue;
        snprintf(what, sizeof(what), MONITOR_RULE "%s", info.id);
        r = add_once(held, what);
    }
    return r;
}

/* A rule that is gone is not watched, and one that comes back under its name is another. */
static int add_held(const struct agent *agent, struct texts *held)
{
    int r = 0;

    for (const char *what = NULL; r == 0 && (what = texts_next(&agent->monitor.held, what));)
        if (!is_rule(what) || find_rule(agent, what) >= 0)
            r = add_once(held, what);
    return r;
}

static void watch_rules(struct agent *agent)
{
    for (const char *what = NULL; (what = texts_next(&agent->monitor.held, what));) {
        int64_t rule = find_rule(agent, what);

        if (rule >= 0)
            policy_watch_rule(agent->policy, (size_t)rule, true);
    }
}

static bool is_same(const struct texts *a, const struct texts *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static void keep(struct agent *agent, const struct texts *held)
{
    struct ledger_batch *batch = ledger_batch_new();

    if (batch && put(batch, held) == 0) {
        agent_record(agent, batch);
        return;
    }
    ledger_batch_free(batch);
    fprintf(stderr, "what is only watched could not be written; it holds until a restart\n");
}

void monitor_update(struct agent *agent)
{
    struct texts held = {0};

    /* without memory what was held stays: it watches more, and refuses no more, than before */
    if (add_held(agent, &held) < 0 || add_declared(agent, &held) < 0) {
        texts_done(&held);
    } else {
        if (!is_same(&held, &agent->monitor.held))
            keep(agent, &held);
        texts_done(&agent->monitor.held);
        agent->monitor.held = held;
    }
    watch_rules(agent);
}

bool monitor_covers(const struct agent *agent, const char *service)
{
    return agent->monitor.held.length > 0 && (texts_contain(&agent->monitor.held, MONITOR_ALL) ||
                                                 texts_contain(&agent->monitor.held, service));
}

bool monitor_is_declared(const struct agent *agent, const char *what)
{
    int64_t rule = find_rule(agent, what);

    return texts_contain(&agent->config.monitor, what) ||
           (rule >= 0 && policy_rule_says_monitor(agent->policy, (size_t)rule));
}

/* ---- leaving ---------------------------------------------------------------------------- */

void monitor_note_read(struct agent *agent, uid_t uid)
{
    size_t oldest = 0;

    for (size_t i = 0; i < MONITOR_READERS; i++) {
        if (agent->monitor.readers[i].uid == uid) {
            oldest = i;
            break;
        }
        if (agent->monitor.readers[i].at_us < agent->monitor.readers[oldest].at_us)
            oldest = i;
    }
    agent->monitor.readers[oldest].uid = uid;
    agent->monitor.readers[oldest].at_us = clock_boottime_us();
}

bool monitor_has_read(const struct agent *agent, uid_t uid)
{
    uint64_t now = clock_boottime_us();

    for (size_t i = 0; i < MONITOR_READERS; i++)
        if (agent->monitor.readers[i].uid == uid && agent->monitor.readers[i].at_us > 0 &&
            now - agent->monitor.readers[i].at_us < MONITOR_READ_US)
            return true;
    return false;
}

static int copy_but(const struct texts *held, const char *what, struct texts *ret_left)
{
    int r = 0;

    for (const char *item = NULL; r == 0 && (item = texts_next(held, item));)
        if (!str_equal(item, what))
            r = texts_add(ret_left, item);
    return r;
}

int monitor_release(struct agent *agent, const char *what, struct ledger_batch *batch)
{
    int64_t rule = find_rule(agent, what);
    struct texts left = {0};
    int r;

    if (!texts_contain(&agent->monitor.held, what))
        return -ENOENT;
    if (monitor_is_declared(agent, what))
        return -EBUSY;
    r = copy_but(&agent->monitor.held, what, &left);
    if (r == 0)
        r = put(batch, &left);
    if (r < 0) {
        texts_done(&left);
        return r;
    }
    texts_done(&agent->monitor.held);
    agent->monitor.held = left;
    if (rule >= 0)
        policy_watch_rule(agent->policy, (size_t)rule, false);
    return 0;
}

void monitor_done(struct monitor *monitor)
{
    texts_done(&monitor->held);
}
