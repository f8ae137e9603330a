#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define LINKS_MAX 40 /* as the kernel's own limit: path_resolution(7) */

/* The walk so far: a directory, and what of the path is still to go. */
struct walk {
    int directory;
    int file; /* O_PATH, the last component, once reached */
    bool writable;
    unsigned links;
    char name[NAME_MAX + 1];
    char rest[2 * PATH_MAX];
};

static void walk_done(struct walk *walk)
{
    if (walk->directory >= 0)
        (void)close(walk->directory);
    if (walk->file >= 0)
        (void)close(walk->file);
}

static void judge(struct walk *walk, const struct stat *st)
{
    /* A link's own mode is always 0777; its owner and its directory count. An ACL that lets
     * somebody write shows in the group bits: acl(5). */
    if (st->st_uid != 0 || (!S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)) != 0))
        walk->writable = true;
}

static int enter(struct walk *walk, int fd)
{
    if (walk->directory >= 0)
        (void)close(walk->directory);
    walk->directory = fd;
    return 0;
}

static int enter_root(struct walk *walk)
{
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0) {
        (void)close(fd);
        return -EIO;
    }
    judge(walk, &st);
    return enter(walk, fd);
}

/* Takes the next component off `rest`. Returns 1, 0 at the end, or -ENAMETOOLONG. */
static int next_component(struct walk *walk)
{
    size_t slashes = strspn(walk->rest, "/");
    size_t length = strcspn(walk->rest + slashes, "/");

    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(walk->name, walk->rest + slashes, length);
    walk->name[length] = '\0';
    memmove(walk->rest, walk->rest + slashes + length, strlen(walk->rest + slashes + length) + 1);
    return length > 0;
}

/* Puts a link's target in front of what is still to go. */
static int follow_link(struct walk *walk, int link_fd)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(link_fd, "", target, sizeof(target));
    size_t left = strlen(walk->rest), length;

    if (n < 0)
        return -errno;
    length = (size_t)n;
    if (++walk->links > LINKS_MAX)
        return -ELOOP;
    if (length == 0 || length >= sizeof(target) || length + left >= sizeof(walk->rest))
        return -ENAMETOOLONG;
    memmove(walk->rest + length, walk->rest, left + 1);
    memcpy(walk->rest, target, length);
    return target[0] == '/' ? enter_root(walk) : 0;
}

static int step(struct walk *walk)
{
    AUTO_CLOSE int fd = openat(walk->directory, walk->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    judge(walk, &st);
    if (S_ISLNK(st.st_mode))
        return follow_link(walk, fd);
    if (S_ISDIR(st.st_mode))
        return enter(walk, TAKE_FD(fd));
    if (walk->rest[strspn(walk->rest, "/")] != '\0')
        return -ENOTDIR;
    walk->file = TAKE_FD(fd);
    return 0;
}

/* Opens the very file that was judged. */
static int open_file(const struct walk *walk)
{
    AUTO_CLOSE int fd = openat(
        walk->directory, walk->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat judged, opened;

    if (fd < 0 || fstat(fd, &opened) < 0 || fstat(walk->file, &judged) < 0)
        return -1;
    if (!S_ISREG(opened.st_mode) || opened.st_dev != judged.st_dev ||
        opened.st_ino != judged.st_ino)
        return -1;
    return TAKE_FD(fd);
}

int path_walk(const char *path, struct path_walk *ret_walk)
{
    CLEANUP(walk_done) struct walk walk = {.directory = -1, .file = -1};
    int r;

    if (path[0] != '/')
        return -EINVAL;
    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(walk.rest, path, strlen(path) + 1);
    r = enter_root(&walk);
    while (r == 0 && walk.file < 0) {
        r = next_component(&walk);
        if (r == 0)
            return -EISDIR;
        if (r > 0)
            r = step(&walk);
    }
    if (r < 0)
        return r;
    *ret_walk = (struct path_walk){.fd = open_file(&walk), .writable = walk.writable};
    return 0;
}
