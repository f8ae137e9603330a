#include "window.h"

#include <string.h>

static const char day_names[7][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static const char days_wrong[] =
    "days are mon tue wed thu fri sat sun, as \"mon-fri\", \"mon,wed\" or a list";

static int parse_day(const char **text)
{
    for (int i = 0; i < 7; i++) {
        if (strncmp(*text, day_names[i], 3) == 0) {
            *text += 3;
            return i;
        }
    }
    return -1;
}

const char *window_parse_days(const char *text, uint8_t *days)
{
    for (;;) {
        int first = parse_day(&text), last = first;

        if (first >= 0 && *text == '-') {
            text++;
            last = parse_day(&text);
        }
        if (first < 0 || last < 0)
            return days_wrong;
        for (int day = first;; day = (day + 1) % 7) {
            *days = (uint8_t)(*days | 1U << day);
            if (day == last)
                break;
        }
        if (*text == '\0')
            return NULL;
        if (*text++ != ',')
            return days_wrong;
        text += strspn(text, " ");
    }
}

/* Exactly HH:MM, up to 24:00. Returns the minute of the day or -1. */
static int parse_minute(const char *text)
{
    static const char shape[] = "00:00";
    int hour, minute;

    for (int i = 0; i < 5; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (shape[i] == '0' ? !digit : text[i] != shape[i])
            return -1;
    }
    hour = (text[0] - '0') * 10 + (text[1] - '0');
    minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (minute > 59 || hour * 60 + minute > WINDOW_MINUTES)
        return -1;
    return hour * 60 + minute;
}

const char *window_parse_hours(const char *text, struct window *ret_window)
{
    int from, to;

    if (strlen(text) != strlen("08:00-18:00") || text[5] != '-')
        return "hours are written \"08:00-18:00\"";
    from = parse_minute(text);
    to = parse_minute(text + 6);
    if (from < 0 || to < 0 || from == WINDOW_MINUTES)
        return "hours are written \"08:00-18:00\", from 00:00 to 24:00";
    if (from == to)
        return "these hours are empty; leave `hours` out for the whole day";
    ret_window->from = (uint16_t)from;
    ret_window->to = (uint16_t)(to == 0 ? WINDOW_MINUTES : to);
    return NULL;
}

static enum truth match_week(const struct window *window, const struct zone_time *now)
{
    bool today, yesterday, inside;

    if (!window->set)
        return TRUTH_YES;
    if (!now || !now->known || now->weekday < 0 || now->weekday > 6)
        return TRUTH_UNKNOWN;
    today = (window->days >> now->weekday & 1) != 0;
    yesterday = (window->days >> (now->weekday + 6) % 7 & 1) != 0;
    if (window->from < window->to)
        inside = today && now->minute >= window->from && now->minute < window->to;
    else
        inside = (today && now->minute >= window->from) || (yesterday && now->minute < window->to);
    return inside ? TRUTH_YES : TRUTH_NO;
}

/* `wanted`: whether the moment must have come already. */
static enum truth match_moment(
    const struct moment *moment, int wanted, const struct facts *facts, const struct zone_time *now)
{
    int come = moment->kind == MOMENT_NONE ? wanted : moment_has_come(moment, facts->now_us, now);

    if (come < 0)
        return TRUTH_UNKNOWN;
    return come == wanted ? TRUTH_YES : TRUTH_NO;
}

enum truth window_match(const struct window *window, const struct facts *facts)
{
    const struct zone_time *now = facts->zones ? &facts->zones[window->zone] : NULL;
    enum truth truth = match_week(window, now);

    truth = truth_both(truth, match_moment(&window->since, 1, facts, now));
    return truth_both(truth, match_moment(&window->before, 0, facts, now));
}
