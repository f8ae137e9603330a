#include "turns.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "conn.h"

static void set_running(struct turns *turns)
{
    (void)sd_event_source_set_enabled(turns->source, turns->first ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_turn(
    sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *userdata)
{
    struct turns *turns = userdata;
    struct conn *conn = turns->first;

    if (conn) {
        turns_leave(turns, conn);
        conn_turn(conn);
    }
    set_running(turns);
    return 0;
}

int turns_init(struct turns *turns, sd_event *event)
{
    int r;

    *turns = (struct turns){.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (turns->fd < 0)
        return -errno;
    r = sd_event_add_io(event, &turns->source, turns->fd, EPOLLIN, on_turn, turns);
    return r < 0 ? r : sd_event_source_set_enabled(turns->source, SD_EVENT_OFF);
}

void turns_done(struct turns *turns)
{
    sd_event_source_disable_unref(turns->source);
    cleanup_close(&turns->fd);
    turns->source = NULL;
}

void turns_join(struct turns *turns, struct conn *conn)
{
    if (conn->waits_turn)
        return;
    conn->waits_turn = true;
    conn->turn_before = turns->last;
    conn->turn_after = NULL;
    if (turns->last)
        turns->last->turn_after = conn;
    else
        turns->first = conn;
    turns->last = conn;
    if (turns->first == conn)
        set_running(turns);
}

void turns_leave(struct turns *turns, struct conn *conn)
{
    if (!conn->waits_turn)
        return;
    conn->waits_turn = false;
    if (conn->turn_after)
        conn->turn_after->turn_before = conn->turn_before;
    else
        turns->last = conn->turn_before;
    if (conn->turn_before)
        conn->turn_before->turn_after = conn->turn_after;
    else
        turns->first = conn->turn_after;
}
