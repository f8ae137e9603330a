#include "door_facts.h"

#include <errno.h>
#include <string.h>

#include "../../common/names.h"
#include "../../common/record.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../facts/address.h"
#include "../facts/zones.h"
#include "../state/scope.h"

enum subject_kind facts_kind(const struct agent *agent, uid_t uid)
{
    return uid >= agent->config.human_uid_first && uid <= agent->config.human_uid_last
               ? SUBJECT_HUMAN
               : SUBJECT_SERVICE;
}

enum subject_kind facts_subject_kind(const struct agent *agent, uid_t uid)
{
    return policy_identity_of(agent->policy, uid, clock_realtime_us()) >= 0
               ? SUBJECT_SERVICE
               : facts_kind(agent, uid);
}

enum tty_kind facts_tty_kind(const char *tty)
{
    if (!tty)
        return TTY_UNKNOWN;
    if (strncmp(tty, "/dev/", 5) == 0)
        tty += 5;
    if (tty[0] == '\0')
        return TTY_NONE;
    if (strncmp(tty, "pts/", 4) == 0)
        return TTY_PTY;
    /* "ssh" is what sshd always says: it tells nothing */
    if (strncmp(tty, "tty", 3) == 0 || strncmp(tty, "hvc", 3) == 0 || strcmp(tty, "console") == 0)
        return TTY_CONSOLE;
    return TTY_UNKNOWN;
}

static void set_rhost(struct facts *facts, const struct gate_ask *ask)
{
    if (scope_is_setuid_door(ask->service))
        facts->rhost_is_none = true;
    else if (!str_empty(ask->rhost))
        facts->rhost_known = address_parse(ask->rhost, &facts->rhost);
    else if (!str_equal(ask->service, SERVICE_SSHD))
        facts->rhost_is_none = true;
}

static int set_argv(struct facts_store *store, const struct gate_ask *ask)
{
    size_t count = 0, i = 0;

    for (const char *item = NULL; (item = record_list_next(&ask->argv, item));)
        count++;
    store->argv = calloc(count + 1, sizeof(*store->argv));
    if (!store->argv)
        return -ENOMEM;
    for (const char *item = NULL; (item = record_list_next(&ask->argv, item));)
        store->argv[i++] = item;
    store->facts.argv = store->argv;
    store->facts.argc = count;
    return 0;
}

int facts_from_ask(struct agent *agent, const struct gate_ask *ask, struct facts_store *ret_store)
{
    struct facts_store store = {
        .facts =
            {
                .uid = (uid_t)ask->uid,
                .user = ask->user,
                .kind = facts_kind(agent, (uid_t)ask->uid),
                .groups_known = ask->groups != NULL,
                .groups = ask->groups,
                .group_count = ask->group_count,
                .service = scope_service(ask->service),
                .host = agent->config.host,
                .run_as_known = ask->run_as_uid < UINT32_MAX,
                .run_as = (uid_t)ask->run_as_uid,
                .tty = facts_tty_kind(ask->tty),
                .command_is_none = !scope_is_setuid_door(ask->service),
                .command = ask->command,
                .command_writable = (ask->flags & GATE_FLAG_WRITABLE) != 0,
                .environment_changed = ask->env.length != 0,
                .now_us = clock_realtime_us(),
                .labels = agent->config.label_list,
                .label_count = agent->config.label_count,
                .zones = zones_at(agent->zones, clock_realtime_us()),
                .reason = ask->reason,
                .ticket = ask->ticket,
                .peer = ask->peer,
                .control = ask->control,
            },
    };
    int r = set_argv(&store, ask);

    if (r < 0)
        return r;
    set_rhost(&store.facts, ask);
    *ret_store = store;
    return 0;
}

void facts_done(struct facts_store *store)
{
    free(store->argv);
    *store = (struct facts_store){0};
}
