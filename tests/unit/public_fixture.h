/* The real public server on a real socket with a few methods of its own, and clients of it in the
 * same thread: whatever a client does, the loop is then turned until it has nothing left to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#include "../../agent/public/conn.h"
#include "../../agent/public/server.h"

#define OTHER_UID 4242

struct public_fixture {
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

/* For cmocka. */
int public_fixture_set_up(void **state);
int public_fixture_tear_down(void **state);

/* Until there is nothing left to do. */
void public_fixture_turn(struct public_fixture *fixture);
size_t public_fixture_connections(const struct public_fixture *fixture);

int public_fixture_dial(const struct public_fixture *fixture);
int public_fixture_dial_as(const struct public_fixture *fixture, uid_t uid);
void public_fixture_say_n(int fd, const char *text, size_t length);

/* A whole message: the NUL goes along. */
void public_fixture_say(int fd, const char *text);

/* What has come, or -1 and errno, or 0 at the end. */
ssize_t public_fixture_hear(int fd, char *buffer, size_t size);

/* After turning. The end may be a reset: unread input makes it one. */
void public_fixture_expect(struct public_fixture *fixture, int fd, const char *answer);
void public_fixture_expect_silence(struct public_fixture *fixture, int fd);
void public_fixture_expect_end(struct public_fixture *fixture, int fd);

/* One call over a connection of its own. */
void public_fixture_ask(struct public_fixture *fixture, const char *call, const char *answer);
