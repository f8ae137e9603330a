/* The real server on a real socket, and clients of it in the same thread: whatever a client does,
 * the loop is then turned until it has nothing left to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../../agent/public/conn.h"
#include "../../agent/public/interface.h"
#include "../../agent/public/public_limits.h"
#include "../../agent/public/server.h"

#define OTHER_UID 4242

struct fixture {
    sd_event *event;
    struct public_server *server;
    char directory[32];
    struct sockaddr_un address;
    struct public_call *held; /* by io.assent.WaitRequest */
    int handled, gone;
    bool is_auditor;
    uid_t peer_uid;
    size_t peer_groups;
};

/* ---- methods ---- */

static void echo(struct public_call *call, json_t *parameters, void *userdata)
{
    struct fixture *fixture = userdata;

    fixture->handled++;
    fixture->peer_uid = public_peer(call)->uid;
    fixture->peer_groups = public_peer(call)->group_count;
    public_reply(call, json_incref(parameters));
}

static void on_gone(struct public_call *call, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_ptr_equal(call, fixture->held);
    fixture->held = NULL;
    fixture->gone++;
    public_reply(call, NULL); /* too late, and harmless */
}

static void hold(struct public_call *call, json_t *parameters UNUSED, void *userdata)
{
    struct fixture *fixture = userdata;

    fixture->handled++;
    fixture->held = call;
    public_on_gone(call, on_gone, fixture);
}

static void hold_silently(struct public_call *call, json_t *parameters UNUSED, void *userdata)
{
    ((struct fixture *)userdata)->held = call;
}

static void count_up(struct public_call *call, json_t *parameters, void *userdata UNUSED)
{
    json_int_t to = json_integer_value(json_object_get(parameters, "to"));

    for (json_int_t i = 1; i < to; i++)
        public_reply_more(call, json_pack("{s:I}", "n", i));
    public_reply(call, json_pack("{s:I}", "n", to));
}

static void not_found(struct public_call *call, json_t *parameters UNUSED, void *userdata UNUSED)
{
    public_error(call, "io.assent.NotFound", json_pack("{s:s}", "id", "K7QM-2F9X"));
}

/* As many bytes as asked for. */
static void fill(struct public_call *call, json_t *parameters, void *userdata UNUSED)
{
    size_t size = (size_t)json_integer_value(json_object_get(parameters, "size"));
    char *text = malloc(size + 1);

    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    public_reply(call, json_pack("{s:s}", "text", text));
    free(text);
}

static const struct public_method methods[] = {
    {"io.assent.GetStatus", PUBLIC_ANYONE, echo},
    {"io.assent.WaitRequest", PUBLIC_ANYONE, hold},
    {"io.assent.Watch", PUBLIC_ANYONE, count_up},
    {"io.assent.GetRequest", PUBLIC_ANYONE, not_found},
    {"io.assent.ListRequests", PUBLIC_ANYONE, fill},
    {"io.assent.ListGrants", PUBLIC_AUDITOR, echo},
    {"io.assent.Reload", PUBLIC_ROOT, echo},
    {"io.assent.CompleteGrant", PUBLIC_ANYONE, hold_silently},
    {0},
};

static bool is_auditor(const struct peer *peer UNUSED, void *userdata)
{
    return ((struct fixture *)userdata)->is_auditor;
}

/* ---- the server ---- */

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct public_options options = {
        .methods = methods,
        .interface_text = public_interface_text,
        .interface_name = "io.assent",
        .is_auditor = is_auditor,
        .userdata = fixture,
    };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/assent-public-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    assert_int_equal(chmod(fixture->directory, 0755), 0);
    fixture->address.sun_family = AF_UNIX;
    snprintf(fixture->address.sun_path, sizeof(fixture->address.sun_path), "%s/socket",
        fixture->directory);
    assert_int_equal(bind(fd, (struct sockaddr *)&fixture->address, sizeof(fixture->address)), 0);
    assert_int_equal(chmod(fixture->address.sun_path, 0666), 0);
    assert_int_equal(listen(fd, 4096), 0);
    assert_true(sd_event_new(&fixture->event) >= 0);
    assert_int_equal(public_server_new(fixture->event, fd, &options, &fixture->server), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    public_server_free(fixture->server);
    sd_event_unref(fixture->event);
    unlink(fixture->address.sun_path);
    rmdir(fixture->directory);
    free(fixture);
    return 0;
}

