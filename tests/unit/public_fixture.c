#include "public_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../agent/public/interface.h"

/* ---- methods ---- */

static void echo(struct public_call *call, json_t *parameters, void *userdata)
{
    struct public_fixture *fixture = userdata;

    fixture->handled++;
    fixture->peer_uid = public_peer(call)->uid;
    fixture->peer_groups = public_peer(call)->group_count;
    public_reply(call, json_incref(parameters));
}

static void on_gone(struct public_call *call, void *userdata)
{
    struct public_fixture *fixture = userdata;

    assert_ptr_equal(call, fixture->held);
    fixture->held = NULL;
    fixture->gone++;
    public_reply(call, NULL); /* too late, and harmless */
}

static void hold(struct public_call *call, json_t *parameters UNUSED, void *userdata)
{
    struct public_fixture *fixture = userdata;

    fixture->handled++;
    fixture->held = call;
    public_on_gone(call, on_gone, fixture);
}

static void hold_silently(struct public_call *call, json_t *parameters UNUSED, void *userdata)
{
    ((struct public_fixture *)userdata)->held = call;
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
    return ((struct public_fixture *)userdata)->is_auditor;
}

/* ---- the server ---- */

int public_fixture_set_up(void **state)
{
    struct public_fixture *fixture = calloc(1, sizeof(*fixture));
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

int public_fixture_tear_down(void **state)
{
    struct public_fixture *fixture = *state;

    public_server_free(fixture->server);
    sd_event_unref(fixture->event);
    unlink(fixture->address.sun_path);
    rmdir(fixture->directory);
    free(fixture);
    return 0;
}

/* Until there is nothing left to do. */
void public_fixture_turn(struct public_fixture *fixture)
{
    int r;

    while ((r = sd_event_run(fixture->event, 0)) > 0)
        ;
    assert_int_equal(r, 0);
}

size_t public_fixture_connections(const struct public_fixture *fixture)
{
    size_t count = 0;

    for (const struct conn *conn = fixture->server->conns; conn; conn = conn->next)
        count++;
    return count;
}

/* ---- clients ---- */

int public_fixture_dial(const struct public_fixture *fixture)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&fixture->address, sizeof(fixture->address)), 0);
    return fd;
}

int public_fixture_dial_as(const struct public_fixture *fixture, uid_t uid)
{
    int fd;

    assert_int_equal(seteuid(uid), 0);
    fd = public_fixture_dial(fixture);
    assert_int_equal(seteuid(0), 0);
    return fd;
}

void public_fixture_say_n(int fd, const char *text, size_t length)
{
    assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* A whole message: the NUL goes along. */
void public_fixture_say(int fd, const char *text)
{
    public_fixture_say_n(fd, text, strlen(text) + 1);
}

/* What has come, or -1 and errno, or 0 at the end. */
ssize_t public_fixture_hear(int fd, char *buffer, size_t size)
{
    ssize_t n = recv(fd, buffer, size - 1, 0);

    if (n >= 0)
        buffer[n] = '\0';
    return n;
}

void public_fixture_expect(struct public_fixture *fixture, int fd, const char *answer)
{
    char buffer[65536];
    ssize_t n;

    public_fixture_turn(fixture);
    n = public_fixture_hear(fd, buffer, sizeof(buffer));
    assert_int_equal(n, (ssize_t)strlen(answer) + 1);
    assert_string_equal(buffer, answer);
}

void public_fixture_expect_silence(struct public_fixture *fixture, int fd)
{
    char buffer[16];

    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_hear(fd, buffer, sizeof(buffer)), -1);
    assert_int_equal(errno, EAGAIN);
}

/* Unread input makes the end a reset. */
void public_fixture_expect_end(struct public_fixture *fixture, int fd)
{
    char buffer[16];
    ssize_t n;

    public_fixture_turn(fixture);
    n = public_fixture_hear(fd, buffer, sizeof(buffer));
    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
    assert_int_equal(public_fixture_connections(fixture), 0);
}

void public_fixture_ask(struct public_fixture *fixture, const char *call, const char *answer)
{
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, call);
    public_fixture_expect(fixture, fd, answer);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_connections(fixture), 0);
}
