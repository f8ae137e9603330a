/* The ballast: room on the disk that is ours to give up. When the disk is full it is released,
 * so that refusals and ends can still be recorded, and taken again when there is room. Used by
 * one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"

struct ledger_ballast {
    int fd; /* -1: none wanted */
    uint64_t bytes;
    bool released;
    uint64_t next_try_us; /* on the boot clock */
};

/* Opens `path`.ballast and takes `bytes`; a disk without room for it is not an error, the
 * ballast then starts released. Zero bytes: none, never released. Returns 0 or -errno. */
MUST_USE int ledger_ballast_open(struct ledger_ballast *ballast, const char *path, uint64_t bytes);
void ledger_ballast_close(struct ledger_ballast *ballast);

/* True if this made room. */
bool ledger_ballast_release(struct ledger_ballast *ballast);

/* Takes a released ballast again if the disk has room for it and more, looking at most once in
 * LEDGER_BALLAST_INTERVAL_US. */
#define LEDGER_BALLAST_INTERVAL_US UINT64_C(1000000)
void ledger_ballast_retake(struct ledger_ballast *ballast);
