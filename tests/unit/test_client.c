/* The gate's client over a socket pair: what it sends, what it believes, when it gives up. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/client.h"
#include "../../common/clock.h"

/* A client whose connection is one end of a pair; the other is returned. */
static int pair_up(struct client *client)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    *client = (struct client)CLIENT_NULL;
    client->fd = fds[0];
    client->buffer = malloc(GATE_MESSAGE_MAX);
    assert_non_null(client->buffer);
    return fds[1];
}

static void say(int fd, const struct gate_answer *answer)
{
    static uint8_t buffer[GATE_MESSAGE_MAX];
    int length = record_encode_answer(answer, buffer, sizeof(buffer));

    assert_true(length > 0);
    assert_int_equal(send(fd, buffer, (size_t)length, 0), length);
}

static uint64_t soon(void)
{
    return clock_deadline(100 * USEC_PER_MSEC);
}

static void a_question_carries_its_deadline_and_file(void **state)
{
    static _Alignas(8) uint8_t buffer[GATE_MESSAGE_MAX];
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {buffer, sizeof(buffer)};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    struct client client;
    struct gate_ask ask, back;
    int peer = pair_up(&client), file = open("/dev/null", O_RDONLY | O_CLOEXEC), passed;
    struct stat a, b;
    ssize_t n;

    (void)state;
    record_init_ask(&ask);
    ask.user = "alice";
    assert_int_equal(client_send(&client, &ask, file, clock_deadline(5 * USEC_PER_SEC)), 0);
    n = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
    assert_true(n > 0);
    assert_int_equal(record_decode_ask(buffer, (size_t)n, &back), 0);
    assert_string_equal(back.user, "alice");
    assert_in_range(back.deadline_ms, 4900, 5000);
    assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
    memcpy(&passed, CMSG_DATA(&control.header), sizeof(passed));
    assert_true(fstat(passed, &a) == 0 && fstat(file, &b) == 0 && a.st_rdev == b.st_rdev);
    (void)close(passed);
    (void)close(file);
    (void)close(peer);
    client_close(&client);
    assert_int_equal(client.fd, -1);
    assert_null(client.buffer);
    client_close(&client);
    client_close(NULL);
}

static void answers_come_one_by_one(void **state)
{
    struct client client;
    struct gate_answer answer;
    int peer = pair_up(&client);

    (void)state;
    say(peer, &(struct gate_answer){.kind = GATE_WAIT, .text = "a \\x1b path\nand more \xc3\xa4"});
    say(peer, &(struct gate_answer){.kind = GATE_READY});
    (void)close(peer);
    assert_int_equal(client_receive(&client, soon(), -1, &answer), 0);
    assert_true(answer.kind == GATE_WAIT);
    assert_string_equal(answer.text, "a \\x1b path\nand more \xc3\xa4");
    assert_int_equal(client_receive(&client, soon(), -1, &answer), 0);
    assert_true(answer.kind == GATE_READY);
    assert_null(answer.text);
    assert_int_equal(client_receive(&client, soon(), -1, &answer), CLIENT_E_CLOSED);
    client_close(&client);
}

static void no_byte_means_timed_out(void **state)
{
    struct client client;
    struct gate_answer answer;
    int peer = pair_up(&client);
    uint64_t began = clock_boottime_us(), took;

    (void)state;
    assert_int_equal(
        client_receive(&client, clock_deadline(USEC_PER_SEC), -1, &answer), -ETIMEDOUT);
    took = clock_boottime_us() - began;
    assert_in_range(took, USEC_PER_SEC, 1100 * USEC_PER_MSEC);
    assert_int_equal(client_receive(&client, 0, -1, &answer), -ETIMEDOUT);
    (void)close(peer);
    client_close(&client);
}

