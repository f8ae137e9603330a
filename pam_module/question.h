/* One question of a PAM phase: its facts, the connection, and what is watched meanwhile. */
#pragma once

#include "../common/clock.h"
#include "../common/enquiry.h"
#include "../common/macro.h"
#include "../common/record.h"
#include "../common/signals.h"
#include "facts.h"

struct flow;

/* How long anybody waits for an answer that changes nothing. */
#define QUESTION_TELL_DEADLINE USEC_PER_SEC

struct question {
    struct flow *flow;
    struct gate_ask ask;
    struct pam_facts store;
    struct signals signals;
    int epoll_fd;
    struct enquiry enquiry;
    char *told; /* the last news shown */
};

/* Collects the facts for a phase (enum gate_phase) and blocks the signals. Undone by
 * question_done in any case. Returns 0 or -errno. */
MUST_USE int question_init(struct question *question, struct flow *flow, uint64_t phase);

/* Asks, to the end. The last look at the signals comes after everything else. */
enum enquiry_outcome question_ask(struct question *question);

void question_done(struct question *question);