/* Until there is nothing left to do. */
static void turn(struct fixture *fixture)
{
    int r;

    while ((r = sd_event_run(fixture->event, 0)) > 0)
        ;
    assert_int_equal(r, 0);
}

static size_t connections(const struct fixture *fixture)
{
    size_t count = 0;

    for (const struct conn *conn = fixture->server->conns; conn; conn = conn->next)
        count++;
    return count;
}

/* ---- clients ---- */

static int dial(const struct fixture *fixture)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&fixture->address, sizeof(fixture->address)), 0);
    return fd;
}

static int dial_as(const struct fixture *fixture, uid_t uid)
{
    int fd;

    assert_int_equal(seteuid(uid), 0);
    fd = dial(fixture);
    assert_int_equal(seteuid(0), 0);
    return fd;
}

static void say_n(int fd, const char *text, size_t length)
{
    assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* A whole message: the NUL goes along. */
static void say(int fd, const char *text)
{
    say_n(fd, text, strlen(text) + 1);
}

/* What has come, or -1 and errno, or 0 at the end. */
static ssize_t hear(int fd, char *buffer, size_t size)
{
    ssize_t n = recv(fd, buffer, size - 1, 0);

    if (n >= 0)
        buffer[n] = '\0';
    return n;
}

static void expect(struct fixture *fixture, int fd, const char *answer)
{
    char buffer[65536];
    ssize_t n;

    turn(fixture);
    n = hear(fd, buffer, sizeof(buffer));
    assert_int_equal(n, (ssize_t)strlen(answer) + 1);
    assert_string_equal(buffer, answer);
}

static void expect_silence(struct fixture *fixture, int fd)
{
    char buffer[16];

    turn(fixture);
    assert_int_equal(hear(fd, buffer, sizeof(buffer)), -1);
    assert_int_equal(errno, EAGAIN);
}

/* Unread input makes the end a reset. */
static void expect_end(struct fixture *fixture, int fd)
{
    char buffer[16];
    ssize_t n;

    turn(fixture);
    n = hear(fd, buffer, sizeof(buffer));
    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
    assert_int_equal(connections(fixture), 0);
}

static void ask(struct fixture *fixture, const char *call, const char *answer)
{
    int fd = dial(fixture);

    say(fd, call);
    expect(fixture, fd, answer);
    close(fd);
    turn(fixture);
    assert_int_equal(connections(fixture), 0);
}

/* ---- calls ---- */

static void test_call(void **state)
{
    ask(*state, "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":[1,{\"b\":null}]}}",
        "{\"parameters\":{\"a\":[1,{\"b\":null}]}}");
    ask(*state, "{\"method\":\"io.assent.GetStatus\"}", "{\"parameters\":{}}");
    ask(*state, " {\"method\" : \"io.assent.GetStatus\", \"parameters\": null, \"more\": false}\n",
        "{\"parameters\":{}}");
    ask(*state, "{\"method\":\"io.assent.GetRequest\"}",
        "{\"parameters\":{\"id\":\"K7QM-2F9X\"},\"error\":\"io.assent.NotFound\"}");
}

static void test_several_calls(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    for (int i = 0; i < 3; i++) {
        say(fd, "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"i\":1}}");
        expect(fixture, fd, "{\"parameters\":{\"i\":1}}");
    }
    assert_int_equal(connections(fixture), 1);
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
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    char buffer[256];

    say_n(fd, calls, sizeof(calls));
    turn(fixture);
    assert_int_equal(hear(fd, buffer, sizeof(buffer)), sizeof(answers));
    assert_memory_equal(buffer, answers, sizeof(answers));
    assert_int_equal(fixture->handled, 3);
    public_reply(fixture->held, json_pack("{s:b}", "late", 1));
    turn(fixture);
    assert_int_equal(hear(fd, buffer, sizeof(buffer)), sizeof(last));
    assert_memory_equal(buffer, last, sizeof(last));
    close(fd);
}

/* A byte at a time. */
static void test_in_pieces(void **state)
{
    static const char call[] = "{\"method\":\"io.assent.GetStatus\"}";
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    for (size_t i = 0; i < sizeof(call); i++) {
        assert_int_equal(fixture->handled, 0);
        say_n(fd, call + i, 1);
        turn(fixture);
    }
    expect(fixture, fd, "{\"parameters\":{}}");
    close(fd);
}

static void test_more(void **state)
{
    static const char answers[] = "{\"parameters\":{\"n\":1},\"continues\":true}\0"
                                  "{\"parameters\":{\"n\":2},\"continues\":true}\0"
                                  "{\"parameters\":{\"n\":3}}";
    struct fixture *fixture = *state;
    char buffer[256];
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.Watch\",\"parameters\":{\"to\":3},\"more\":true}");
    turn(fixture);
    assert_int_equal(hear(fd, buffer, sizeof(buffer)), sizeof(answers));
    assert_memory_equal(buffer, answers, sizeof(answers));
    say(fd, "{\"method\":\"io.assent.Watch\",\"parameters\":{\"to\":3}}");
    expect(fixture, fd, "{\"parameters\":{\"n\":3}}");
    close(fd);
}

static void test_later_stream(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.WaitRequest\",\"more\":true}");
    expect_silence(fixture, fd);
    assert_true(public_wants_more(fixture->held));
    public_reply_more(fixture->held, json_pack("{s:s}", "state", "waiting"));
    expect(fixture, fd, "{\"parameters\":{\"state\":\"waiting\"},\"continues\":true}");
    public_reply(fixture->held, json_pack("{s:s}", "state", "approved"));
    expect(fixture, fd, "{\"parameters\":{\"state\":\"approved\"}}");
    assert_int_equal(fixture->gone, 0);
    close(fd);
    turn(fixture);
    assert_int_equal(fixture->gone, 0);
}

static void test_oneway(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.GetStatus\",\"oneway\":true}");
    expect_silence(fixture, fd);
    assert_int_equal(fixture->handled, 1);
    say(fd, "{\"method\":\"io.assent.Nonsense\",\"oneway\":true}");
    expect_silence(fixture, fd);
    say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    expect(fixture, fd, "{\"parameters\":{}}");

    /* and nobody needs to stay for it */
    say(fd, "{\"method\":\"io.assent.GetStatus\",\"oneway\":true}");
    close(fd);
    turn(fixture);
    assert_int_equal(fixture->handled, 3);
    assert_int_equal(connections(fixture), 0);
}

