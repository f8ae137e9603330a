/* What a reload costs whoever asks meanwhile. One client asks over and over: while a policy that
 * has changed is compiled, resolved, indexed, put in force and kept in the ledger, and then for as
 * long again without.
 *
 *     bench_reload GATE LEDGER PID POLICY RELOADS
 *
 * PID: the agent, which is told with SIGHUP. POLICY: its file, which gets a rule more each time.
 * Prints the times of a question with and without a reload, the slowest of each stretch (median and
 * largest), how long a reload took, and by how much its slowest question was slower than the
 * slowest of the stretch that followed it (median: either now and then meets a disk or another
 * process at a bad moment). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/ledger/ledger.h"
#include "../../agent/ledger/ledger_policy.h"
#include "../../common/client.h"
#include "../../common/clock.h"
#include "bench.h"
#include "question.h"

#define RELOADS_MAX 200
#define TIMES_MAX ((size_t)4 << 20)
#define WARM_UP 2000
#define LOOK_NS UINT64_C(50000000) /* between looks at the ledger */
#define ACCOUNT 7

/* Questions of one kind of stretch. */
struct kind {
    const char *name;
    uint64_t *ns;
    size_t count;
    double slowest[RELOADS_MAX]; /* of each stretch */
};

struct bench {
    const char *gate, *policy;
    pid_t pid;
    struct ledger_reader *reader;
    struct question question;
    unsigned rules; /* added */
};

static uint64_t ask(const struct bench *bench)
{
    struct client client = CLIENT_NULL;
    struct gate_answer answer;
    uint64_t start = bench_now_ns(), deadline = clock_deadline(5 * USEC_PER_SEC), took;
    int r;

    r = client_open(&client, bench->gate, deadline);
    if (r == 0)
        r = client_send(&client, &bench->question.ask, -1, deadline);
    if (r == 0)
        r = client_receive(&client, deadline, -1, &answer);
    if (r != 0)
        bench_die(bench->gate, r < 0 ? -r : EPROTO);
    if (answer.kind != GATE_ALLOW)
        bench_die(answer.text ? answer.text : "not allowed", 0);
    took = bench_now_ns() - start;
    client_close(&client);
    return took;
}

static int count_kept(const struct ledger_version *version, void *userdata)
{
    unsigned *kept = userdata;

    *kept += version->complete;
    return 0;
}

static unsigned kept_versions(const struct bench *bench)
{
    unsigned kept = 0;
    int r = ledger_reader_each_version(bench->reader, RELOADS_MAX + 1, count_kept, &kept);

    if (r < 0)
        bench_die("ledger", -r);
    return kept;
}

static void change_policy(struct bench *bench)
{
    AUTO_CLOSE int fd = open(bench->policy, O_WRONLY | O_APPEND | O_CLOEXEC);
    char rule[160];
    int length = snprintf(rule, sizeof(rule),
        "  - {id: added-%u, owner: leads, decision: deny, who: {user: user1}, what: {service: "
        "su}, reason: Added}\n",
        bench->rules++);

    if (fd < 0 || write(fd, rule, (size_t)length) != length)
        bench_die(bench->policy, errno);
    if (kill(bench->pid, SIGHUP) < 0)
        bench_die("kill", errno);
}

/* Asks for that long; returns the slowest. */
static uint64_t ask_for(const struct bench *bench, struct kind *kind, uint64_t slice_ns)
{
    uint64_t until = bench_now_ns() + slice_ns, slowest = 0;

    while (bench_now_ns() < until) {
        uint64_t ns = ask(bench);

        slowest = ns > slowest ? ns : slowest;
        if (kind->count < TIMES_MAX)
            kind->ns[kind->count++] = ns;
    }
    return slowest;
}

/* Until the changed policy is in force and kept. Returns how long that was. */
static uint64_t run_reload(struct bench *bench, struct kind *kind, unsigned number)
{
    unsigned kept = kept_versions(bench);
    uint64_t start = bench_now_ns(), slowest = 0;

    change_policy(bench);
    while (kept_versions(bench) == kept) {
        uint64_t ns = ask_for(bench, kind, LOOK_NS);

        slowest = ns > slowest ? ns : slowest;
    }
    kind->slowest[number] = (double)slowest / 1000;
    return bench_now_ns() - start;
}

/* In the same pieces. */
static void run_quiet(const struct bench *bench, struct kind *kind, unsigned number, uint64_t ns)
{
    uint64_t until = bench_now_ns() + ns, slowest = 0;

    while (bench_now_ns() < until) {
        uint64_t took = ask_for(bench, kind, LOOK_NS);

        (void)kept_versions(bench);
        slowest = took > slowest ? took : slowest;
    }
    kind->slowest[number] = (double)slowest / 1000;
}

static void print_kind(struct kind *kind, unsigned reloads)
{
    bench_print_times(kind->name, kind->ns, kind->count);
    printf("%s_slowest_p50 %.1f us\n", kind->name, bench_median(kind->slowest, reloads));
    printf("%s_slowest_max %.1f us\n", kind->name, kind->slowest[reloads - 1]);
    free(kind->ns);
}

static void parse(struct bench *bench, char **argv)
{
    int r = ledger_reader_open(argv[2], &bench->reader);

    if (r < 0)
        bench_die(argv[2], -r);
    bench->gate = argv[1];
    bench->pid = (pid_t)bench_number(argv[3], INT32_MAX);
    bench->policy = argv[4];
    question_init(&bench->question, ACCOUNT);
}

int main(int argc, char **argv)
{
    struct kind quiet = {.name = "quiet"}, reload = {.name = "reload"};
    struct bench bench = {0};
    double took_ms[RELOADS_MAX], extra_us[RELOADS_MAX];
    unsigned reloads;

    if (argc != 6)
        bench_die("usage: GATE LEDGER PID POLICY RELOADS", 0);
    parse(&bench, argv);
    reloads = (unsigned)bench_number(argv[5], RELOADS_MAX);
    quiet.ns = calloc(TIMES_MAX, sizeof(*quiet.ns));
    reload.ns = calloc(TIMES_MAX, sizeof(*reload.ns));
    if (!quiet.ns || !reload.ns)
        bench_die("memory", ENOMEM);
    for (unsigned i = 0; i < WARM_UP; i++)
        (void)ask(&bench);
    for (unsigned i = 0; i < reloads; i++) {
        uint64_t ns = run_reload(&bench, &reload, i);

        run_quiet(&bench, &quiet, i, ns);
        took_ms[i] = (double)ns / 1e6;
        extra_us[i] = reload.slowest[i] - quiet.slowest[i];
    }
    ledger_reader_close(bench.reader);
    print_kind(&quiet, reloads);
    print_kind(&reload, reloads);
    printf("took %.1f ms\n", bench_median(took_ms, reloads));
    printf("extra %.1f us\n", bench_median(extra_us, reloads));
    return 0;
}
