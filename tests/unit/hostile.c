#include "hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/macro.h"

#define SOON_US USEC_PER_SEC
#define PATIENCE_US (60 * USEC_PER_SEC)

static const char rules[] =
    "  - { id: games-login, who: { user: games }, what: { service: sshd }, owner: ops, "
    "certified_until: 2099-12-31, decision: allow }\n"
    "  - id: asks\n"
    "    who: { user: [daemon, bin, sys] }\n"
    "    what: { service: sshd }\n"
    "    decision: escalate\n"
    "    approval: { stages: [ { from: dave, within: 1h } ], strength: local }\n"
    "  - id: once\n"
    "    who: { user: daemon }\n"
    "    what: { service: sudo, command: \"/usr/bin/id *\" }\n"
    "    decision: escalate\n"
    "    uses: 1\n"
    "    approval: { stages: [ { from: leads, within: 1h } ], strength: local }\n";

int hostile_set_up(void **state)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, rules);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

int hostile_tear_down(void **state)
{
    agent_fixture_done(*state);
    return 0;
}

/* The kernel notes the uid when it connects, so this process can be several people. */
int hostile_connect(uid_t uid, const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), r;

    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(seteuid(uid), 0);
    r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    assert_int_equal(seteuid(0), 0);
    if (r < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Whether the other side closes within a moment, whatever it says before. */
bool hostile_is_closed(int fd)
{
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);
    char buffer[4096];

    for (;;) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&pollfd, 1, clock_remaining_ms(deadline)) <= 0)
            return false;
        n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNRESET))
            return true;
        if (n < 0 && errno == ECONNRESET)
            return true;
    }
}

bool hostile_answers(const struct agent_fixture *f, uid_t uid)
{
    uint64_t deadline = clock_deadline(PATIENCE_US);
    json_t *reply = NULL;
    const char *error;

    while (!reply && clock_remaining_ms(deadline) > 0)
        reply = agent_call(f, uid, "io.assent.GetStatus", NULL, &error);
    json_decref(reply);
    return reply != NULL;
}

/* Whether it had no processor in time; that there is no room is another matter. */
static bool was_late(const struct gate_result *result)
{
    return result->kind == 0 || (result->kind == GATE_BUSY && !strstr(result->text, "too many"));
}

struct gate_result hostile_ask(const struct agent_fixture *f, const struct gate_ask *ask)
{
    uint64_t deadline = clock_deadline(PATIENCE_US);
    struct gate_result result = gate_once(f, ask);

    while (was_late(&result) && clock_remaining_ms(deadline) > 0) {
        usleep(10000);
        result = gate_once(f, ask);
    }
    return result;
}

void hostile_login(const struct agent_fixture *f)
{
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");

    assert_int_equal(hostile_ask(f, &ask).kind, GATE_ALLOW);
}

static uint64_t work_done(const struct agent_fixture *f)
{
    struct timespec spent;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(f->pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &spent), 0);
    return (uint64_t)spent.tv_sec * USEC_PER_SEC + (uint64_t)spent.tv_nsec / 1000;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* What the agent does between a login's question and its answer, for whomever: the middle of five,
 * in time of the processor, since other programs run on this machine too. */
static uint64_t typical_login(const struct agent_fixture *f)
{
    uint64_t times[5];

    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        uint64_t before = work_done(f);

        hostile_login(f);
        times[i] = work_done(f) - before;
    }
    qsort(times, ARRAY_SIZE(times), sizeof(times[0]), compare_times);
    return times[ARRAY_SIZE(times) / 2];
}

bool hostile_login_is_soon(const struct agent_fixture *f)
{
    return typical_login(f) < SOON_US;
}

unsigned hostile_count_entries(const char *directory)
{
    DIR *dir = opendir(directory);
    unsigned count = 0;

    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

unsigned hostile_fds(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    return hostile_count_entries(path);
}

/* The agent may not have seen yet that the last one has left. */
bool hostile_comes_down_to(const struct agent_fixture *f, unsigned fds)
{
    uint64_t deadline = clock_deadline(5 * USEC_PER_SEC);

    while (hostile_fds(f->pid) > fds) {
        if (clock_remaining_ms(deadline) == 0)
            return false;
        usleep(10000);
    }
    return true;
}

void hostile_raise_fd_limit(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* `work` in a process of its own until it is killed. */
pid_t hostile_start(void (*work)(const struct agent_fixture *f, unsigned number),
    const struct agent_fixture *f, unsigned number)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        work(f, number);
        _exit(0);
    }
    return pid;
}

void hostile_stop(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

const char *hostile_call_error(
    const struct agent_fixture *f, uid_t uid, const char *method, json_t *parameters)
{
    const char *error;

    json_decref(agent_call(f, uid, method, parameters, &error));
    return error;
}

size_t hostile_encode(const struct gate_ask *ask, uint8_t *buffer)
{
    int length = record_encode_ask(ask, buffer, GATE_MESSAGE_MAX);

    assert_true(length > 0);
    return (size_t)length;
}

/* Takes a connection to where the subject is asked for a reason, and stays there. */
int hostile_hold_at_the_prompt(const struct agent_fixture *f, uid_t uid, unsigned number)
{
    static uint8_t record[GATE_MESSAGE_MAX];
    char arguments[64];
    int length = snprintf(arguments, sizeof(arguments), "/usr/bin/id%c%u", '\0', number) + 1;
    struct gate_ask ask = ask_sudo(uid, arguments, (size_t)length);
    int fd = hostile_connect(0, f->gate, SOCK_SEQPACKET);
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    size_t size;

    assert_true(fd >= 0);
    ask.flags = GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    size = hostile_encode(&ask, record);
    (void)!send(fd, record, size, MSG_NOSIGNAL);
    (void)poll(&pollfd, 1, 20000);
    return fd;
}
