/* The worker thread takes jobs in order and reads; the loop alone knows callbacks. Both meet
 * under one lock, in three places: waiting, running, finished. */
#include "digester.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "../../common/clock.h"

#define WAITING_MAX 64
#define CACHE_SIZE 256

/* How long a file must have been left alone before its digest is remembered: two changes
 * within one tick of the file system's clock leave the same ctime. */
#define SETTLED_US (3 * USEC_PER_SEC)

struct file_key {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec mtime, ctime;
};

struct job {
    struct job *next;
    int fd;
    struct file_key key;
    bool cacheable;
    int result;
    char hex[DIGEST_HEX_SIZE];
    digest_done_fn done; /* loop thread only; NULL: forgotten */
    void *userdata;
};

struct queue {
    struct job *first, **end;
};

struct known {
    bool used;
    struct file_key key;
    char hex[DIGEST_HEX_SIZE];
};

struct digester {
    sd_event_source *source;
    int wake_fd; /* eventfd(2): something has finished */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    atomic_bool stop;
    size_t unanswered;
    struct queue waiting, finished;
    struct job *running;
    size_t next_known; /* the oldest, replaced next */
    struct known known[CACHE_SIZE];
};

/* ---- what is remembered ---- */

static struct file_key key_of(const struct stat *st)
{
    return (struct file_key){st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_key(const struct file_key *a, const struct file_key *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->mtime, &b->mtime) && same_time(&a->ctime, &b->ctime);
}

/* Whoever may write a file can do so through a mapping, which changes its times late: only
 * root's files are remembered, and not when they changed a moment ago (or, by the clock, later). */
static bool is_cacheable(const struct stat *st)
{
    uint64_t now = clock_realtime_us(), changed;

    if (st->st_uid != 0 || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0 || st->st_ctim.tv_sec < 0)
        return false;
    changed = (uint64_t)st->st_ctim.tv_sec * USEC_PER_SEC + (uint64_t)st->st_ctim.tv_nsec / 1000;
    return changed < now && now - changed > SETTLED_US;
}

static int hash_file(const atomic_bool *stop, struct job *job)
{
    struct file_key after;
    struct stat st;
    int r = digest_content(job->fd, stop, job->hex);

    if (r < 0)
        return r;
    if (fstat(job->fd, &st) < 0)
        return -errno;
    after = key_of(&st);
    return same_key(&job->key, &after) ? 0 : -ESTALE;
}

/* ---- jobs ---- */

static void queue_add(struct queue *queue, struct job *job)
{
    if (!queue->first)
        queue->end = &queue->first;
    *queue->end = job;
    queue->end = &job->next;
    job->next = NULL;
}

static struct job *queue_take(struct queue *queue)
{
    struct job *job = queue->first;

