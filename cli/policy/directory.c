#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../../common/str.h"

int directory_check(const char *directory)
{
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    AUTO_FREE char *escaped = NULL;

    if (error == 0)
        return CLI_OK;
    escaped = str_escape_new(directory);
    cli_error("cannot read the directory %s: %s", escaped ? escaped : "?", strerror(error));
    return error == ENOENT || error == ENOTDIR ? CLI_USAGE : CLI_FAILED;
}
