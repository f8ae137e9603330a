/* A ledger in a directory of its own, with a loop to answer it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../agent/ledger/ledger.h"

struct sd_event;

struct ledger_fixture {
    char directory[64];
    char path[96];
    struct sd_event *event;
    struct ledger *ledger;
};

/* What came back for one batch. */
struct ledger_answer {
    bool done;
    int result;
    uint64_t first_seq;
    unsigned order; /* 1 for the first answer of the process */
};

/* A fresh directory below `parent`, nothing opened. Fails the test when it cannot. */
void ledger_fixture_init(struct ledger_fixture *fixture, const char *parent);

/* Closes the ledger and removes the directory with all in it. */
void ledger_fixture_done(struct ledger_fixture *fixture);

/* Opens it, and must succeed. */
void ledger_fixture_open(struct ledger_fixture *fixture, uint64_t ballast_bytes);
void ledger_fixture_close(struct ledger_fixture *fixture);

/* Opens it, must fail with `outcome`, and say something with `word` in it. */
void ledger_fixture_refuse(struct ledger_fixture *fixture, int outcome, const char *word);

/* A batch of one live grant and one audit record about it. */
struct ledger_batch *ledger_fixture_batch(const char *id, const char *body);

void ledger_fixture_submit(struct ledger_fixture *fixture, struct ledger_batch *batch,
    bool essential, struct ledger_answer *answer);

/* Runs the loop until the answer is there; fails the test after 20 s. */
void ledger_fixture_wait(struct ledger_fixture *fixture, const struct ledger_answer *answer);

/* Submits ledger_fixture_batch(id, body) and waits. Returns the result. */
int ledger_fixture_commit(
    struct ledger_fixture *fixture, const char *id, const char *body, bool essential);

/* Runs one turn of the loop, at most 10 ms. */
void ledger_fixture_turn(struct ledger_fixture *fixture);

/* The number of audit records; fails the test unless their numbers are 1, 2, 3 and so on. */
uint64_t ledger_fixture_count_dense(struct ledger_fixture *fixture);

/* `path` + `suffix` in a static buffer. */
const char *ledger_fixture_file(const struct ledger_fixture *fixture, const char *suffix);
