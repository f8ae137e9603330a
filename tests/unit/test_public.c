/* Calls on the public socket and their answers: what is understood, by whom, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/public/public_limits.h"
#include "public_fixture.h"

/* ---- calls ---- */

static void test_call(void **state)
{
    public_fixture_ask(*state,
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":[1,{\"b\":null}]}}",
        "{\"parameters\":{\"a\":[1,{\"b\":null}]}}");
    public_fixture_ask(*state, "{\"method\":\"io.assent.GetStatus\"}", "{\"parameters\":{}}");
    public_fixture_ask(*state,
        " {\"method\" : \"io.assent.GetStatus\", \"parameters\": null, \"more\": false}\n",
        "{\"parameters\":{}}");
    public_fixture_ask(*state, "{\"method\":\"io.assent.GetRequest\"}",
        "{\"parameters\":{\"id\":\"K7QM-2F9X\"},\"error\":\"io.assent.NotFound\"}");
}

static void test_several_calls(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    for (int i = 0; i < 3; i++) {
        public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"i\":1}}");
        public_fixture_expect(fixture, fd, "{\"parameters\":{\"i\":1}}");
    }
    assert_int_equal(public_fixture_connections(fixture), 1);
    assert_null(fixture->server->conns->in.data); /* an idle connection holds no memory */
    assert_null(fixture->server->conns->out.data);
    close(fd);
}

/* Answered one after the other, in order. */
static void test_pipelined_calls(void **state)
{
    static const char calls[] = "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"i\":1}}\0"
                                "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"i\":2}}\0"
                                "{\"method\":\"io.assent.WaitRequest\"}\0"
                                "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"i\":3}}";
    static const char answers[] = "{\"parameters\":{\"i\":1}}\0{\"parameters\":{\"i\":2}}";
    static const char last[] = "{\"parameters\":{\"late\":true}}\0{\"parameters\":{\"i\":3}}";
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);
    char buffer[256];

    public_fixture_say_n(fd, calls, sizeof(calls));
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_hear(fd, buffer, sizeof(buffer)), sizeof(answers));
    assert_memory_equal(buffer, answers, sizeof(answers));
    assert_int_equal(fixture->handled, 3);
    public_reply(fixture->held, json_pack("{s:b}", "late", 1));
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_hear(fd, buffer, sizeof(buffer)), sizeof(last));
    assert_memory_equal(buffer, last, sizeof(last));
    close(fd);
}

/* A byte at a time. */
static void test_in_pieces(void **state)
{
    static const char call[] = "{\"method\":\"io.assent.GetStatus\"}";
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    for (size_t i = 0; i < sizeof(call); i++) {
        assert_int_equal(fixture->handled, 0);
        public_fixture_say_n(fd, call + i, 1);
        public_fixture_turn(fixture);
    }
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    close(fd);
}

static void test_more(void **state)
{
    static const char answers[] = "{\"parameters\":{\"n\":1},\"continues\":true}\0"
                                  "{\"parameters\":{\"n\":2},\"continues\":true}\0"
                                  "{\"parameters\":{\"n\":3}}";
    struct public_fixture *fixture = *state;
    char buffer[256];
    int fd = public_fixture_dial(fixture);

    public_fixture_say(
        fd, "{\"method\":\"io.assent.Watch\",\"parameters\":{\"to\":3},\"more\":true}");
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_hear(fd, buffer, sizeof(buffer)), sizeof(answers));
    assert_memory_equal(buffer, answers, sizeof(answers));
    public_fixture_say(fd, "{\"method\":\"io.assent.Watch\",\"parameters\":{\"to\":3}}");
    public_fixture_expect(fixture, fd, "{\"parameters\":{\"n\":3}}");
    close(fd);
}

static void test_later_stream(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\",\"more\":true}");
    public_fixture_expect_silence(fixture, fd);
    assert_true(public_wants_more(fixture->held));
    public_reply_more(fixture->held, json_pack("{s:s}", "state", "waiting"));
    public_fixture_expect(
        fixture, fd, "{\"parameters\":{\"state\":\"waiting\"},\"continues\":true}");
    public_reply(fixture->held, json_pack("{s:s}", "state", "approved"));
    public_fixture_expect(fixture, fd, "{\"parameters\":{\"state\":\"approved\"}}");
    assert_int_equal(fixture->gone, 0);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->gone, 0);
}

