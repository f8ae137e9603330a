/* The agent under people who mean harm or programs that went wrong: what they send, hold open,
 * repeat and leave behind must cost others neither their answer nor their room.
 *
 * ASSENT_IDLE sets the number of idle connections (default 2000). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../agent/gate.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "agent_fixture.h"

#define ID_ROOT "/usr/bin/id\0-u"
#define ID_ROOT_LENGTH sizeof(ID_ROOT)
#define SOON_US USEC_PER_SEC

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

static int setup(void **state)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, rules);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    agent_fixture_done(*state);
    return 0;
}

/* ---- raw connections -------------------------------------------------------------------- */

/* The kernel notes the uid when it connects, so this process can be several people. */
static int connect_as(uid_t uid, const char *path, int type)
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
static bool is_closed(int fd)
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

static bool answers(const struct agent_fixture *f, uid_t uid)
{
    const char *error;
    json_t *reply = agent_call(f, uid, "io.assent.GetStatus", NULL, &error);

    json_decref(reply);
    return reply != NULL;
}

static uint64_t time_of_login(const struct agent_fixture *f)
{
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");
    uint64_t begun = clock_boottime_us();

    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    return clock_boottime_us() - begun;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The middle of five, since other programs run on this machine too. */
static uint64_t typical_login(const struct agent_fixture *f)
{
    uint64_t times[5];

    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        times[i] = time_of_login(f);
    qsort(times, ARRAY_SIZE(times), sizeof(times[0]), compare_times);
    return times[ARRAY_SIZE(times) / 2];
}

static unsigned count_entries(const char *directory)
{
    DIR *dir = opendir(directory);
    unsigned count = 0;

    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static unsigned fds_of(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    return count_entries(path);
}

/* The agent may not have seen yet that the last one has left. */
static bool comes_down_to(const struct agent_fixture *f, unsigned fds)
{
    uint64_t deadline = clock_deadline(5 * USEC_PER_SEC);

    while (fds_of(f->pid) > fds) {
        if (clock_remaining_ms(deadline) == 0)
            return false;
        usleep(10000);
    }
    return true;
}

static void raise_fd_limit(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* `work` in a process of its own until it is killed. */
static pid_t start(void (*work)(const struct agent_fixture *f, unsigned number),
    const struct agent_fixture *f, unsigned number)
{
    pid_t parent = getpid(), pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
            work(f, number);
        _exit(0);
    }
    return pid;
}

static void stop(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static const char *call_error(
    const struct agent_fixture *f, uid_t uid, const char *method, json_t *parameters)
{
    const char *error;

    json_decref(agent_call(f, uid, method, parameters, &error));
    return error;
}

/* ---- the public socket -------------------------------------------------------------------- */

static void test_message_of_a_mebibyte(void **state)
{
    struct agent_fixture *f = *state;
    size_t size = (size_t)1 << 20, sent = 0;
    char *message = malloc(size);
    int fd = connect_as(UID_MAN, f->public, SOCK_STREAM);

    memset(message, 'x', size);
    while (sent < size) {
        ssize_t n = send(fd, message + sent, size - sent, MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
    }
    assert_true(sent < size);
    assert_true(is_closed(fd));
    close(fd);
    free(message);
    assert_true(answers(f, UID_MAN));
}

static void test_half_messages(void **state)
{
    struct agent_fixture *f = *state;
    static const char whole[] = "{\"method\":\"io.assent.GetStatus\"}";
    int fds[sizeof(whole)];

    for (size_t i = 1; i < sizeof(whole) - 1; i++) {
        uid_t uid = (uid_t)(1000 + i / 16);

        fds[i] = connect_as(uid, f->public, SOCK_STREAM);
        assert_true(fds[i] >= 0);
        assert_int_equal(send(fds[i], whole, i, MSG_NOSIGNAL), i);
    }
    assert_true(answers(f, UID_MAN));
    assert_true(typical_login(f) < SOON_US);
    for (size_t i = 1; i < sizeof(whole) - 1; i++) {
        if (i % 2) /* a broken end: no message is made of it */
            assert_int_equal(send(fds[i], "\"}", 3, MSG_NOSIGNAL), 3);
        close(fds[i]);
    }
    assert_true(answers(f, UID_MAN));
}

static void test_idle_connections_of_one_user(void **state)
{
    struct agent_fixture *f = *state;
    const char *wanted = getenv("ASSENT_IDLE");
    size_t count = wanted ? strtoul(wanted, NULL, 10) : 2000;
    static int *fds;

    fds = calloc(count, sizeof(*fds));
    raise_fd_limit();
    for (size_t i = 0; i < count; i++)
        fds[i] = connect_as(UID_MAN, f->public, SOCK_STREAM);
    assert_true(answers(f, UID_GAMES));
    assert_true(answers(f, 0));
    assert_true(typical_login(f) < SOON_US);
    assert_true(fds_of(f->pid) < 200);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    free(fds);
}

/* One that lists all it can, as fast as it can, over all connections it may have. */
static void list_on_and_on(const struct agent_fixture *f, unsigned number)
{
    static const char call[] = "{\"method\":\"io.assent.ListRequests\","
                               "\"parameters\":{\"scope\":\"mine\",\"ended\":true}}";
    struct pollfd fds[32];
    static char buffer[1 << 16];

    (void)number;
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = (struct pollfd){
            .fd = connect_as(UID_DAEMON, f->public, SOCK_STREAM), .events = POLLIN | POLLOUT};
    while (poll(fds, ARRAY_SIZE(fds), -1) > 0) {
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
            if (fds[i].revents & POLLOUT)
                (void)!send(fds[i].fd, call, sizeof(call), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (fds[i].revents & POLLIN)
                (void)!recv(fds[i].fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        }
    }
}

/* A request as large as one may be; escaped it is four times as large. */
static json_t *huge_request(unsigned number)
{
    static char argument[15 << 10];
    char name[32];

    for (size_t i = 0; i + 3 < sizeof(argument); i += 3)
        memcpy(argument + i, "\xe2\x80\xae", 3);
    snprintf(name, sizeof(name), "%u", number);
    return json_pack("{s:s, s:s, s:[s, s, s]}", "service", "sudo", "reason", "flood", "command",
        "/usr/bin/id", name, argument);
}

static void test_lists_do_not_hold_up_doors(void **state)
{
    struct agent_fixture *f = *state;
    pid_t pid;

    for (unsigned i = 0; i < 24; i++) {
        const char *error;
        json_t *reply = agent_call(f, UID_DAEMON, "io.assent.OpenRequest", huge_request(i), &error);
        const json_t *request = json_object_get(reply, "request");

        assert_null(error);
        assert_null(call_error(f, UID_DAEMON, "io.assent.WithdrawRequest",
            json_pack("{s:s}", "id", json_string_value(json_object_get(request, "id")))));
        json_decref(reply);
    }
    pid = start(list_on_and_on, f, 0);
    usleep(300000); /* it is at it */
    assert_true(typical_login(f) < SOON_US);
    assert_true(answers(f, UID_GAMES));
    stop(pid);
}

/* ---- the gate ------------------------------------------------------------------------------ */

static size_t encode(const struct gate_ask *ask, uint8_t *buffer)
{
    int length = record_encode_ask(ask, buffer, GATE_MESSAGE_MAX);

    assert_true(length > 0);
    return (size_t)length;
}

/* The kind of what comes back; 0 if it is closed without a word. */
static uint64_t answer_to(const struct agent_fixture *f, const void *bytes, size_t length)
{
    static _Alignas(8) uint8_t buffer[GATE_MESSAGE_MAX];
    int fd = connect_as(0, f->gate, SOCK_SEQPACKET);
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    struct gate_answer answer = {0};
    ssize_t n;

    assert_true(fd >= 0);
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), length);
    assert_int_equal(poll(&pollfd, 1, 20000), 1);
    n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n < 0) /* closed with ours unread; what was said before is behind the error */
        n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n > 0)
        assert_int_equal(record_decode_answer(buffer, (size_t)n, &answer), 0);
    close(fd);
    return answer.kind;
}

static void test_garbage_at_the_gate(void **state)
{
    struct agent_fixture *f = *state;
    static uint8_t record[GATE_MESSAGE_MAX], bytes[GATE_MESSAGE_MAX];
    struct gate_ask ask = ask_login(4711, "10.0.0.1");
    size_t length = encode(&ask, record);
    unsigned before;

    time_of_login(f); /* opens what the agent keeps */
    before = fds_of(f->pid);
    srandom(4711);
    for (size_t cut = 1; cut < length; cut++)
        assert_int_not_equal(answer_to(f, record, cut), GATE_ALLOW);
    for (unsigned round = 0; round < 300; round++) {
        memcpy(bytes, record, length);
        for (unsigned flips = 1 + (unsigned)random() % 4; flips > 0; flips--)
            bytes[(size_t)random() % length] ^= (uint8_t)(1 << random() % 8);
        assert_int_not_equal(answer_to(f, bytes, length), GATE_ALLOW);
    }
    for (unsigned round = 0; round < 100; round++) {
        size_t size = 1 + (size_t)random() % 2000;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random();
        assert_int_not_equal(answer_to(f, bytes, size), GATE_ALLOW);
    }
    assert_true(time_of_login(f) < SOON_US);
    assert_true(comes_down_to(f, before));
}

/* Silence would look like an agent that is gone, which opens the rescue door. */
static void test_what_cannot_be_read_is_refused_aloud(void **state)
{
    struct agent_fixture *f = *state;
    static uint8_t record[GATE_MESSAGE_MAX];
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");
    size_t length = encode(&ask, record);

    assert_int_equal(answer_to(f, record, length - 3), GATE_DENY);
    record[4]++; /* a version that is not ours */
    assert_int_equal(answer_to(f, record, length), GATE_DENY);
    assert_int_equal(answer_to(f, "nonsense", 8), GATE_DENY);
}

static void test_packet_over_the_limit(void **state)
{
    struct agent_fixture *f = *state;
    int fd = connect_as(0, f->gate, SOCK_SEQPACKET), size = 1 << 20;
    size_t length = 200 << 10;
    char *packet = calloc(1, length);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)), 0);
    assert_int_equal(send(fd, packet, length, MSG_NOSIGNAL), length);
    assert_true(is_closed(fd));
    close(fd);
    free(packet);
    assert_true(time_of_login(f) < SOON_US);
}

