/* Keeps the text of every policy that takes force in the ledger, a chunk (chunk.h) at a time: it
 * shares its transaction with decisions, so it is small and the next one waits until it is durable.
 * What cannot be written is tried again. Loop thread. */
#pragma once

#include <stdbool.h>

#include "../../common/macro.h"

struct agent;
struct chunks;
struct policy_files;

/* Policies that wait to be written; of more, which takes reloads on a disk that does not keep up,
 * the oldest is given up: its digest stays known, its text is not kept. */
#define VERSIONS_WAITING_MAX 4

/* Takes the texts and where they are cut (leaves both empty) unless the ledger has that version's
 * already. The loading has been submitted before. Out of memory: said on the log, and not kept. */
void versions_keep(
    struct agent *agent, const char *digest, struct policy_files *files, struct chunks *chunks);

/* Whether something could not be written when it was tried last. */
bool versions_failed(const struct agent *agent);

/* After the ledger is closed: its last callbacks still come here. */
void versions_free(struct agent *agent);