/* ---- the service interface and its errors ---- */

static json_t *call_service(struct fixture *fixture, const char *call)
{
    static char buffer[65536];
    int fd = dial(fixture);
    json_t *reply;

    say(fd, call);
    turn(fixture);
    assert_true(hear(fd, buffer, sizeof(buffer)) > 0);
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

static void check_description(struct fixture *fixture, const char *interface, const char *start)
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
    ask(*state, "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
        "{\"parameters\":{\"parameter\":\"interface\"},\"error\":\"org.varlink.service."
        "InvalidParameter\"}");
    ask(*state,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":"
        "7}}",
        "{\"parameters\":{\"parameter\":\"interface\"},\"error\":\"org.varlink.service."
        "InvalidParameter\"}");
    ask(*state,
        "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":"
        "\"a.b\"}}",
        "{\"parameters\":{\"interface\":\"a.b\"},\"error\":\"org.varlink.service."
        "InterfaceNotFound\"}");
    ask(*state, "{\"method\":\"org.varlink.service.Nonsense\"}",
        "{\"parameters\":{\"method\":\"org.varlink.service.Nonsense\"},"
        "\"error\":\"org.varlink.service.MethodNotFound\"}");
    ask(*state, "{\"method\":\"io.assent.Get\"}",
        "{\"parameters\":{\"method\":\"io.assent.Get\"},\"error\":\"org.varlink.service."
        "MethodNotFound\"}");
    ask(*state, "{\"method\":\"io.other.Get\"}",
        "{\"parameters\":{\"interface\":\"io.other\"},\"error\":\"org.varlink.service."
        "InterfaceNotFound\"}");
    ask(*state, "{\"method\":\"\"}",
        "{\"parameters\":{\"interface\":\"\"},\"error\":\"org.varlink.service."
        "InterfaceNotFound\"}");
    ask(*state, "{\"method\":\"io.assent.\"}",
        "{\"parameters\":{\"method\":\"io.assent.\"},\"error\":\"org.varlink.service."
        "MethodNotFound\"}");
    ask(*state, "{\"method\":\"io.assent.GetStatus\",\"parameters\":[]}",
        "{\"parameters\":{\"parameter\":\"parameters\"},\"error\":\"org.varlink.service."
        "InvalidParameter\"}");
}

