#include "resolve.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/accounts_file.h"
#include "../../common/clock.h"
#include "../../common/names.h"
#include "../../common/str.h"

#define BUFFER_FIRST ((size_t)16 << 10)
#define BUFFER_MAX ((size_t)16 << 20) /* a group of a hundred thousand members */

#define NSEC_PER_USEC UINT64_C(1000)
#define STALE_AFTER_NS (60 * UINT64_C(1000000000))

struct finding {
    uint32_t id;
    bool no_shell; /* accounts only */
};

/* What was published about accounts; nothing unless it was asked for. */
struct published {
    bool asked;
    struct accounts_file file;
};

/* ---- names ---- */

/* Shells that end at once, whichever directory a system keeps them in. A shell that is not
 * there says nothing: it may lie in a home, which is hidden from us. */
static bool lets_nobody_in(const char *shell)
{
    const char *slash = shell ? strrchr(shell, '/') : NULL, *name = slash ? slash + 1 : shell;

    return name && (strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0);
}

/* NSS says 0 and no entry for "there is none" and an error for "could not ask"
 * (getpwnam_r(3)). Returns 1, 0 or -errno; -ERANGE: `size` is too small. */
static int look_up(bool is_group, const char *name, size_t size, struct finding *ret_finding)
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
        *ret_finding = (struct finding){.id = group->gr_gid};
    if (user)
        *ret_finding = (struct finding){user->pw_uid, lets_nobody_in(user->pw_shell)};
    return group || user;
}

static int look_up_growing(bool is_group, const char *name, struct finding *ret_finding)
{
    int r = -ERANGE;

    for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX && r == -ERANGE; size *= 4)
        r = look_up(is_group, name, size, ret_finding);
    return r;
}

/* ---- accounts ---- */

/* What was published is older than the file it was made from, and not just because
 * assent-accounts.service is on its way. */
static bool is_stale(const struct accounts_file *file)
{
    struct accounts_source now;
    struct stat status;

    if (stat(ASSENT_SHADOW, &status) < 0)
        return true;
    now = accounts_source_of(&status);
    return !accounts_source_equal(&now, &file->source) &&
           clock_realtime_us() * NSEC_PER_USEC > now.changed_ns + STALE_AFTER_NS;
}

static int read_accounts(const char *path, struct published *published)
{
    int r = accounts_file_load(path, geteuid(), &published->file);

    published->asked = true;
    return r < 0 ? -r : is_stale(&published->file) ? ESTALE : 0;
}

static const char *state_of(bool locked, bool no_shell)
{
    return locked ? "locked" : no_shell ? "no-shell" : "open";
}

static void answer_account(
    const struct published *published, const char *name, const struct finding *finding)
{
    const struct accounts_entry *entry =
        published->asked ? accounts_file_find(&published->file, name) : NULL;

    printf("%" PRIu32 " %s %" PRIu64 "\n", finding->id,
        state_of(entry && entry->locked, published->asked && finding->no_shell),
        entry ? accounts_entry_expires_us(entry) : 0);
}

/* ---- lines ---- */

static void answer_name(const struct published *published, bool is_group, const char *name)
{
    struct finding finding = {0};
    int r = look_up_growing(is_group, name, &finding);

    if (r <= 0)
        printf("%s\n", r == 0 ? "-" : "?");
    else if (is_group)
        printf("%" PRIu32 "\n", finding.id);
    else
        answer_account(published, name, &finding);
}

/* A line without its newline. Returns 0, or -EINVAL: we are not asked by resolve.c. */
static int answer(struct published *published, const char *line)
{
    if (line[0] == '\0' || line[1] != ' ')
        return -EINVAL;
    if (line[0] == 'a' && !published->asked) {
        printf("%d\n", read_accounts(line + 2, published));
        return 0;
    }
    if ((line[0] != 'u' && line[0] != 'g') || !str_is_name(line + 2))
        return -EINVAL;
    answer_name(published, line[0] == 'g', line + 2);
    return 0;
}

static void published_done(struct published *published)
{
    accounts_file_done(&published->file);
}

int resolve_main(void)
{
    CLEANUP(published_done) struct published published = {0};
    char line[PATH_MAX + sizeof("a \n")];

    while (fgets(line, sizeof(line), stdin)) {
        size_t length = strlen(line);

        if (length == 0 || line[length - 1] != '\n')
            return EXIT_FAILURE;
        line[length - 1] = '\0';
        if (answer(&published, line) < 0)
            return EXIT_FAILURE;
    }
    return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
