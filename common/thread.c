#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "clock.h"

#define POLITE_NICE 10 /* a tenth of a processor that others want too */

int thread_start(
    pthread_t *ret_thread, const char *name, void *(*thread_main)(void *), void *userdata)
{
    sigset_t all, before;
    pthread_t thread;
    int r;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    r = pthread_create(&thread, NULL, thread_main, userdata);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return -r;
    (void)pthread_setname_np(thread, name);
    *ret_thread = thread;
    return 0;
}

/* The nice value is a thread's on Linux, whatever POSIX says (setpriority(2)). */
int thread_give_way(void)
{
    return setpriority(PRIO_PROCESS, 0, POLITE_NICE) < 0 ? -errno : 0;
}

void thread_lock_init(struct thread_lock *lock)
{
    pthread_condattr_t attributes;

    (void)pthread_mutex_init(&lock->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&lock->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void thread_lock_done(struct thread_lock *lock)
{
    (void)pthread_cond_destroy(&lock->changed);
    (void)pthread_mutex_destroy(&lock->mutex);
}

void thread_lock(struct thread_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

void thread_unlock(struct thread_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

void thread_notify(struct thread_lock *lock)
{
    (void)pthread_cond_broadcast(&lock->changed);
}

/* pthread conditions know no boot clock; over a suspend the wait is too long, which is why
 * callers look at the clock themselves. */
void thread_wait(struct thread_lock *lock, uint64_t deadline_us)
{
    struct timespec until;
    int left_ms;

    if (deadline_us == UINT64_MAX) {
        (void)pthread_cond_wait(&lock->changed, &lock->mutex);
        return;
    }
    left_ms = clock_remaining_ms(deadline_us);
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left_ms / 1000;
    until.tv_nsec += left_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_cond_timedwait(&lock->changed, &lock->mutex, &until);
}
