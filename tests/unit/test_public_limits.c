/* Callers who go away, do not read, wait for ever or come in thousands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/public/interface.h"
#include "../../agent/public/public_limits.h"
#include "public_fixture.h"

/* ---- going away ---- */

static void test_gone(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\",\"more\":true}");
    public_fixture_expect_silence(fixture, fd);
    assert_non_null(fixture->held);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(public_fixture_connections(fixture), 0);
}

static void test_half_closed(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    public_fixture_turn(fixture);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->gone, 1);
    close(fd);
}

/* Noticed also behind calls that nobody has read yet. */
static void test_gone_behind_calls(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    public_fixture_turn(fixture);
    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    public_fixture_turn(fixture);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(fixture->handled, 1);
}

/* What can be answered at once is, also to who says no more (nc -N). */
static void test_answered_before_end(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    public_fixture_expect_end(fixture, fd);
    close(fd);
}

/* Without public_on_gone the handler keeps a call that leads nowhere. */
static void test_detached(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.CompleteGrant\",\"more\":true}");
    public_fixture_turn(fixture);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_connections(fixture), 0);
    assert_int_equal(public_peer(fixture->held)->uid, (uid_t)-1);
    public_reply_more(fixture->held, json_object());
    public_reply(fixture->held, json_object());
}

static void test_free_with_calls(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    public_fixture_turn(fixture);
    public_server_free(fixture->server);
    fixture->server = NULL;
    assert_int_equal(fixture->gone, 1);
    close(fd);
}

/* ---- readers that do not read ---- */

static void test_slow_reader(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);
    json_t *event = json_pack("{s:o}", "text", json_string(public_interface_text));

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\",\"more\":true}");
    public_fixture_turn(fixture);
    for (int i = 0; i < 1000 && fixture->held; i++) {
        public_reply_more(fixture->held, json_incref(event));
        public_fixture_turn(fixture);
        assert_true(fixture->server->queued <= PUBLIC_QUEUE_MAX);
    }
    json_decref(event);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(public_fixture_connections(fixture), 0);
    assert_int_equal(fixture->server->queued, 0);
    close(fd);
}

/* Calls without reading: the next is not looked at before the last answer has been read. */
static void test_pipelining_without_reading(void **state)
{
    static const char call[] =
        "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":400000}}";
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    for (int i = 0; i < 100; i++)
        public_fixture_say(fd, call);
    public_fixture_turn(fixture);
    assert_true(fixture->server->queued > 0 && fixture->server->queued < 401000);
    close(fd);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->server->queued, 0);
}

static void test_large_reply(void **state)
{
    static char buffer[65536];
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);
    size_t total = 0;
    ssize_t n;

    public_fixture_say(
        fd, "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":9000000}}");
    do {
        public_fixture_turn(fixture);
        n = public_fixture_hear(fd, buffer, sizeof(buffer));
        assert_true(n > 0);
        total += (size_t)n;
    } while (buffer[n - 1] != '\0');
    assert_int_equal(total, 9000000 + strlen("{\"parameters\":{\"text\":\"\"}}") + 1);

    public_fixture_say(
        fd, "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":17000000}}");
    public_fixture_expect_end(fixture, fd);
    close(fd);
}

static size_t connections_of(const struct public_fixture *fixture, uid_t uid)
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
    struct public_fixture *fixture = *state;
    int fds[5];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = public_fixture_dial_as(fixture, i < 4 ? OTHER_UID : OTHER_UID + 1);
        public_fixture_say(fds[i], call);
        public_fixture_turn(fixture);
    }
    assert_int_equal(connections_of(fixture, OTHER_UID), 2);
    assert_int_equal(connections_of(fixture, OTHER_UID + 1), 1);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->server->queued, 0);
}

/* All queues together: root gets its last part alone. */
static void test_queues_in_all(void **state)
{
    static const char call[] =
        "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":12000000}}";
    struct public_fixture *fixture = *state;
    int fds[8];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = public_fixture_dial_as(fixture, i < 6 ? OTHER_UID + (uid_t)i : 0);
        public_fixture_say(fds[i], call);
        public_fixture_turn(fixture);
    }
    assert_true(fixture->server->queued <= PUBLIC_QUEUES_MAX);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(connections_of(fixture, OTHER_UID + (uid_t)i), i < 4);
    assert_int_equal(connections_of(fixture, 0), 1);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->server->queued, 0);
}

