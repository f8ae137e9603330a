#include "when.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/clock.h"

static bool read_digits(const char **p, size_t count, int *ret_value)
{
    int value = 0;

    for (size_t i = 0; i < count; i++) {
        char c = (*p)[i];

        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *p += count;
    *ret_value = value;
    return true;
}

static bool read_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* ".123456789", digits past the microseconds dropped. */
static bool read_fraction(const char **p, uint64_t *ret_us)
{
    uint64_t scale = USEC_PER_SEC, us = 0;
    size_t digits;

    *ret_us = 0;
    if (!read_char(p, '.'))
        return true;
    digits = strspn(*p, "0123456789");
    for (size_t i = 0; i < digits && scale > 1; i++) {
        scale /= 10;
        us += (uint64_t)((*p)[i] - '0') * scale;
    }
    *p += digits;
    *ret_us = us;
    return digits > 0;
}

static bool read_offset(const char **p, int *ret_seconds)
{
    int sign = **p == '-' ? -1 : 1, hours, minutes;

    if (read_char(p, 'Z')) {
        *ret_seconds = 0;
        return true;
    }
    if (!read_char(p, '+') && !read_char(p, '-'))
        return false;
    if (!read_digits(p, 2, &hours) || !read_char(p, ':') || !read_digits(p, 2, &minutes))
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool read_date_time(const char **p, struct tm *ret_tm)
{
    int year, month, day, hour, minute, second;

    if (!read_digits(p, 4, &year) || !read_char(p, '-') || !read_digits(p, 2, &month) ||
        !read_char(p, '-') || !read_digits(p, 2, &day) || !read_char(p, 'T') ||
        !read_digits(p, 2, &hour) || !read_char(p, ':') || !read_digits(p, 2, &minute) ||
        !read_char(p, ':') || !read_digits(p, 2, &second))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    *ret_tm = (struct tm){
        .tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second,
    };
    return true;
}

int when_parse(const char *text, uint64_t *ret_us)
{
    struct tm tm;
    uint64_t fraction_us;
    int offset;
    time_t seconds;

    if (!read_date_time(&text, &tm) || !read_fraction(&text, &fraction_us) ||
        !read_offset(&text, &offset) || *text != '\0')
        return -EINVAL;
    seconds = timegm(&tm) - offset;
    if (seconds < 0)
        return -EINVAL;
    *ret_us = (uint64_t)seconds * USEC_PER_SEC + fraction_us;
    return 0;
}

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

void when_relative(uint64_t time_us, uint64_t now_us, char ret_text[WHEN_SIZE])
{
    bool past = time_us <= now_us;
    uint64_t seconds = (past ? now_us - time_us : time_us - now_us) / USEC_PER_SEC;
    char length[WHEN_SIZE];

    if (past && seconds < 5) {
        snprintf(ret_text, WHEN_SIZE, "just now");
        return;
    }
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
