#include "resolve.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "../common/str.h"

#define BUFFER_FIRST ((size_t)16 << 10)
#define BUFFER_MAX ((size_t)16 << 20) /* a group of a hundred thousand members */

/* NSS says 0 and no entry for "there is none" and an error for "could not ask"
 * (getpwnam_r(3)). Returns 1, 0 or -errno; -ERANGE: `size` is too small. */
static int look_up(bool is_group, const char *name, size_t size, uint32_t *ret_id)
{
    AUTO_FREE char *buffer = malloc(size);
    struct passwd passwd, *user = NULL;
    struct group entry, *group = NULL;
    int r;

    if (!buffer)
        return -ENOMEM;
    if (is_group)
        r = getgrnam_r(name, &entry, buffer, size, &group);
    else
        r = getpwnam_r(name, &passwd, buffer, size, &user);
    if (r != 0)
        return -r;
    if (group)
        *ret_id = group->gr_gid;
    if (user)
        *ret_id = user->pw_uid;
    return group || user;
}

static int look_up_growing(bool is_group, const char *name, uint32_t *ret_id)
{
    int r = -ERANGE;

    for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX && r == -ERANGE; size *= 4)
        r = look_up(is_group, name, size, ret_id);
    return r;
}

/* "u NAME" or "g NAME", without the newline. Returns 0, or -EINVAL: we are not asked by
 * resolve.c. */
static int answer(const char *line)
{
    uint32_t id = 0;
    int r;

    if ((line[0] != 'u' && line[0] != 'g') || line[1] != ' ' || !str_is_name(line + 2))
        return -EINVAL;
    r = look_up_growing(line[0] == 'g', line + 2, &id);
    if (r > 0)
        printf("%" PRIu32 "\n", id);
    else
        printf("%s\n", r == 0 ? "-" : "?");
    return 0;
}

int resolve_main(void)
{
    char line[STR_NAME_MAX + 4];

    while (fgets(line, sizeof(line), stdin)) {
        size_t length = strlen(line);

        if (length == 0 || line[length - 1] != '\n')
            return EXIT_FAILURE;
        line[length - 1] = '\0';
        if (answer(line) < 0)
            return EXIT_FAILURE;
    }
    return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
