/* Threads beside the event loop: they take no signals, and they wait against the boot clock's
 * deadlines like everything else. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "macro.h"

/* Starts a thread with every signal blocked: the loop takes signals with a signalfd, which works
 * only while no thread has one unblocked. `name` is at most 15 characters. Returns 0 or -errno. */
MUST_USE int thread_start(
    pthread_t *ret_thread, const char *name, void *(*thread_main)(void *), void *userdata);

/* Lets others go first where there are fewer processors than work: the calling thread alone, for
 * good. Returns 0 or -errno; then it goes on as before. */
int thread_give_way(void);

/* The calling thread, and those it starts from now on, run little at a time and are not kept
 * waiting by others' turns. Returns 0 or -errno; then it goes on as before. */
int thread_be_prompt(void);

/* A mutex with its condition. Free with thread_lock_done. */
struct thread_lock {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

void thread_lock_init(struct thread_lock *lock);
void thread_lock_done(struct thread_lock *lock);

void thread_lock(struct thread_lock *lock);
void thread_unlock(struct thread_lock *lock);

/* Tells all waiters. With the lock held. */
void thread_notify(struct thread_lock *lock);

/* Gives up the lock until thread_notify() or `deadline_us` (clock_deadline(); UINT64_MAX: for
 * ever), perhaps earlier; has it again on return. The caller looks itself at what changed. */
void thread_wait(struct thread_lock *lock, uint64_t deadline_us);
