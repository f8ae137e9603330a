/* A scripted server on a Unix socket in a temporary directory, for tests of Varlink clients.
 * It answers each message it gets (NUL-ended) with the next step of its script, whatever the
 * message says, and keeps what it was sent. */
#pragma once

#include <pthread.h>
#include <stddef.h>

#define FAKE_AGENT_STEPS_MAX 16

/* What to do at a message: write `bytes`, then perhaps hang up. */
struct fake_step {
    const char *bytes; /* NULL: nothing */
    size_t length;     /* 0: strlen(bytes) and its NUL */
    int hang_up;       /* close the connection behind it; the next one goes on with the script */
};

struct fake_agent {
    char directory[64];
    char path[80];
    const struct fake_step *steps; /* ended by a step of zeros */
    char *received[FAKE_AGENT_STEPS_MAX];
    size_t received_count;
    int listen_fd;
    int stop_fds[2];
    pthread_t thread;
};

/* Starts it; `steps` must outlive it. Fails the running test on any error. */
void fake_agent_start(struct fake_agent *agent, const struct fake_step *steps);

/* Ends it and removes its directory. The received texts are still there afterwards. */
void fake_agent_stop(struct fake_agent *agent);
void fake_agent_done(struct fake_agent *agent);
