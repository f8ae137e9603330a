/* The yardstick of decisions on commands: sudo's own policy module, asked as sudo asks it, on the
 * rules and the subject of bench_policy; none matches. Its file is parsed once and the first
 * answers are not counted, so that what remains is its walk over the rules.
 *
 *     bench_sudoers SUDOERS.SO RULES ROUNDS
 *
 * What the module does around that walk (PAM's start and end, for one) is measured with no rules
 * at all and taken off. As root, where the accounts of the rules exist. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sudo_plugin.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "rules.h"

#define WARM_UP 5
#define FIRST_ID 1000

static char file[] = "/tmp/assent-bench-sudoers.XXXXXX";

static void remove_file(void)
{
    (void)unlink(file);
}

/* Nothing that leaves a trace on this machine or asks for a password, and one command, at the very
 * end, that the subject may run. */
static void write_sudoers(unsigned rules)
{
    FILE *out = fopen(file, "we");

    if (!out)
        bench_die(file, errno);
    fprintf(out, "Defaults !fqdn, !authenticate, !pam_acct_mgmt, !pam_session, !pam_setcred, "
                 "pam_service=assent-bench, !syslog, !logfile, !mail_no_user, !log_denied, "
                 "!log_allowed\n");
    for (unsigned i = 0; i < rules; i++) {
        struct drawn_rule rule;

        rule_draw(i, rules, &rule);
        rule_print_sudoers(out, &rule);
    }
    fprintf(out, "user%u elsewhere = (root) /usr/bin/id\n", ASKING_USER);
    if (fchmod(fileno(out), 0440) < 0 || fclose(out) != 0)
        bench_die(file, errno);
}

static int converse(int count, const struct sudo_conv_message messages[],
    struct sudo_conv_reply replies[], struct sudo_conv_callback *callback)
{
    (void)count, (void)messages, (void)replies, (void)callback;
    return -1;
}

static int print_nothing(int type, const char *format, ...)
{
    (void)type, (void)format;
    return 0;
}

/* What sudo tells its module of the caller. */
static void open_module(const struct policy_plugin *module)
{
    static char groups[16 * ASKING_GROUPS] = "groups=", user[32], uid[32], option[64];
    static char *settings[] = {"progname=sudo", NULL};
    static char *info[] = {user, uid, groups, "gid=1000", "pid=1", "ppid=1", "pgid=1", "tcpgid=1",
        "sid=1", "euid=0", "egid=0", "cwd=/", "host=elsewhere", "lines=24", "cols=80", "umask=022",
        NULL};
    static char *environment[] = {"PATH=/usr/bin:/bin", NULL}, *options[] = {option, NULL};
    const char *error = NULL;

    snprintf(user, sizeof(user), "user=user%u", ASKING_USER);
    snprintf(uid, sizeof(uid), "uid=%u", FIRST_ID + ASKING_USER);
    snprintf(option, sizeof(option), "sudoers_file=%s", file);
    for (unsigned i = 0; i < ASKING_GROUPS; i++)
        snprintf(groups + strlen(groups), 16, "%s%u", i > 0 ? "," : "", FIRST_ID + i);
    if (module->open(SUDO_API_VERSION, converse, print_nothing, settings, info, environment,
            options, &error) != 1)
        bench_die(error ? error : "sudo's policy module does not open", 0);
}

static void ask(const struct policy_plugin *module, char **argv, int expected)
{
    char **info, **arguments, **environment;
    const char *error = NULL;
    int argc = 0;

    while (argv[argc])
        argc++;
    if (module->check_policy(argc, argv, NULL, &info, &arguments, &environment, &error) != expected)
        bench_die(error ? error : "sudo's policy module does not say what it should", 0);
}

static void measure(const char *path, uint64_t *ns, size_t rounds)
{
    static char *refused[] = {RULE_COMMAND, "restart", "other", NULL};
    static char *allowed[] = {"/usr/bin/id", NULL};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct policy_plugin *module = library ? dlsym(library, "sudoers_policy") : NULL;

    if (!module)
        bench_die(dlerror(), 0);
    open_module(module);
    for (size_t i = 0; i < rounds + WARM_UP; i++) {
        uint64_t start = bench_now_ns();

        ask(module, refused, 0);
        ns[i < WARM_UP ? 0 : i - WARM_UP] = bench_now_ns() - start;
    }
    ask(module, allowed, 1);
}

/* The module keeps what it read in its globals: each file has a process of its own. */
static void measure_apart(const char *path, unsigned rules, uint64_t *ns, size_t rounds)
{
    int status;
    pid_t pid;

    write_sudoers(rules);
    pid = fork();
    if (pid < 0)
        bench_die("fork", errno);
    if (pid == 0) {
        measure(path, ns, rounds);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        bench_die("sudo's policy module could not be measured", 0);
}

static uint64_t *share(size_t count)
{
    void *memory = mmap(
        NULL, count * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        bench_die("memory", errno);
    return memory;
}

static int compare_ns(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

int main(int argc, char **argv)
{
    unsigned rules = (unsigned)bench_number(argc > 3 ? argv[2] : NULL, 50000);
    size_t rounds = bench_number(argc > 3 ? argv[3] : NULL, 100000);
    uint64_t *ns = share(rounds), *without = share(rounds), around;
    int fd = mkostemp(file, O_CLOEXEC);

    if (fd < 0)
        bench_die(file, errno);
    (void)close(fd);
    if (atexit(remove_file) != 0)
        bench_die("atexit", 0);
    measure_apart(argv[1], 0, without, rounds);
    measure_apart(argv[1], rules, ns, rounds);
    qsort(without, rounds, sizeof(*without), compare_ns);
    around = without[rounds / 2];
    for (size_t i = 0; i < rounds; i++)
        ns[i] = ns[i] > around ? ns[i] - around : 0;
    printf("sudoers_around %.4f us\n", (double)around / 1000);
    bench_print_times("sudoers_check", ns, rounds);
    return 0;
}
