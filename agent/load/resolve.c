/* The parent's side writes the questions, reads the answers, and is done when the child has
 * ended and its output has too. Whatever is not exactly as many good answers as questions,
 * with exit status 0, is a failure. The child's side is resolve_child.c. */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "../../common/parse.h"
#include "../../common/str.h"

#define ANSWER_MAX (sizeof("4294967294 no-shell 18446744073709551615\n") - 1)
#define ERRNO_MAX 4095 /* of the kernel */
#define NAMES_MAX 65536

struct resolve_job {
    sd_event_source *questions_io, *answers_io, *child, *timer;
    char *questions;
    size_t question_length, question_sent;
    char *answers; /* answer_size bytes and room for a NUL */
    size_t answer_length, answer_size;
    struct resolve_name *names;
    size_t count;
    bool asks_accounts;
    int accounts_result; /* 0 or an errno, positive */
    bool child_ended;
    int result; /* the first failure */
    pid_t pid;
    resolve_done_fn done;
    void *userdata;
};

/* ---- answers ---- */

static int read_state(const char *state, struct resolve_name *name)
{
    name->no_shell = strcmp(state, "no-shell") == 0;
    name->locked = name->no_shell || strcmp(state, "locked") == 0;
    return name->locked || strcmp(state, "open") == 0 ? 0 : -EBADMSG;
}

/* Cuts the word off at its blank. Returns what is behind it, or NULL. */
static char *next_word(char *word)
{
    char *blank = strchr(word, ' ');

    if (blank)
        *blank++ = '\0';
    return blank;
}

static int read_account(char *state, struct resolve_name *name)
{
    char *expires = state ? next_word(state) : NULL;

    if (!expires || parse_u64(expires, UINT64_MAX, &name->expires_us) < 0)
        return -EBADMSG;
    return read_state(state, name);
}

static int read_answer(char *line, struct resolve_name *name)
{
    char *rest;
    uint64_t id;

    if (strcmp(line, "-") == 0)
        return 0;
    if (strcmp(line, "?") == 0)
        return -EAGAIN;
    rest = next_word(line);
    if (parse_u64(line, UINT32_MAX - 1, &id) < 0 || (name->is_group && rest))
        return -EBADMSG;
    if (!name->is_group && read_account(rest, name) < 0)
        return -EBADMSG;
    name->exists = true;
    name->id = (uint32_t)id;
    return 0;
}

/* Cuts the line off. Returns where the next one begins, or NULL. */
static char *end_line(char *line)
{
    char *end = strchr(line, '\n');

    if (!end)
        return NULL;
    *end = '\0';
    return end + 1;
}

static int read_names(struct resolve_job *job, char *line)
{
    for (size_t i = 0; i < job->count; i++) {
        char *next;
        int r;

        if (!str_is_name(job->names[i].name))
            continue;
        next = end_line(line);
        r = next ? read_answer(line, &job->names[i]) : -EBADMSG;
        if (r < 0)
            return r;
        line = next;
    }
    return line == job->answers + job->answer_length ? 0 : -EBADMSG;
}

static int read_answers(struct resolve_job *job)
{
    char *line = job->answers;

    job->answers[job->answer_length] = '\0';
    if (job->asks_accounts) {
        char *next = end_line(line);
        uint64_t result;

        if (!next || parse_u64(line, ERRNO_MAX, &result) < 0)
            return -EBADMSG;
        job->accounts_result = (int)result;
        line = next;
    }
    return read_names(job, line);
}

/* ---- the end ---- */

static void fail(struct resolve_job *job, int result)
{
    if (job->result == 0)
        job->result = result;
}

/* The child has been killed and nobody waits for it; its source stays with the loop until it
 * has been reaped. Giving up the floating reference from its own handler frees it. */
static int on_orphan(sd_event_source *source)
{
    (void)sd_event_source_set_floating(source, false);
    return 0;
}

