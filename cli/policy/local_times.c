#include "local_times.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../agent/facts/zones.h"
#include "../../common/clock.h"

#define MINUTES_AN_HOUR 60
#define MINUTES_A_DAY 1440
#define MINUTE_US (60 * USEC_PER_SEC)
#define HOUR_US (MINUTES_AN_HOUR * MINUTE_US)

struct local_times {
    struct zones *zones;
    size_t count;
    uint64_t hour;            /* that `starts` and `steady` are of */
    struct zone_time *starts; /* at its beginning */
    bool *steady;             /* the zone's clock goes straight on to its end */
    struct zone_time *times;
    char *tz; /* as it was; NULL: unset */
};

struct local_times *local_times_new(const struct policy *policy)
{
    struct local_times *times = calloc(1, sizeof(*times));
    const char *tz = getenv("TZ");

    if (!times)
        return NULL;
    times->tz = tz ? strdup(tz) : NULL;
    times->count = policy_zone_count(policy);
    times->hour = UINT64_MAX;
    times->zones = zones_new(policy);
    times->starts = calloc(times->count + 1, sizeof(*times->starts));
    times->steady = calloc(times->count + 1, sizeof(*times->steady));
    times->times = calloc(times->count + 1, sizeof(*times->times));
    if (!times->zones || !times->starts || !times->steady || !times->times) {
        local_times_free(times);
        return NULL;
    }
    return times;
}

void local_times_free(struct local_times *times)
{
    if (!times)
        return;
    if (times->tz)
        (void)setenv("TZ", times->tz, 1);
    else
        (void)unsetenv("TZ");
    tzset();
    zones_free(times->zones);
    free(times->starts);
    free(times->steady);
    free(times->times);
    free(times->tz);
    free(times);
}

static int64_t minutes_of(const struct zone_time *time)
{
    return (int64_t)time->day * MINUTES_A_DAY + time->minute;
}

static struct zone_time later(struct zone_time time, int minutes)
{
    time.minute += minutes;
    if (time.minute >= MINUTES_A_DAY) {
        time.minute -= MINUTES_A_DAY;
        time.weekday = (time.weekday + 1) % 7;
        time.day++;
    }
    return time;
}

/* The end is asked for last: it is the beginning of the next hour, and zones.h remembers it. */
static void look_at_hour(struct local_times *times, uint64_t hour)
{
    const struct zone_time *ends;

    memcpy(times->starts, zones_at(times->zones, hour * HOUR_US),
        times->count * sizeof(*times->starts));
    ends = zones_at(times->zones, (hour + 1) * HOUR_US);
    for (size_t i = 0; i < times->count; i++)
        times->steady[i] = times->starts[i].known && ends[i].known &&
                           minutes_of(&ends[i]) == minutes_of(&times->starts[i]) + MINUTES_AN_HOUR;
    times->hour = hour;
}

const struct zone_time *local_times_at(struct local_times *times, uint64_t realtime_us)
{
    uint64_t hour = realtime_us / HOUR_US;
    int minutes = (int)(realtime_us % HOUR_US / MINUTE_US);

    if (realtime_us == 0)
        return NULL;
    if (hour != times->hour)
        look_at_hour(times, hour);
    for (size_t i = 0; i < times->count; i++)
        times->times[i] = times->steady[i] ? later(times->starts[i], minutes)
                                           : zones_at(times->zones, realtime_us)[i];
    return times->times;
}