/* In the interface, but this server's table has no such row; and no upgrades. */
static void test_not_implemented(void **state)
{
    ask(*state, "{\"method\":\"io.assent.ApproveRequest\"}",
        "{\"parameters\":{\"method\":\"io.assent.ApproveRequest\"},"
        "\"error\":\"org.varlink.service.MethodNotImplemented\"}");
    ask(*state, "{\"method\":\"io.assent.GetStatus\",\"upgrade\":true}",
        "{\"parameters\":{\"method\":\"io.assent.GetStatus\"},"
        "\"error\":\"org.varlink.service.MethodNotImplemented\"}");
}

/* ---- who may ---- */

static void check_denied(struct fixture *fixture, int fd, const char *call)
{
    say(fd, call);
    expect(fixture, fd, "{\"parameters\":{},\"error\":\"org.varlink.service.PermissionDenied\"}");
    assert_int_equal(fixture->handled, 0);
}

static void test_access(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial_as(fixture, OTHER_UID);

    check_denied(fixture, fd, "{\"method\":\"io.assent.Reload\"}");
    check_denied(fixture, fd, "{\"method\":\"io.assent.ListGrants\"}");
    fixture->is_auditor = true;
    check_denied(fixture, fd, "{\"method\":\"io.assent.Reload\"}");
    say(fd, "{\"method\":\"io.assent.ListGrants\"}");
    expect(fixture, fd, "{\"parameters\":{}}");
    say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    expect(fixture, fd, "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_uid, OTHER_UID);
    close(fd);

    fixture->is_auditor = false;
    ask(fixture, "{\"method\":\"io.assent.Reload\"}", "{\"parameters\":{}}");
    ask(fixture, "{\"method\":\"io.assent.ListGrants\"}", "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_uid, 0);
}

static void test_groups(void **state)
{
    struct fixture *fixture = *state;
    gid_t before[256], groups[200];
    int count = getgroups(256, before);

    assert_true(count >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
        groups[i] = 5000 + (gid_t)i;
    assert_int_equal(setgroups(ARRAY_SIZE(groups), groups), 0);
    ask(fixture, "{\"method\":\"io.assent.GetStatus\"}", "{\"parameters\":{}}");
    assert_int_equal(fixture->peer_groups, ARRAY_SIZE(groups));
    assert_int_equal(setgroups(0, NULL), 0);
    ask(fixture, "{\"method\":\"io.assent.GetStatus\"}", "{\"parameters\":{}}");
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
        int fd = dial(*state);

        say(fd, calls[i]);
        expect_end(*state, fd);
        close(fd);
    }
    assert_int_equal(((struct fixture *)*state)->handled, 0);
}

/* Brackets in strings are no depth. */
static void test_depth(void **state)
{
    ask(*state,
        "{\"method\":\"io.assent.GetStatus\",\"parameters\":{\"a\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]]}}",
        "{\"parameters\":{\"a\":[[[[[[[[[[[[[[1]]]]]]]]]]]]]]}}");
    ask(*state,
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
    struct fixture *fixture = *state;
    AUTO_FREE char *call = make_call(PUBLIC_MESSAGE_MAX);
    int fd = dial(fixture);

    say_n(fd, call, PUBLIC_MESSAGE_MAX);
    expect(fixture, fd, "{\"parameters\":{\"id\":\"K7QM-2F9X\"},\"error\":\"io.assent.NotFound\"}");
    close(fd);
}

static void test_too_large(void **state)
{
    struct fixture *fixture = *state;
    AUTO_FREE char *call = make_call(PUBLIC_MESSAGE_MAX + 1);
    int fd = dial(fixture);

    say_n(fd, call, PUBLIC_MESSAGE_MAX + 1);
    expect_end(fixture, fd);
    close(fd);
}

/* However much is sent, no more than the one buffer is ever held. */
static void test_megabyte(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    size_t sent = 0;
    char chunk[4096];

    memset(chunk, '{', sizeof(chunk));
    for (;;) {
        ssize_t n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
        turn(fixture);
        if (fixture->server->conns)
            assert_true(fixture->server->conns->in.size <= PUBLIC_MESSAGE_MAX);
        assert_true(sent < (1 << 20));
    }
    assert_int_equal(errno, EPIPE);
    assert_true(sent >= PUBLIC_MESSAGE_MAX);
    expect_end(fixture, fd);
    close(fd);
}

static void test_half_message(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say_n(fd, "{\"method\":\"io.assent.GetStatus\"}", 20);
    expect_silence(fixture, fd);
    close(fd);
    turn(fixture);
    assert_int_equal(connections(fixture), 0);
    assert_int_equal(fixture->handled, 0);
}

/* Descriptors that come along are not kept. */
static void test_passed_descriptors(void **state)
{
    static char call[] = "{\"method\":\"io.assent.GetStatus\"}";
    struct fixture *fixture = *state;
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
    int fd = dial(fixture), pipe_fds[2];
    char byte;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
    memcpy(CMSG_DATA(&control.header), &pipe_fds[1], sizeof(int));
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)sizeof(call));
    close(pipe_fds[1]);
    expect(fixture, fd, "{\"parameters\":{}}");
    assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
    close(fd);
}

/* ---- going away ---- */

static void test_gone(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.WaitRequest\",\"more\":true}");
    expect_silence(fixture, fd);
    assert_non_null(fixture->held);
    close(fd);
    turn(fixture);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(connections(fixture), 0);
}