static void send_with_fds(int fd, const void *bytes, size_t length, unsigned count)
{
    union {
        char bytes[CMSG_SPACE(200 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes, length};
    struct msghdr message = {.msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(count * sizeof(int))};

    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
    for (unsigned i = 0; i < count; i++)
        memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &(int){STDIN_FILENO}, sizeof(int));
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), length);
}

static void test_many_descriptors_at_once(void **state)
{
    struct agent_fixture *f = *state;
    static uint8_t record[GATE_MESSAGE_MAX];
    struct gate_ask ask = ask_sudo(UID_MAN, ID_ROOT, ID_ROOT_LENGTH);
    size_t length = encode(&ask, record);
    unsigned before;

    time_of_login(f);
    before = fds_of(f->pid);
    for (unsigned count = 1; count <= 200; count += 20) {
        int fd = connect_as(0, f->gate, SOCK_SEQPACKET);

        send_with_fds(fd, record, count % 2 ? length : length / 2, count);
        assert_true(is_closed(fd));
        close(fd);
    }
    assert_true(time_of_login(f) < SOON_US);
    assert_true(comes_down_to(f, before));
}

/* Takes a connection to where the subject is asked for a reason, and stays there. */
static int hold_at_the_prompt(const struct agent_fixture *f, uid_t uid, unsigned number)
{
    static uint8_t record[GATE_MESSAGE_MAX];
    char arguments[64];
    int length = snprintf(arguments, sizeof(arguments), "/usr/bin/id%c%u", '\0', number) + 1;
    struct gate_ask ask = ask_sudo(uid, arguments, (size_t)length);
    int fd = connect_as(0, f->gate, SOCK_SEQPACKET);
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    size_t size;

    assert_true(fd >= 0);
    ask.flags = GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    size = encode(&ask, record);
    (void)!send(fd, record, size, MSG_NOSIGNAL);
    (void)poll(&pollfd, 1, 20000);
    return fd;
}

