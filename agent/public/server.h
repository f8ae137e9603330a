/* The listening end and what its connections share. Private to agent/public. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "public.h"
#include "turns.h"

struct conn;

struct public_server {
    sd_event *event;
    sd_event_source *listener, *retry;
    struct public_options options;
    struct conn *conns; /* all of them, newest first; conn_new() and conn_free() keep it */
    struct turns turns;
    size_t queued;                       /* bytes that wait to be read, all connections together */
    uint64_t idle_us, half_us, drain_us; /* PUBLIC_*_US; tests shorten them */
};

/* What public_server_new() does but for the listening. Returns 0 or -errno. */
MUST_USE int server_init(
    struct public_server *server, sd_event *event, const struct public_options *options);
