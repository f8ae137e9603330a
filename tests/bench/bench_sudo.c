/* Whole runs of `sudo -n true` by USER with the gate on beside runs with the files of a host
 * without us, in turns:
 *
 *     bench_sudo USER ROUNDS FILE=PLAIN...
 *
 * Each PLAIN is bound over its FILE in a mount namespace that the runs beside are made in. A
 * run's time is from just before execve to the end of the process. Runs inside the host. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/macro.h"
#include "bench.h"

#define WARM_UP 20

static int open_own_namespace(void)
{
    int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        bench_die("/proc/self/ns/mnt", errno);
    return fd;
}

static void cover(char *pair)
{
    char *equals = strchr(pair, '=');

    if (!equals)
        bench_die("files are FILE=PLAIN", 0);
    *equals = '\0';
    if (mount(equals + 1, pair, NULL, MS_BIND, NULL) < 0)
        bench_die(pair, errno);
}

/* From here on this program itself lives in the host without us. */
static int make_plain_namespace(char **pairs)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        bench_die("mount namespace", errno);
    for (; *pairs; pairs++)
        cover(*pairs);
    return open_own_namespace();
}

static noreturn void run_sudo(int namespace, const struct passwd *user, uint64_t *started)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (setns(namespace, CLONE_NEWNS) < 0 || chdir("/") < 0 ||
        initgroups(user->pw_name, user->pw_gid) < 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0 || dup2(null, 0) < 0 ||
        dup2(null, 1) < 0)
        bench_die("the way to sudo", errno);
    *started = bench_now_ns();
    execle("/usr/bin/sudo", "sudo", "-n", "true", (char *)NULL, environment);
    bench_die("/usr/bin/sudo", errno);
}

static uint64_t time_sudo(int namespace, const struct passwd *user, uint64_t *started)
{
    pid_t pid = fork();
    uint64_t ended;
    int status;

    if (pid < 0)
        bench_die("fork", errno);
    if (pid == 0)
        run_sudo(namespace, user, started);
    if (waitpid(pid, &status, 0) < 0)
        bench_die("waitpid", errno);
    ended = bench_now_ns();
    if (status != 0)
        bench_die("sudo refused or failed", 0);
    return ended - *started;
}

int main(int argc, char **argv)
{
    const struct passwd *user = argc > 3 ? getpwnam(argv[1]) : NULL;
    int ours_namespace = open_own_namespace(), plain_namespace;
    uint64_t *started, *ours, *plain;
    size_t rounds;

    if (!user)
        bench_die("usage: USER ROUNDS FILE=PLAIN...", 0);
    rounds = bench_number(argv[2], 100000);
    plain_namespace = make_plain_namespace(argv + 3);
    started =
        mmap(NULL, sizeof(*started), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ours = calloc(rounds, sizeof(*ours));
    plain = calloc(rounds, sizeof(*plain));
    if (started == MAP_FAILED || !ours || !plain)
        bench_die("memory", ENOMEM);
    for (size_t i = 0; i < rounds + WARM_UP; i++) {
        size_t at = i < WARM_UP ? 0 : i - WARM_UP;

        ours[at] = time_sudo(ours_namespace, user, started);
        plain[at] = time_sudo(plain_namespace, user, started);
    }
    bench_print_times("sudo", ours, rounds);
    bench_print_times("sudo_without", plain, rounds);
    return 0;
}
