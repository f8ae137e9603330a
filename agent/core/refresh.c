#include "refresh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "agent.h"
#include "daily.h"
#include "reload.h"

/* After accounts could not be looked up, or while a policy is being loaded. */
#define RETRY_US (10 * 60 * USEC_PER_SEC)

struct refresh {
    struct agent *agent;
    struct daily *daily;
    sd_event_source *retry;
};

static int on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
    refresh_look(userdata);
    return 0;
}

static void retry_later(struct refresh *refresh)
{
    sd_event_source_disable_unref(refresh->retry);
    refresh->retry = NULL;
    if (sd_event_add_time(refresh->agent->event, &refresh->retry, CLOCK_BOOTTIME,
            clock_deadline(RETRY_US), USEC_PER_SEC, on_retry, refresh->agent) < 0)
        fprintf(stderr, SD_ERR "no timer for the daily look at accounts; run: assent reload\n");
}

static void on_looked(struct agent *agent UNUSED, const struct texts *errors, void *userdata)
{
    const char *first = texts_next(errors, NULL);

    if (!first)
        return;
    fprintf(
        stderr, SD_WARNING "the daily look at accounts: %s; tried again in ten minutes\n", first);
    retry_later(userdata);
}

/* Without a policy there is nothing to look at; loading one looks by itself. */
void refresh_look(struct agent *agent)
{
    struct refresh *refresh = agent->refresh;
    const struct reload_order order = {
        .cause = LOADING_DAILY, .uid = UID_NONE, .login_uid = UID_NONE};

    if (agent->policy_real_us > 0 && reload_start(agent, &order, on_looked, refresh) < 0)
        retry_later(refresh);
}

static void on_day(void *userdata)
{
    refresh_look(userdata);
}

int refresh_start(struct agent *agent)
{
    struct refresh *refresh = calloc(1, sizeof(*refresh));
    int r;

    if (!refresh)
        return -ENOMEM;
    refresh->agent = agent;
    agent->refresh = refresh;
    r = daily_new(agent->event, DAILY_LOOK_US, &refresh->daily);
    return r < 0 ? r : daily_add(refresh->daily, on_day, agent);
}

void refresh_free(struct refresh *refresh)
{
    if (!refresh)
        return;
    daily_free(refresh->daily);
    sd_event_source_disable_unref(refresh->retry);
    free(refresh);
}
