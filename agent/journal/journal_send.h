/* The way to journald: sd-journal.h is included by its .c only. */
#pragma once

#include <sys/uio.h>

#include "../../common/macro.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A journal_send_fn. Blocks while journald does not read. */
MUST_USE int journal_send(const struct iovec *fields, int count, void *userdata);
