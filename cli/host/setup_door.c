#include "setup_door.h"

#include <string.h>

#include "stack.h"

#define RESCUE " rescue=" DOOR_RESCUE_GROUP

/* `account` comes before common-account: pam_unix there ends the phase by itself when a
 * password has expired (new_authtok_reqd=done), and whoever changed it would be in, unasked.
 * pam_unix still runs behind us, since ours is `required`. `session` comes before
 * common-session because pam_systemd is in there. */
#define ACCOUNT(options)                                                               \
    {                                                                                  \
        STACK_ACCOUNT, STACK_BEFORE_COMMON, "account  required  pam_assent.so" options \
    }
#define SESSION(control, options)                                                         \
    {                                                                                     \
        STACK_SESSION, STACK_BEFORE_COMMON, "session  " control "  pam_assent.so" options \
    }
#define AUTH(place)                                                           \
    {                                                                         \
        STACK_AUTH, place, "auth     required  pam_assent.so wait=60s" RESCUE \
    }

const struct door door_table[] = {
    {
        .name = "sshd",
        .summary = "every ssh login, by key, certificate or password",
        .service = "sshd",
        .files = {{
            .kind = DOOR_PAM,
            .path = "etc/pam.d/sshd",
            .inserts = {ACCOUNT(RESCUE), SESSION("required", RESCUE)},
        }},
    },
    {
        .name = "sshd-interactive",
        .summary = "ssh logins of group " DOOR_INTERACTIVE_GROUP " ask for a reason and wait",
        .service = "sshd",
        .needs = "sshd",
        .reloads_sshd = true,
        .files =
            {
                {
                    .kind = DOOR_PAM,
                    .path = "etc/pam.d/sshd",
                    .inserts = {AUTH(STACK_IN_PLACE)},
                },
                {
                    .kind = DOOR_WHOLE,
                    .path = "etc/ssh/sshd_config.d/60-assent-interactive.conf",
                    .line = "usr/share/assent/assent-interactive.conf",
                },
            },
    },
    {
        .name = "sudo",
        .summary = "every command run with sudo",
        .service = "sudo",
        .files =
            {
                {
                    .kind = DOOR_PAM,
                    .path = "etc/pam.d/sudo",
                    .inserts = {ACCOUNT(" plugin" RESCUE), SESSION("optional", "")},
                },
                {
                    .kind = DOOR_PAM,
                    .path = "etc/pam.d/sudo-i",
                    .optional = true,
                    .through = "sudo",
                    .inserts = {ACCOUNT(" plugin" RESCUE), SESSION("optional", "")},
                },
                {
                    .kind = DOOR_LINE,
                    .path = "etc/sudo.conf",
                    .line = "Plugin assent_sudo assent_sudo.so rescue=assent-rescue",
                },
            },
    },
    {
        .name = "su",
        .summary = "su and su -l to any account",
        .service = "su",
        .files =
            {
                {
                    .kind = DOOR_PAM,
                    .path = "etc/pam.d/su",
                    .inserts = {AUTH(STACK_AFTER_LAST), ACCOUNT(RESCUE), SESSION("optional", "")},
                },
                {
                    .kind = DOOR_PAM,
                    .path = "etc/pam.d/su-l",
                    .optional = true,
                    .through = "su",
                    .inserts = {AUTH(STACK_AFTER_LAST), ACCOUNT(RESCUE), SESSION("optional", "")},
                },
            },
    },
    {.name = NULL},
};

const struct door *door_find(const char *name)
{
    for (const struct door *door = door_table; door->name != NULL; door++) {
        if (strcmp(door->name, name) == 0)
            return door;
    }
    return NULL;
}
