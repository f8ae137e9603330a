#include "signals.h"

#include <errno.h>
#include <sys/signalfd.h>

static void fill_watched(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGQUIT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int signals_block(struct signals *signals)
{
    sigset_t watched;
    int fd, r;

    fill_watched(&watched);
    fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    r = pthread_sigmask(SIG_BLOCK, &watched, &signals->found);
    if (r != 0) {
        (void)close(fd);
        return -r;
    }
    signals->fd = fd;
    return 0;
}

bool signals_are_pending(void)
{
    sigset_t pending;

    if (sigpending(&pending) < 0)
        return true;
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGQUIT) == 1 ||
           sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGHUP) == 1;
}

void signals_pause(const struct signals *signals)
{
    if (signals->fd >= 0)
        (void)pthread_sigmask(SIG_SETMASK, &signals->found, NULL);
}

void signals_resume(void)
{
    sigset_t watched;

    fill_watched(&watched);
    (void)pthread_sigmask(SIG_BLOCK, &watched, NULL);
}

void signals_restore(struct signals *signals)
{
    if (signals->fd < 0)
        return;
    (void)close(signals->fd);
    signals->fd = -1;
    (void)pthread_sigmask(SIG_SETMASK, &signals->found, NULL);
}
