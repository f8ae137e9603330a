#include "pam_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/names.h"
#include "fake_gate.h"

#define MESSAGES_MAX 64

static char confdir[] = "/tmp/assent-pam.XXXXXX";
static struct {
    int style;
    char text[2048];
} messages[MESSAGES_MAX];
static unsigned message_count, answer_count, answer_next;
static const char *answers[16];
const char host_end_of_input[] = "", host_interrupt[] = "^C";
pam_handle_t *host_pamh;

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    exit(2);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    must(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

static void cover_file(const char *path, const char *text)
{
    char own[128];

    snprintf(own, sizeof(own), "%s/cover", confdir);
    write_file(own, text);
    must(chmod(own, 0644) == 0, own);
    must(mount(own, path, "none", MS_BIND, NULL) == 0, path);
    must(unlink(own) == 0, own);
}

static void cover_directory(const char *path, const char *inside, mode_t mode)
{
    must(mount("tmpfs", path, "tmpfs", 0, "mode=755") == 0, path);
    must(mkdir(inside, mode) == 0 && chmod(inside, mode) == 0, inside);
}

int host_setup(void **state)
{
    (void)state;
    fake_gate_setup();
    must(mkdtemp(confdir) != NULL, "mkdtemp");
    must(unshare(CLONE_NEWNS) == 0, "unshare");
    must(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
    cover_file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"
                              "nobody:x:65534:65534::/:/usr/sbin/nologin\n"
                              "alice:x:5001:5001::/home/alice:/bin/sh\n"
                              "carol:x:5002:5002::/home/carol:/bin/sh\n");
    cover_file("/etc/group", "root:x:0:\nalice:x:5001:\ncarol:x:5002:\nspool:x:6000:\n"
                             "rescuers:x:6001:mallory,carol\nexempts:x:6002:carol\n");
    cover_directory("/var/spool", ASSENT_SPOOL_DIR, 0770);
    must(chown(ASSENT_SPOOL_DIR, 0, 6000) == 0, ASSENT_SPOOL_DIR);
    cover_directory("/usr/libexec", "/usr/libexec/sudo", 0755);
    return 0;
}

static void remove_configuration(void)
{
    static const char *const services[] = {
        "sshd", "sudo", "sudo-i", "su", "su-l", "doas", "login", "other"};
    char path[128];

    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", confdir, services[i]);
        (void)unlink(path);
    }
}

int host_teardown(void **state)
{
    (void)state;
    remove_configuration();
    (void)rmdir(confdir);
    fake_gate_teardown();
    return 0;
}

const char *host_built(const char *name)
{
    static char path[PATH_MAX];
    const char *build = getenv("ASSENT_BUILD");
    char *whole = realpath(build ? build : "build/out", NULL);

    must(whole != NULL, "ASSENT_BUILD");
    snprintf(path, sizeof(path), "%s/%s", whole, name);
    free(whole);
    return path;
}

/* What is typed at a prompt. */
static int type_answer(struct pam_response *response)
{
    const char *answer;

    if (answer_next >= answer_count)
        return PAM_CONV_ERR;
    answer = answers[answer_next++];
    if (answer == host_interrupt) {
        assert_int_equal(raise(SIGINT), 0);
        return PAM_CONV_ERR;
    }
    if (answer != host_end_of_input)
        response->resp = strdup(answer);
    return PAM_SUCCESS;
}

static int converse(
    int count, const struct pam_message **asked, struct pam_response **ret, void *data)
{
    struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

    (void)data;
    assert_non_null(responses);
    for (int i = 0; i < count; i++) {
        if (strstr(asked[i]->msg, "acct_expired"))
            continue; /* pam_debug.so */
        assert_true(message_count < MESSAGES_MAX);
        messages[message_count].style = asked[i]->msg_style;
        snprintf(messages[message_count].text, sizeof(messages[0].text), "%s", asked[i]->msg);
        message_count++;
        if (asked[i]->msg_style != PAM_PROMPT_ECHO_ON)
            continue;
        if (type_answer(&responses[i]) != PAM_SUCCESS) {
            free(responses);
            return PAM_CONV_ERR;
        }
    }
    *ret = responses;
    return PAM_SUCCESS;
}

