/* The thread takes the oldest job, reads, and puts it among the finished; the loop, woken through
 * an eventfd, calls back. One lock guards the list. */
#include "recall.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#include "../../common/str.h"
#include "../../common/thread.h"
#include "../ledger/ledger.h"
#include "../public/public.h"

/* Records looked at in one statement: the ledger's log cannot be emptied meanwhile. */
#define SLICE_RECORDS 128

enum job_state {
    JOB_WAITS,
    JOB_RUNS,
    JOB_FINISHED,
};

struct job {
    struct job *next;
    enum job_state state;
    bool seek;
    struct recall_piece piece;
    int result;
    recall_done_fn done; /* NULL: forgotten */
    void *userdata;
};

struct recall {
    struct sd_event *event;
    sd_event_source *source;
    char *path;
    int wake_fd;
    bool started;
    pthread_t thread;
    struct ledger_reader *reader; /* the thread's */

    struct thread_lock lock; /* guards these, and the state of each job */
    struct job *jobs;        /* in order */
    bool stop;
};

static void job_free(struct job *job)
{
    free(job->piece.texts);
    free(job);
}

/* ---- the thread ------------------------------------------------------------------------- */

static int append(const char *json, void *userdata)
{
    struct str_builder *out = userdata;

    public_append_more(out, "decision", json);
    return 0;
}

static bool is_full(const struct str_builder *out, uint64_t read)
{
    return out->failed || out->length >= RECALL_BYTES || read >= RECALL_RECORDS;
}

static int read_range(struct recall *recall, struct job *job, struct str_builder *out)
{
    struct ledger_range *range = &job->piece.left;
    uint64_t start;
    int r = job->seek ? ledger_reader_seek_decision(recall->reader, range) : 0;

    start = range->after;
    while (r == 0 && range->after < range->through && !is_full(out, range->after - start))
        r = ledger_reader_each_decision(recall->reader, range, SLICE_RECORDS, append, out);
    return r;
}

/* A reader that failed is opened anew next time. */
static int read_piece(struct recall *recall, struct job *job)
{
    struct str_builder out = {0};
    int r = recall->reader ? 0 : ledger_reader_open(recall->path, &recall->reader);

    if (r < 0)
        return r;
    r = read_range(recall, job, &out);
    if (r < 0) {
        str_builder_done(&out);
        ledger_reader_close(TAKE_PTR(recall->reader));
        return r;
    }
    job->piece.length = out.length;
    job->piece.texts = str_builder_take(&out);
    return job->piece.texts ? 0 : -ENOMEM;
}

static struct job *find_job(struct recall *recall, enum job_state state)
{
    struct job *job = recall->jobs;

    while (job && job->state != state)
        job = job->next;
    return job;
}

static struct job *wait_for_job(struct recall *recall)
{
    struct job *job;

    thread_lock(&recall->lock);
    while (!(job = find_job(recall, JOB_WAITS)) && !recall->stop)
        thread_wait(&recall->lock, UINT64_MAX);
    if (recall->stop)
        job = NULL;
    if (job)
        job->state = JOB_RUNS;
    thread_unlock(&recall->lock);
    return job;
}

static void hand_back(struct recall *recall, struct job *job)
{
    const uint64_t one = 1;

    thread_lock(&recall->lock);
    job->state = JOB_FINISHED;
    thread_unlock(&recall->lock);
    while (write(recall->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ; /* EAGAIN: the counter is full, so the loop is awake anyway */
}

static void *recall_main(void *userdata)
{
    struct recall *recall = userdata;
    struct job *job;

    (void)thread_give_way(); /* to decisions */
    while ((job = wait_for_job(recall))) {
        job->result = read_piece(recall, job);
        hand_back(recall, job);
    }
    ledger_reader_close(TAKE_PTR(recall->reader));
    return NULL;
}

/* ---- the loop --------------------------------------------------------------------------- */

static struct job *take_finished(struct recall *recall)
{
    struct job **at = &recall->jobs, *job;

    thread_lock(&recall->lock);
    while ((job = *at) && job->state != JOB_FINISHED)
        at = &job->next;
    if (job)
        *at = job->next;
    thread_unlock(&recall->lock);
    return job;
}

static int on_wake(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct recall *recall = userdata;
    struct job *job;
    uint64_t count;

    (void)!read(fd, &count, sizeof(count)); /* only to be woken again */
    while ((job = take_finished(recall))) {
        if (job->done)
            job->done(job->result, job->result == 0 ? &job->piece : NULL, job->userdata);
        job_free(job);
    }
    return 0;
}

/* What is set up stays for the next attempt when a later step fails. */
static int start(struct recall *recall)
{
    int r = 0;

    if (recall->wake_fd < 0)
        recall->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (recall->wake_fd < 0)
        return -errno;
    if (!recall->source)
        r = sd_event_add_io(
            recall->event, &recall->source, recall->wake_fd, EPOLLIN, on_wake, recall);
    if (r >= 0)
        r = thread_start(&recall->thread, "recall", recall_main, recall);
    if (r < 0)
        return r;
    recall->started = true;
    return 0;
}

static void add_job(struct recall *recall, struct job *job)
{
    struct job **end = &recall->jobs;

    thread_lock(&recall->lock);
    while (*end)
        end = &(*end)->next;
    *end = job;
    thread_notify(&recall->lock);
    thread_unlock(&recall->lock);
}

int recall_ask(struct recall *recall, const struct ledger_range *range, bool seek,
    recall_done_fn done, void *userdata)
{
    struct job *job;
    int r = recall->started ? 0 : start(recall);

    if (r < 0)
        return r;
    job = calloc(1, sizeof(*job));
    if (!job)
        return -ENOMEM;
    *job = (struct job){
        .seek = seek,
        .piece = {.left = *range},
        .done = done,
        .userdata = userdata,
    };
    add_job(recall, job);
    return 0;
}

/* `done` and `userdata` are the loop's alone; a job that nobody wants any more is still read. */
void recall_forget(struct recall *recall, const void *userdata)
{
    thread_lock(&recall->lock);
    for (struct job *job = recall->jobs; job; job = job->next)
        if (job->userdata == userdata)
            job->done = NULL;
    thread_unlock(&recall->lock);
}

struct recall *recall_new(struct sd_event *event, const char *path)
{
    struct recall *recall = calloc(1, sizeof(*recall));

    if (!recall)
        return NULL;
    recall->event = event;
    recall->wake_fd = -1;
    recall->path = strdup(path);
    if (!recall->path) {
        free(recall);
        return NULL;
    }
    thread_lock_init(&recall->lock);
    return recall;
}

void recall_free(struct recall *recall)
{
    if (!recall)
        return;
    thread_lock(&recall->lock);
    recall->stop = true;
    thread_notify(&recall->lock);
    thread_unlock(&recall->lock);
    if (recall->started)
        (void)pthread_join(recall->thread, NULL);
    while (recall->jobs) {
        struct job *next = recall->jobs->next;

        job_free(recall->jobs);
        recall->jobs = next;
    }
    sd_event_source_disable_unref(recall->source);
    cleanup_close(&recall->wake_fd);
    thread_lock_done(&recall->lock);
    free(recall->path);
    free(recall);
}
