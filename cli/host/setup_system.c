#include "setup_system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include "../../common/str.h"

static char *const clean_environment[] = {
    (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    (char *)"LANG=C.UTF-8",
    (char *)"SYSTEMD_PAGER=",
    NULL,
};

static int collect(int fd, struct str_builder *out)
{
    char chunk[4096];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return 0;
        size_t room = SYSTEM_OUTPUT_MAX - out->length;
        str_append_n(out, chunk, (size_t)got < room ? (size_t)got : room);
    }
}

/* Looked up here, since posix_spawnp() would follow the caller's PATH. */
static const char *find_program(const char *name, char *buffer, size_t size)
{
    static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
    for (size_t i = 0; name[0] != '/' && i < ARRAY_SIZE(places); i++) {
        snprintf(buffer, size, "%s/%s", places[i], name);
        if (access(buffer, X_OK) == 0)
            return buffer;
    }
    return name;
}

static int spawn(const char *const argv[], int output, pid_t *ret_pid)
{
    char path[256];
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, output, 2);
    if (r == 0)
        r = posix_spawn(ret_pid, find_program(argv[0], path, sizeof(path)), &actions, NULL,
            (char *const *)argv, clean_environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int system_run(const char *const argv[], char **ret_output)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    AUTO_CLOSE int from = pipe_fds[0];
    AUTO_CLOSE int to = pipe_fds[1];
    CLEANUP(str_builder_done) struct str_builder out = {0};
    pid_t pid = -1;
    int r = spawn(argv, to, &pid);
    close(TAKE_FD(to));
    int status = 127;
    if (r < 0 && r != -ENOENT && r != -EACCES)
        return r;
    if (r == 0) {
        r = collect(from, &out);
        status = wait_for(pid);
    } else {
        str_appendf(&out, "%s: %s\n", argv[0], strerror(-r));
        r = 0;
    }
    if (r < 0 || status < 0)
        return r < 0 ? r : status;
    if (ret_output == NULL)
        return status;
    char *text = str_builder_take(&out);
    if (text == NULL)
        return -ENOMEM;
    *ret_output = text;
    return status;
}

bool system_has_systemd(void)
{
    return sd_booted() > 0;
}

static int reload_unit(const char *unit, bool wait, char **ret_problem)
{
    const char *const argv[] = {
        "systemctl", "try-reload-or-restart", unit, wait ? NULL : "--no-block", NULL};
    int r = system_run(argv, ret_problem);
    return r == 0 ? 0 : -EIO;
}

int system_reload_sshd(bool wait, char **ret_problem)
{
    static const char *const units[] = {"ssh.service", "sshd.service"};
    if (!system_has_systemd())
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        const char *const argv[] = {"systemctl", "cat", "--no-pager", units[i], NULL};
        if (system_run(argv, NULL) == 0)
            return reload_unit(units[i], wait, ret_problem);
    }
    return 0;
}
