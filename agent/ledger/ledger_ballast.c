#include "ledger_ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "../../common/clock.h"

/* Room that must be left beside the ballast before it is taken again; without it the next
 * commit would only release it once more. */
#define SLACK_BYTES (UINT64_C(256) * 1024)

static int open_file(const char *path)
{
    AUTO_FREE char *name = NULL;
    int fd;

    if (asprintf(&name, "%s.ballast", path) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

/* Blocks are counted, not the length: a file of holes holds no room. */
static bool is_taken(const struct ledger_ballast *ballast)
{
    struct stat st;

    return fstat(ballast->fd, &st) == 0 && (uint64_t)st.st_blocks * 512 >= ballast->bytes;
}

static bool take(struct ledger_ballast *ballast)
{
    if (posix_fallocate(ballast->fd, 0, (off_t)ballast->bytes) == 0)
        return true;
    (void)!ftruncate(ballast->fd, 0); /* what was had before the disk was full */
    return false;
}

int ledger_ballast_open(struct ledger_ballast *ballast, const char *path, uint64_t bytes)
{
    *ballast = (struct ledger_ballast){.fd = -1, .bytes = bytes};
    if (bytes == 0)
        return 0;
    if (bytes > INT64_MAX)
        return -EFBIG;
    ballast->fd = open_file(path);
    if (ballast->fd == -ENOSPC || ballast->fd == -EDQUOT) {
        ballast->fd = -1;
        return 0;
    }
    if (ballast->fd < 0)
        return TAKE_FD(ballast->fd);
    ballast->released = !is_taken(ballast) && !take(ballast);
    return 0;
}

void ledger_ballast_close(struct ledger_ballast *ballast)
{
    cleanup_close(&ballast->fd);
    ballast->fd = -1;
}

bool ledger_ballast_release(struct ledger_ballast *ballast)
{
    if (ballast->fd < 0 || ballast->released)
        return false;
    if (ftruncate(ballast->fd, 0) < 0)
        return false;
    ballast->released = true;
    ballast->next_try_us = clock_deadline(LEDGER_BALLAST_INTERVAL_US);
    return true;
}

void ledger_ballast_retake(struct ledger_ballast *ballast)
{
    struct statvfs fs;

    if (!ballast->released || clock_boottime_us() < ballast->next_try_us)
        return;
    ballast->next_try_us = clock_deadline(LEDGER_BALLAST_INTERVAL_US);
    if (fstatvfs(ballast->fd, &fs) < 0)
        return;
    if ((uint64_t)fs.f_bavail * fs.f_frsize < ballast->bytes + SLACK_BYTES)
        return;
    ballast->released = !take(ballast);
}
