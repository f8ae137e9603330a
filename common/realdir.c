#include "realdir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

int realdir_path(const char *path, char **ret_path)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
    AUTO_FREE char *real = directory ? realpath(directory, NULL) : NULL;
    struct str_builder builder = {0};

    if (!slash)
        return -EINVAL;
    if (!directory)
        return -ENOMEM;
    if (!real)
        return -errno;
    str_append(&builder, strcmp(real, "/") == 0 ? "" : real);
    str_append(&builder, slash);
    *ret_path = str_builder_take(&builder);
    return *ret_path ? 0 : -ENOMEM;
}

int realdir_leads_elsewhere(const char *pattern, char **ret_real)
{
    size_t literal = strcspn(pattern, "*?[\\");
    AUTO_FREE char *directory = NULL, *real = NULL;

    while (literal > 0 && pattern[literal - 1] != '/')
        literal--;
    if (literal <= 1)
        return 0;
    directory = strndup(pattern, literal - 1);
    if (!directory)
        return -ENOMEM;
    real = realpath(directory, NULL);
    if (!real || strcmp(real, directory) == 0)
        return real || errno != ENOMEM ? 0 : -ENOMEM;
    *ret_real = TAKE_PTR(real);
    return 1;
}
