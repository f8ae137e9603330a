#include "varlink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "../../common/clock.h"

#define BACKLOG_RETRY_NS (10L * 1000 * 1000)
#define READ_CHUNK ((size_t)64 * 1024)

/* Received bytes lie in buffer[start..end); the first `scanned` of them hold no NUL. */
struct varlink {
    int fd;
    char *buffer;
    size_t start, end, size, scanned;
};

void varlink_reply_done(struct varlink_reply *reply)
{
    json_decref(reply->parameters);
    free(reply->error);
    *reply = (struct varlink_reply){0};
}

void varlink_free(struct varlink *link)
{
    if (!link)
        return;
    cleanup_close(&link->fd);
    free(link->buffer);
    free(link);
}

/* Connects without blocking, since a connect to a full backlog has no timeout of its own. */
static int connect_until(int fd, const struct sockaddr_un *address, uint64_t deadline_us)
{
    const struct timespec pause = {.tv_nsec = BACKLOG_RETRY_NS};

    while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        if (clock_remaining_ms(deadline_us) == 0)
            return -ETIMEDOUT;
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

int varlink_open(const char *path, uint64_t deadline_us, struct varlink **ret_link)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    int r;

    if (length == 0)
        return -EINVAL;
    if (length >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    link = calloc(1, sizeof(*link));
    if (!link)
        return -ENOMEM;
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0)
        return -errno;
    r = connect_until(link->fd, &address, deadline_us);
    if (r < 0)
        return r;
    *ret_link = TAKE_PTR(link);
    return 0;
}

/* Waits until the socket is ready for `events`. Returns 0, -EINTR, -ETIMEDOUT or -errno. */
static int wait_ready(int fd, short events, uint64_t deadline_us)
{
    struct pollfd poller = {.fd = fd, .events = events};
    int r = poll(&poller, 1, clock_remaining_ms(deadline_us));

    if (r < 0)
        return -errno;
    return r == 0 ? -ETIMEDOUT : 0;
}

static int send_all(int fd, const char *data, size_t length, uint64_t deadline_us)
{
    while (length > 0) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

        if (n >= 0) {
            data += n;
            length -= (size_t)n;
        } else if (errno == EAGAIN) {
            int r = wait_ready(fd, POLLOUT, deadline_us);

            /* A message cut off by a signal could not be taken up again. */
            if (r < 0 && r != -EINTR)
                return r;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return VARLINK_E_CLOSED;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static json_t *build_call(const char *method, json_t *parameters, bool more)
{
    json_t *call = json_pack("{s:s}", "method", method);

    if (!call)
        return NULL;
    if ((parameters && json_object_set(call, "parameters", parameters) < 0) ||
        (more && json_object_set_new(call, "more", json_true()) < 0)) {
        json_decref(call);
        return NULL;
    }
    return call;
}

int varlink_send(
    struct varlink *link, const char *method, json_t *parameters, bool more, uint64_t deadline_us)
{
    json_t *call = build_call(method, parameters, more);
    AUTO_FREE char *text = call ? json_dumps(call, JSON_COMPACT) : NULL;
    size_t length;

    json_decref(call);
    if (!text)
        return -ENOMEM;
    length = strlen(text) + 1;
    if (length > VARLINK_MESSAGE_MAX)
        return VARLINK_E_TOO_BIG;
    return send_all(link->fd, text, length, deadline_us);
}

int varlink_parse_reply(const char *text, size_t length, struct varlink_reply *ret_reply)
{
    struct varlink_reply reply = {0};
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *error = json_object_get(root, "error");
    const json_t *continues = json_object_get(root, "continues");
    json_t *parameters = json_object_get(root, "parameters");
    bool good = json_is_object(root) && (!error || json_is_string(error)) &&
                (!continues || json_is_boolean(continues)) &&
                (!parameters || json_is_object(parameters) || json_is_null(parameters));

    if (good) {
        reply.continues = json_is_true(continues);
        reply.parameters = json_is_object(parameters) ? json_incref(parameters) : json_object();
        reply.error = error ? strdup(json_string_value(error)) : NULL;
        good = reply.parameters && (!error || reply.error);
    }
    json_decref(root);
    if (good)
        *ret_reply = reply;
    else
        varlink_reply_done(&reply);
    return good ? 0 : VARLINK_E_GARBLED;
}

static size_t length_of(const struct varlink *link)
{
    return link->end - link->start;
}

/* Room behind what is there, which is moved to the front first. */
static int reserve(struct varlink *link)
{
    size_t size = length_of(link) + READ_CHUNK;
    char *buffer;

    if (link->start > 0 && length_of(link) > 0)
        memmove(link->buffer, link->buffer + link->start, length_of(link));
    link->end = length_of(link);
    link->start = 0;
    if (link->size >= size)
        return 0;
    buffer = realloc(link->buffer, size * 2);
    if (!buffer)
        return -ENOMEM;
    link->buffer = buffer;
    link->size = size * 2;
    return 0;
}

/* Reads what there is, perhaps nothing. Returns 0, -errno or VARLINK_E_CLOSED. */
static int read_some(struct varlink *link)
{
    int r = reserve(link);
    ssize_t n;

    if (r < 0)
        return r;
    n = recv(link->fd, link->buffer + link->end, READ_CHUNK, 0);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return VARLINK_E_CLOSED;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    link->end += (size_t)n;
    return 0;
}

/* Takes the first complete message off the buffer. False: more bytes are needed; true: the
 * outcome is settled, `ret_outcome` is what varlink_receive returns. */
static bool take_message(struct varlink *link, struct varlink_reply *ret_reply, int *ret_outcome)
{
    const char *first = link->buffer + link->start, *end = NULL;
    size_t length = length_of(link), used;

    if (length > link->scanned)
        end = memchr(first + link->scanned, '\0', length - link->scanned);
    used = end ? (size_t)(end - first) + 1 : length;
    if (used > VARLINK_MESSAGE_MAX) {
        *ret_outcome = VARLINK_E_TOO_BIG;
        return true;
    }
    link->scanned = length;
    if (!end)
        return false;
    *ret_outcome = varlink_parse_reply(first, used - 1, ret_reply);
    link->start += used;
    link->scanned = 0;
    return true;
}

int varlink_receive(struct varlink *link, uint64_t deadline_us, struct varlink_reply *ret_reply)
{
    for (;;) {
        int r;

        if (take_message(link, ret_reply, &r))
            return r;
        r = wait_ready(link->fd, POLLIN, deadline_us);
        if (r == 0)
            r = read_some(link);
        if (r != 0)
            return r;
    }
}
