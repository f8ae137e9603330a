#include "pamtry.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../../common/clock.h"
#include "../../common/names.h"

#define TIME_MAX (20 * USEC_PER_SEC)

static void add_text(struct pamtry_result *result, const char *text)
{
    size_t used = strlen(result->text);
    snprintf(result->text + used, sizeof(result->text) - used, "%s%s", used > 0 ? " " : "", text);
}

/* Nobody is there to answer: a question ends the try. */
static int converse(
    int count, const struct pam_message **messages, struct pam_response **ret_responses, void *data)
{
    struct pamtry_result *result = data;
    struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
    if (responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        add_text(result, messages[i]->msg);
        if (messages[i]->msg_style == PAM_TEXT_INFO || messages[i]->msg_style == PAM_ERROR_MSG)
            continue;
        free(responses);
        return PAM_CONV_ERR;
    }
    *ret_responses = responses;
    return PAM_SUCCESS;
}

/* In a mount namespace of this process alone: an empty spool over the real one, and nobody who
 * listens at syslog's socket, so that a trial of the rescue door is not told as its use. */
static int hide_trial(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    if (mount("/dev/null", "/dev/log", NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
        return -errno;
    if (access(ASSENT_SPOOL_DIR, F_OK) < 0)
        return 0;
    return mount("tmpfs", ASSENT_SPOOL_DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
               "mode=0770") < 0
               ? -errno
               : 0;
}

static int become(const char *subject)
{
    char buffer[4096];
    struct passwd account, *found = NULL;
    int r = getpwnam_r(subject, &account, buffer, sizeof(buffer), &found);
    if (r != 0 || found == NULL)
        return r != 0 ? -r : -ENOENT;
    if (initgroups(subject, account.pw_gid) < 0 ||
        setresgid(account.pw_gid, account.pw_gid, account.pw_gid) < 0 ||
        setresuid(account.pw_uid, 0, 0) < 0)
        return -errno;
    return 0;
}

/* sudo loads its plugins before it asks PAM, and keeps them; one that does not load ends
 * every sudo. */
static void load_plugin(struct pamtry_result *result)
{
    const void *plugin = dlopen(ASSENT_SUDO_PLUGIN, RTLD_LAZY | RTLD_GLOBAL);
    if (plugin != NULL)
        return;
    result->no_plugin = true;
    add_text(result, dlerror());
}

static int prepare(const struct pamtry *try, struct pamtry_result *result)
{
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        return -errno;
    int r = try->no_trace ? hide_trial() : 0;
    if (r == 0 && try->setuid)
        r = become(try->subject);
    if (r < 0)
        return r;
    if (try->plugin)
        load_plugin(result);
    return 0;
}

static int set_items(pam_handle_t *pamh, const struct pamtry *try)
{
    int code = pam_set_item(pamh, PAM_RUSER, try->setuid ? try->subject : NULL);
    if (code != PAM_SUCCESS || try->setuid)
        return code;
    code = pam_set_item(pamh, PAM_RHOST, "127.0.0.1");
    if (code == PAM_SUCCESS)
        code = pam_set_item(pamh, PAM_TTY, "ssh");
    if (code == PAM_SUCCESS)
        code = pam_putenv(pamh, "SSH_CONNECTION=127.0.0.1 50022 127.0.0.1 22");
    return code;
}

static int run_phases(pam_handle_t *pamh, const struct pamtry *try)
{
    if (try->phase == PAMTRY_AUTH)
        return pam_authenticate(pamh, 0);
    int code = pam_acct_mgmt(pamh, 0);
    if (code != PAM_SUCCESS || try->phase == PAMTRY_ACCOUNT)
        return code;
    code = pam_open_session(pamh, 0);
    if (code == PAM_SUCCESS)
        (void)pam_close_session(pamh, PAM_SILENT);
    return code;
}

static int run_stack(const struct pamtry *try, struct pamtry_result *result)
{
    struct pam_conv conversation = {converse, result};
    pam_handle_t *pamh = NULL;
    int code = pam_start_confdir(try->service, try->pam_user, &conversation, try->confdir, &pamh);
    if (code != PAM_SUCCESS)
        return code;
    code = set_items(pamh, try);
    if (code == PAM_SUCCESS)
        code = run_phases(pamh, try);
    (void)pam_end(pamh, code);
    return code;
}

static void run_child(const struct pamtry *try, int to)
{
    struct pamtry_result result = {.code = PAM_SYSTEM_ERR};
    int r = prepare(try, &result);
    if (r < 0)
        add_text(&result, strerror(-r));
    else
        result.code = run_stack(try, &result);
    ssize_t written = write(to, &result, sizeof(result));
    _exit(written == (ssize_t)sizeof(result) ? 0 : 1);
}

/* Reads the child's result; it is smaller than a pipe takes in one write. */
static int receive(int from, struct pamtry_result *result)
{
    struct pollfd poll_from = {.fd = from, .events = POLLIN};
    uint64_t deadline = clock_deadline(TIME_MAX);
    int r;
    do
        r = poll(&poll_from, 1, clock_remaining_ms(deadline));
    while (r < 0 && errno == EINTR);
    if (r <= 0)
        return r < 0 ? -errno : -ETIMEDOUT;
    ssize_t got = read(from, result, sizeof(*result));
    if (got < 0)
        return -errno;
    result->text[sizeof(result->text) - 1] = '\0';
    return got == (ssize_t)sizeof(*result) ? 0 : -ECHILD;
}

int pamtry_run(const struct pamtry *try, struct pamtry_result *ret_result)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    AUTO_CLOSE int from = pipe_fds[0];
    AUTO_CLOSE int to = pipe_fds[1];
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        run_child(try, to);
    close(TAKE_FD(to));
    int r = receive(from, ret_result);
    if (r < 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return r;
}
