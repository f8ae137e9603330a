#include "parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

int parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (*text == '\0')
        return -EINVAL;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value) || value > max)
            return -ERANGE;
    }
    *ret_value = value;
    return 0;
}

int parse_bool(const char *text, bool *ret_value)
{
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        bool is_yes = strcmp(text, yes[i]) == 0;

        if (is_yes || strcmp(text, no[i]) == 0) {
            *ret_value = is_yes;
            return 0;
        }
    }
    return -EINVAL;
}

static const struct unit {
    char name[3];
    uint64_t us;
} units[] = {
    {"d", 86400 * USEC_PER_SEC},
    {"h", 3600 * USEC_PER_SEC},
    {"m", 60 * USEC_PER_SEC},
    {"s", USEC_PER_SEC},
    {"ms", USEC_PER_MSEC},
};

/* The index of the unit at `text`, or -1. "ms" is tried before "m" by its length. */
static int find_unit(const char *text, size_t *ret_length)
{
    size_t length = strspn(text, "dhms");

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (strlen(units[i].name) == length && strncmp(units[i].name, text, length) == 0) {
            *ret_length = length;
            return (int)i;
        }
    }
    return -1;
}

int parse_duration(const char *text, uint64_t *ret_us)
{
    uint64_t total = 0;
    int last_unit = -1;

    if (*text == '\0')
        return -EINVAL;
    while (*text != '\0') {
        size_t digits = strspn(text, "0123456789"), unit_length = 0;
        char number[21];
        uint64_t value;
        int unit, r;

        if (digits == 0)
            return -EINVAL;
        if (digits >= sizeof(number))
            return -ERANGE;
        memcpy(number, text, digits);
        number[digits] = '\0';
        r = parse_u64(number, UINT64_MAX, &value);
        if (r < 0)
            return r;
        unit = find_unit(text + digits, &unit_length);
        if (unit <= last_unit)
            return -EINVAL;
        if (__builtin_mul_overflow(value, units[unit].us, &value) ||
            __builtin_add_overflow(total, value, &total))
            return -ERANGE;
        last_unit = unit;
        text += digits + unit_length;
    }
    *ret_us = total;
    return 0;
}

void format_duration(uint64_t us, char ret_text[PARSE_DURATION_SIZE])
{
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_SIZE(units) - 1; i++) {
        uint64_t count = us / units[i].us;

        us %= units[i].us;
        if (count > 0 && used < PARSE_DURATION_SIZE)
            used += (size_t)snprintf(ret_text + used, PARSE_DURATION_SIZE - used, "%llu%s",
                (unsigned long long)count, units[i].name);
    }
    if (used == 0)
        memcpy(ret_text, "0s", 3);
}
