#include "resolve.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "../common/str.h"

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static int look_up(const char *command, const char *path, char **ret_path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, ":");
        struct str_builder builder = {0};
        AUTO_FREE char *candidate = NULL;

        str_append_n(&builder, path, length);
        str_appendf(&builder, "/%s", command);
        candidate = str_builder_take(&builder);
        if (!candidate)
            return -ENOMEM;
        if (is_program(candidate)) {
            *ret_path = TAKE_PTR(candidate);
            return 0;
        }
        path += length + (path[length] == ':');
    }
    return -ENOENT;
}

/* The directory is resolved, the last part kept: a link such as /usr/bin/vi stays what it is. */
static int make_absolute(const char *command, char **ret_path)
{
    const char *slash = strrchr(command, '/');
    AUTO_FREE char *directory = strndup(command, (size_t)(slash - command) + 1);
    AUTO_FREE char *real = directory ? realpath(directory, NULL) : NULL;
    struct str_builder builder = {0};

    if (!directory)
        return -ENOMEM;
    if (!real)
        return -errno;
    str_appendf(&builder, "%s%s", strcmp(real, "/") == 0 ? "" : real, slash);
    *ret_path = str_builder_take(&builder);
    return *ret_path ? 0 : -ENOMEM;
}

int resolve_command(const char *command, const char *path, char **ret_path)
{
    AUTO_FREE char *found = NULL;
    struct stat st;
    int r;

    if (*command == '\0')
        return -ENOENT;
    if (!strchr(command, '/'))
        return look_up(command, path, ret_path);
    if (command[0] == '/')
        r = (found = strdup(command)) ? 0 : -ENOMEM;
    else
        r = make_absolute(command, &found);
    if (r < 0)
        return r;
    if (stat(found, &st) < 0 && errno != EACCES)
        return -errno;
    *ret_path = TAKE_PTR(found);
    return 0;
}
