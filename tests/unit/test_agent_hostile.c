/* The agent under people who mean harm or programs that went wrong: what they send and hold open
 * must cost others neither their answer nor their room.
 *
 * ASSENT_IDLE sets the number of idle connections (default 2000). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/door/gate.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "hostile.h"

/* ---- the public socket -------------------------------------------------------------------- */

static void test_message_of_a_mebibyte(void **state)
{
    struct agent_fixture *f = *state;
    size_t size = (size_t)1 << 20, sent = 0;
    char *message = malloc(size);
    int fd = hostile_connect(UID_MAN, f->public, SOCK_STREAM);

    memset(message, 'x', size);
    while (sent < size) {
        ssize_t n = send(fd, message + sent, size - sent, MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
    }
    assert_true(sent < size);
    assert_true(hostile_is_closed(fd));
    close(fd);
    free(message);
    assert_true(hostile_answers(f, UID_MAN));
}

static void test_half_messages(void **state)
{
    struct agent_fixture *f = *state;
    static const char whole[] = "{\"method\":\"io.assent.GetStatus\"}";
    int fds[sizeof(whole)];

    for (size_t i = 1; i < sizeof(whole) - 1; i++) {
        uid_t uid = (uid_t)(1000 + i / 16);

        fds[i] = hostile_connect(uid, f->public, SOCK_STREAM);
        assert_true(fds[i] >= 0);
        assert_int_equal(send(fds[i], whole, i, MSG_NOSIGNAL), i);
    }
    assert_true(hostile_answers(f, UID_MAN));
    assert_true(hostile_login_is_soon(f));
    for (size_t i = 1; i < sizeof(whole) - 1; i++) {
        if (i % 2) /* a broken end: no message is made of it */
            assert_int_equal(send(fds[i], "\"}", 3, MSG_NOSIGNAL), 3);
        close(fds[i]);
    }
    assert_true(hostile_answers(f, UID_MAN));
}

static void test_idle_connections_of_one_user(void **state)
{
    struct agent_fixture *f = *state;
    const char *wanted = getenv("ASSENT_IDLE");
    size_t count = wanted ? strtoul(wanted, NULL, 10) : 2000;
    static int *fds;

    fds = calloc(count, sizeof(*fds));
    hostile_raise_fd_limit();
    for (size_t i = 0; i < count; i++)
        fds[i] = hostile_connect(UID_MAN, f->public, SOCK_STREAM);
    assert_true(hostile_answers(f, UID_GAMES));
    assert_true(hostile_answers(f, 0));
    assert_true(hostile_login_is_soon(f));
    assert_true(hostile_fds(f->pid) < 200);
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
            .fd = hostile_connect(UID_DAEMON, f->public, SOCK_STREAM), .events = POLLIN | POLLOUT};
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
        assert_null(hostile_call_error(f, UID_DAEMON, "io.assent.WithdrawRequest",
            json_pack("{s:s}", "id", json_string_value(json_object_get(request, "id")))));
        json_decref(reply);
    }
    pid = hostile_start(list_on_and_on, f, 0);
    usleep(300000); /* it is at it */
    assert_true(hostile_login_is_soon(f));
    assert_true(hostile_answers(f, UID_GAMES));
    hostile_stop(pid);
}

/* ---- the gate ------------------------------------------------------------------------------ */

/* The kind of what comes back; 0 if it is closed without a word. */
static uint64_t answer_to(const struct agent_fixture *f, const void *bytes, size_t length)
{
    static _Alignas(8) uint8_t buffer[GATE_MESSAGE_MAX];
    int fd = hostile_connect(0, f->gate, SOCK_SEQPACKET);
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
    size_t length = hostile_encode(&ask, record);
    unsigned before;

    hostile_login(f); /* opens what the agent keeps */
    before = hostile_fds(f->pid);
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
    assert_true(hostile_login_is_soon(f));
    assert_true(hostile_comes_down_to(f, before));
}

/* Silence would look like an agent that is gone, which opens the rescue door. */
static void test_what_cannot_be_read_is_refused_aloud(void **state)
{
    struct agent_fixture *f = *state;
    static uint8_t record[GATE_MESSAGE_MAX];
    struct gate_ask ask = ask_login(UID_GAMES, "10.0.0.1");
    size_t length = hostile_encode(&ask, record);

    assert_int_equal(answer_to(f, record, length - 3), GATE_DENY);
    record[4]++; /* a version that is not ours */
    assert_int_equal(answer_to(f, record, length), GATE_DENY);
    assert_int_equal(answer_to(f, "nonsense", 8), GATE_DENY);
}

static void test_packet_over_the_limit(void **state)
{
    struct agent_fixture *f = *state;
    int fd = hostile_connect(0, f->gate, SOCK_SEQPACKET), size = 1 << 20;
    size_t length = 200 << 10;
    char *packet = calloc(1, length);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)), 0);
    assert_int_equal(send(fd, packet, length, MSG_NOSIGNAL), length);
    assert_true(hostile_is_closed(fd));
    close(fd);
    free(packet);
    assert_true(hostile_login_is_soon(f));
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
    size_t length = hostile_encode(&ask, record);
    unsigned before;

    hostile_login(f);
    before = hostile_fds(f->pid);
    for (unsigned count = 1; count <= 200; count += 20) {
        int fd = hostile_connect(0, f->gate, SOCK_SEQPACKET);

        send_with_fds(fd, record, count % 2 ? length : length / 2, count);
        assert_true(hostile_is_closed(fd));
        close(fd);
    }
    assert_true(hostile_login_is_soon(f));
    assert_true(hostile_comes_down_to(f, before));
}

static void test_prompts_of_one_user_leave_room(void **state)
{
    struct agent_fixture *f = *state;
    static int fds[GATE_CONNECTIONS_MAX + 100];
    const unsigned count = ARRAY_SIZE(fds);

    hostile_raise_fd_limit();
    for (unsigned i = 0; i < count; i++)
        fds[i] = hostile_hold_at_the_prompt(f, UID_DAEMON, i);
    assert_true(hostile_login_is_soon(f));
    assert_true(hostile_fds(f->pid) < 400);
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

    hostile_raise_fd_limit();
    for (unsigned i = 0; i < count; i++)
        fds[i] = hostile_connect(0, f->gate, SOCK_SEQPACKET);
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

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, hostile_set_up, hostile_tear_down)
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
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
