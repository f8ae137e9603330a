#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../../common/file.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "agent.h"
#include "audit.h"

#define SPOOL_FILE_MAX ((size_t)4096)
#define SPOOL_FILES_MAX 1000 /* at one time; the rest the next time */

/* A file that is on its way into the ledger, or could not be removed afterwards: either way
 * it is not taken again. */
struct spooled {
    struct agent *agent;
    char name[NAME_MAX + 1];
    struct spooled *next;
};

struct entry {
    char user[STR_NAME_MAX * 4], service[STR_NAME_MAX * 4], detail[1024];
    uint64_t realtime_us;
};

static bool is_taken(const struct agent *agent, const char *name)
{
    for (const struct spooled *s = agent->spooled; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return true;
    return false;
}

static void forget(struct spooled *spooled)
{
    struct spooled **at = &spooled->agent->spooled;

    while (*at != spooled)
        at = &(*at)->next;
    *at = spooled->next;
    free(spooled);
}

static void on_durable(int result, uint64_t first_seq, void *userdata)
{
    struct spooled *spooled = userdata;
    AUTO_CLOSE int dir = -1;

    (void)first_seq;
    if (result < 0) {
        forget(spooled);
        return;
    }
    agent_committed(spooled->agent);
    dir = open(spooled->agent->options.spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0 && unlinkat(dir, spooled->name, 0) == 0)
        forget(spooled);
    else
        fprintf(
            stderr, SD_ERR "cannot remove %s from the spool: %s\n", spooled->name, strerror(errno));
}

/* What is told of a use, in words, by key; other keys are for whoever reads the file. */
static const struct {
    const char *key, *words;
} details[] = {
    {"why=", ""},
    {"rhost=", "from "},
    {"tty=", "on "},
    {"command=", "for "},
};

static void add_detail(struct entry *entry, const char *words, const char *value)
{
    size_t used = strlen(entry->detail);
    int length;

    if (value[0] == '\0')
        return;
    length = snprintf(
        entry->detail + used, sizeof(entry->detail) - used, "%s%s", used > 0 ? ", " : "", words);
    if (length < 0 || (size_t)length >= sizeof(entry->detail) - used)
        return;
    used += (size_t)length;
    str_escape(value, strlen(value), entry->detail + used, sizeof(entry->detail) - used);
}

/* One "key=value" line. */
static void take_line(struct entry *entry, const char *line)
{
    uint64_t seconds;

    if (strncmp(line, "user=", 5) == 0)
        str_escape(line + 5, strlen(line + 5), entry->user, sizeof(entry->user));
    else if (strncmp(line, "service=", 8) == 0)
        str_escape(line + 8, strlen(line + 8), entry->service, sizeof(entry->service));
    else if (strncmp(line, "time=", 5) == 0 && parse_u64(line + 5, UINT32_MAX, &seconds) == 0)
        entry->realtime_us = seconds * USEC_PER_SEC;
    for (size_t i = 0; i < ARRAY_SIZE(details); i++)
        if (strncmp(line, details[i].key, strlen(details[i].key)) == 0)
            add_detail(entry, details[i].words, line + strlen(details[i].key));
}

static int read_entry(int dir, const char *name, struct entry *ret_entry)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    struct entry entry = {.realtime_us = clock_realtime_us()};
    struct stat st;
    size_t length;
    char *rest;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    /* only root writes here in earnest */
    if (!S_ISREG(st.st_mode) || st.st_uid != 0)
        return -EPERM;
    r = file_read_all(fd, SPOOL_FILE_MAX, &text, &length);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        take_line(&entry, line);
    /* not one of ours: left where it is */
    if (entry.user[0] == '\0' || entry.service[0] == '\0')
        return -EINVAL;
    *ret_entry = entry;
    return 0;
}

static void take_in(struct agent *agent, int dir, const char *name)
{
    struct spooled *spooled = calloc(1, sizeof(*spooled));
    struct ledger_batch *batch = spooled ? ledger_batch_new() : NULL;
    struct entry entry;

    if (!batch || strlen(name) > NAME_MAX || read_entry(dir, name, &entry) < 0) {
        ledger_batch_free(batch);
        free(spooled);
        return;
    }
    spooled->agent = agent;
    memcpy(spooled->name, name, strlen(name) + 1);
    spooled->next = agent->spooled;
    agent->spooled = spooled;
    audit_rescue(batch, entry.user, entry.service, entry.detail, entry.realtime_us);
    ledger_submit(agent->ledger, batch, true, on_durable, spooled);
}

static void collect(struct agent *agent)
{
    DIR *dir = opendir(agent->options.spool);
    unsigned taken = 0;

    if (!dir)
        return;
    for (struct dirent *e; taken < SPOOL_FILES_MAX && (e = readdir(dir));) {
        if (e->d_name[0] == '.' || is_taken(agent, e->d_name))
            continue;
        take_in(agent, dirfd(dir), e->d_name);
        taken++;
    }
    closedir(dir);
}

static int on_written(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
    (void)source;
    (void)event;
    collect(userdata);
    return 0;
}

void spool_start(struct agent *agent)
{
    int r = sd_event_add_inotify(agent->event, NULL, agent->options.spool,
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR, on_written, agent);

    if (r < 0)
        fprintf(stderr, SD_WARNING "the spool %s is not watched: %s\n", agent->options.spool,
            strerror(-r));
    collect(agent);
}

void spool_done(struct agent *agent)
{
    while (agent->spooled)
        forget(agent->spooled);
}
