#include "invocation.h"

#include <errno.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/names.h"
#include "../common/parse.h"
#include "../common/str.h"
#include "pairs.h"

#define DEADLINE_DEFAULT (3 * USEC_PER_SEC)
#define DEADLINE_MAX (60 * USEC_PER_SEC)
#define GATE_PATH_MAX 108 /* sun_path: unix(7) */
#define COLUMNS_DEFAULT 80

static void set_error(struct invocation *invocation, const char *text)
{
    if (!invocation->error)
        invocation->error = text;
}

static char *copy(struct invocation *invocation, const char *text)
{
    char *fresh = strdup(text);

    if (!fresh)
        set_error(invocation, "out of memory");
    return fresh;
}

/* One option of the Plugin line. False when it is not understood. */
static bool read_option(
    struct invocation *invocation, const char *option, const char **gate, const char **rescue)
{
    if (strncmp(option, "gate=/", 6) == 0 && strlen(option + 5) < GATE_PATH_MAX) {
        *gate = option + 5;
        return true;
    }
    if (strncmp(option, "rescue=", 7) == 0 && str_is_name(option + 7)) {
        *rescue = option + 7;
        return true;
    }
    return strncmp(option, "deadline=", 9) == 0 &&
           parse_duration(option + 9, &invocation->deadline_us) == 0 &&
           invocation->deadline_us > 0 && invocation->deadline_us <= DEADLINE_MAX;
}

static void read_options(struct invocation *invocation, char *const options[])
{
    const char *gate = ASSENT_GATE, *rescue = NULL;

    invocation->deadline_us = DEADLINE_DEFAULT;
    for (size_t i = 0; options && options[i]; i++)
        if (!read_option(invocation, options[i], &gate, &rescue))
            set_error(
                invocation, "the assent_sudo line in sudo.conf has an unknown or malformed option");
    invocation->gate = copy(invocation, gate);
    if (rescue)
        invocation->rescue = copy(invocation, rescue);
}

static void read_user(struct invocation *invocation, char *const user_info[])
{
    const char *user = pairs_get(user_info, "user"), *uid = pairs_get(user_info, "uid");
    const char *cwd = pairs_get(user_info, "cwd"), *tty = pairs_get(user_info, "tty");
    const char *columns = pairs_get(user_info, "cols");
    uint64_t value;

    invocation->uid = (uid_t)-1;
    if (!uid || parse_u64(uid, UINT32_MAX - 1, &value) < 0 || value != getuid())
        set_error(invocation, "sudo does not say reliably who called it");
    else
        invocation->uid = (uid_t)value;
    if (!str_is_name(user))
        set_error(invocation, "the calling account has no proper name");
    else
        invocation->user = copy(invocation, user);
    if (cwd && cwd[0] == '/')
        invocation->cwd = copy(invocation, cwd);
    invocation->tty = copy(invocation, tty ? tty : "");
    invocation->columns = COLUMNS_DEFAULT;
    if (columns && parse_u64(columns, 1000, &value) == 0 && value >= 20)
        invocation->columns = (unsigned)value;
}

static bool is_true(char *const pairs[], const char *name)
{
    const char *value = pairs_get(pairs, name);
    bool yes;

    return value && parse_bool(value, &yes) == 0 && yes;
}

void invocation_init(struct invocation *invocation, char *const settings[], char *const user_info[],
    char *const plugin_options[])
{
    if (!invocation->converse || !invocation->print)
        set_error(invocation, "sudo gives no way to talk to the user");
    read_options(invocation, plugin_options);
    read_user(invocation, user_info);
    invocation->may_wait = !str_empty(invocation->tty) && !is_true(settings, "noninteractive");
    invocation->other_group = pairs_get(settings, "runas_group") != NULL;
}

bool invocation_is_root(const struct invocation *invocation)
{
    return invocation->uid == 0 && getuid() == 0;
}

void invocation_done(struct invocation *invocation)
{
    free(invocation->gate);
    free(invocation->rescue);
    free(invocation->user);
    free(invocation->cwd);
    free(invocation->tty);
    *invocation = (struct invocation){.uid = (uid_t)-1};
}
