/* The thread has an event loop of its own: for the child that resolves names, and for a descriptor
 * that wakes it. Both loops meet under one lock: a job waits, then runs, then is finished. */
#include "loader.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "../../common/thread.h"

/* What a policy is made from is many times a policy. In pieces so large that each is mapped by
 * itself, all of it goes back to the system when it is freed. malloc_trim(3) would give it back
 * too, but it takes the lock of every arena, the loop's among them, in a thread that gives way to
 * all others. Set once, the size is no longer adjusted (mallopt(3)). */
#define MAPPED_MIN (256 * 1024)

/* What waits to be freed. */
struct rubbish {
    struct rubbish *next;
    struct policy *policy;
    struct policy_files files;
};

struct loader {
    struct thread_lock lock;
    pthread_t thread;
    bool started;

    struct load_job *job; /* the one there is, in whichever hands */
    loader_done_fn done;  /* loop */
    void *userdata;
    sd_event_source *source;
    int done_fd; /* wakes the loop */

    sd_event *event; /* the thread's */
    int work_fd;     /* wakes the thread */
    bool polite;

    bool stop; /* under the lock from here on */
    struct load_job *waiting, *finished;
    struct rubbish *rubbish;
};

static void wake(int fd)
{
    const uint64_t one = 1;

    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ; /* EAGAIN: the counter is full, so whoever it is for is awake anyway */
}

static void clear(int fd)
{
    uint64_t count;

    (void)!read(fd, &count, sizeof(count));
}

/* ---- the thread ---- */

static void free_rubbish(struct rubbish *rubbish)
{
    while (rubbish) {
        struct rubbish *next = rubbish->next;

        policy_free(rubbish->policy);
        policy_files_done(&rubbish->files);
        free(rubbish);
        rubbish = next;
    }
}

/* Decisions go first where there are fewer processors than work. Not before the first policy is
 * loaded, since everybody waits for that one. The resolver inherits it. */
static void be_polite(struct loader *loader)
{
    if (!loader->polite && thread_give_way() < 0)
        fprintf(stderr, SD_DEBUG "policies are loaded at full priority\n");
    loader->polite = true;
}

static void on_job_finished(struct load_job *job)
{
    struct loader *loader = job->userdata;

    be_polite(loader);
    thread_lock(&loader->lock);
    loader->finished = job;
    thread_unlock(&loader->lock);
    wake(loader->done_fd);
}

static int on_work(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct loader *loader = userdata;
    struct rubbish *rubbish;
    struct load_job *job;

    clear(fd);
    thread_lock(&loader->lock);
    job = TAKE_PTR(loader->waiting);
    rubbish = TAKE_PTR(loader->rubbish);
    thread_unlock(&loader->lock);
    free_rubbish(rubbish);
    if (job)
        load_job_run(job);
    return 0;
}

static bool is_stopped(struct loader *loader)
{
    bool stop;

    thread_lock(&loader->lock);
    stop = loader->stop;
    thread_unlock(&loader->lock);
    return stop;
}

static void *work(void *userdata)
{
    struct loader *loader = userdata;

    while (!is_stopped(loader) && sd_event_run(loader->event, UINT64_MAX) >= 0)
        ;
    return NULL;
}

/* ---- the loop's side ---- */

static void free_job(struct loader *loader)
{
    struct load_job *job = TAKE_PTR(loader->job);

    if (!job)
        return;
    load_job_done(job);
    free(job);
}

static int on_done(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct loader *loader = userdata;
    struct load_job *job;

    clear(fd);
    thread_lock(&loader->lock);
    job = TAKE_PTR(loader->finished);
    thread_unlock(&loader->lock);
    if (!job)
        return 0;
    loader->job = NULL; /* `done` may start the next */
    loader->done(&job->result, loader->userdata);
    loader_free_policy(loader, TAKE_PTR(job->result.policy));
    loader_free_files(loader, &job->result.files);
    load_job_done(job);
    free(job);
    return 0;
}

int loader_start(
    struct loader *loader, const struct load_order *order, loader_done_fn done, void *userdata)
{
    struct load_job *job = loader->job ? NULL : calloc(1, sizeof(*job));

    if (!job)
        return loader->job ? -EBUSY : -ENOMEM;
    *job = (struct load_job){
        .order = *order,
        .event = loader->event,
        .finished = on_job_finished,
        .userdata = loader,
    };
    loader->job = job;
    loader->done = done;
    loader->userdata = userdata;
    thread_lock(&loader->lock);
    loader->waiting = job;
    thread_unlock(&loader->lock);
    wake(loader->work_fd);
    return 0;
}

/* Takes both; without memory for the note they are freed here and now. */
static void throw_away(
    struct loader *loader, struct policy *policy, const struct policy_files *files)
{
    struct rubbish *rubbish = loader ? malloc(sizeof(*rubbish)) : NULL;
    struct rubbish last = {.policy = policy, .files = *files};

    if (!rubbish) {
        policy_free(last.policy);
        policy_files_done(&last.files);
        return;
    }
    thread_lock(&loader->lock);
    last.next = loader->rubbish;
    *rubbish = last;
    loader->rubbish = rubbish;
    thread_unlock(&loader->lock);
    wake(loader->work_fd);
}

void loader_free_policy(struct loader *loader, struct policy *policy)
{
    if (!policy)
        return;
    if (policy_is_shared(policy))
        policy_free(policy);
    else
        throw_away(loader, policy, &(struct policy_files){0});
}

void loader_free_files(struct loader *loader, struct policy_files *files)
{
    if (files->count > 0)
        throw_away(loader, NULL, files);
    *files = (struct policy_files){0};
}

/* ---- life ---- */

static int start(struct loader *loader, sd_event *event)
{
    int r = sd_event_new(&loader->event);

    if (r < 0)
        return r;
    loader->work_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loader->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loader->work_fd < 0 || loader->done_fd < 0)
        return -errno;
    r = sd_event_add_io(loader->event, NULL, loader->work_fd, EPOLLIN, on_work, loader);
    if (r >= 0)
        r = sd_event_add_io(event, &loader->source, loader->done_fd, EPOLLIN, on_done, loader);
    if (r >= 0)
        r = thread_start(&loader->thread, "loader", work, loader);
    loader->started = r >= 0;
    return r < 0 ? r : 0;
}

int loader_new(struct sd_event *event, struct loader **ret_loader)
{
    struct loader *loader = calloc(1, sizeof(*loader));
    int r;

    if (!loader)
        return -ENOMEM;
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_MIN); /* 0: it takes more memory */
    loader->work_fd = loader->done_fd = -1;
    thread_lock_init(&loader->lock);
    r = start(loader, event);
    if (r < 0) {
        loader_free(loader);
        return r;
    }
    *ret_loader = loader;
    return 0;
}

static void stop_thread(struct loader *loader)
{
    thread_lock(&loader->lock);
    loader->stop = true;
    thread_unlock(&loader->lock);
    wake(loader->work_fd);
    (void)pthread_join(loader->thread, NULL);
}

void loader_free(struct loader *loader)
{
    if (!loader)
        return;
    if (loader->started)
        stop_thread(loader);
    free_job(loader);
    free_rubbish(loader->rubbish);
    sd_event_source_disable_unref(loader->source);
    sd_event_unref(loader->event);
    cleanup_close(&loader->work_fd);
    cleanup_close(&loader->done_fd);
    thread_lock_done(&loader->lock);
    free(loader);
}