static void test_half_closed(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    turn(fixture);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    turn(fixture);
    assert_int_equal(fixture->gone, 1);
    close(fd);
}

/* Noticed also behind calls that nobody has read yet. */
static void test_gone_behind_calls(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    turn(fixture);
    say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    turn(fixture);
    close(fd);
    turn(fixture);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(fixture->handled, 1);
}

/* What can be answered at once is, also to who says no more (nc -N). */
static void test_answered_before_end(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    expect(fixture, fd, "{\"parameters\":{}}");
    expect_end(fixture, fd);
    close(fd);
}

/* Without public_on_gone the handler keeps a call that leads nowhere. */
static void test_detached(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.CompleteGrant\",\"more\":true}");
    turn(fixture);
    close(fd);
    turn(fixture);
    assert_int_equal(connections(fixture), 0);
    assert_int_equal(public_peer(fixture->held)->uid, (uid_t)-1);
    public_reply_more(fixture->held, json_object());
    public_reply(fixture->held, json_object());
}

static void test_free_with_calls(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    turn(fixture);
    public_server_free(fixture->server);
    fixture->server = NULL;
    assert_int_equal(fixture->gone, 1);
    close(fd);
}

/* ---- readers that do not read ---- */

static void test_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    json_t *event = json_pack("{s:o}", "text", json_string(public_interface_text));

    say(fd, "{\"method\":\"io.assent.WaitRequest\",\"more\":true}");
    turn(fixture);
    for (int i = 0; i < 1000 && fixture->held; i++) {
        public_reply_more(fixture->held, json_incref(event));
        turn(fixture);
        assert_true(fixture->server->queued <= PUBLIC_QUEUE_MAX);
    }
    json_decref(event);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(connections(fixture), 0);
    assert_int_equal(fixture->server->queued, 0);
    close(fd);
}

/* Calls without reading: the next is not looked at before the last answer has been read. */
static void test_pipelining_without_reading(void **state)
{
    static const char call[] =
        "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":400000}}";
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    for (int i = 0; i < 100; i++)
        say(fd, call);
    turn(fixture);
    assert_true(fixture->server->queued > 0 && fixture->server->queued < 401000);
    close(fd);
    turn(fixture);
    assert_int_equal(fixture->server->queued, 0);
}

