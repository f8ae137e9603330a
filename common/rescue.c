#include "rescue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "str.h"

/* Longer values are cut: the agent reads no file over 4 KiB. */
#define VALUE_SIZE 400

/* Opens the directory and tells its group. Members of that group (the agent) may write it,
 * others may not. */
static int open_spool(const char *directory, gid_t *ret_gid)
{
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (st.st_uid != 0 || (st.st_mode & S_IWOTH) != 0)
        return -EPERM;
    *ret_gid = st.st_gid;
    return TAKE_FD(fd);
}

static inline void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

static bool is_recent(const struct stat *st, uint64_t now_s)
{
    uint64_t then_s = (uint64_t)st->st_mtime;

    return then_s > now_s ? then_s - now_s < 60 : now_s - then_s < 60;
}

/* How many uses the last minute saw: the spool itself is the memory, since no process here
 * outlives its login. */
static int check_rate(int spool_fd)
{
    CLEANUP(close_directory) DIR *directory = NULL;
    uint64_t now_s = clock_realtime_us() / USEC_PER_SEC;
    const struct dirent *entry;
    unsigned recent = 0;
    int copy = openat(spool_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (copy < 0)
        return -errno;
    directory = fdopendir(copy);
    if (!directory) {
        (void)close(copy);
        return -ENOMEM;
    }
    while ((entry = readdir(directory))) {
        struct stat st;

        if (fstatat(spool_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && is_recent(&st, now_s))
            recent++;
    }
    return recent < RESCUE_PER_MINUTE ? 0 : -EDQUOT;
}

static void append_value(struct str_builder *builder, const char *key, const char *value)
{
    char escaped[VALUE_SIZE];

    str_escape(value ? value : "", value ? strlen(value) : 0, escaped, sizeof(escaped));
    str_appendf(builder, "%s=%s\n", key, escaped);
}

static char *compose(const struct rescue_use *use)
{
    struct str_builder builder = {0};
    char boot_id[CLOCK_BOOT_ID_SIZE] = "";

    (void)clock_boot_id(boot_id);
    str_appendf(&builder, "time=%llu\n", (unsigned long long)(clock_realtime_us() / USEC_PER_SEC));
    append_value(&builder, "boot_id", boot_id);
    append_value(&builder, "service", use->service);
    append_value(&builder, "user", use->user);
    str_appendf(&builder, "uid=%u\n", (unsigned)use->uid);
    append_value(&builder, "rhost", use->rhost);
    append_value(&builder, "tty", use->tty);
    append_value(&builder, "command", use->command);
    append_value(&builder, "why", use->why);
    return str_builder_take(&builder);
}

/* Complete and on disk before the agent's group may read it. */
static int fill(int fd, const char *text, gid_t gid)
{
    size_t length = strlen(text);
    ssize_t n = write(fd, text, length);

    if (n != (ssize_t)length)
        return n < 0 ? -errno : -EIO;
    if (fchown(fd, 0, gid) < 0 || fsync(fd) < 0 || fchmod(fd, 0640) < 0)
        return -errno;
    return 0;
}

int rescue_record(const char *directory, const struct rescue_use *use)
{
    AUTO_CLOSE int spool_fd = -1, fd = -1;
    AUTO_FREE char *text = NULL;
    char name[64];
    gid_t gid = 0;
    int r;

    spool_fd = open_spool(directory, &gid);
    if (spool_fd < 0)
        return spool_fd;
    r = check_rate(spool_fd);
    if (r < 0)
        return r;
    text = compose(use);
    if (!text)
        return -ENOMEM;
    snprintf(name, sizeof(name), "rescue-%llu-%ld", (unsigned long long)clock_realtime_us(),
        (long)getpid());
    fd = openat(spool_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = fill(fd, text, gid);
    if (r == 0 && fsync(spool_fd) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(spool_fd, name, 0);
    return r;
}
