#include "ledger_marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "ledger.h"

static const char MARK[] =
    "A ledger was made here. If ledger.db is missing or empty, restore it from a copy.\n"
    "Remove this file only to begin with an empty ledger: requests, grants and the audit log\n"
    "are then gone.\n";

/* The size of `path` + `suffix`; -ENOENT. */
static int file_size(const char *path, const char *suffix, off_t *ret_size)
{
    AUTO_FREE char *name = NULL;
    struct stat st;

    if (asprintf(&name, "%s%s", path, suffix) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    if (stat(name, &st) < 0)
        return -errno;
    *ret_size = st.st_size;
    return 0;
}

static int lock_whole(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_SETLK, &lock) < 0)
        return errno == EACCES ? -EAGAIN : -errno;
    return 0;
}

/* The locked mark, or -1 in `ret_fd` where there is none. */
static int open_mark(const char *path, int *ret_fd)
{
    AUTO_FREE char *name = NULL;
    AUTO_CLOSE int fd = -1;
    int r;

    if (asprintf(&name, "%s.exists", path) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    fd = open(name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return -errno;
    if (fd >= 0) {
        r = lock_whole(fd);
        if (r < 0)
            return r == -EAGAIN ? -EBUSY : r;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int say(int result, char **ret_detail, const char *path, const char *what)
{
    if (asprintf(ret_detail, "%s: %s", path, what) < 0)
        *ret_detail = NULL;
    return result;
}

int ledger_marker_check(const char *path, int *ret_fd, char **ret_detail)
{
    AUTO_CLOSE int fd = -1;
    off_t size = 0, log_size = 0;
    int r, missing;

    r = open_mark(path, &fd);
    if (r == -EBUSY)
        return say(r, ret_detail, path, "another process uses this ledger");
    if (r < 0)
        return say(r, ret_detail, path, "its mark (.exists) cannot be opened");
    missing = file_size(path, "", &size);
    if (missing < 0 && missing != -ENOENT)
        return say(missing, ret_detail, path, "cannot be looked at");
    r = file_size(path, "-wal", &log_size);
    if (r < 0 && r != -ENOENT)
        return say(r, ret_detail, path, "its write-ahead log cannot be looked at");
    if (size == 0 && (fd >= 0 || log_size > 0))
        return say(LEDGER_E_CORRUPT, ret_detail, path,
            missing < 0 ? "missing, though a ledger existed here"
                        : "empty, though a ledger existed here");
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int ledger_marker_create(const char *path, int *ret_fd)
{
    AUTO_FREE char *name = NULL;
    int r, fd = -1;

    if (asprintf(&name, "%s.exists", path) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    r = file_write_atomic(name, MARK, sizeof(MARK) - 1, 0600);
    if (r < 0)
        return r;
    r = open_mark(path, &fd);
    if (r < 0)
        return r;
    *ret_fd = fd;
    return 0;
}