void host_begin(const char *service, const char *user, const char *arguments)
{
    static const struct pam_conv conversation = {.conv = converse};
    static const char *const types[] = {"auth", "account", "session"};
    char path[128];
    FILE *file;

    message_count = answer_count = answer_next = 0;
    snprintf(path, sizeof(path), "%s/%s", confdir, service);
    file = fopen(path, "we");
    assert_non_null(file);
    /* "die" hands the module's code through as it is. For PAM_IGNORE libpam would put its own,
     * so there a second module says one that ours never does. */
    for (size_t i = 0; i < 3; i++) {
        fprintf(file, "%s [success=done ignore=ignore default=die] %s gate=%s %s\n", types[i],
            host_built("pam_assent.so"), fake_gate_path(), arguments);
        fprintf(file,
            "%s required pam_debug.so auth=acct_expired acct=acct_expired "
            "open_session=acct_expired close_session=acct_expired\n",
            types[i]);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(pam_start_confdir(service, user, &conversation, confdir, &host_pamh), 0);
}

void host_end(void)
{
    assert_int_equal(pam_end(host_pamh, PAM_SUCCESS), PAM_SUCCESS);
    host_pamh = NULL;
    assert_int_equal(answer_next, answer_count);
}

void host_env(const char *assignment)
{
    assert_int_equal(pam_putenv(host_pamh, assignment), PAM_SUCCESS);
}

void host_tty(const char *tty)
{
    assert_int_equal(pam_set_item(host_pamh, PAM_TTY, tty), PAM_SUCCESS);
}

void host_will_answer(const char *line)
{
    assert_true(answer_count < sizeof(answers) / sizeof(answers[0]));
    answers[answer_count++] = line;
}

static unsigned count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* What must be found again as it was. */
struct surroundings {
    sigset_t mask;
    void (*handlers[NSIG])(int);
    int handler_flags[NSIG];
    unsigned descriptors;
    uid_t uid, euid;
    mode_t umask;
};

static void look_around(struct surroundings *found)
{
    memset(found, 0, sizeof(*found));
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &found->mask), 0);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action = {0};

        (void)sigaction(i, NULL, &action);
        found->handlers[i] = action.sa_handler;
        found->handler_flags[i] = action.sa_flags;
    }
    found->descriptors = count_descriptors();
    found->uid = getuid();
    found->euid = geteuid();
    found->umask = umask(0);
    (void)umask(found->umask);
}

static struct surroundings remembered;

void host_remember(void)
{
    look_around(&remembered);
}

void host_assert_unchanged(void)
{
    static struct surroundings now;

    look_around(&now);
    assert_memory_equal(&remembered, &now, sizeof(now));
}

static int call(enum host_phase phase, int flags)
{
    switch (phase) {
    case HOST_AUTH:
        return pam_authenticate(host_pamh, flags);
    case HOST_ACCOUNT:
        return pam_acct_mgmt(host_pamh, flags);
    case HOST_OPEN_SESSION:
        return pam_open_session(host_pamh, flags);
    case HOST_CLOSE_SESSION:
        return pam_close_session(host_pamh, flags);
    }
    return -1;
}

int host_run(enum host_phase phase, uid_t real_uid, int flags)
{
    static struct surroundings before, after;
    int code;

    assert_int_equal(setresuid(real_uid, 0, 0), 0);
    look_around(&before);
    code = call(phase, flags);
    look_around(&after);
    assert_int_equal(setresuid(0, 0, 0), 0);
    assert_memory_equal(&before, &after, sizeof(before));
    return code == PAM_ACCT_EXPIRED ? PAM_IGNORE : code;
}

unsigned host_count(int style)
{
    unsigned count = 0;

    for (unsigned i = 0; i < message_count; i++)
        count += messages[i].style == style;
    return count;
}

/* A line that was broken for the terminal goes on indented. */
static void join_lines(char *text)
{
    for (char *at = text; (at = strstr(at, "\n  "));) {
        *at = ' ';
        memmove(at + 1, at + 3, strlen(at + 3) + 1);
    }
}

bool host_showed(int style, const char *part)
{
    for (unsigned i = 0; i < message_count; i++) {
        AUTO_FREE char *joined = strdup(messages[i].text);

        if (messages[i].style != style || !joined)
            continue;
        join_lines(joined);
        if (strstr(messages[i].text, part) || strstr(joined, part))
            return true;
    }
    return false;
}
