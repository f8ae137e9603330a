#include "door.h"

#include <fcntl.h>
#include <pwd.h>
#include <security/pam_modutil.h>
#include <string.h>

#include "../common/names.h"
#include "../common/str.h"

static const struct {
    const char *service;
    enum door_kind kind;
} known_services[] = {
    {SERVICE_SSHD, DOOR_SSHD},
    {SERVICE_LOGIN, DOOR_LOGIN},
    {SERVICE_SUDO, DOOR_SETUID},
    {SERVICE_SUDO_I, DOOR_SETUID},
    {SERVICE_SU, DOOR_SETUID},
    {SERVICE_SU_L, DOOR_SETUID},
    {SERVICE_DOAS, DOOR_SETUID},
};

enum door_kind door_kind_of(const char *service, uid_t real_uid)
{
    for (size_t i = 0; i < ARRAY_SIZE(known_services); i++)
        if (strcmp(service, known_services[i].service) == 0)
            return known_services[i].kind;
    return real_uid != 0 ? DOOR_SETUID : DOOR_LOGIN;
}

static const char *get_item(pam_handle_t *pamh, int item)
{
    const void *value = NULL;

    return pam_get_item(pamh, item, &value) == PAM_SUCCESS ? value : NULL;
}

static bool is_su(const char *service)
{
    return strcmp(service, SERVICE_SU) == 0 || strcmp(service, SERVICE_SU_L) == 0;
}

/* Who will own what lies behind the door. sudo and doas do not tell PAM in time. */
static void find_run_as(pam_handle_t *pamh, struct door *door, const char *pam_user)
{
    const struct passwd *target;

    if (door->kind != DOOR_SETUID) {
        door->run_as = door->user;
        door->run_as_uid = door->uid;
        return;
    }
    if (!is_su(door->service) || !str_is_name(pam_user))
        return;
    target = pam_modutil_getpwnam(pamh, pam_user);
    if (!target)
        return;
    door->run_as = target->pw_name;
    door->run_as_uid = target->pw_uid;
}

int door_open(pam_handle_t *pamh, struct door *door)
{
    const char *service = get_item(pamh, PAM_SERVICE), *pam_user = get_item(pamh, PAM_USER);
    uid_t real_uid = getuid();
    const struct passwd *account;

    *door =
        (struct door){.kind = door_kind_of(service ? service : "", real_uid), .service = service};
    if (str_empty(service))
        return PAM_SERVICE_ERR;
    door->is_sudo = strcmp(service, SERVICE_SUDO) == 0 || strcmp(service, SERVICE_SUDO_I) == 0;
    /* sshd says "ssh" whatever the terminal is. */
    door->tty = door->kind == DOOR_SSHD ? NULL : get_item(pamh, PAM_TTY);
    door->rhost = door->kind == DOOR_SETUID ? NULL : get_item(pamh, PAM_RHOST);
    if (door->kind == DOOR_SETUID)
        account = pam_modutil_getpwuid(pamh, real_uid);
    else
        account = str_is_name(pam_user) ? pam_modutil_getpwnam(pamh, pam_user) : NULL;
    if (!account || !str_is_name(account->pw_name))
        return PAM_USER_UNKNOWN;
    door->user = account->pw_name;
    door->uid = account->pw_uid;
    door->gid = account->pw_gid;
    find_run_as(pamh, door, pam_user);
    return PAM_SUCCESS;
}

/* sudo's options that take a value, and those that only list or validate: sudo(8). */
static const char with_value[] = "CcDghpRrTtUu", listing[] = "lvU";
static const char *const listing_long[] = {"--list", "--validate", "--other-user"};

static const char *next_argument(const char *argument, const char *end)
{
    const char *nul = memchr(argument, '\0', (size_t)(end - argument));

    return nul && nul + 1 < end ? nul + 1 : NULL;
}

static bool is_long_listing(const char *argument)
{
    for (size_t i = 0; i < ARRAY_SIZE(listing_long); i++)
        if (strncmp(argument, listing_long[i], strlen(listing_long[i])) == 0)
            return true;
    return false;
}

/* One cluster of short options ("-nl"). */
static bool has_short_listing(const char *argument, bool *ret_takes_next)
{
    for (const char *p = argument + 1; *p != '\0'; p++) {
        if (strchr(listing, *p))
            return true;
        if (strchr(with_value, *p)) {
            /* -h alone is help; a value may be attached. */
            *ret_takes_next = p[1] == '\0' && *p != 'h';
            return false;
        }
    }
    return false;
}

bool door_looks_like_listing(const char *cmdline, size_t length)
{
    const char *end = cmdline + length, *argument;

    if (length == 0 || end[-1] != '\0')
        return false;
    for (argument = next_argument(cmdline, end); argument;
         argument = next_argument(argument, end)) {
        bool takes_next = false;

        if (argument[0] != '-') {
            /* NAME=value may stand between the options and the command. */
            if (strchr(argument, '='))
                continue;
            return false;
        }
        if (strcmp(argument, "--") == 0)
            return false;
        if (argument[1] == '-' ? is_long_listing(argument)
                               : has_short_listing(argument, &takes_next))
            return true;
        if (takes_next)
            argument = next_argument(argument, end);
        if (!argument)
            return false;
    }
    return false;
}

bool door_is_listing(const struct door *door)
{
    char cmdline[4096];
    AUTO_CLOSE int fd = -1;
    ssize_t n;

    if (!door->is_sudo)
        return false;
    fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, cmdline, sizeof(cmdline) - 1);
    if (n <= 0)
        return false;
    cmdline[n] = '\0';
    return door_looks_like_listing(cmdline, (size_t)n + (cmdline[n - 1] != '\0'));
}
