#include "setup_pending.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "setup_system.h"

static bool is_host(const char *root)
{
    return root[0] == '\0';
}

static int run_quietly(const char *const argv[], char **ret_problem)
{
    char *output = NULL;
    int status = system_run(argv, &output);
    if (status == 0 || ret_problem == NULL)
        free(output);
    else
        *ret_problem = output;
    return status < 0 ? status : status == 0 ? 0 : -EIO;
}

static void stop_timer(void)
{
    /* The service is this very process when the timer ran out: it is left alone. */
    const char *const argv[] = {"systemctl", "--quiet", "stop", SETUP_TIMER ".timer", NULL};
    (void)run_quietly(argv, NULL);
    const char *const boot[] = {"systemctl", "--quiet", "disable", SETUP_BOOT_UNIT, NULL};
    (void)run_quietly(boot, NULL);
}

/* The path of this program, for the unit that takes the change back. */
static int own_path(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return -errno;
    path[length] = '\0';
    return 0;
}

static int start_timer(const char *backup, uint64_t within_us, char **ret_problem)
{
    char self[PATH_MAX], after[64];
    int r = own_path(self);
    if (r < 0)
        return r;
    snprintf(
        after, sizeof(after), "--on-active=%llus", (unsigned long long)(within_us / USEC_PER_SEC));
    const char *const argv[] = {"systemd-run", "--quiet", "--collect", "--unit=" SETUP_TIMER,
        "--description=Take back a change by assent setup that nobody confirmed",
        "--timer-property=AccuracySec=1s", "--service-type=oneshot", after, "--", self, "setup",
        "revert", "--from", backup, NULL};
    return run_quietly(argv, ret_problem);
}

/* Without the unit a restart of the machine would keep the change: then it is not begun. */
static int enable_at_boot(char **ret_problem)
{
    const char *const argv[] = {"systemctl", "--quiet", "enable", SETUP_BOOT_UNIT, NULL};
    return run_quietly(argv, ret_problem);
}

int pending_arm(
    const char *root, const struct store_pending *pending, uint64_t within_us, char **ret_problem)
{
    int r = store_pending_write(root, pending);
    if (r < 0 || !is_host(root))
        return r;
    if (!system_has_systemd())
        r = -ENOSYS;
    /* One that a killed run has left would keep the name. */
    stop_timer();
    if (r == 0)
        r = enable_at_boot(ret_problem);
    if (r == 0)
        r = start_timer(pending->backup, within_us, ret_problem);
    if (r < 0) {
        stop_timer();
        (void)store_pending_remove(root);
    }
    return r;
}

int pending_disarm(const char *root)
{
    int r = store_pending_remove(root);
    if (r == 0 && is_host(root))
        stop_timer();
    return r;
}

int pending_revert(
    const char *root, const struct store_pending *pending, bool booting, unsigned *ret_found)
{
    int r = store_restore(root, pending->backup, ret_found);
    if (r < 0)
        return r;
    if (is_host(root) && pending->reload_sshd)
        (void)system_reload_sshd(!booting, NULL);
    return pending_disarm(root);
}