static void test_oneway(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\",\"oneway\":true}");
    public_fixture_expect_silence(fixture, fd);
    assert_int_equal(fixture->handled, 1);
    public_fixture_say(fd, "{\"method\":\"io.assent.Nonsense\",\"oneway\":true}");
    public_fixture_expect_silence(fixture, fd);
    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");

    /* and nobody needs to stay for it */
    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\",\"oneway\":true}");
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->handled, 3);
    assert_int_equal(public_fixture_connections(fixture), 0);
}

/* ---- the service interface and its errors ---- */

static json_t *call_service(struct public_fixture *fixture, const char *call)
{
    static char buffer[65536];
    int fd = public_fixture_dial(fixture);
    json_t *reply;

    public_fixture_say(fd, call);
    public_fixture_turn(fixture);
    assert_true(public_fixture_hear(fd, buffer, sizeof(buffer)) > 0);
    reply = json_loads(buffer, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(reply);
    close(fd);
    return reply;
}

static void test_info(void **state)
{
    json_t *reply = call_service(*state, "{\"method\":\"org.varlink.service.GetInfo\"}");
    const char *vendor, *product, *version, *url, *first, *second;

    assert_int_equal(
        json_unpack(reply, "{s:{s:s, s:s, s:s, s:s, s:[s, s!]!}!}", "parameters", "vendor", &vendor,
            "product", &product, "version", &version, "url", &url, "interfaces", &first, &second),
        0);
    assert_string_equal(product, "assentd");
    assert_string_equal(first, "org.varlink.service");
    assert_string_equal(second, "io.assent");
    json_decref(reply);
}

static void check_description(
    struct public_fixture *fixture, const char *interface, const char *start)
{
    char call[256];
    const char *text;
    json_t *reply;

    snprintf(call, sizeof(call),
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":"
        "\"%s\"}}",
        interface);
    reply = call_service(fixture, call);
    assert_int_equal(json_unpack(reply, "{s:{s:s!}!}", "parameters", "description", &text), 0);
    assert_non_null(strstr(text, start));
    json_decref(reply);
}

static void test_description(void **state)
{
    check_description(*state, "io.assent", "\ninterface io.assent\n");
    check_description(*state, "io.assent", "\nerror Invalid(message: string)\n");
    check_description(*state, "org.varlink.service", "\ninterface org.varlink.service\n");
}

static void test_service_errors(void **state)
{
    public_fixture_ask(*state, "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
        "{\"parameters\":{\"parameter\":\"interface\"},\"error\":\"org.varlink.service."
        "InvalidParameter\"}");
    public_fixture_ask(*state,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":"
        "7}}",
        "{\"parameters\":{\"parameter\":\"interface\"},\"error\":\"org.varlink.service."
        "InvalidParameter\"}");
    public_fixture_ask(*state,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":"
        "\"a.b\"}}",
        "{\"parameters\":{\"interface\":\"a.b\"},\"error\":\"org.varlink.service."
        "InterfaceNotFound\"}");
    public_fixture_ask(*state, "{\"method\":\"org.varlink.service.Nonsense\"}",
        "{\"parameters\":{\"method\":\"org.varlink.service.Nonsense\"},"
        "\"error\":\"org.varlink.service.MethodNotFound\"}");
    public_fixture_ask(*state, "{\"method\":\"io.assent.Get\"}",
        "{\"parameters\":{\"method\":\"io.assent.Get\"},\"error\":\"org.varlink.service."
        "MethodNotFound\"}");
    public_fixture_ask(*state, "{\"method\":\"io.other.Get\"}",
        "{\"parameters\":{\"interface\":\"io.other\"},\"error\":\"org.varlink.service."
        "InterfaceNotFound\"}");
    public_fixture_ask(*state, "{\"method\":\"\"}",
        "{\"parameters\":{\"interface\":\"\"},\"error\":\"org.varlink.service."
        "InterfaceNotFound\"}");
    public_fixture_ask(*state, "{\"method\":\"io.assent.\"}",
        "{\"parameters\":{\"method\":\"io.assent.\"},\"error\":\"org.varlink.service."
        "MethodNotFound\"}");
    public_fixture_ask(*state, "{\"method\":\"io.assent.GetStatus\",\"parameters\":[]}",
        "{\"parameters\":{\"parameter\":\"parameters\"},\"error\":\"org.varlink.service."
        "InvalidParameter\"}");
}

/* In the interface, but this server's table has no such row; and no upgrades. */
static void test_not_implemented(void **state)
{
    public_fixture_ask(*state, "{\"method\":\"io.assent.ApproveRequest\"}",
        "{\"parameters\":{\"method\":\"io.assent.ApproveRequest\"},"
        "\"error\":\"org.varlink.service.MethodNotImplemented\"}");
    public_fixture_ask(*state, "{\"method\":\"io.assent.GetStatus\",\"upgrade\":true}",
        "{\"parameters\":{\"method\":\"io.assent.GetStatus\"},"
        "\"error\":\"org.varlink.service.MethodNotImplemented\"}");
}

/* ---- who may ---- */

static void check_denied(struct public_fixture *fixture, int fd, const char *call)
{
    public_fixture_say(fd, call);
    public_fixture_expect(
        fixture, fd, "{\"parameters\":{},\"error\":\"org.varlink.service.PermissionDenied\"}");
    assert_int_equal(fixture->handled, 0);
}

static void test_access(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial_as(fixture, OTHER_UID);

    check_denied(fixture, fd, "{\"method\":\"io.assent.Reload\"}");
    check_denied(fixture, fd, "{\"method\":\"io.assent.ListGrants\"}");
    fixture->is_auditor = true;
    check_denied(fixture, fd, "{\"method\":\"io.assent.Reload\"}");
    public_fixture_say(fd, "{\"method\":\"io.assent.ListGrants\"}");
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_uid, OTHER_UID);
    close(fd);

    fixture->is_auditor = false;
    public_fixture_ask(fixture, "{\"method\":\"io.assent.Reload\"}", "{\"parameters\":{}}");
    public_fixture_ask(fixture, "{\"method\":\"io.assent.ListGrants\"}", "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_uid, 0);
}

static void test_groups(void **state)
{
    struct public_fixture *fixture = *state;
    gid_t before[256], groups[200];
    int count = getgroups(256, before);

    assert_true(count >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
        groups[i] = 5000 + (gid_t)i;
    assert_int_equal(setgroups(ARRAY_SIZE(groups), groups), 0);
    public_fixture_ask(fixture, "{\"method\":\"io.assent.GetStatus\"}", "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_groups, ARRAY_SIZE(groups));
    assert_int_equal(setgroups(0, NULL), 0);
    public_fixture_ask(fixture, "{\"method\":\"io.assent.GetStatus\"}", "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_groups, 0);
    assert_int_equal(setgroups((size_t)count, before), 0);
}

/* ---- bad input ---- */

static void test_garbage(void **state)
{
    static const char *const calls[] = {
        "",
        "x",
        "null",
        "[]",
        "\"io.assent.GetStatus\"",
        "{}",
        "{\"method\":1}",
        "{\"method\":null}",
        "{\"method\":\"io.assent.GetStatus\"",
        "{\"method\":\"io.assent.GetStatus\"}}",
        "{\"method\":\"io.assent.GetStatus\"} x",
        "{\"method\":\"io.assent.GetStatus\",\"method\":\"io.assent.Reload\"}",
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":1,\"a\":2}}",
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":\"\\u0000\"}}",
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":\"\xff\"}}",
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":\"\\ud800\"}}",
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":1e999}}",
        "{\"method\":\"io.assent.GetStatus\",\"more\":1}",
        "{\"method\":\"io.assent.GetStatus\",\"more\":\"true\"}",
        "{\"method\":\"io.assent.GetStatus\",\"oneway\":null}",
        "{\"method\":\"io.assent.GetStatus\",\"more\":true,\"oneway\":true}",
        "{\"method\":\"io.assent.GetStatus\",\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
        "GET / HTTP/1.1\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        int fd = public_fixture_dial(*state);

        public_fixture_say(fd, calls[i]);
        public_fixture_expect_end(*state, fd);
        close(fd);
    }
    assert_int_equal(((struct public_fixture *)*state)->handled, 0);
}

/* Brackets in strings are no depth. */
static void test_depth(void **state)
{
    public_fixture_ask(*state,
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]]}}",
        "{\"parameters\":{\"a\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]]}}");
    public_fixture_ask(*state,
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[\"}}",
        "{\"parameters\":{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[\"}}");
}

/* A call of exactly `size` bytes with its NUL. */
static char *make_call(size_t size)
{
    static const char head[] = "{\"method\":\"io.assent.GetRequest\",\"parameters\":{\"a\":\"",
                      tail[] = "\"}}";
    char *call = malloc(size);

    assert_non_null(call);
    memset(call, 'x', size);
    memcpy(call, head, sizeof(head) - 1);
    memcpy(call + size - sizeof(tail), tail, sizeof(tail));
    return call;
}

static void test_largest(void **state)
{
    struct public_fixture *fixture = *state;
    AUTO_FREE char *call = make_call(PUBLIC_MESSAGE_MAX);
    int fd = public_fixture_dial(fixture);

    public_fixture_say_n(fd, call, PUBLIC_MESSAGE_MAX);
    public_fixture_expect(
        fixture, fd, "{\"parameters\":{\"id\":\"K7QM-2F9X\"},\"error\":\"io.assent.NotFound\"}");
    close(fd);
}

static void test_too_large(void **state)
{
    struct public_fixture *fixture = *state;
    AUTO_FREE char *call = make_call(PUBLIC_MESSAGE_MAX + 1);
    int fd = public_fixture_dial(fixture);

    public_fixture_say_n(fd, call, PUBLIC_MESSAGE_MAX + 1);
    public_fixture_expect_end(fixture, fd);
    close(fd);
}

/* However much is sent, no more than the one buffer is ever held. */
static void test_megabyte(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);
    size_t sent = 0;
    char chunk[4096];

    memset(chunk, '{', sizeof(chunk));
    for (;;) {
        ssize_t n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
        public_fixture_turn(fixture);
        if (fixture->server->conns)
            assert_true(fixture->server->conns->in.size <= PUBLIC_MESSAGE_MAX);
        assert_true(sent < (1 << 20));
    }
    assert_int_equal(errno, EPIPE);
    assert_true(sent >= PUBLIC_MESSAGE_MAX);
    public_fixture_expect_end(fixture, fd);
    close(fd);
}