/* ---- time ---- */

static void wait_for_end(struct public_fixture *fixture)
{
    while (public_fixture_connections(fixture) > 0)
        assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
}

static void test_idle(void **state)
{
    struct public_fixture *fixture = *state;
    int fd;

    assert_int_equal(fixture->server->idle_us, 60 * USEC_PER_SEC);
    fixture->server->idle_us = 20 * USEC_PER_MSEC;
    fd = public_fixture_dial(fixture);
    public_fixture_turn(fixture);
    wait_for_end(fixture);
    public_fixture_expect_end(fixture, fd);
    close(fd);
}

static uint64_t deadline(const struct public_fixture *fixture)
{
    uint64_t usec;

    assert_true(sd_event_source_get_time(fixture->server->conns->timer, &usec) >= 0);
    return usec;
}

/* A call gives a connection its whole time again, a byte of a message does not. */
static void test_deadlines(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);
    uint64_t idle, half;

    public_fixture_turn(fixture);
    idle = deadline(fixture);
    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    assert_true(deadline(fixture) > idle);
    public_fixture_say_n(fd, "{", 1);
    public_fixture_turn(fixture);
    half = deadline(fixture);
    assert_true(half < idle);
    public_fixture_say_n(fd, "\"", 1);
    public_fixture_turn(fixture);
    assert_int_equal(deadline(fixture), half);
    close(fd);
}

static void test_half_message_times_out(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    fixture->server->half_us = 20 * USEC_PER_MSEC;
    public_fixture_say_n(fd, "{", 1);
    public_fixture_turn(fixture);
    wait_for_end(fixture);
    public_fixture_expect_end(fixture, fd);
    close(fd);
}

static void test_reader_times_out(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture);

    fixture->server->drain_us = 20 * USEC_PER_MSEC;
    public_fixture_say(
        fd, "{\"method\":\"io.assent.ListRequests\",\"parameters\":{\"size\":900000}}");
    public_fixture_turn(fixture);
    wait_for_end(fixture);
    close(fd);
}

/* A call may take as long as it likes. */
static void test_waiting_is_not_idle(void **state)
{
    struct public_fixture *fixture = *state;
    int fd = public_fixture_dial(fixture), enabled;

    public_fixture_say(fd, "{\"method\":\"io.assent.WaitRequest\"}");
    public_fixture_turn(fixture);
    assert_true(sd_event_source_get_enabled(fixture->server->conns->timer, &enabled) >= 0);
    assert_int_equal(enabled, SD_EVENT_OFF);
    public_reply(fixture->held, NULL);
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
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
    struct public_fixture *fixture = *state;
    int others[PUBLIC_CONNECTIONS_UID + 10], roots[PUBLIC_CONNECTIONS_UID0 + 10];

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        others[i] = public_fixture_dial_as(fixture, OTHER_UID);
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
        roots[i] = public_fixture_dial(fixture);
    public_fixture_turn(fixture);
    assert_int_equal(still_open(others, ARRAY_SIZE(others)), PUBLIC_CONNECTIONS_UID);
    assert_int_equal(still_open(roots, ARRAY_SIZE(roots)), PUBLIC_CONNECTIONS_UID0);
    close_all(others, ARRAY_SIZE(others));
    public_fixture_turn(fixture);
    others[0] = public_fixture_dial_as(fixture, OTHER_UID);
    public_fixture_say(others[0], "{\"method\":\"io.assent.GetStatus\"}");
    public_fixture_expect(fixture, others[0], "{\"parameters\":{}}");
    close(others[0]);
    close_all(roots, ARRAY_SIZE(roots));
}

