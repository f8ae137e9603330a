#include "resolve.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/realdir.h"
#include "../../common/str.h"

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

int resolve_command(const char *command, const char *path, char **ret_path)
{
    AUTO_FREE char *found = NULL, *real = NULL;
    struct stat st;
    int r;

    if (*command == '\0')
        return -ENOENT;
    if (!strchr(command, '/'))
        r = look_up(command, path, &found);
    else
        r = (found = strdup(command)) ? 0 : -ENOMEM;
    if (r < 0)
        return r;
    r = realdir_path(found, &real);
    if (r == -EACCES && found[0] == '/')
        real = TAKE_PTR(found);
    else if (r < 0)
        return r;
    if (stat(real, &st) < 0 && errno != EACCES)
        return -errno;
    *ret_path = TAKE_PTR(real);
    return 0;
}
