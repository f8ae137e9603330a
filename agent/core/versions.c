#include "versions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../ledger/ledger.h"
#include "../ledger/ledger_policy.h"
#include "../load/chunk.h"
#include "../load/loader.h"
#include "../policy/policy.h"
#include "agent.h"

#define RETRY_US (30 * USEC_PER_SEC)

/* Each of them costs a look into the ledger. */
#define PARTS_AT_ONCE 32

/* A version on its way into the ledger. */
struct version {
    struct version *next;
    char digest[POLICY_DIGEST_SIZE];
    struct policy_files files;
    struct chunks chunks;
    size_t at;    /* the next part */
    size_t after; /* those under way */
    bool under_way;
};

static void version_free(struct agent *agent, struct version *version)
{
    loader_free_files(agent->loader, &version->files);
    chunks_done(&version->chunks);
    free(version);
}

/* ---- parts ---- */

/* Parts of chunks that are there already, up to one that is not. */
static void put_parts(struct agent *agent, struct version *version, struct ledger_batch *batch)
{
    size_t end = version->at + PARTS_AT_ONCE, i = version->at;
    bool is_new = false;

    for (; i < end && i < version->chunks.count && !is_new; i++) {
        const struct chunk *chunk = &version->chunks.items[i];
        const struct policy_file *file = &version->files.items[chunk->file];

        is_new = ledger_reader_has_chunk(ledger_own_reader(agent->ledger), chunk->hash) <= 0;
        if (is_new) {
            AUTO_FREE char *text = strndup(file->text + chunk->offset, chunk->length);

            ledger_batch_chunk(batch, chunk->hash, text);
        }
        ledger_batch_text(batch, version->digest, i, file->name, chunk->hash);
    }
    version->after = i;
}

static void go_on(struct agent *agent);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)source;
    (void)usec;
    go_on(userdata);
    return 0;
}

static void retry_later(struct agent *agent)
{
    agent->versions_failed = true;
    sd_event_source_disable_unref(agent->versions_retry);
    agent->versions_retry = NULL;
    if (agent->stopping)
        return;
    if (sd_event_add_time(agent->event, &agent->versions_retry, CLOCK_BOOTTIME,
            clock_deadline(RETRY_US), USEC_PER_SEC, on_retry, agent) < 0)
        fprintf(stderr, SD_ERR "no timer to keep the policy's text; run: assent reload\n");
}

static void on_written(int result, uint64_t first_seq, void *userdata)
{
    struct agent *agent = userdata;
    struct version *version = agent->versions;

    (void)first_seq;
    version->under_way = false;
    if (result < 0) {
        retry_later(agent);
        return;
    }
    agent->versions_failed = false;
    if (version->at == version->chunks.count) { /* the end was written */
        agent->versions = version->next;
        version_free(agent, version);
    } else {
        version->at = version->after;
    }
    go_on(agent);
}

/* The next parts of the first version, unless some are under way. */
static void go_on(struct agent *agent)
{
    struct version *version = agent->versions;
    struct ledger_batch *batch;

    if (!version || version->under_way)
        return;
    batch = ledger_batch_new();
    if (!batch) {
        retry_later(agent);
        return;
    }
    if (version->at < version->chunks.count)
        put_parts(agent, version, batch);
    else
        ledger_batch_text_end(batch, version->digest, version->chunks.count);
    version->under_way = true;
    ledger_submit(agent->ledger, batch, false, on_written, agent);
}

/* ---- versions ---- */

static int note_complete(const struct ledger_version *version, void *userdata)
{
    bool *complete = userdata;

    *complete = version->complete;
    return 0;
}

static bool is_known(struct agent *agent, const char *digest)
{
    bool complete = false;

    for (const struct version *v = agent->versions; v; v = v->next)
        if (strcmp(v->digest, digest) == 0)
            return true;
    return ledger_reader_version(
               ledger_own_reader(agent->ledger), digest, note_complete, &complete) == 0 &&
           complete;
}

/* The oldest that is not being written goes. */
static void make_room(struct agent *agent)
{
    struct version **at = &agent->versions;
    size_t count = 0;

    for (const struct version *v = agent->versions; v; v = v->next)
        count++;
    if (count < VERSIONS_WAITING_MAX)
        return;
    if ((*at)->under_way)
        at = &(*at)->next;
    if (*at) {
        struct version *oldest = *at;

        *at = oldest->next;
        fprintf(stderr, SD_WARNING "the text of policy %.12s is not kept: the disk is behind\n",
            oldest->digest);
        version_free(agent, oldest);
    }
}

void versions_keep(
    struct agent *agent, const char *digest, struct policy_files *files, struct chunks *chunks)
{
    struct version *version, **end = &agent->versions;

    if (is_known(agent, digest)) {
        loader_free_files(agent->loader, files);
        chunks_done(chunks);
        return;
    }
    make_room(agent);
    version = calloc(1, sizeof(*version));
    if (!version) {
        fprintf(stderr, SD_ERR "out of memory: the text of policy %.12s is not kept\n", digest);
        loader_free_files(agent->loader, files);
        chunks_done(chunks);
        return;
    }
    snprintf(version->digest, sizeof(version->digest), "%s", digest);
    version->files = *files;
    version->chunks = *chunks;
    *files = (struct policy_files){0};
    *chunks = (struct chunks){0};
    while (*end)
        end = &(*end)->next;
    *end = version;
    go_on(agent);
}

bool versions_failed(const struct agent *agent)
{
    return agent->versions_failed;
}

void versions_free(struct agent *agent)
{
    sd_event_source_disable_unref(agent->versions_retry);
    while (agent->versions) {
        struct version *version = agent->versions;

        agent->versions = version->next;
        version_free(agent, version);
    }
}