static void test_prompts_of_one_user_leave_room(void **state)
{
    struct agent_fixture *f = *state;
    static int fds[GATE_CONNECTIONS_MAX + 100];
    const unsigned count = ARRAY_SIZE(fds);

    raise_fd_limit();
    for (unsigned i = 0; i < count; i++)
        fds[i] = hold_at_the_prompt(f, UID_DAEMON, i);
    assert_true(typical_login(f) < SOON_US);
    assert_true(fds_of(f->pid) < 400);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* They cost two seconds at most; meanwhile whoever comes is told, not left without a word. */
static void test_connections_that_never_ask(void **state)
{
    struct agent_fixture *f = *state;
    static int fds[GATE_CONNECTIONS_MAX + 200];
    const unsigned count = ARRAY_SIZE(fds);
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");
    uint64_t deadline;

    raise_fd_limit();
    for (unsigned i = 0; i < count; i++)
        fds[i] = connect_as(0, f->gate, SOCK_SEQPACKET);
    deadline = clock_deadline(20 * USEC_PER_SEC);
    for (;;) {
        uint64_t kind = gate_once(f, &ask).kind;

        assert_true(kind == GATE_ALLOW || kind == GATE_BUSY);
        assert_true(clock_remaining_ms(deadline) > 0);
        if (kind == GATE_ALLOW)
            break;
        usleep(50000);
    }
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* ---- floods -------------------------------------------------------------------------------- */

static void ask_on_and_on(const struct agent_fixture *f, unsigned number)
{
    static char arguments[90 << 10];

    for (unsigned i = 0;; i++) {
        struct gate_ask ask;
        int length;

        memset(arguments, 1, sizeof(arguments));
        length = snprintf(arguments, 64, "/usr/bin/whoami%c%u-%u", '\0', number, i) + 1;
        arguments[length - 1] = ' ';
        arguments[sizeof(arguments) - 1] = '\0';
        ask = ask_sudo(UID_DAEMON, arguments, sizeof(arguments));
        gate_once(f, &ask);
    }
}

static void test_flood_of_questions(void **state)
{
    struct agent_fixture *f = *state;
    pid_t pids[4];

    for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
        pids[i] = start(ask_on_and_on, f, i);
    usleep(500000); /* they are at it */
    assert_true(typical_login(f) < SOON_US);
    assert_true(answers(f, UID_MAN));
    for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
        stop(pids[i]);
}

/* Each differs from the last, so that they are not counted as equal ones. */
static void test_refusals_do_not_fill_the_disk(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask man;
    unsigned decided;
    char arguments[64];

    for (unsigned i = 0; i < 600; i++) {
        int length = snprintf(arguments, sizeof(arguments), "/usr/bin/whoami%c%u", '\0', i) + 1;

        man = ask_sudo(UID_MAN, arguments, (size_t)length);
        assert_int_equal(gate_once(f, &man).kind, GATE_DENY);
    }
    decided = audit_count(f, "decided");
    assert_true(decided >= 1);
    assert_true(decided < 100);
    /* another's refusal is recorded all the same */
    man = ask_sudo(UID_DAEMON, "/usr/bin/whoami", sizeof("/usr/bin/whoami"));
    assert_int_equal(gate_once(f, &man).kind, GATE_DENY);
    assert_int_equal(audit_count(f, "decided"), decided + 1);
}

static void test_requests_of_one_person_are_bounded(void **state)
{
    struct agent_fixture *f = *state;
    unsigned open = 0;

    for (unsigned i = 0; i < 20; i++) {
        char source[24];
        struct gate_ask ask;

        snprintf(source, sizeof(source), "10.0.1.%u", i);
        ask = ask_login(i % 2 ? UID_BIN : UID_SYS, source);
        open += gate_once(f, &ask).kind == GATE_WAIT;
    }
    assert_int_equal(open, 8);
}

static void test_opening_and_withdrawing_in_a_loop(void **state)
{
    struct agent_fixture *f = *state;
    unsigned opened = 0;

    for (unsigned i = 0; i < 120; i++) {
        char source[24];
        struct gate_ask ask;
        struct gate_result result;

        snprintf(source, sizeof(source), "10.0.2.%u", i);
        ask = ask_login(UID_DAEMON, source);
        result = gate_once(f, &ask);
        if (result.kind != GATE_WAIT)
            continue;
        opened++;
        assert_null(call_error(
            f, UID_DAEMON, "io.assent.WithdrawRequest", json_pack("{s:s}", "id", result.request)));
    }
    assert_true(opened >= 16);
    assert_true(opened <= 64);
    assert_true(time_of_login(f) < SOON_US);
}

/* ---- uses ----------------------------------------------------------------------------------- */

static unsigned count_allowed(const struct agent_fixture *f, const struct gate_ask *ask)
{
    pid_t pids[100];
    unsigned allowed = 0;

    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(gate_once(f, ask).kind == GATE_ALLOW ? 77 : 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        allowed += WEXITSTATUS(status) == 77;
    }
    return allowed;
}

static void test_one_use_under_a_hundred_at_once(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result wait;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = "the backup needs it";
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    assert_null(call_error(
        f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", wait.request)));
    ask.flags = 0;
    assert_int_equal(count_allowed(f, &ask), 1);
    assert_int_equal(audit_count(f, "used"), 1);
}

static uint64_t receive(struct client *client, char ret_request[16])
{
    struct gate_answer answer;

    assert_int_equal(client_receive(client, clock_deadline(20 * USEC_PER_SEC), -1, &answer), 0);
    snprintf(ret_request, 16, "%s", answer.request ? answer.request : "");
    return answer.kind;
}

/* Two wait for one request of one use: who comes second asks anew, under a new id. */
static void test_an_id_is_one_request(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);
    struct client client = CLIENT_NULL;
    char prompted[16], opened[16], again[16];

    ask.flags = GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    assert_int_equal(client_open(&client, f->gate, deadline), 0);
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(receive(&client, prompted), GATE_NEED);
    ask.reason = "the backup needs it";
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(receive(&client, opened), GATE_WAIT);
    assert_string_equal(opened, prompted);
    assert_null(
        call_error(f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", opened)));
    assert_int_equal(receive(&client, again), GATE_READY);
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(client_send(&client, &ask, -1, deadline), 0);
    assert_int_equal(receive(&client, again), GATE_WAIT);
    assert_string_not_equal(again, opened);
    client_close(&client);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void assert_records_are_plain(const struct agent_fixture *f)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(f->ledger, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db, "SELECT record FROM audit UNION ALL SELECT body FROM state", -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *record = (const char *)sqlite3_column_text(statement, 0);

        /* JSON writes controls as \u001b: neither as they are nor so */
        for (const char *p = record; *p != '\0'; p++)
            assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
        assert_null(strstr(record, "\\u00"));
        assert_null(strstr(record, "\\n"));
        assert_null(strstr(record, "\xe2\x80\xae"));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void test_words_arrive_escaped(void **state)
{
    struct agent_fixture *f = *state;
    static const char hostile[] =
        "ok\n2026 assentd: carol approved\x1b]0;x\x07\xe2\x80\xae\xff\x01";
    struct gate_ask ask = ask_sudo(UID_DAEMON, ID_ROOT, ID_ROOT_LENGTH);
    struct gate_result wait;
    json_t *reply;
    const char *error;

    ask.flags = GATE_FLAG_WAIT;
    ask.reason = hostile;
    ask.ticket = hostile;
    ask.tty = hostile;
    ask.cwd = hostile;
    wait = gate_once(f, &ask);
    assert_int_equal(wait.kind, GATE_WAIT);
    reply = agent_call(
        f, UID_GAMES, "io.assent.GetRequest", json_pack("{s:s}", "id", wait.request), &error);
    assert_non_null(reply);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(reply, "request"), "reason")),
        "ok\\x0a2026 assentd: carol approved\\x1b]0;x\\x07\\xe2\\x80\\xae\\xff\\x01");
    json_decref(reply);
    assert_null(call_error(f, UID_GAMES, "io.assent.DenyRequest",
        json_pack("{s:s, s:s}", "id", wait.request, "reason", "no\n\x1b[2Jnever\xe2\x80\xae")));
    ask = ask_login(UID_MAN, hostile);
    ask.auth_info = hostile;
    ask.session = hostile;
    ask.tie = hostile;
    assert_int_equal(gate_once(f, &ask).kind, GATE_DENY);
    assert_records_are_plain(f);
}

/* A blank is no reason, whichever way it comes. */
static void test_blank_reason(void **state)
{
    struct agent_fixture *f = *state;

    assert_string_equal(call_error(f, UID_DAEMON, "io.assent.OpenRequest",
                            json_pack("{s:s, s:s, s:[s, s]}", "service", "sudo", "reason", "  ",
                                "command", "/usr/bin/id", "-u")),
        "io.assent.Refused");
}

/* ---- changes meanwhile ---------------------------------------------------------------------- */

static void reload_on_and_on(const struct agent_fixture *f, unsigned number)
{
    (void)number;
    for (;;)
        json_decref(agent_call(f, 0, "io.assent.Reload", NULL, &(const char *){NULL}));
}

static void wait_and_leave(const struct agent_fixture *f, unsigned number)
{
    for (unsigned i = 0;; i++) {
        int fd = hold_at_the_prompt(f, UID_DAEMON, number * 1000 + i % 5);

        close(fd);
    }
}

static void test_reloads_while_questions_are_answered(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    pid_t reloader = start(reload_on_and_on, f, 0), waiter = start(wait_and_leave, f, 1);
    struct gate_result first = gate_once(f, &ask);

    assert_int_equal(first.kind, GATE_WAIT);
    for (unsigned i = 0; i < 100 || audit_count(f, "policy-loaded") < 3; i++) {
        struct gate_result again = gate_once(f, &ask);

        assert_int_equal(again.kind, GATE_WAIT);
        assert_string_equal(again.request, first.request);
        time_of_login(f);
    }
    stop(reloader);
    stop(waiter);
}

static void test_stopped_and_continued(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");

    for (unsigned i = 0; i < 10; i++) {
        pid_t pid;
        int status;

        assert_int_equal(kill(f->pid, SIGSTOP), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(gate_once(f, &ask).kind == GATE_ALLOW ? 77 : 0);
        usleep(20000 * i);
        assert_int_equal(kill(f->pid, SIGCONT), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
    }
}

/* ---- what is left behind --------------------------------------------------------------------- */

static void leave_in_spool(const struct agent_fixture *f, unsigned number)
{
    char from[160], to[160];
    FILE *file;

    snprintf(from, sizeof(from), "%s/spooled", f->directory);
    snprintf(to, sizeof(to), "%s/rescue-%u", f->spool, number);
    file = fopen(from, "we");
    assert_non_null(file);
    fprintf(file, "time=1\nservice=sshd\nuser=erin\nuid=1005\nwhy=number %u\n", number);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(from, to), 0);
}

static void test_spooled_once_recorded_once(void **state)
{
    struct agent_fixture *f = *state;
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);

    for (unsigned i = 0; i < 30; i++)
        leave_in_spool(f, i);
    while (count_entries(f->spool) > 0 && clock_remaining_ms(deadline) > 0)
        usleep(10000);
    assert_int_equal(count_entries(f->spool), 0);
    assert_int_equal(audit_count(f, "rescue-used"), 30);
}

/* Only root's own files count, and nothing is followed. */
static void test_spool_of_others(void **state)
{
    struct agent_fixture *f = *state;
    char path[160];
    int fd;

    snprintf(path, sizeof(path), "%s/link", f->spool);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    snprintf(path, sizeof(path), "%s/pipe", f->spool);
    assert_int_equal(mkfifo(path, 0644), 0);
    snprintf(path, sizeof(path), "%s/foreign", f->spool);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_int_equal(fchown(fd, UID_MAN, UID_MAN), 0);
    dprintf(fd, "user=root\nservice=sshd\n");
    close(fd);
    leave_in_spool(f, 1);
    while (audit_count(f, "rescue-used") == 0)
        usleep(10000);
    assert_true(time_of_login(f) < SOON_US);
    assert_int_equal(audit_count(f, "rescue-used"), 1);
}

/* A watcher that stays connected to the end: the fixture's agent must still end cleanly. */
static void test_watchers_stay_to_the_end(void **state)
{
    struct agent_fixture *f = *state;
    static const char call[] = "{\"method\":\"io.assent.Watch\",\"more\":true}";
    int fds[40];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = connect_as(i < 20 ? UID_MAN : UID_GAMES, f->public, SOCK_STREAM);
        assert_int_equal(send(fds[i], call, sizeof(call), MSG_NOSIGNAL), sizeof(call));
    }
    assert_true(typical_login(f) < SOON_US);
    agent_fixture_kill(f, SIGTERM);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    agent_fixture_start(f);
}

/* A grant of an earlier boot whose end cannot be written must not come to life again: its
 * times are of another clock. */
static void test_earlier_boot_on_a_broken_disk(void **state)
{
    struct agent_fixture *f = *state;
    struct gate_ask ask = ask_login(UID_DAEMON, "10.0.0.1");
    struct gate_result wait = gate_once(f, &ask);
    sqlite3 *db;

    assert_null(call_error(
        f, UID_GAMES, "io.assent.ApproveRequest", json_pack("{s:s}", "id", wait.request)));
    assert_int_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                         "UPDATE state SET body = json_set(body, '$.boot', "
                         "'00000000-0000-4000-8000-000000000000') WHERE kind = 2;"
                         "CREATE TRIGGER broken BEFORE INSERT ON state WHEN NEW.kind = 2 "
                         "BEGIN SELECT RAISE(ABORT, 'broken'); END;"
                         "CREATE TRIGGER broken2 BEFORE UPDATE ON state WHEN NEW.kind = 2 "
                         "BEGIN SELECT RAISE(ABORT, 'broken'); END;",
                         NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    agent_fixture_start(f);
    /* the disk recovers, after the agent has tried */
    assert_int_not_equal(gate_once(f, &ask).kind, GATE_ALLOW);
    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(
        sqlite3_exec(db, "DROP TRIGGER broken; DROP TRIGGER broken2;", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_not_equal(gate_once(f, &ask).kind, GATE_ALLOW);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_message_of_a_mebibyte),
        TEST(test_half_messages),
        TEST(test_idle_connections_of_one_user),
        TEST(test_lists_do_not_hold_up_doors),
        TEST(test_garbage_at_the_gate),
        TEST(test_what_cannot_be_read_is_refused_aloud),
        TEST(test_packet_over_the_limit),
        TEST(test_many_descriptors_at_once),
        TEST(test_prompts_of_one_user_leave_room),
        TEST(test_connections_that_never_ask),
        TEST(test_flood_of_questions),
        TEST(test_refusals_do_not_fill_the_disk),
        TEST(test_requests_of_one_person_are_bounded),
        TEST(test_opening_and_withdrawing_in_a_loop),
        TEST(test_one_use_under_a_hundred_at_once),
        TEST(test_an_id_is_one_request),
        TEST(test_words_arrive_escaped),
        TEST(test_blank_reason),
        TEST(test_reloads_while_questions_are_answered),
        TEST(test_stopped_and_continued),
        TEST(test_spooled_once_recorded_once),
        TEST(test_spool_of_others),
        TEST(test_watchers_stay_to_the_end),
        TEST(test_earlier_boot_on_a_broken_disk),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