static void abandon_child(struct resolve_job *job)
{
    (void)kill(job->pid, SIGKILL); /* not reaped, so the pid is still its own */
    (void)sd_event_source_set_userdata(job->child, NULL);
    (void)sd_event_source_set_floating(job->child, true);
    job->child = sd_event_source_unref(job->child);
}

static void job_free(struct resolve_job *job)
{
    if (job->child && !job->child_ended)
        abandon_child(job);
    sd_event_source_disable_unref(job->child);
    sd_event_source_disable_unref(job->timer);
    sd_event_source_disable_unref(job->questions_io);
    sd_event_source_disable_unref(job->answers_io);
    for (size_t i = 0; i < job->count; i++)
        free(job->names[i].name);
    free(job->names);
    free(job->questions);
    free(job->answers);
    free(job);
}

static void finish(struct resolve_job *job)
{
    if (job->result == 0)
        fail(job, read_answers(job));
    job->done(job->result, job->names, job->count, job->userdata);
    job_free(job);
}

static void finish_if_over(struct resolve_job *job)
{
    if (job->child_ended && !job->answers_io)
        finish(job);
}

/* ---- the loop ---- */

static int on_questions(
    sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct resolve_job *job = userdata;
    size_t left = job->question_length - job->question_sent;
    ssize_t n = write(fd, job->questions + job->question_sent, left);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n < 0)
        fail(job, -errno); /* EPIPE: it died; the end comes as SIGCHLD */
    else
        job->question_sent += (size_t)n;
    if (n < 0 || job->question_sent == job->question_length)
        job->questions_io = sd_event_source_disable_unref(job->questions_io);
    return 0;
}

static int on_answers(
    sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata)
{
    struct resolve_job *job = userdata;
    ssize_t n = read(fd, job->answers + job->answer_length, job->answer_size - job->answer_length);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n > 0) {
        job->answer_length += (size_t)n;
        if (job->answer_length < job->answer_size)
            return 0;
        fail(job, -EBADMSG); /* more than any answer is long */
    } else if (n < 0) {
        fail(job, -errno);
    }
    job->answers_io = sd_event_source_disable_unref(job->answers_io);
    finish_if_over(job);
    return 0;
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata)
{
    struct resolve_job *job = userdata;

    if (!job)
        return on_orphan(source);
    job->child_ended = true;
    if (info->si_code != CLD_EXITED || info->si_status != 0)
        fail(job, -ECHILD);
    finish_if_over(job);
    return 0;
}

static int on_timeout(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
    struct resolve_job *job = userdata;

    fail(job, -ETIMEDOUT);
    finish(job);
    return 0;
}

/* ---- the start ---- */

static int copy_names(struct resolve_job *job, const struct resolve_name *names, size_t count)
{
    job->names = calloc(count + 1, sizeof(*job->names));
    if (!job->names)
        return -ENOMEM;
    for (; job->count < count; job->count++) {
        struct resolve_name *copy = &job->names[job->count];

        copy->name = strdup(names[job->count].name);
        copy->is_group = names[job->count].is_group;
        if (!copy->name)
            return -ENOMEM;
    }
    return 0;
}

static int write_questions(struct resolve_job *job, const char *accounts)
{
    struct str_builder questions = {0};

    if (accounts && strchr(accounts, '\n'))
        return -EINVAL;
    job->asks_accounts = accounts != NULL;
    if (accounts)
        str_appendf(&questions, "a %s\n", accounts);
    for (size_t i = 0; i < job->count; i++)
        if (str_is_name(job->names[i].name))
            str_appendf(
                &questions, "%c %s\n", job->names[i].is_group ? 'g' : 'u', job->names[i].name);
    job->question_length = questions.length;
    job->questions = str_builder_take(&questions);
    job->answer_size = (job->count + 1) * ANSWER_MAX + 1;
    job->answers = malloc(job->answer_size + 1);
    return job->questions && job->answers ? 0 : -ENOMEM;
}