static void test_large_reply(void **state)
{
    static char buffer[65536];
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    size_t total = 0;
    ssize_t n;

    say(fd, "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":9000000}}");
    do {
        turn(fixture);
        n = hear(fd, buffer, sizeof(buffer));
        assert_true(n > 0);
        total += (size_t)n;
    } while (buffer[n - 1] != '\0');
    assert_int_equal(total, 9000000 + strlen("{\"parameters\":{\"text\":\"\"}}") + 1);

    say(fd, "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":17000000}}");
    expect_end(fixture, fd);
    close(fd);
}

static size_t connections_of(const struct fixture *fixture, uid_t uid)
{
    size_t count = 0;

    for (const struct conn *conn = fixture->server->conns; conn; conn = conn->next)
        count += conn->peer.uid == uid;
    return count;
}

/* One user's unread replies leave room for others'. */
static void test_queues_of_one_user(void **state)
{
    static const char call[] =
        "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":8000000}}";
    struct fixture *fixture = *state;
    int fds[5];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = dial_as(fixture, i < 4 ? OTHER_UID : OTHER_UID + 1);
        say(fds[i], call);
        turn(fixture);
    }
    assert_int_equal(connections_of(fixture, OTHER_UID), 2);
    assert_int_equal(connections_of(fixture, OTHER_UID + 1), 1);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    turn(fixture);
    assert_int_equal(fixture->server->queued, 0);
}

/* All queues together: root gets its last part alone. */
static void test_queues_in_all(void **state)
{
    static const char call[] =
        "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":12000000}}";
    struct fixture *fixture = *state;
    int fds[8];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = dial_as(fixture, i < 6 ? OTHER_UID + (uid_t)i : 0);
        say(fds[i], call);
        turn(fixture);
    }
    assert_true(fixture->server->queued <= PUBLIC_QUEUES_MAX);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(connections_of(fixture, OTHER_UID + (uid_t)i), i < 4);
    assert_int_equal(connections_of(fixture, 0), 1);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    turn(fixture);
    assert_int_equal(fixture->server->queued, 0);
}

/* ---- time ---- */

static void wait_for_end(struct fixture *fixture)
{
    while (connections(fixture) > 0)
        assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
}

static void test_idle(void **state)
{
    struct fixture *fixture = *state;
    int fd;

    assert_int_equal(fixture->server->idle_us, 60 * USEC_PER_SEC);
    fixture->server->idle_us = 20 * USEC_PER_MSEC;
    fd = dial(fixture);
    turn(fixture);
    wait_for_end(fixture);
    expect_end(fixture, fd);
    close(fd);
}

static uint64_t deadline(const struct fixture *fixture)
{
    uint64_t usec;

    assert_true(sd_event_source_get_time(fixture->server->conns->timer, &usec) >= 0);
    return usec;
}

/* A call gives a connection its whole time again, a byte of a message does not. */
static void test_deadlines(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    uint64_t idle, half;

    turn(fixture);
    idle = deadline(fixture);
    say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    expect(fixture, fd, "{\"parameters\":{}}");
    assert_true(deadline(fixture) > idle);
    say_n(fd, "{", 1);
    turn(fixture);
    half = deadline(fixture);
    assert_true(half < idle);
    say_n(fd, "\"", 1);
    turn(fixture);
    assert_int_equal(deadline(fixture), half);
    close(fd);
}

static void test_half_message_times_out(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    fixture->server->half_us = 20 * USEC_PER_MSEC;
    say_n(fd, "{", 1);
    turn(fixture);
    wait_for_end(fixture);
    expect_end(fixture, fd);
    close(fd);
}

static void test_reader_times_out(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);

    fixture->server->drain_us = 20 * USEC_PER_MSEC;
    say(fd, "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":900000}}");
    turn(fixture);
    wait_for_end(fixture);
    close(fd);
}

