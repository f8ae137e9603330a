#include "monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "agent.h"
#include "damage.h"

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

/* A name that nobody can have given is nobody's wish: that door is enforced. */
static bool is_sound(const char *what)
{
    return str_is_name(is_rule(what) ? what + strlen(MONITOR_RULE) : what);
}

static int load_one(struct monitor *monitor, const char *what, struct damage *damage)
{
    if (!is_sound(what)) {
        damage_note(damage, what);
        return 0;
    }
    return is_rule(what) ? texts_add(&monitor->rules, what) : add_once(&monitor->doors, what);
}

int monitor_load(struct agent *agent)
{
    AUTO_FREE char *value = NULL;
    struct monitor *monitor = &agent->monitor;
    int r = ledger_meta(agent->ledger, META_MONITOR, &value);
    struct damage damage = {0};
    char *rest = value, *line;

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    while (r == 0 && (line = strsep(&rest, "\n")))
        if (*line != '\0')
            r = load_one(monitor, line, &damage);
    damage_record(
        agent, &damage, "names of what is only watched", "what they stood for is enforced");
    return r;
}

static void append(struct str_builder *builder, const struct texts *held)
{
    for (const char *what = NULL; (what = texts_next(held, what));)
        str_appendf(builder, "%s\n", what);
}

static int put(struct ledger_batch *batch, const struct texts *doors, const struct texts *rules)
{
    struct str_builder builder = {0};
    AUTO_FREE char *value = NULL;

    append(&builder, doors);
    append(&builder, rules);
    value = str_builder_take(&builder);
    if (!value)
        return -ENOMEM;
    ledger_batch_meta(batch, META_MONITOR, value);
    return 0;
}

/* ---- what is watched -------------------------------------------------------------------- */

static int add_doors(const struct agent *agent, struct texts *doors)
{
    int r = 0;

    for (const char *what = NULL; r == 0 && (what = texts_next(&agent->monitor.doors, what));)
        r = add_once(doors, what);
    for (const char *what = NULL; r == 0 && (what = texts_next(&agent->config.monitor, what));)
        r = add_once(doors, what);
    return r;
}

/* A rule that is gone is not watched, and one that comes back under its name is another. */
static void watch_rules(struct agent *agent)
{
    for (const char *what = NULL; (what = texts_next(&agent->monitor.rules, what));) {
        int64_t rule = find_rule(agent, what);

        if (rule >= 0)
            policy_watch_rule(agent->policy, (size_t)rule, true);
    }
}

/* Those of the policy that are watched now, in its order; there may be as many as rules. */
static int list_rules(const struct agent *agent, struct texts *rules)
{
    struct str_builder builder = {0};

    for (size_t i = 0; i < policy_rule_count(agent->policy); i++) {
        struct rule_info info;

        policy_rule(agent->policy, i, &info);
        if (!info.monitored)
            continue;
        str_append(&builder, MONITOR_RULE);
        str_append_n(&builder, info.id, strlen(info.id) + 1);
    }
    rules->length = builder.length;
    rules->data = str_builder_take(&builder);
    return rules->data ? 0 : -ENOMEM;
}

static bool is_same(const struct texts *a, const struct texts *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static void keep(struct agent *agent, const struct texts *doors, const struct texts *rules)
{
    struct ledger_batch *batch = ledger_batch_new();

    if (batch && put(batch, doors, rules) == 0) {
        agent_record(agent, batch);
        return;
    }
    ledger_batch_free(batch);
    fprintf(stderr, "what is only watched could not be written; it holds until a restart\n");
}

void monitor_update(struct agent *agent)
{
    struct monitor *monitor = &agent->monitor;
    struct texts doors = {0}, rules = {0};

    watch_rules(agent);
    /* without memory what was held stays: it watches more, and refuses no more, than before */
    if (add_doors(agent, &doors) < 0 || list_rules(agent, &rules) < 0) {
        texts_done(&doors);
        texts_done(&rules);
        return;
    }
    if (!is_same(&doors, &monitor->doors) || !is_same(&rules, &monitor->rules))
        keep(agent, &doors, &rules);
    texts_done(&monitor->doors);
    texts_done(&monitor->rules);
    monitor->doors = doors;
    monitor->rules = rules;
}

bool monitor_covers(const struct agent *agent, const char *service)
{
    const struct texts *doors = &agent->monitor.doors;

    return doors->length > 0 &&
           (texts_contain(doors, MONITOR_ALL) || texts_contain(doors, service));
}

bool monitor_is_declared(const struct agent *agent, const char *what)
{
    int64_t rule = find_rule(agent, what);

    return rule >= 0 ? policy_rule_says_monitor(agent->policy, (size_t)rule)
                     : texts_contain(&agent->config.monitor, what);
}

const char *monitor_next(const struct monitor *monitor, const char *previous)
{
    const char *next = NULL;

    if (!previous || !is_rule(previous))
        next = texts_next(&monitor->doors, previous);
    return next ? next
                : texts_next(&monitor->rules, previous && is_rule(previous) ? previous : NULL);
}

/* ---- leaving ---------------------------------------------------------------------------- */

void monitor_note_read(struct agent *agent, uid_t uid, uint64_t since_us)
{
    uint64_t now_us = clock_realtime_us();
    size_t oldest = 0;

    if (since_us > 0 && (since_us > now_us || now_us - since_us < MONITOR_READ_SINCE_US))
        return;

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
    struct monitor *monitor = &agent->monitor;
    struct texts *held = is_rule(what) ? &monitor->rules : &monitor->doors, left = {0};
    int64_t rule = find_rule(agent, what);
    int r;

    if (!texts_contain(held, what))
        return -ENOENT;
    if (monitor_is_declared(agent, what))
        return -EBUSY;
    r = copy_but(held, what, &left);
    if (r == 0)
        r = is_rule(what) ? put(batch, &monitor->doors, &left) : put(batch, &left, &monitor->rules);
    if (r < 0) {
        texts_done(&left);
        return r;
    }
    texts_done(held);
    *held = left;
    if (rule >= 0)
        policy_watch_rule(agent->policy, (size_t)rule, false);
    return 0;
}

void monitor_done(struct monitor *monitor)
{
    texts_done(&monitor->doors);
    texts_done(&monitor->rules);
}
