#include "cli_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../cli/base/json.h"
#include "../../common/file.h"

#define ARGS_MAX 16

static char *read_back(int fd)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read_all(fd, (size_t)4 * 1024 * 1024, &text, &length), 0);
    close(fd);
    return text;
}

int run_scratch(void)
{
    char path[] = "/tmp/assent-test.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    return fd;
}

/* Runs `assent` with --socket and these words in a child: this program again, under that
 * name, since a process with threads may do nothing but exec behind a fork. */
pid_t run_start(const char *socket, const char *const *words, int out, int err)
{
    char *argv[ARGS_MAX + 4] = {"assent", "--socket", (char *)socket};
    int argc = 3;
    pid_t pid;

    while (*words && argc < ARGS_MAX + 3)
        argv[argc++] = (char *)*words++;
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    (void)dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
    (void)execv("/proc/self/exe", argv);
    _exit(127);
}

void run_finish(struct run *run, pid_t pid, int out, int err)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run->out = read_back(out);
    run->err = read_back(err);
}

void run_assent(struct run *run, const struct fake_step *steps, const char *const *words)
{
    int out = run_scratch(), err = run_scratch();

    fake_agent_start(&run->agent, steps);
    run_finish(run, run_start(run->agent.path, words, out, err), out, err);
    fake_agent_stop(&run->agent);
}

void run_done(struct run *run)
{
    fake_agent_done(&run->agent);
    free(run->out);
    free(run->err);
}

/* The value of a member of the parameters of message `index`. */
const char *run_sent(const struct run *run, size_t index, const char *key)
{
    static char text[512];
    AUTO_JSON json_t *message = NULL;
    AUTO_FREE char *value = NULL;

    assert_true(index < run->agent.received_count);
    message = json_loads(run->agent.received[index], 0, NULL);
    assert_non_null(message);
    value = json_dumps(strcmp(key, "method") == 0
                           ? json_object_get(message, key)
                           : json_object_get(json_object_get(message, "parameters"), key),
        JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(text, sizeof(text), "%s", value ? value : "");
    return text;
}