/* A call may take as long as it likes. */
static void test_waiting_is_not_idle(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture), enabled;

    say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    turn(fixture);
    assert_true(sd_event_source_get_enabled(fixture->server->conns->timer, &enabled) >= 0);
    assert_int_equal(enabled, SD_EVENT_OFF);
    public_reply(fixture->held, NULL);
    expect(fixture, fd, "{\"parameters\":{}}");
    assert_true(sd_event_source_get_enabled(fixture->server->conns->timer, &enabled) >= 0);
    assert_int_equal(enabled, SD_EVENT_ONESHOT);
    close(fd);
}

/* ---- many ---- */

static size_t still_open(const int *fds, size_t count)
{
    size_t open = 0;
    char byte;

    for (size_t i = 0; i < count; i++)
        open += recv(fds[i], &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
    return open;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static void test_connections_of_one(void **state)
{
    struct fixture *fixture = *state;
    int others[PUBLIC_CONNECTIONS_UID + 10], roots[PUBLIC_CONNECTIONS_UID0 + 10];

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        others[i] = dial_as(fixture, OTHER_UID);
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
        roots[i] = dial(fixture);
    turn(fixture);
    assert_int_equal(still_open(others, ARRAY_SIZE(others)), PUBLIC_CONNECTIONS_UID);
    assert_int_equal(still_open(roots, ARRAY_SIZE(roots)), PUBLIC_CONNECTIONS_UID0);
    close_all(others, ARRAY_SIZE(others));
    turn(fixture);
    others[0] = dial_as(fixture, OTHER_UID);
    say(others[0], "{\"method\":\"io.assent.GetStatus\"}");
    expect(fixture, others[0], "{\"parameters\":{}}");
    close(others[0]);
    close_all(roots, ARRAY_SIZE(roots));
}

static void test_connections_in_all(void **state)
{
    struct fixture *fixture = *state;
    int fds[600], root;

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = dial_as(fixture, OTHER_UID + (uid_t)i / 20);
        turn(fixture);
    }
    assert_int_equal(connections(fixture), PUBLIC_CONNECTIONS_MAX - PUBLIC_CONNECTIONS_ROOT);
    root = dial(fixture);
    say(root, "{\"method\":\"io.assent.GetStatus\"}");
    expect(fixture, root, "{\"parameters\":{}}");
    close(root);
    close_all(fds, ARRAY_SIZE(fds));
}

/* Ten thousand idle connections of one uid: the others do not notice. */
static void test_flood(void **state)
{
    struct fixture *fixture = *state;
    int fd;

    for (int round = 0; round < 10; round++) {
        int fds[1000];

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
            fds[i] = dial_as(fixture, OTHER_UID);
            if (i % 100 == 99)
                turn(fixture);
        }
        assert_int_equal(connections(fixture), PUBLIC_CONNECTIONS_UID);
        fd = dial_as(fixture, OTHER_UID + 1);
        say(fd, "{\"method\":\"io.assent.GetStatus\"}");
        expect(fixture, fd, "{\"parameters\":{}}");
        close(fd);
        close_all(fds, ARRAY_SIZE(fds));
        turn(fixture);
        assert_int_equal(connections(fixture), 0);
    }
}

/* Without a descriptor to accept with the server pauses instead of spinning, and goes on. */
static void test_out_of_descriptors(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, none;
    int fd = dial(fixture);

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    turn(fixture);
    assert_int_equal(connections(fixture), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    while (fixture->handled == 0)
        assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
    expect(fixture, fd, "{\"parameters\":{}}");
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(test_gone),
        TEST(test_half_closed),
        TEST(test_gone_behind_calls),
        TEST(test_answered_before_end),
        TEST(test_detached),
        TEST(test_free_with_calls),
        TEST(test_slow_reader),
        TEST(test_pipelining_without_reading),
        TEST(test_large_reply),
        TEST(test_queues_of_one_user),
        TEST(test_queues_in_all),
        TEST(test_idle),
        TEST(test_deadlines),
        TEST(test_half_message_times_out),
        TEST(test_reader_times_out),
        TEST(test_waiting_is_not_idle),
        TEST(test_connections_of_one),
        TEST(test_connections_in_all),
        TEST(test_flood),
        TEST(test_out_of_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
