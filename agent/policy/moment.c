#include "moment.h"

#include <string.h>

#include "../../common/clock.h"

#define MINUTES_A_DAY 1440
#define MINUTE_US (60 * (int64_t)USEC_PER_SEC)

/* Days since 1970-01-01 in the Gregorian calendar: the year begins in March, so that the leap day
 * is its last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_day(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
           day <= lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* `shape` has a 0 for each digit, all else stands for itself; the numbers between go to `numbers`
 * in order. Returns the text behind, or NULL. */
static const char *read_shape(const char *text, const char *shape, int *numbers)
{
    int number = 0;

    for (const char *s = shape; *s != '\0'; s++, text++) {
        if (*s == '0' ? *text < '0' || *text > '9' : *text != *s)
            return NULL;
        if (*s == '0')
            number = number * 10 + (*text - '0');
        if (*s == '0' && s[1] != '0') {
            *numbers++ = number;
            number = 0;
        }
    }
    return text;
}

/* The offset in minutes behind a time: "Z", "+01:00"; none at all leaves `exact` false. */
static bool read_offset(const char *text, int *ret_minutes, bool *ret_exact)
{
    int numbers[2];
    const char *end = text[0] == '\0' ? NULL : read_shape(text + 1, "00:00", numbers);

    *ret_minutes = 0;
    *ret_exact = text[0] != '\0';
    if (text[0] == '\0' || strcmp(text, "Z") == 0)
        return true;
    if ((text[0] != '+' && text[0] != '-') || !end || *end != '\0' || numbers[0] > 14 ||
        numbers[1] > 59)
        return false;
    *ret_minutes = (numbers[0] * 60 + numbers[1]) * (text[0] == '-' ? -1 : 1);
    return true;
}

/* " 18:00" with what may follow: seconds, which must be an offset's neighbour, and the offset. */
static bool read_time(const char *text, int64_t day, struct moment *ret_moment)
{
    int clock[3] = {0}, offset;
    const char *end;
    bool exact;

    if (*text != ' ' && *text != 'T')
        return false;
    end = read_shape(text + 1, "00:00:00", clock);
    if (!end)
        end = read_shape(text + 1, "00:00", clock);
    if (!end || clock[0] > 23 || clock[1] > 59 || clock[2] > 59 ||
        !read_offset(end, &offset, &exact))
        return false;
    if (!exact && clock[2] != 0)
        return false;
    ret_moment->kind = exact ? MOMENT_EXACT : MOMENT_LOCAL;
    ret_moment->value = day * MINUTES_A_DAY + clock[0] * 60 + clock[1];
    if (exact)
        ret_moment->value =
            (ret_moment->value - offset) * MINUTE_US + clock[2] * (int64_t)USEC_PER_SEC;
    return true;
}

bool moment_parse(const char *text, bool ends, struct moment *ret_moment)
{
    int date[3];
    const char *end = read_shape(text, "0000-00-00", date);
    int64_t day;

    if (!end || !is_day(date[0], date[1], date[2]))
        return false;
    day = days_of(date[0], date[1], date[2]);
    if (*end != '\0')
        return read_time(end, day, ret_moment);
    *ret_moment = (struct moment){MOMENT_LOCAL, (day + (ends ? 1 : 0)) * MINUTES_A_DAY};
    return true;
}

bool moment_parse_end_of_day(const char *text, uint64_t *ret_us)
{
    struct moment moment;

    if (strlen(text) != strlen("2026-12-24") || !moment_parse(text, true, &moment))
        return false;
    *ret_us = (uint64_t)moment.value * (uint64_t)MINUTE_US;
    return true;
}

int moment_has_come(const struct moment *moment, uint64_t now_us, const struct zone_time *zone)
{
    if (moment->kind == MOMENT_EXACT)
        return now_us == 0 ? -1 : (int64_t)now_us >= moment->value;
    if (!zone || !zone->known)
        return -1;
    return (int64_t)zone->day * MINUTES_A_DAY + zone->minute >= moment->value;
}
