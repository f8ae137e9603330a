#include "daily.h"

#include <errno.h>
#include <systemd/sd-event.h>

#include "../../common/clock.h"

struct daily {
    sd_event_source *timer;
    uint64_t look_us;
    uint64_t day; /* since the epoch, of the last look */
    struct {
        daily_fn function;
        void *userdata;
    } items[DAILY_MAX];
    size_t count;
};

void daily_look(struct daily *daily, uint64_t realtime_us)
{
    uint64_t day = realtime_us / USEC_PER_DAY;

    if (day == daily->day)
        return;
    daily->day = day;
    for (size_t i = 0; i < daily->count; i++)
        daily->items[i].function(daily->items[i].userdata);
}

static int on_timer(sd_event_source *source, uint64_t usec UNUSED, void *userdata)
{
    struct daily *daily = userdata;
    int r = sd_event_source_set_time_relative(source, daily->look_us);

    if (r >= 0)
        r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    daily_look(daily, clock_realtime_us());
    return r;
}

int daily_new(struct sd_event *event, uint64_t look_us, struct daily **ret_daily)
{
    struct daily *daily = calloc(1, sizeof(*daily));
    int r;

    if (!daily)
        return -ENOMEM;
    daily->look_us = look_us;
    daily->day = clock_realtime_us() / USEC_PER_DAY;
    r = sd_event_add_time_relative(
        event, &daily->timer, CLOCK_BOOTTIME, look_us, look_us / 4, on_timer, daily);
    if (r < 0) {
        daily_free(daily);
        return r;
    }
    *ret_daily = daily;
    return 0;
}

void daily_free(struct daily *daily)
{
    if (!daily)
        return;
    sd_event_source_disable_unref(daily->timer);
    free(daily);
}

int daily_add(struct daily *daily, daily_fn function, void *userdata)
{
    if (daily->count == DAILY_MAX)
        return -ENOSPC;
    daily->items[daily->count].function = function;
    daily->items[daily->count++].userdata = userdata;
    return 0;
}
