/* PAM's account call with our module beside a yardstick, in turns and in one process:
 *
 *     bench_pam MODULE GATE USER ROUNDS append FILE    write 512 bytes to FILE and fdatasync
 *     bench_pam MODULE GATE USER ROUNDS unix           pam_unix's account call
 *
 * Every sample has a PAM handle of its own, as every login has. "op" is pam_acct_mgmt alone,
 * "cycle" is pam_start to pam_end with the loading of the modules. */
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/macro.h"
#include "bench.h"

#define WARM_UP 100

struct series {
    uint64_t *op, *cycle;
};

static char confdir[] = "/tmp/assent-bench-pam.XXXXXX";

static void path_in(char path[128], const char *service)
{
    snprintf(path, 128, "%s/%s", confdir, service);
}

static void write_service(const char *service, const char *module, const char *arguments)
{
    char path[128];
    FILE *file;

    path_in(path, service);
    file = fopen(path, "we");
    if (!file || fprintf(file, "account required %s %s\n", module, arguments) < 0 ||
        fclose(file) != 0)
        bench_die(path, errno);
}

static void remove_services(void)
{
    static const char *const services[] = {"sshd", "unix"};
    char path[128];

    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        path_in(path, services[i]);
        (void)unlink(path);
    }
    (void)rmdir(confdir);
}

static void write_services(const char *module, const char *gate)
{
    AUTO_FREE char *whole = realpath(module, NULL);
    char arguments[256];

    if (!whole || !mkdtemp(confdir))
        bench_die(module, errno);
    (void)atexit(remove_services);
    snprintf(arguments, sizeof(arguments), "gate=%s", gate);
    write_service("sshd", whole, arguments);
    write_service("unix", "pam_unix.so", "");
}

/* A refusal's text belongs on the terminal of whoever measures. */
static int converse(
    int count, const struct pam_message **messages, struct pam_response **ret, void *data UNUSED)
{
    for (int i = 0; i < count; i++)
        fprintf(stderr, "bench_pam: %s\n", messages[i]->msg);
    *ret = calloc((size_t)count, sizeof(**ret));
    return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void time_account(const char *service, const char *user, uint64_t *ret_op, uint64_t *ret_all)
{
    static const struct pam_conv conversation = {.conv = converse};
    pam_handle_t *pamh = NULL;
    uint64_t start = bench_now_ns(), before;
    int code;

    code = pam_start_confdir(service, user, &conversation, confdir, &pamh);
    if (code != PAM_SUCCESS)
        bench_die("pam_start", 0);
    (void)pam_set_item(pamh, PAM_TTY, "ssh");
    (void)pam_set_item(pamh, PAM_RHOST, "192.0.2.7");
    (void)pam_putenv(pamh, "SSH_CONNECTION=192.0.2.7 50000 192.0.2.1 22");
    before = bench_now_ns();
    code = pam_acct_mgmt(pamh, 0);
    *ret_op = bench_now_ns() - before;
    if (code != PAM_SUCCESS)
        bench_die(pam_strerror(pamh, code), 0);
    (void)pam_end(pamh, code);
    *ret_all = bench_now_ns() - start;
}

static uint64_t time_append(int fd)
{
    static const char block[512] = "append";
    uint64_t start = bench_now_ns();

    if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) < 0)
        bench_die("append", errno);
    return bench_now_ns() - start;
}

static void new_series(struct series *series, size_t rounds)
{
    series->op = calloc(rounds, sizeof(*series->op));
    series->cycle = calloc(rounds, sizeof(*series->cycle));
    if (!series->op || !series->cycle)
        bench_die("memory", ENOMEM);
}

int main(int argc, char **argv)
{
    bool append = argc == 7 && strcmp(argv[5], "append") == 0;
    struct series ours, beside;
    size_t rounds;
    int fd = -1;

    if (!append && (argc != 6 || strcmp(argv[5], "unix") != 0))
        bench_die("usage: MODULE GATE USER ROUNDS append FILE | unix", 0);
    rounds = bench_number(argv[4], 1000000);
    write_services(argv[1], argv[2]);
    if (append) {
        fd = open(argv[6], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0)
            bench_die(argv[6], errno);
    }
    new_series(&ours, rounds);
    new_series(&beside, rounds);
    for (size_t i = 0; i < rounds + WARM_UP; i++) {
        size_t at = i < WARM_UP ? 0 : i - WARM_UP;

        time_account("sshd", argv[3], &ours.op[at], &ours.cycle[at]);
        if (append)
            beside.op[at] = time_append(fd);
        else
            time_account("unix", argv[3], &beside.op[at], &beside.cycle[at]);
    }
    bench_print_times("ours_op", ours.op, rounds);
    bench_print_times("ours_cycle", ours.cycle, rounds);
    bench_print_times("beside_op", beside.op, rounds);
    if (!append)
        bench_print_times("beside_cycle", beside.cycle, rounds);
    return 0;
}
