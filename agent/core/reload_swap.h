/* The moment a loaded policy takes force: pointers are swapped between two decisions, the loading
 * is recorded, and its text goes on its way into the ledger. Everything that takes long has been
 * done by the loader's thread. Used by reload.c alone. */
#pragma once

#include "../../common/macro.h"
#include "../ledger/ledger.h"

struct agent;
struct load_result;
struct loading;

/* Takes the policy, the configuration, warnings and text out of `result`; completes `order` (who
 * and why) and takes what is in it. `recorded` is called with `agent` when it is durable or has
 * failed: it is in force all the same. Returns 0, or -ENOMEM with nothing changed. */
MUST_USE int reload_swap(struct agent *agent, struct load_result *result, struct loading *order,
    ledger_done_fn recorded);

/* The same for a version that is rolled back to: what the files say is held from now on. */
MUST_USE int reload_swap_rollback(struct agent *agent, struct load_result *result,
    struct loading *order, ledger_done_fn recorded);

/* What is in force already, with its accounts looked up anew: nothing else changes, and nothing is
 * recorded. Returns 0, or -ENOMEM with nothing changed. */
MUST_USE int reload_swap_same(struct agent *agent, struct load_result *result);
