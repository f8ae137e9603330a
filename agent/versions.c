#include "versions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agent.h"
#include "ledger/ledger.h"
#include "ledger/ledger_policy.h"
#include "loader.h"
#include "policy/policy.h"

#define RETRY_US (30 * USEC_PER_SEC)

/* A version on its way into the ledger. */
struct version {
    struct version *next;
    char digest[POLICY_DIGEST_SIZE];
    struct policy_files files;
    size_t file, offset; /* what comes next */
    uint64_t part;
    size_t file_after, offset_after; /* and after the part under way */
    bool under_way;
};

static void version_free(struct agent *agent, struct version *version)
{
    loader_free_files(agent->loader, &version->files);
    free(version);
}

/* ---- parts ---- */

static bool is_inside_character(const char *text, size_t at)
{
    return ((unsigned char)text[at] & 0xc0) == 0x80;
}

/* How much of the file goes into the next part: whole characters, since the text is shown. What
 * was compiled is UTF-8, so that a character is at most four bytes. */
static size_t part_length(const struct policy_file *file, size_t offset)
{
    size_t length = file->length - offset;

    if (length <= VERSIONS_PART_MAX)
        return length;
    length = VERSIONS_PART_MAX;
    while (is_inside_character(file->text + offset, length))
        length--;
    return length;
}

static void put_part(struct version *version, struct ledger_batch *batch)
{
    const struct policy_file *file = &version->files.items[version->file];
    size_t length = part_length(file, version->offset);
    AUTO_FREE char *text = strndup(file->text + version->offset, length);

    ledger_batch_text(batch, version->digest, version->part, file->name, text);
    version->file_after = version->file;
    version->offset_after = version->offset + length;
    if (version->offset_after == file->length) {
        version->file_after++;
        version->offset_after = 0;
    }
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
    if (version->file == version->files.count) { /* the end was written */
        agent->versions = version->next;
        version_free(agent, version);
    } else {
        version->file = version->file_after;
        version->offset = version->offset_after;
        version->part++;
    }
    go_on(agent);
}

/* The next part of the first version, unless one is under way. */
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
    if (version->file < version->files.count)
        put_part(version, batch);
    else
        ledger_batch_text_end(batch, version->digest, version->part);
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

void versions_keep(struct agent *agent, const char *digest, struct policy_files *files)
{
    struct version *version, **end = &agent->versions;

    if (is_known(agent, digest)) {
        loader_free_files(agent->loader, files);
        return;
    }
    make_room(agent);
    version = calloc(1, sizeof(*version));
    if (!version) {
        fprintf(stderr, SD_ERR "out of memory: the text of policy %.12s is not kept\n", digest);
        loader_free_files(agent->loader, files);
        return;
    }
    snprintf(version->digest, sizeof(version->digest), "%s", digest);
    version->files = *files;
    *files = (struct policy_files){0};
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