static void what_is_watched_comes_before_the_answer(void **state)
{
    struct client client;
    struct gate_answer answer;
    int peer = pair_up(&client), ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    say(peer, &(struct gate_answer){.kind = GATE_ALLOW});
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(client_receive(&client, soon(), ends[0], &answer), CLIENT_E_WOKEN);
    (void)close(ends[1]); /* a hang-up wakes as well */
    assert_int_equal(client_receive(&client, soon(), ends[0], &answer), CLIENT_E_WOKEN);
    (void)close(ends[0]);
    (void)close(peer);
    client_close(&client);
}

static void texts_for_a_terminal_are_plain_or_garbled(void **state)
{
    static const char *const hostile[] = {"\x1b[31m", "a\rb", "a\tb", "a\x7f", "\xc2\x9b",
        "\xe2\x80\xae evil", "\xff", "ok\nthen \xe2\x80\x8b", "\\\x1b", "\xed\xa0\x80"};
    struct client client;
    struct gate_answer answer;
    int peer = pair_up(&client);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
        say(peer, &(struct gate_answer){.kind = GATE_ALLOW, .text = hostile[i]});
        assert_int_equal(client_receive(&client, soon(), -1, &answer), CLIENT_E_GARBLED);
        say(peer, &(struct gate_answer){.kind = GATE_ALLOW, .asked = hostile[i]});
        assert_int_equal(client_receive(&client, soon(), -1, &answer), CLIENT_E_GARBLED);
        say(peer, &(struct gate_answer){.kind = GATE_ALLOW, .request = hostile[i]});
        assert_int_equal(client_receive(&client, soon(), -1, &answer), CLIENT_E_GARBLED);
    }
    (void)close(peer);
    client_close(&client);
}

static void a_message_over_the_cap_is_garbled(void **state)
{
    static uint8_t large[GATE_MESSAGE_MAX + 1] = {'A', 'S', 'N', 'T', 1, 0, 2, 0};
    struct client client;
    struct gate_answer answer;
    int peer = pair_up(&client);

    (void)state;
    assert_int_equal(send(peer, large, sizeof(large), 0), sizeof(large));
    assert_int_equal(client_receive(&client, soon(), -1, &answer), CLIENT_E_GARBLED);
    (void)close(peer);
    client_close(&client);
}

static void descriptors_the_server_sends_are_dropped(void **state)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    uint8_t buffer[64];
    struct gate_answer answer = {.kind = GATE_DENY};
    int length = record_encode_answer(&answer, buffer, sizeof(buffer));
    struct iovec part = {buffer, (size_t)length};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    struct client client;
    int peer = pair_up(&client), next = dup(peer);

    (void)state;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &peer, sizeof(peer));
    (void)close(next);
    assert_int_equal(sendmsg(peer, &message, 0), length);
    assert_int_equal(client_receive(&client, soon(), -1, &answer), 0);
    assert_int_equal(fcntl(next, F_GETFD), -1);
    (void)close(peer);
    client_close(&client);
}

static void paths_that_cannot_be_a_gate(void **state)
{
    struct client client = CLIENT_NULL;
    char path[256] = "/";

    (void)state;
    assert_int_equal(client_open(&client, "relative", soon()), -EINVAL);
    assert_int_equal(client_open(&client, "/nonexistent/gate", soon()), -ENOENT);
    assert_int_equal(client_open(&client, "/proc/version/gate", soon()), CLIENT_E_UNTRUSTED);
    memset(path + 1, 'a', 200);
    assert_int_equal(client_open(&client, path, soon()), -ENAMETOOLONG);
    assert_int_equal(client.fd, -1);
    client_leave(&client);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_carries_its_deadline_and_file),
        cmocka_unit_test(answers_come_one_by_one),
        cmocka_unit_test(no_byte_means_timed_out),
        cmocka_unit_test(what_is_watched_comes_before_the_answer),
        cmocka_unit_test(texts_for_a_terminal_are_plain_or_garbled),
        cmocka_unit_test(a_message_over_the_cap_is_garbled),
        cmocka_unit_test(descriptors_the_server_sends_are_dropped),
        cmocka_unit_test(paths_that_cannot_be_a_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
