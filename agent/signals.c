#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "core/agent.h"
#include "core/reload.h"

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
    const struct reload_order order = {
        .cause = LOADING_SIGNAL,
        .by = "SIGHUP",
        .uid = info->ssi_uid,
        .login_uid = UID_NONE,
    };

    (void)source;
    sd_notify(false, "RELOADING=1");
    if (reload_start_or_follow(userdata, &order, on_hup_done, NULL) < 0)
        sd_notify(false, "READY=1");
    return 0;
}

int signals_add(struct agent *agent)
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
