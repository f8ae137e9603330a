#include "setup_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <time.h>
#include <unistd.h>

#include "../../common/parse.h"

#define AUDIT "audit:"

/* The kernel's session id, set by pam_loginuid: pam_loginuid(8). For hosts without logind. */
static void audit_session(char ret_session[SETUP_SESSION_SIZE])
{
    char text[16] = "";
    uint64_t id;
    FILE *file = fopen("/proc/self/sessionid", "re");
    if (file == NULL)
        return;
    /* The number stands there without a newline. */
    const char *got = fgets(text, sizeof(text), file);
    fclose(file);
    if (got != NULL && parse_u64(text, UINT32_MAX - 1, &id) == 0)
        snprintf(ret_session, SETUP_SESSION_SIZE, AUDIT "%llu", (unsigned long long)id);
}

int setup_login_current(struct setup_login *ret_login)
{
    struct setup_login login = {.sid = getsid(0), .at_us = clock_boottime_us()};
    int r = clock_boot_id(login.boot_id);
    if (r < 0)
        return r;
    AUTO_FREE char *session = NULL;
    if (sd_pid_get_session(0, &session) >= 0) {
        size_t size = strlen(session) + 1;
        if (size > sizeof(login.session))
            return -ENAMETOOLONG;
        memcpy(login.session, session, size);
    } else {
        audit_session(login.session);
    }
    *ret_login = login;
    return 0;
}

enum setup_confirm setup_login_judge(
    const struct setup_login *then, const struct setup_login *now, uint64_t started_us)
{
    if (strcmp(then->boot_id, now->boot_id) != 0)
        return CONFIRM_REBOOTED;
    bool told = now->session[0] != '\0';
    if (told && strcmp(then->session, now->session) == 0)
        return CONFIRM_SAME;
    if (now->sid == then->sid)
        return CONFIRM_SAME;
    if (started_us < then->at_us)
        return CONFIRM_OLDER;
    return told ? CONFIRM_OK : CONFIRM_OK_PROCESS;
}

/* logind speaks of CLOCK_MONOTONIC, which stands still in suspend. */
static uint64_t monotonic_to_boottime(uint64_t monotonic_us)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_us = (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
    uint64_t ago = now_us > monotonic_us ? now_us - monotonic_us : 0;
    uint64_t boottime = clock_boottime_us();
    return boottime > ago ? boottime - ago : 0;
}

static int session_started(const char *session, uint64_t *ret_us)
{
    static const char manager[] = "org.freedesktop.login1";
    sd_bus *bus = NULL;
    sd_bus_message *reply = NULL;
    const char *path = NULL;
    uint64_t monotonic = 0;
    int r = sd_bus_open_system(&bus);
    if (r >= 0)
        r = sd_bus_call_method(bus, manager, "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager", "GetSession", NULL, &reply, "s", session);
    if (r >= 0)
        r = sd_bus_message_read(reply, "o", &path);
    if (r >= 0)
        r = sd_bus_get_property_trivial(bus, manager, path, "org.freedesktop.login1.Session",
            "TimestampMonotonic", NULL, 't', &monotonic);
    sd_bus_message_unref(reply);
    sd_bus_flush_close_unref(bus);
    if (r < 0)
        return r;
    *ret_us = monotonic_to_boottime(monotonic);
    return 0;
}

/* The start of a process in clock ticks since boot: field 22 of proc(5)'s stat, of which the
 * second, the name in brackets, may hold anything. */
static int parse_start(char *line, uint64_t *ret_ticks)
{
    char *rest = strrchr(line, ')');
    if (rest == NULL || rest[1] != ' ')
        return -EBADMSG;
    rest += 2;
    char *field = NULL;
    for (int number = 3; number <= 22; number++)
        field = strsep(&rest, " ");
    return field != NULL ? parse_u64(field, UINT64_MAX / USEC_PER_SEC, ret_ticks) : -EBADMSG;
}

static int process_started(pid_t pid, uint64_t *ret_us)
{
    char path[32], line[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    const char *got = fgets(line, sizeof(line), file);
    fclose(file);
    uint64_t ticks;
    int r = got != NULL ? parse_start(line, &ticks) : -EIO;
    if (r < 0)
        return r;
    long rate = sysconf(_SC_CLK_TCK);
    *ret_us = ticks * (USEC_PER_SEC / (uint64_t)(rate > 0 ? rate : 100));
    return 0;
}

int setup_login_started(const struct setup_login *login, uint64_t *ret_us)
{
    if (login->session[0] != '\0' && strncmp(login->session, AUDIT, strlen(AUDIT)) != 0)
        return session_started(login->session, ret_us);
    /* The leader may be gone; then this very process is the oldest that can be told. */
    int r = process_started(login->sid, ret_us);
    return r < 0 ? process_started(getpid(), ret_us) : 0;
}
