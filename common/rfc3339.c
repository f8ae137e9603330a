#include "rfc3339.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define LAST_SECOND INT64_C(253402300799) /* of the year 9999 */

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

int rfc3339_parse(const char *text, uint64_t *ret_us)
{
    struct tm tm;
    uint64_t fraction_us;
    int offset;
    time_t seconds;

    if (!read_date_time(&text, &tm) || !read_fraction(&text, &fraction_us) ||
        !read_offset(&text, &offset) || *text != '\0')
        return -EINVAL;
    seconds = timegm(&tm) - offset;
    if (seconds < 0 || seconds > LAST_SECOND)
        return -EINVAL;
    *ret_us = (uint64_t)seconds * USEC_PER_SEC + fraction_us;
    return 0;
}

void rfc3339_format_us(uint64_t realtime_us, char ret_text[RFC3339_US_SIZE])
{
    char seconds[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(realtime_us, seconds);
    snprintf(ret_text, RFC3339_US_SIZE, "%.*s.%06uZ", (int)strcspn(seconds, "Z"), seconds,
        (unsigned)(realtime_us % USEC_PER_SEC));
}
