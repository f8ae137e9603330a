#include "fake_agent.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define MESSAGE_MAX ((size_t)64 * 1024)

/* Waits for input; false when the test wants it to end. */
static int wait_input(const struct fake_agent *agent, int fd)
{
    struct pollfd pollers[] = {
        {.fd = fd, .events = POLLIN},
        {.fd = agent->stop_fds[0], .events = POLLIN},
    };

    return poll(pollers, 2, -1) > 0 && pollers[1].revents == 0;
}

/* Reads up to the next NUL. Returns fresh memory, or NULL when the other end or the test ends. */
static char *read_message(const struct fake_agent *agent, int fd)
{
    char *text = calloc(1, MESSAGE_MAX);
    size_t used = 0;

    while (text && used < MESSAGE_MAX - 1 && wait_input(agent, fd)) {
        if (read(fd, text + used, 1) != 1)
            break;
        if (text[used++] == '\0')
            return text;
    }
    free(text);
    return NULL;
}

static void write_step(int fd, const struct fake_step *step)
{
    size_t left = step->bytes && step->length == 0 ? strlen(step->bytes) + 1 : step->length;
    const char *bytes = step->bytes;

    while (left > 0) {
        ssize_t n = send(fd, bytes, left, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes += n;
        left -= (size_t)n;
    }
}

static int is_end(const struct fake_step *step)
{
    return !step->bytes && step->length == 0 && !step->hang_up;
}

/* Serves one connection. Returns the steps that were used. */
static size_t serve(struct fake_agent *agent, int fd, const struct fake_step *steps)
{
    size_t used = 0;

    for (;;) {
        char *message = read_message(agent, fd);

        if (!message || agent->received_count == FAKE_AGENT_STEPS_MAX) {
            free(message);
            return used;
        }
        agent->received[agent->received_count++] = message;
        if (is_end(&steps[used]))
            continue;
        write_step(fd, &steps[used]);
        if (steps[used++].hang_up)
            return used;
    }
}

static void *run(void *userdata)
{
    struct fake_agent *agent = userdata;
    const struct fake_step *steps = agent->steps;

    while (wait_input(agent, agent->listen_fd)) {
        int fd = accept(agent->listen_fd, NULL, NULL);

        if (fd < 0)
            break;
        steps += serve(agent, fd, steps);
        close(fd);
    }
    return NULL;
}

void fake_agent_start(struct fake_agent *agent, const struct fake_step *steps)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *agent = (struct fake_agent){.directory = "/tmp/assent-test.XXXXXX", .steps = steps};
    assert_non_null(mkdtemp(agent->directory));
    snprintf(agent->path, sizeof(agent->path), "%s/io", agent->directory);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", agent->path);
    agent->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(agent->listen_fd >= 0);
    assert_int_equal(bind(agent->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(agent->listen_fd, 8), 0);
    assert_int_equal(pipe(agent->stop_fds), 0);
    assert_int_equal(pthread_create(&agent->thread, NULL, run, agent), 0);
}

void fake_agent_stop(struct fake_agent *agent)
{
    close(agent->stop_fds[1]);
    assert_int_equal(pthread_join(agent->thread, NULL), 0);
    close(agent->stop_fds[0]);
    close(agent->listen_fd);
    assert_int_equal(unlink(agent->path), 0);
    assert_int_equal(rmdir(agent->directory), 0);
}

void fake_agent_done(struct fake_agent *agent)
{
    for (size_t i = 0; i < agent->received_count; i++)
        free(agent->received[i]);
    agent->received_count = 0;
}