static void test_connections_in_all(void **state)
{
    struct public_fixture *fixture = *state;
    int fds[600], root;

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = public_fixture_dial_as(fixture, OTHER_UID + (uid_t)i / 20);
        public_fixture_turn(fixture);
    }
    assert_int_equal(
        public_fixture_connections(fixture), PUBLIC_CONNECTIONS_MAX - PUBLIC_CONNECTIONS_ROOT);
    root = public_fixture_dial(fixture);
    public_fixture_say(root, "{\"method\":\"io.assent.GetStatus\"}");
    public_fixture_expect(fixture, root, "{\"parameters\":{}}");
    close(root);
    close_all(fds, ARRAY_SIZE(fds));
}

/* Ten thousand idle connections of one uid: the others do not notice. */
static void test_flood(void **state)
{
    struct public_fixture *fixture = *state;
    int fd;

    for (int round = 0; round < 10; round++) {
        int fds[1000];

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
            fds[i] = public_fixture_dial_as(fixture, OTHER_UID);
            if (i % 100 == 99)
                public_fixture_turn(fixture);
        }
        assert_int_equal(public_fixture_connections(fixture), PUBLIC_CONNECTIONS_UID);
        fd = public_fixture_dial_as(fixture, OTHER_UID + 1);
        public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
        public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
        close(fd);
        close_all(fds, ARRAY_SIZE(fds));
        public_fixture_turn(fixture);
        assert_int_equal(public_fixture_connections(fixture), 0);
    }
}

static int count_door(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    uint64_t value;

    (void)source;
    (void)events;
    assert_int_equal(read(fd, &value, sizeof(value)), sizeof(value));
    *(bool *)userdata = true;
    return 0;
}

/* Thousands of calls that are there already come one by one: what else becomes ready, a door or
 * another's call, waits for no more than a few turns of each connection. */
static void test_calls_take_turns(void **state)
{
    struct public_fixture *fixture = *state;
    int fds[PUBLIC_CONNECTIONS_UID], other, door = eventfd(0, EFD_CLOEXEC), before;
    sd_event_source *source;
    bool opened = false;
    char byte;

    assert_true(sd_event_add_io(fixture->event, &source, door, EPOLLIN, count_door, &opened) >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = public_fixture_dial_as(fixture, OTHER_UID);
        for (int n = 0; n < 100; n++)
            public_fixture_say(fds[i], "{\"method\":\"io.assent.GetStatus\"}");
    }
    other = public_fixture_dial_as(fixture, OTHER_UID + 1);
    while (fixture->handled < 500)
        assert_true(sd_event_run(fixture->event, 0) > 0);
    before = fixture->handled;
    assert_int_equal(write(door, &(uint64_t){1}, sizeof(uint64_t)), sizeof(uint64_t));
    while (!opened)
        assert_true(sd_event_run(fixture->event, 0) > 0);
    assert_true(fixture->handled - before <= 2);
    before = fixture->handled;
    public_fixture_say(other, "{\"method\":\"io.assent.GetStatus\"}");
    while (recv(other, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
        assert_true(sd_event_run(fixture->event, 0) > 0);
    assert_true(fixture->handled - before <= 3 * PUBLIC_CONNECTIONS_UID);
    public_fixture_turn(fixture);
    assert_int_equal(fixture->handled, PUBLIC_CONNECTIONS_UID * 100 + 1);
    sd_event_source_disable_unref(source);
    close(door);
    close(other);
    close_all(fds, ARRAY_SIZE(fds));
}

/* Without a descriptor to accept with the server pauses instead of spinning, and goes on. */
static void test_out_of_descriptors(void **state)
{
    struct public_fixture *fixture = *state;
    struct rlimit before, none;
    int fd = public_fixture_dial(fixture);

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    public_fixture_turn(fixture);
    assert_int_equal(public_fixture_connections(fixture), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    public_fixture_say(fd, "{\"method\":\"io.assent.GetStatus\"}");
    while (fixture->handled == 0)
        assert_true(sd_event_run(fixture->event, 10 * USEC_PER_SEC) > 0);
    public_fixture_expect(fixture, fd, "{\"parameters\":{}}");
    close(fd);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, public_fixture_set_up, public_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        TEST(test_calls_take_turns),
        TEST(test_out_of_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
