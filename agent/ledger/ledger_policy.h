/* Policy versions in the ledger: each time a policy took force, and the text of each version once.
 *
 * A version goes by its digest. Its text is put in parts, a batch each, so that no transaction is
 * long: whoever waits for a decision shares it. What a part says is a chunk, kept once for all
 * versions that have it, so that a rule more in a large policy adds a part's text, not the
 * policy's. Only ledger_batch_text_end() makes the text count; parts left over by a crash are put
 * again.
 *
 * Tables: policy_load(number, digest, record): append-only, one row a loading; policy_version:
 * one row a digest, with its first and its newest loading; policy_text(digest, part, file, chunk);
 * policy_chunk(hash, text).
 *
 * Nothing is removed: what was in force stays readable for as long as the audit log is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../common/macro.h"

struct ledger;
struct ledger_batch;
struct ledger_reader;

#define LEDGER_DIGEST_SIZE 65

/* A policy took force; `record` is a JSON object (agent/load/loading.h). */
void ledger_batch_loading(struct ledger_batch *batch, const char *digest, const char *record);

/* A chunk of text, known by its hash; one that is there already is left alone. */
void ledger_batch_chunk(struct ledger_batch *batch, const char *hash, const char *text);

/* Part `part` (from 0) of the text of a version that has a loading: the chunk `hash`, put before,
 * as some of the file `file`. A file of several parts has them in a row; an empty file has one
 * empty part. */
void ledger_batch_text(struct ledger_batch *batch, const char *digest, uint64_t part,
    const char *file, const char *hash);

/* All parts are there, `parts` of them (0: a policy without files). */
void ledger_batch_text_end(struct ledger_batch *batch, const char *digest, uint64_t parts);

/* ---- reading: on the loop with ledger_own_reader(), else with a reader of the thread's own ----
 */

struct ledger_version {
    const char *digest;
    bool complete; /* its text is kept */
    uint64_t loads;
    const char *first, *last; /* records of those loadings */
};
typedef int (*ledger_version_fn)(const struct ledger_version *version, void *userdata);

/* At most `limit` versions, the one loaded last first. Returns 0 or -errno (a callback's negative
 * result ends the walk and is returned). */
MUST_USE int ledger_reader_each_version(
    struct ledger_reader *reader, unsigned limit, ledger_version_fn row, void *userdata);

/* The version with that digest; `row` is not called if there is none. */
MUST_USE int ledger_reader_version(
    struct ledger_reader *reader, const char *digest, ledger_version_fn row, void *userdata);

/* The record of the newest loading, or -ENOENT. Caller frees. */
MUST_USE int ledger_reader_newest_loading(struct ledger_reader *reader, char **ret_record);

/* The version whose digest begins with `prefix` (hex digits). Returns 0, -ENOENT, or -ENOTUNIQ when
 * there are several. */
MUST_USE int ledger_reader_find_version(
    struct ledger_reader *reader, const char *prefix, char ret_digest[LEDGER_DIGEST_SIZE]);

/* Whether a chunk is there: 1, 0 or -errno. */
MUST_USE int ledger_reader_has_chunk(struct ledger_reader *reader, const char *hash);

/* Calls `row` for the parts of a version from `from` on, in order, at most `limit`. Returns 0,
 * -ENOENT if its text is not complete (or there is no such version), -EUCLEAN if parts of it are
 * gone, or -errno. Whether a text still has its hash is for the caller to see. */
struct ledger_part {
    const char *file, *hash, *text;
};
typedef int (*ledger_text_fn)(const struct ledger_part *part, void *userdata);
struct ledger_range {
    uint64_t from;
    uint64_t limit;
};
MUST_USE int ledger_reader_each_text(struct ledger_reader *reader, const char *digest,
    struct ledger_range range, ledger_text_fn row, void *userdata);
