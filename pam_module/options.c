#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/names.h"
#include "../common/parse.h"
#include "../common/str.h"

#define DEADLINE_DEFAULT (3 * USEC_PER_SEC)
#define DEADLINE_MAX (60 * USEC_PER_SEC)
#define WAIT_DEFAULT (60 * USEC_PER_SEC)
#define WAIT_MAX (3600 * USEC_PER_SEC)
#define GATE_PATH_MAX 108 /* sun_path: unix(7) */

static int set_path(const char *value, void *at)
{
    if (value[0] != '/' || strlen(value) >= GATE_PATH_MAX)
        return -EINVAL;
    *(const char **)at = value;
    return 0;
}

static int set_group(const char *value, void *at)
{
    if (!str_is_name(value))
        return -EINVAL;
    *(const char **)at = value;
    return 0;
}

static int set_duration(const char *value, uint64_t max, void *at)
{
    uint64_t us;

    if (parse_duration(value, &us) < 0 || us == 0 || us > max)
        return -EINVAL;
    *(uint64_t *)at = us;
    return 0;
}

static int set_deadline(const char *value, void *at)
{
    return set_duration(value, DEADLINE_MAX, at);
}

static int set_wait(const char *value, void *at)
{
    return set_duration(value, WAIT_MAX, at);
}

static int set_flag(const char *value, void *at)
{
    (void)value;
    *(bool *)at = true;
    return 0;
}

static const struct option {
    const char *name; /* with its '=' when it takes a value */
    size_t offset;
    int (*set)(const char *value, void *at);
} table[] = {
    {"gate=", offsetof(struct options, gate), set_path},
    {"deadline=", offsetof(struct options, deadline_us), set_deadline},
    {"wait=", offsetof(struct options, wait_us), set_wait},
    {"rescue=", offsetof(struct options, rescue), set_group},
    {"exempt=", offsetof(struct options, exempt), set_group},
    {"plugin", offsetof(struct options, plugin), set_flag},
    {"monitor", offsetof(struct options, monitor), set_flag},
    {"debug", offsetof(struct options, debug), set_flag},
};

static bool is_option(const struct option *option, const char *argument)
{
    size_t length = strlen(option->name);

    if (option->name[length - 1] == '=')
        return strncmp(argument, option->name, length) == 0;
    return strcmp(argument, option->name) == 0;
}

static int set_option(struct options *options, const char *argument, unsigned *seen)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (!is_option(&table[i], argument))
            continue;
        if ((*seen & 1U << i) != 0)
            return -EINVAL;
        *seen |= 1U << i;
        return table[i].set(argument + strlen(table[i].name), (char *)options + table[i].offset);
    }
    return -EINVAL;
}

void options_init(struct options *options)
{
    *options = (struct options){
        .gate = ASSENT_GATE,
        .deadline_us = DEADLINE_DEFAULT,
        .wait_us = WAIT_DEFAULT,
    };
}

int options_parse(struct options *options, int argc, const char *const *argv, const char **ret_bad)
{
    unsigned seen = 0;

    options_init(options);
    for (int i = 0; i < argc; i++) {
        if (set_option(options, argv[i], &seen) < 0) {
            options_init(options);
            *ret_bad = argv[i];
            return -EINVAL;
        }
    }
    return 0;
}
