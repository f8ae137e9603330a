#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "macro.h"

static uint64_t now_us(clockid_t clock)
{
    struct timespec ts;

    if (clock_gettime(clock, &ts) < 0)
        return UINT64_MAX; /* EINVAL only, no such clock: then every deadline has passed */
    return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_boottime_us(void)
{
    return now_us(CLOCK_BOOTTIME);
}

uint64_t clock_realtime_us(void)
{
    return now_us(CLOCK_REALTIME);
}

uint64_t clock_deadline(uint64_t timeout_us)
{
    uint64_t now = clock_boottime_us();

    return timeout_us > UINT64_MAX - now ? UINT64_MAX : now + timeout_us;
}

int clock_remaining_ms(uint64_t deadline_us)
{
    uint64_t now = clock_boottime_us(), left;

    if (deadline_us <= now)
        return 0;
    left = (deadline_us - now + 999) / 1000;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE])
{
    static char cached[CLOCK_BOOT_ID_SIZE];

    if (cached[0] == '\0') {
        AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
            return -errno;
        n = read(fd, cached, sizeof(cached) - 1);
        if (n != (ssize_t)sizeof(cached) - 1) {
            cached[0] = '\0';
            return n < 0 ? -errno : -EIO;
        }
    }
    memcpy(ret_id, cached, sizeof(cached));
    return 0;
}

void clock_format_rfc3339(uint64_t realtime_us, char ret_text[CLOCK_RFC3339_SIZE])
{
    time_t t = (time_t)(realtime_us / USEC_PER_SEC);
    struct tm tm;

    if (!gmtime_r(&t, &tm) ||
        strftime(ret_text, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(ret_text, CLOCK_RFC3339_SIZE, "unknown");
}
