/* The gate socket: asks from PAM modules and the sudo plugin (protocol: common/record.h).
 * uid 0 only, whatever the socket's mode says. Loop thread.
 *
 * Limits: GATE_CONNECTIONS_MAX connections in all, the last GATE_CONNECTIONS_ROOT of them for
 * questions about root; per subject GATE_SUBJECT_MAX connections that have asked, whatever they
 * wait for (root is not counted, so that nobody's loop keeps the administrator out); a
 * connection that has not asked within GATE_FIRST_US is closed, and one that was told what is
 * missing has GATE_TYPING_US to come back with it. Whoever is turned away is told so: silence
 * would look like an agent that is gone, which opens the rescue door. */
#pragma once

#include "../../common/clock.h"
#include "../../common/macro.h"

#define GATE_CONNECTIONS_MAX 2048
#define GATE_CONNECTIONS_ROOT 128
#define GATE_SUBJECT_MAX 64
#define GATE_ACCEPT_MAX 32 /* taken in one turn of the loop */
#define GATE_FIRST_US (UINT64_C(2) * USEC_PER_SEC)
#define GATE_TYPING_US (UINT64_C(600) * USEC_PER_SEC)

struct agent;
struct gate_server;

/* Serves `listen_fd` (taken). Returns 0 or -errno. */
MUST_USE int gate_server_new(struct agent *agent, int listen_fd, struct gate_server **ret_server);
void gate_server_free(struct gate_server *server);
