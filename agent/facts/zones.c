#include "zones.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../common/clock.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo/"
#define ZONE_NAME_MAX 128
#define SECONDS_A_DAY 86400
#define MINUTE_US (60 * USEC_PER_SEC)

struct zones {
    size_t count;
    uint64_t minute; /* that `times` holds */
    char **names;    /* "" for the host's own */
    struct zone_time *times;
};

/* A name that stays below the zone directory. */
static bool is_zone_name(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length > ZONE_NAME_MAX || name[0] == '/' || strstr(name, ".."))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
           length;
}

/* tzset(3) takes what it cannot read for UTC and says nothing, so look first. */
static bool is_zone_file(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char magic[4];

    return fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
           memcmp(magic, "TZif", sizeof(magic)) == 0;
}

static bool is_utc(const char *name)
{
    return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0;
}

/* What TZ must be for that zone. Returns false if the system does not have it. */
static bool find_setting(const char *name, char *setting, size_t size)
{
    if (name[0] == '\0') {
        snprintf(setting, size, ":/etc/localtime"); /* a host without the file is on UTC */
        return true;
    }
    if (is_utc(name)) { /* needs no files */
        snprintf(setting, size, "UTC0");
        return true;
    }
    if (!is_zone_name(name))
        return false;
    snprintf(setting, size, ":%s%s", ZONE_DIRECTORY, name);
    return is_zone_file(setting + 1);
}

static struct zone_time compute(const char *name, time_t seconds)
{
    char setting[ZONE_NAME_MAX + sizeof(ZONE_DIRECTORY) + 2];
    struct tm tm, civil;

    if (!find_setting(name, setting, sizeof(setting)) || setenv("TZ", setting, 1) < 0)
        return (struct zone_time){0};
    tzset();
    if (!localtime_r(&seconds, &tm))
        return (struct zone_time){0};
    civil = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
    return (struct zone_time){
        .known = true,
        .weekday = (tm.tm_wday + 6) % 7,
        .minute = tm.tm_hour * 60 + tm.tm_min,
        .day = (int32_t)(timegm(&civil) / SECONDS_A_DAY),
    };
}

/* Backwards, so that the host's own zone, which is the first, is left in force. "UTC0" in
 * between makes tzset() read a file again that was replaced. */
static void compute_all(struct zones *zones, uint64_t minute)
{
    time_t seconds = (time_t)(minute * 60);

    if (setenv("TZ", "UTC0", 1) == 0)
        tzset();
    for (size_t i = zones->count; i > 0; i--)
        zones->times[i - 1] = compute(zones->names[i - 1], seconds);
    zones->minute = minute;
}

struct zones *zones_new_named(const char *const *names, size_t count)
{
    struct zones *zones = calloc(1, sizeof(*zones));

    if (!zones)
        return NULL;
    zones->names = calloc(count + 1, sizeof(*zones->names));
    zones->times = calloc(count + 1, sizeof(*zones->times));
    if (!zones->names || !zones->times) {
        zones_free(zones);
        return NULL;
    }
    for (; zones->count < count; zones->count++) {
        zones->names[zones->count] = strdup(names[zones->count]);
        if (!zones->names[zones->count]) {
            zones_free(zones);
            return NULL;
        }
    }
    compute_all(zones, clock_realtime_us() / MINUTE_US);
    return zones;
}

struct zones *zones_new(const struct policy *policy)
{
    const char *names[POLICY_ZONES_MAX] = {""};
    size_t count = policy_zone_count(policy);

    if (count > POLICY_ZONES_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++)
        names[i] = policy_zone_name(policy, i);
    return zones_new_named(names, count);
}

void zones_free(struct zones *zones)
{
    if (!zones)
        return;
    for (size_t i = 0; i < zones->count; i++)
        free(zones->names[i]);
    free(zones->names);
    free(zones->times);
    free(zones);
}

const struct zone_time *zones_at(struct zones *zones, uint64_t realtime_us)
{
    uint64_t minute = realtime_us / MINUTE_US;

    if (minute != zones->minute)
        compute_all(zones, minute);
    return zones->times;
}

const char *zones_missing(const struct zones *zones, size_t index)
{
    for (size_t i = 0; i < zones->count; i++)
        if (!zones->times[i].known && index-- == 0)
            return zones->names[i];
    return NULL;
}
