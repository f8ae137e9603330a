/* Preloaded into assentd by a few scenarios: what happens to a host that a test host, sharing
 * its kernel with the machine, cannot do. Steered by files that the test writes:
 *
 *     /run/assent-shim/clock    seconds that CLOCK_REALTIME is ahead (or behind, with -)
 *     /run/assent-shim/stall    while it exists, fsync and fdatasync do not return
 *
 * The other clocks are left alone, as they are when somebody sets the time. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SHIM_DIR "/run/assent-shim"

static long clock_offset(void)
{
    char text[32] = {0};
    int fd = open(SHIM_DIR "/clock", O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (fd < 0)
        return 0;
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    return length > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(clock, ret_time);

    if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ret_time->tv_sec += clock_offset();
    return r;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int r = real(ret_time, zone);

    if (r == 0)
        ret_time->tv_sec += clock_offset();
    return r;
}

time_t time(time_t *ret_time)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

static void stall(void)
{
    while (access(SHIM_DIR "/stall", F_OK) == 0)
        usleep(20 * 1000);
}

int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");

    stall();
    return real(fd);
}

int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");

    stall();
    return real(fd);
}