    if (job)
        queue->first = job->next;
    return job;
}

static void job_free(struct job *job)
{
    cleanup_close(&job->fd);
    free(job);
}

static void queue_done(struct queue *queue)
{
    struct job *job;

    while ((job = queue_take(queue)))
        job_free(job);
}

static struct job *wait_for_job(struct digester *digester)
{
    pthread_mutex_lock(&digester->lock);
    while (!digester->waiting.first && !atomic_load(&digester->stop))
        pthread_cond_wait(&digester->work, &digester->lock);
    digester->running = atomic_load(&digester->stop) ? NULL : queue_take(&digester->waiting);
    pthread_mutex_unlock(&digester->lock);
    return digester->running;
}

static void hand_back(struct digester *digester, struct job *job)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&digester->lock);
    digester->running = NULL;
    queue_add(&digester->finished, job);
    pthread_mutex_unlock(&digester->lock);
    while (write(digester->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ; /* EAGAIN: the counter is full, so the loop is awake anyway */
}

static void *work(void *userdata)
{
    struct digester *digester = userdata;
    struct job *job;

    while ((job = wait_for_job(digester))) {
        job->result = hash_file(&digester->stop, job);
        hand_back(digester, job);
    }
    return NULL;
}

/* ---- the loop's side ---- */

static const char *find_known(const struct digester *digester, const struct file_key *key)
{
    for (size_t i = 0; i < CACHE_SIZE; i++)
        if (digester->known[i].used && same_key(&digester->known[i].key, key))
            return digester->known[i].hex;
    return NULL;
}

static void remember(struct digester *digester, const struct job *job)
{
    struct known *known = &digester->known[digester->next_known];

    if (!job->cacheable || find_known(digester, &job->key))
        return;
    *known = (struct known){.used = true, .key = job->key};
    memcpy(known->hex, job->hex, sizeof(known->hex));
    digester->next_known = (digester->next_known + 1) % CACHE_SIZE;
}

static struct job *take_finished(struct digester *digester)
{
    struct job *job;

    pthread_mutex_lock(&digester->lock);
    job = queue_take(&digester->finished);
    pthread_mutex_unlock(&digester->lock);
    return job;
}

static int on_finished(
    sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct digester *digester = userdata;
    struct job *job;
    uint64_t count;

    (void)!read(fd, &count, sizeof(count)); /* only to be woken again */
    while ((job = take_finished(digester))) {
        digester->unanswered--;
        if (job->result == 0)
            remember(digester, job);
        if (job->done)
            job->done(job->result, job->result == 0 ? job->hex : NULL, job->userdata);
        job_free(job);
    }
    return 0;
}

static int add_job(struct digester *digester, struct job *job)
{
    if (digester->unanswered >= WAITING_MAX) {
        job_free(job);
        return -EBUSY;
    }
    digester->unanswered++;
    pthread_mutex_lock(&digester->lock);
    queue_add(&digester->waiting, job);
    pthread_cond_signal(&digester->work);
    pthread_mutex_unlock(&digester->lock);
    return 0;
}

int digester_submit(struct digester *digester, int taken_fd, digest_done_fn done, void *userdata,
    char ret_hex[DIGEST_HEX_SIZE])
{
    AUTO_CLOSE int fd = taken_fd;
    const char *known;
    struct file_key key;
    struct stat st;
    struct job *job;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((uint64_t)st.st_size > DIGEST_FILE_MAX)
        return -EFBIG;
    key = key_of(&st);
    known = is_cacheable(&st) ? find_known(digester, &key) : NULL;
    if (known) {
        memcpy(ret_hex, known, DIGEST_HEX_SIZE);
        return 1;
    }
    job = calloc(1, sizeof(*job));
    if (!job)
        return -ENOMEM;
    *job = (struct job){.fd = TAKE_FD(fd),
        .key = key,
        .cacheable = is_cacheable(&st),
        .done = done,
        .userdata = userdata};
    return add_job(digester, job);
}

static void forget_in(struct job *job, const void *userdata)
{
    for (; job; job = job->next)
        if (job->userdata == userdata)
            job->done = NULL;
}

void digester_forget(struct digester *digester, const void *userdata)
{
    pthread_mutex_lock(&digester->lock);
    forget_in(digester->waiting.first, userdata);
    forget_in(digester->finished.first, userdata);
    if (digester->running && digester->running->userdata == userdata)
        digester->running->done = NULL;
    pthread_mutex_unlock(&digester->lock);
}

/* ---- life ---- */

/* With every signal blocked: they are the loop's (signalfd), and SIGTERM must not land here. */
static int start_thread(struct digester *digester)
{
    sigset_t all, before;
    int r;

    sigfillset(&all);
    r = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r != 0)
        return -r;
    r = pthread_create(&digester->thread, NULL, work, digester);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

static int start(struct digester *digester, sd_event *event)
{
    int r;

    digester->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (digester->wake_fd < 0)
        return -errno;
    r = sd_event_add_io(
        event, &digester->source, digester->wake_fd, EPOLLIN, on_finished, digester);
    return r < 0 ? r : start_thread(digester);
}

static void dispose(struct digester *digester)
{
    sd_event_source_disable_unref(digester->source);
    cleanup_close(&digester->wake_fd);
    queue_done(&digester->waiting);
    queue_done(&digester->finished);
    pthread_cond_destroy(&digester->work);
    pthread_mutex_destroy(&digester->lock);
    free(digester);
}

int digester_new(struct sd_event *event, struct digester **ret_digester)
{
    struct digester *digester = calloc(1, sizeof(*digester));
    int r;

    if (!digester)
        return -ENOMEM;
    digester->wake_fd = -1;
    pthread_mutex_init(&digester->lock, NULL);
    pthread_cond_init(&digester->work, NULL);
    r = start(digester, event);
    if (r < 0) {
        dispose(digester);
        return r;
    }
    *ret_digester = digester;
    return 0;
}

void digester_free(struct digester *digester)
{
    if (!digester)
        return;
    pthread_mutex_lock(&digester->lock);
    atomic_store(&digester->stop, true);
    pthread_cond_signal(&digester->work);
    pthread_mutex_unlock(&digester->lock);
    pthread_join(digester->thread, NULL);
    dispose(digester);
}
