/* The public socket: Varlink (NUL-framed JSON, https://varlink.org) for every user of the
 * host. The transport only: frames, the org.varlink.service interface, dispatch by one table. What
 * a method does is the table's handler; who is calling is told by the kernel at accept.
 *
 * Limits, each stated once (public_limits.h): bytes a message, nesting, connections a uid and in
 * all (root keeps a reserve), methods in flight a connection (one; Varlink is sequential), seconds
 * a half-sent message may stay. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../common/macro.h"
#include "../../common/str.h"

/* Errors every Varlink service may answer with (https://varlink.org/Service). */
#define PUBLIC_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define PUBLIC_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define PUBLIC_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"
#define PUBLIC_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define PUBLIC_PERMISSION_DENIED "org.varlink.service.PermissionDenied"
#define PUBLIC_EXPECTED_MORE "org.varlink.service.ExpectedMore"

struct sd_event;
struct public_server;
struct public_call;

struct peer {
    uid_t uid; /* SO_PEERCRED */
    gid_t gid;
    pid_t pid;           /* decoration, but for session_of() with `pidfd` */
    int pidfd;           /* or -1 */
    const gid_t *groups; /* SO_PEERGROUPS: supplementary groups at connect time */
    size_t group_count;
};

/* Who may call a method at all; the handler still checks whose object it is. */
enum public_access {
    PUBLIC_ROOT, /* what is not listed needs root */
    PUBLIC_ANYONE,
    PUBLIC_AUDITOR,
};

struct public_method {
    const char *name; /* "io.assent.GetStatus" */
    enum public_access access;
    /* Answers with exactly one public_reply/public_error now or later, or with several
     * public_reply_more before it if the caller asked for "more". `parameters` is an object,
     * borrowed for this call. */
    void (*handle)(struct public_call *call, json_t *parameters, void *userdata);
};

struct public_options {
    const struct public_method *methods; /* ended by a NULL name */
    const char *interface_text;          /* the .varlink file */
    const char *interface_name;
    bool (*is_auditor)(const struct peer *peer, void *userdata);
    void *userdata;
};

/* Serves `listen_fd` (taken). Returns 0 or -errno. Loop thread, like everything here. */
MUST_USE int public_server_new(struct sd_event *event, int listen_fd,
    const struct public_options *options, struct public_server **ret_server);
void public_server_free(struct public_server *server);

const struct peer *public_peer(const struct public_call *call);
bool public_wants_more(const struct public_call *call);

/* Each takes the reference of `parameters` (NULL: an empty object). public_reply_more says nothing
 * to a caller that did not ask for more; to a oneway call nothing is said at all. The call is
 * invalid after public_reply and the two errors. None of them closes the connection or calls back
 * from inside. */
void public_reply(struct public_call *call, json_t *parameters);
void public_reply_more(struct public_call *call, json_t *parameters);
void public_error(struct public_call *call, const char *name, json_t *parameters);

/* PUBLIC_INVALID_PARAMETER for the parameter of that name. */
void public_invalid_parameter(struct public_call *call, const char *parameter);

/* public_reply() with one parameter whose value is JSON text, for which the caller vouches. */
void public_reply_text(struct public_call *call, const char *parameter, const char *json);

/* For handlers that stream more than a queue holds. public_append_more() makes a message of one
 * reply that is followed by others, with one parameter; `json` is its value as text, for which the
 * caller vouches. Any thread. public_reply_texts() says any number of them, if the caller asked for
 * more. */
void public_append_more(struct str_builder *out, const char *parameter, const char *json);
void public_reply_texts(struct public_call *call, const char *messages, size_t length);

/* What was said on the connection and has not been taken yet, in bytes. */
size_t public_unread(const struct public_call *call);

/* Called from the loop each time all of it has been taken: the moment to say more. */
void public_on_drained(struct public_call *call,
    void (*drained)(struct public_call *call, void *userdata), void *userdata);

/* Called from the loop when the connection goes away before the last reply; the call is invalid
 * afterwards. A handler that answers later needs it; without it the call stays until its last
 * reply, which goes nowhere. */
void public_on_gone(struct public_call *call,
    void (*gone)(struct public_call *call, void *userdata), void *userdata);
