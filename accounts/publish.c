#include "publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../common/file.h"
#include "shadow_file.h"

#define MODE 0640

static void close_stream(FILE **stream)
{
    if (*stream)
        (void)fclose(*stream);
}

/* The state is taken first: a change while we read makes the result outdated, never
 * fresh. */
static int read_shadow(const char *path, struct accounts_file *ret_file)
{
    AUTO_CLOSE int fd = file_open_trusted(path, geteuid());
    CLEANUP(close_stream) FILE *stream = NULL;
    struct stat status;
    int r;

    if (fd < 0)
        return fd;
    if (fstat(fd, &status) < 0)
        return -errno;
    stream = fdopen(fd, "r");
    if (!stream)
        return -errno;
    (void)TAKE_FD(fd);
    r = shadow_file_read(stream, ret_file);
    if (r == 0)
        ret_file->source = accounts_source_of(&status);
    return r;
}

int publish(const struct publishing *publishing, struct accounts_source *ret_source)
{
    CLEANUP(accounts_file_done) struct accounts_file file = {0};
    AUTO_FREE char *text = NULL;
    int r = read_shadow(publishing->shadow, &file);

    if (r == 0)
        r = accounts_file_format(&file, &text);
    if (r == 0)
        r = file_write_atomic_group(
            publishing->target, text, strlen(text), MODE, publishing->group);
    if (r == 0)
        *ret_source = file.source;
    return r;
}

bool publish_is_outdated(const struct publishing *publishing, const struct accounts_source *source)
{
    struct stat status;
    struct accounts_source now;

    if (stat(publishing->shadow, &status) < 0)
        return true;
    now = accounts_source_of(&status);
    return !accounts_source_equal(&now, source);
}
