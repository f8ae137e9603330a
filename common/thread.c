#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define POLITE_NICE 10 /* a tenth of a processor that others want too */

/* Whoever wakes waits until the slice of whoever runs is over, whatever the nice values, up to a
 * tick of the clock: 4 ms where there are 250 a second. Not who asks for shorter slices than that
 * one has. Kernels before 6.12 do not read it (sched_setattr(2), sched_runtime). */
#define PROMPT_SLICE_NS 100000

/* struct sched_attr of sched_setattr(2) in its first size. The C library has neither it nor the
 * call before glibc 2.41, and the kernel's header cannot be used beside <sched.h> there. */
struct kernel_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

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

/* Both values are a thread's on Linux, not the process's. */
static int set_schedule(int nice, uint64_t slice_ns)
{
    const struct kernel_sched_attr attr = {
        .size = sizeof(attr),
        .policy = SCHED_OTHER,
        .nice = nice,
        .runtime = slice_ns,
    };

    return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? -errno : 0;
}

int thread_give_way(void)
{
    return set_schedule(POLITE_NICE, 0);
}

int thread_be_prompt(void)
{
    return set_schedule(getpriority(PRIO_PROCESS, 0), PROMPT_SLICE_NS);
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
