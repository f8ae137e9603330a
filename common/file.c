#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "str.h"

#define NO_GROUP ((gid_t)-1) /* then nothing is called that the agent's unit forbids */

int file_open_trusted(const char *path, uid_t owner)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((st.st_uid != 0 && st.st_uid != owner) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return -EPERM;
    return TAKE_FD(fd);
}

int file_read_all(int fd, size_t max, char **ret_data, size_t *ret_length)
{
    AUTO_FREE char *data = NULL;
    size_t length = 0, size = 0;

    for (;;) {
        ssize_t n;

        if (size - length < 2) {
            char *bigger;

            size = size ? size * 2 : 4096;
            bigger = realloc(data, size);
            if (!bigger)
                return -ENOMEM;
            data = bigger;
        }
        n = read(fd, data + length, size - length - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (size_t)n;
        if (length > max)
            return -EFBIG;
    }
    data[length] = '\0';
    *ret_data = TAKE_PTR(data);
    *ret_length = length;
    return 0;
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        length -= (size_t)n;
    }
    return 0;
}

static int sync_directory_of(const char *path)
{
    AUTO_FREE char *copy = strdup(path);
    AUTO_CLOSE int fd = -1;

    if (!copy)
        return -ENOMEM;
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int file_write_atomic_group(
    const char *path, const void *data, size_t length, mode_t mode, gid_t group)
{
    AUTO_FREE char *temporary = NULL;
    AUTO_CLOSE int fd = -1;
    struct str_builder builder = {0};
    int r;

    str_appendf(&builder, "%s.XXXXXX", path);
    temporary = str_builder_take(&builder);
    if (!temporary)
        return -ENOMEM;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = write_all(fd, data, length);
    if (r == 0 && group != NO_GROUP && fchown(fd, (uid_t)-1, group) < 0)
        r = -errno;
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(temporary, path) < 0))
        r = -errno;
    if (r < 0) {
        (void)unlink(temporary);
        return r;
    }
    return sync_directory_of(path);
}

int file_write_atomic(const char *path, const void *data, size_t length, mode_t mode)
{
    return file_write_atomic_group(path, data, length, mode, NO_GROUP);
}
