/* What is in the ledger's file, and how it grew: one migration per version. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

#include "../../common/macro.h"

/* Judges a file before anything is written to it. `existed`: a mark says it had content.
 * Returns 0 and its version (0: nothing in it yet), -errno, LEDGER_E_CORRUPT or LEDGER_E_NEWER;
 * `ret_detail` (caller frees) says why. */
MUST_USE int ledger_schema_check(
    sqlite3 *db, bool existed, unsigned *ret_version, char **ret_detail);

/* Brings a file of version `from` to the newest, in one transaction. */
MUST_USE int ledger_schema_migrate(sqlite3 *db, unsigned from);
