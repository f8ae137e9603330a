/* A Varlink client (varlink.org): JSON objects, each ended by one NUL, over a Unix stream
 * socket. One connection, one thread; calls are answered in order.
 *
 * Nothing the other end sends is believed to be well-formed: a message is at most
 * VARLINK_MESSAGE_MAX bytes, is one JSON object without duplicate keys, and its members have the
 * types of the protocol, or the connection is of no use any more. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"

#define VARLINK_MESSAGE_MAX ((size_t)1024 * 1024)

/* What came of it, besides 0 and -errno (-ETIMEDOUT, -EINTR on a signal, connect's own). */
enum varlink_outcome {
    VARLINK_E_GARBLED = 1, /* not a Varlink reply */
    VARLINK_E_TOO_BIG,     /* over VARLINK_MESSAGE_MAX, theirs or ours */
    VARLINK_E_CLOSED,      /* the other end hung up before the answer was complete */
};

struct varlink;

struct varlink_reply {
    json_t *parameters; /* an object, owned; empty when the message had none */
    char *error;        /* the error's full name, owned; NULL: success */
    bool continues;     /* more replies follow */
};

void varlink_reply_done(struct varlink_reply *reply);

/* Connects to the socket at `path`. `deadline_us` is on the boot clock (clock.h): a full
 * backlog is waited for until then. Returns 0 or -errno. */
MUST_USE int varlink_open(const char *path, uint64_t deadline_us, struct varlink **ret_link);
void varlink_free(struct varlink *link);
static inline void cleanup_varlink(struct varlink **link)
{
    varlink_free(*link);
}
static inline void cleanup_varlink_reply(struct varlink_reply *reply)
{
    varlink_reply_done(reply);
}

/* Sends a call. `method` is the full name; `parameters` (borrowed) may be NULL; `more` asks for a
 * stream of replies. Returns 0, -errno or a VARLINK_E_ outcome. */
MUST_USE int varlink_send(
    struct varlink *link, const char *method, json_t *parameters, bool more, uint64_t deadline_us);

/* Waits for the next reply. -EINTR: a signal handler ran; -ETIMEDOUT: nothing complete until
 * `deadline_us`. After either the call may be repeated. Returns 0, -errno or a VARLINK_E_ outcome.
 */
MUST_USE int varlink_receive(
    struct varlink *link, uint64_t deadline_us, struct varlink_reply *ret_reply);

/* Reads one message without its NUL. Returns 0 or VARLINK_E_GARBLED. No I/O. */
MUST_USE int varlink_parse_reply(const char *text, size_t length, struct varlink_reply *ret_reply);