/* The loop runs with signals blocked and may ignore some; a child starts afresh. */
static int set_up_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    r = posix_spawnattr_setsigmask(attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return r;
}

/* Runs this very program, even if a newer one lies at its path by now. */
static int spawn(int stdin_fd, int stdout_fd, pid_t *ret_pid)
{
    char name[] = "assentd", option[] = "--resolve";
    char *const argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);

    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -r;
    }
    r = posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
    if (r == 0)
        r = set_up_signals(&attributes);
    if (r == 0)
        r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* Our end of a pipe, watched; it belongs to the source. Takes `fd` in every case. */
static int watch(sd_event *event, sd_event_source **ret_source, int fd, uint32_t events,
    sd_event_io_handler_t handler)
{
    sd_event_source *source = NULL;
    int r = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;

    if (r == 0)
        r = sd_event_add_io(event, &source, fd, events, handler, NULL);
    if (r < 0) {
        (void)close(fd);
        return r;
    }
    *ret_source = source;
    return sd_event_source_set_io_fd_own(source, true);
}

static int start_child(struct resolve_job *job, sd_event *event)
{
    AUTO_CLOSE int child_stdin = -1, child_stdout = -1;
    int in[2], out[2], r;

    if (pipe2(in, O_CLOEXEC) < 0)
        return -errno;
    child_stdin = in[0];
    r = watch(event, &job->questions_io, in[1], EPOLLOUT, on_questions);
    if (r < 0)
        return r;
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    child_stdout = out[1];
    r = watch(event, &job->answers_io, out[0], EPOLLIN, on_answers);
    if (r < 0)
        return r;
    (void)sd_event_source_set_userdata(job->questions_io, job);
    (void)sd_event_source_set_userdata(job->answers_io, job);
    return spawn(child_stdin, child_stdout, &job->pid);
}

/* A child that cannot be watched must not stay: it is ours to reap here. */
static int watch_child(struct resolve_job *job, sd_event *event)
{
    int r = sd_event_add_child(event, &job->child, job->pid, WEXITED, on_child, job);

    if (r < 0) {
        (void)kill(job->pid, SIGKILL);
        (void)waitpid(job->pid, NULL, 0);
    }
    return r;
}

static int start(struct resolve_job *job, sd_event *event, uint64_t timeout_us)
{
    int r = sd_event_add_time_relative(
        event, &job->timer, CLOCK_BOOTTIME, timeout_us, 0, on_timeout, job);

    if (r < 0)
        return r;
    r = start_child(job, event);
    return r < 0 ? r : watch_child(job, event);
}

int resolve_start(
    struct sd_event *event, const struct resolve_question *question, struct resolve_job **ret_job)
{
    struct resolve_job *job;
    int r;

    if (question->count > NAMES_MAX)
        return -E2BIG;
    job = calloc(1, sizeof(*job));
    if (!job)
        return -ENOMEM;
    job->done = question->done;
    job->userdata = question->userdata;
    r = copy_names(job, question->names, question->count);
    if (r == 0)
        r = write_questions(job, question->accounts);
    if (r == 0)
        r = start(job, event, question->timeout_us);
    if (r < 0) {
        job_free(job);
        return r;
    }
    *ret_job = job;
    return 0;
}

void resolve_cancel(struct resolve_job *job)
{
    if (job)
        job_free(job);
}

const char *resolve_accounts_warning(const struct resolve_job *job)
{
    switch (job->accounts_result) {
    case 0:
        return NULL;
    case ENOENT:
        return "locked and expired accounts are not noticed: assent-accounts.service has not run";
    case ESTALE:
        return "accounts locked or expired lately are not noticed: /etc/shadow has changed since "
               "assent-accounts.service last ran";
    default:
        return "locked and expired accounts are not noticed: what assent-accounts.service wrote "
               "cannot be used; run: systemctl restart assent-accounts";
    }
}
