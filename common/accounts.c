#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"

#define ID_MAX (UINT32_MAX - 1) /* (uid_t)-1 means "nobody given" to the kernel */

static inline void close_stream(FILE **stream)
{
    if (*stream)
        (void)fclose(*stream);
}

/* Visits each line of a file, its newline taken off, until `visit` says non-zero. Returns
 * that, 0 at the end of the file, or -errno. */
static int for_each_line(const char *path, int (*visit)(char *line, void *context), void *context)
{
    CLEANUP(close_stream) FILE *stream = fopen(path, "re");
    AUTO_FREE char *line = NULL;
    size_t size = 0;
    ssize_t n;

    if (!stream)
        return -errno;
    while ((n = getline(&line, &size, stream)) >= 0) {
        int r;

        if (memchr(line, '\0', (size_t)n))
            continue;
        line[strcspn(line, "\n")] = '\0';
        r = visit(line, context);
        if (r != 0)
            return r;
    }
    return ferror(stream) ? -EIO : 0;
}

/* Cuts a line at its colons. Returns how many fields there are; those past `max` stay in the
 * last one. */
static size_t split_fields(char *line, char **ret_fields, size_t max)
{
    size_t count = 0;

    while (count < max) {
        ret_fields[count++] = line;
        line = count < max ? strchr(line, ':') : NULL;
        if (!line)
            break;
        *line++ = '\0';
    }
    return count;
}

struct search {
    const char *name;
    uint64_t uid;
    uint64_t gid; /* what was found, or what a member is looked for in */
};

static int match_account(char *line, void *context)
{
    struct search *search = context;
    char *fields[5];

    if (split_fields(line, fields, ARRAY_SIZE(fields)) < 4 || strcmp(fields[0], search->name) != 0)
        return 0;
    if (parse_u64(fields[2], ID_MAX, &search->uid) < 0 ||
        parse_u64(fields[3], ID_MAX, &search->gid) < 0)
        return 0;
    return 1;
}

static int match_group(char *line, void *context)
{
    struct search *search = context;
    char *fields[4];

    if (split_fields(line, fields, ARRAY_SIZE(fields)) < 3 || strcmp(fields[0], search->name) != 0)
        return 0;
    return parse_u64(fields[2], ID_MAX, &search->gid) == 0;
}

static int match_member(char *line, void *context)
{
    const struct search *search = context;
    char *fields[4], *next;
    uint64_t gid;

    if (split_fields(line, fields, ARRAY_SIZE(fields)) < 4 ||
        parse_u64(fields[2], ID_MAX, &gid) < 0 || gid != search->gid)
        return 0;
    next = fields[3];
    while (next) {
        const char *member = strsep(&next, ",");

        if (strcmp(member, search->name) == 0)
            return 1;
    }
    return 0;
}

int accounts_uid(const char *name, uid_t *ret_uid)
{
    struct search search = {.name = name};
    int r = for_each_line("/etc/passwd", match_account, &search);

    if (r > 0)
        *ret_uid = (uid_t)search.uid;
    return r > 0 ? 0 : (r == 0 ? -ENOENT : r);
}

int accounts_gid(const char *name, gid_t *ret_gid)
{
    struct search search = {.name = name};
    int r = for_each_line("/etc/group", match_group, &search);

    if (r > 0)
        *ret_gid = (gid_t)search.gid;
    return r > 0 ? 0 : (r == 0 ? -ENOENT : r);
}

int accounts_in_group(const char *user, gid_t gid)
{
    struct search account = {.name = user}, member = {.name = user, .gid = gid};
    int r;

    if (*user == '\0')
        return 0;
    r = for_each_line("/etc/passwd", match_account, &account);
    if (r < 0)
        return r;
    if (r > 0 && account.gid == gid)
        return 1;
    return for_each_line("/etc/group", match_member, &member);
}

bool accounts_is_member(const char *group, const char *user)
{
    gid_t gid;

    return group && accounts_gid(group, &gid) == 0 && accounts_in_group(user, gid) == 1;
}
