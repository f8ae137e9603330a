#include "when.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../common/clock.h"
#include "../../common/macro.h"

static const struct unit {
    uint64_t seconds;
    const char *one, *many;
} units[] = {
    {86400, "day", "days"},
    {3600, "h", "h"},
    {60, "min", "min"},
    {1, "s", "s"},
};

/* `count` units at most, from the largest that is not zero on. */
static void format_units(uint64_t seconds, unsigned count, char ret_text[WHEN_SIZE])
{
    size_t first = 0, used = 0;

    while (first < ARRAY_SIZE(units) - 1 && seconds < units[first].seconds)
        first++;
    for (size_t i = first; i < ARRAY_SIZE(units) && i < first + count; i++) {
        unsigned long long value = seconds / units[i].seconds;

        seconds %= units[i].seconds;
        if (value == 0 && i > first)
            continue;
        used += (size_t)snprintf(ret_text + used, WHEN_SIZE - used, "%s%llu %s", used ? " " : "",
            value, value == 1 ? units[i].one : units[i].many);
    }
}

void when_length(uint64_t seconds, char ret_text[WHEN_SIZE])
{
    format_units(seconds, 2, ret_text);
}

/* To the nearest of the smallest unit that is shown: what was just given for 30 minutes ends "in
 * 30 min", not in 29. */
static uint64_t rounded(uint64_t seconds)
{
    uint64_t unit = seconds < 60 ? 1 : seconds < 86400 ? 60 : 3600;

    return seconds > UINT64_MAX - unit ? seconds : (seconds + unit / 2) / unit * unit;
}

void when_relative(uint64_t time_us, uint64_t now_us, char ret_text[WHEN_SIZE])
{
    bool past = time_us <= now_us;
    uint64_t seconds = (past ? now_us - time_us : time_us - now_us) / USEC_PER_SEC;
    char length[WHEN_SIZE];

    if (past && seconds < 5) {
        snprintf(ret_text, WHEN_SIZE, "just now");
        return;
    }
    if (!past)
        seconds = rounded(seconds);
    format_units(seconds, seconds < 3600 ? 1 : 2, length);
    snprintf(ret_text, WHEN_SIZE, "%s%.40s%s", past ? "" : "in ", length, past ? " ago" : "");
}

static bool local_time(uint64_t time_us, struct tm *ret_tm)
{
    time_t t = (time_t)(time_us / USEC_PER_SEC);

    return localtime_r(&t, ret_tm) != NULL;
}

void when_absolute(uint64_t time_us, char ret_text[WHEN_SIZE])
{
    struct tm tm;

    if (!local_time(time_us, &tm) ||
        strftime(ret_text, WHEN_SIZE, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        snprintf(ret_text, WHEN_SIZE, "unknown time");
}

void when_of_day(uint64_t time_us, char ret_text[WHEN_SIZE])
{
    struct tm tm;

    if (!local_time(time_us, &tm) || strftime(ret_text, WHEN_SIZE, "%H:%M:%S", &tm) == 0)
        snprintf(ret_text, WHEN_SIZE, "unknown time");
}