static void test_half_message(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say_n(fd, "{\"method\":\"io.assent.GetStatus\"}", 20);
    public_fixture_expect_silence(fixture, fd);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_connections(fixture), 0);
    assert_int_equal(fixture->handled, 0);
}

/* Descriptors that come along are not kept. */
static void test_passed_descriptors(void **state)
{
    static char call[] = "{\"method\":\"io.assent.GetStatus\"}";
    struct public_fixture *fixture = *state;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {
        .header = {
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {.iov_base = call, .iov_len = sizeof(call)};
    struct msghdr message = {.msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    int fd = public_fixture_dial(fixture), pipe_fds[2];
    char byte;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
    memcpy(CMSG_DATA(&control.header), &pipe_fds[1], sizeof(int));
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)sizeof(call));
    close(pipe_fds[1]);
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
    close(fd);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, public_fixture_set_up, public_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_call),
        TEST(test_several_calls),
        TEST(test_pipelined_calls),
        TEST(test_in_pieces),
        TEST(test_more),
        TEST(test_later_stream),
        TEST(test_oneway),
        TEST(test_info),
        TEST(test_description),
        TEST(test_service_errors),
        TEST(test_not_implemented),
        TEST(test_access),
        TEST(test_groups),
        TEST(test_garbage),
        TEST(test_depth),
        TEST(test_largest),
        TEST(test_too_large),
        TEST(test_megabyte),
        TEST(test_half_message),
        TEST(test_passed_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
